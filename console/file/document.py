"""retention.yaml, read: every mistake in its form is collected, with its line, and reading goes on behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from console.file.entries import Document
from console.file.fields import Fields
from console.file.mistakes import Notes
from console.file.paths import find_file
from console.file.sections.app import read_app, read_environments, read_offers, read_products
from console.file.sections.holdout import read_holdout
from console.file.sections.locales import read_locales
from console.file.sections.messages import read_images, read_messages
from console.file.sections.rules import read_rules
from console.file.tree import Node, parse
from console.terminal.failure import Failure
from console.terminal.ordinary_file import is_passed, read_ordinary
from console.terminal.output import ReportProgress, no_progress

_SECTIONS: Final = ("app", "environments", "products", "locales", "images", "messages", "offers", "holdout", "rules")
# Ten thousand rules take two MiB.
MAX_BYTES: Final = 32 * 2**20


def read_document(
    source: Path | str | bytes,
    base_dir: Path | None = None,
    *,
    file: str | None = None,
    progress: ReportProgress = no_progress,
) -> Document:
    """Read a file, or its bytes. Mistakes in it are in `Document.mistakes`.

    Images are looked for in the file's folder, or in `base_dir`. Raises `Mistakes` where it is not YAML at all,
    and OSError where it cannot be read.
    """
    if isinstance(source, bytes):
        return _read(source, file or "retention.yaml", base_dir, progress)
    path = Path(source)
    if not is_passed(path):
        path = find_file(path.parent, path.name)
    content = read_ordinary(path, MAX_BYTES, pipes=True)
    # What a shell passes on stands in no folder of the owner's, but images do: where the command is called.
    folder = Path() if is_passed(path) else path.parent
    return _read(content, file or str(source), base_dir or folder, progress)


def read_named(file: Path, otherwise: str = "") -> Document:
    """Read the file of --file, as `read_document`. Raises Failure where there is none.

    `otherwise` is the end of its sentence, with a comma before: which options can take the file's place.
    """
    try:
        return read_document(file)
    except FileNotFoundError:
        raise Failure(f"There is no {file}: name the file with --file{otherwise}.") from None


def _read(source: bytes, file: str, base_dir: Path | None, progress: ReportProgress) -> Document:
    notes = Notes()
    root = parse(source, file, notes, progress)
    top = Fields.of(root, notes, "a retention file", _SECTIONS)
    app, signing_key = read_app(_required(top, "app"), notes)
    products = read_products(top.named("products"), notes)
    offers = read_offers(top.named("offers"), notes)
    return Document(
        file=file,
        base_dir=base_dir,
        app=app,
        signing_key=signing_key,
        environments=read_environments(top.named("environments"), notes),
        products=products,
        locales=read_locales(_required(top, "locales"), notes),
        images=read_images(top.named("images"), notes),
        messages=read_messages(top.named("messages"), notes),
        sets_at={name: node.at for name, node in top.named("messages").items()},
        offers=offers,
        rules=read_rules(_rules(top), products, offers, notes),
        holdout=read_holdout(top.entries.get("holdout"), notes),
        source=source,
        mistakes=tuple(notes.mistakes),
        warnings=tuple(notes.warnings),
    )


def _required(top: Fields, key: str) -> Node | None:
    node = top.entries.get(key)
    if node is None:
        top.notes.add(top.at, f"The section `{key}` is missing.", f"Write `{key}: {{…}}`.")
    return node


def _rules(top: Fields) -> tuple[Node, ...]:
    if "rules" not in top.entries:
        top.notes.add(top.at, "The section `rules` is missing.", "Write `rules:` and `- name: …` below it.")
    return top.listed("rules", "- name: …", required=True)
