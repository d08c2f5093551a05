"""Trino's grammar, as the npm package dt-sql-parser has it: what it has against a query.

The packages are fetched once to .parts/ and compared with the digests here. They are written for bundlers; a hook makes
Node find their files.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from console.local.processes import PARTS, move_into_place, program, run

_PACKAGES: Final = {
    "dt-sql-parser@4.5.1": "eafaa721c695cb42b6f0c4324a6b1cfa647eec6a178ebd9ebaf0015589bf574d",
    "antlr4ng@2.0.11": "ae7e038f4de31389945fb7431bd60946e0fe6025b5da59071ee30baed1ff4cfd",
    "antlr4-c3@3.3.7": "aec364fa29409f3ff1717d3d01e54cb82034eb1b7cac3e1620c9b62870b86f51",
}
_HOOKS: Final = """
export async function resolve(specifier, context, next) {
  const tried = /^\\.{0,2}\\//.test(specifier) ? [specifier, `${specifier}.js`, `${specifier}/index.js`] : [specifier];
  for (const each of tried) {
    try {
      return await next(each, context);
    } catch (error) {
      if (each === tried.at(-1)) throw error;
    }
  }
}
"""
_PROGRAM: Final = """
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
register('./hooks.mjs', import.meta.url);
const { TrinoSQL } = await import('dt-sql-parser/dist/parser/trino/index.js');
const parser = new TrinoSQL();
const mistakes = (query) => parser.validate(query).map((each) => `line ${each.startLine}: ${each.message}`);
const queries = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const found = Object.entries(queries).map(([name, query]) => [name, mistakes(query)]);
console.log(JSON.stringify(Object.fromEntries(found)));
"""


def trino_mistakes(queries: Mapping[str, str]) -> dict[str, list[str]]:
    """Return what the grammar has against each query, by its name. Raises PartMissingError without Node and npm."""
    node = program("node", "Node, which runs Trino's grammar")
    home = _fetched()
    with tempfile.TemporaryDirectory() as scratch:
        asked = Path(scratch) / "queries.json"
        asked.write_text(json.dumps(queries), encoding="utf-8")
        printed = run([node, str(home / "check.mjs"), str(asked)], "Node could not run Trino's grammar")
    found: dict[str, list[str]] = json.loads(printed)
    return found


def _fetched() -> Path:
    home = PARTS / "trino-grammar"
    if not home.exists():
        npm = program("npm", "npm, which fetches Trino's grammar")
        PARTS.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=PARTS) as scratch:
            made = Path(scratch) / "made"
            for package, digest in _PACKAGES.items():
                _unpack(npm, package, digest, Path(scratch), made / "node_modules" / package.partition("@")[0])
            (made / "hooks.mjs").write_text(_HOOKS, encoding="utf-8")
            (made / "check.mjs").write_text(_PROGRAM, encoding="utf-8")
            move_into_place(made, home)
    return home


def _unpack(npm: str, package: str, digest: str, scratch: Path, to: Path) -> None:
    run([npm, "pack", "--silent", package], f"npm could not fetch {package}", cwd=scratch)
    (archive,) = scratch.glob("*.tgz")
    if hashlib.sha256(archive.read_bytes()).hexdigest() != digest:
        raise RuntimeError(f"{package} is not the archive this project was tested with")
    with tarfile.open(archive) as tar:
        tar.extractall(scratch, filter="data")
    archive.unlink()
    to.parent.mkdir(parents=True, exist_ok=True)
    (scratch / "package").rename(to)
