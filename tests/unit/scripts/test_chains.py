"""The table of known chains is written and checked: scripts/chains.py."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import chains
import pytest
from chains import CHAINS, Chain, judge, read_chains, render
from retention.errors import VerificationError
from retention.jws import apple_root

from console.simulator.authority import Authority
from tests.support.sam_template import ROOT

EMPTY = f"# above\n{chains.BEGINS}    # an old entry\n}}\n"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create("Other Root CA")


@pytest.fixture(scope="module")
def chain(authority: Authority) -> Chain:
    return Chain("other", authority.leaf_der, authority.intermediate_der)


def test_the_table_is_what_the_script_writes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The table is what the script writes, byte for byte; its `check`, which `make pins` runs, refuses any other."""
    assert chains.main(["check"]) == 0
    table = chains.TABLE.read_text()
    monkeypatch.setattr(chains, "TABLE", tmp_path / "known_chains.py")
    (tmp_path / "known_chains.py").write_text(table[: table.index(chains.BEGINS) + len(chains.BEGINS)] + "}\n")
    assert chains.main(["check"]) == 1
    chains.main(["write"])
    written = (tmp_path / "known_chains.py").read_text()
    assert written == (ROOT / "handler" / "retention" / "verification" / "known_chains.py").read_text()
    (tmp_path / "known_chains.py").write_text(written.replace("not_after=1823449643", "not_after=1823449644"))
    assert chains.main(["check"]) == 1


def test_files_next_to_the_chains_are_ignored(tmp_path: Path) -> None:
    """A file next to the chains, such as a file manager's, is ignored."""
    shutil.copytree(CHAINS, tmp_path, dirs_exist_ok=True)
    (tmp_path / ".DS_Store").write_bytes(b"")
    assert read_chains(tmp_path) == read_chains()


def test_a_chain_is_known_by_both_of_its_certificates(chain: Chain) -> None:
    """The key of a chain is 64 hexadecimal digits, and another leaf or intermediate has another key."""
    others = [Chain("other", chain.intermediate, chain.leaf), Chain("other", chain.leaf, chain.leaf)]
    assert len({each.key for each in (chain, *others)}) == 3
    assert len(chain.key) == 64
    assert Chain("another name", chain.leaf, chain.intermediate).key == chain.key


def test_a_table_is_rendered_below_what_is_written_by_hand(authority: Authority, chain: Chain) -> None:
    """The entries are replaced, each with its folder's name and last day; the text above them stays."""
    text = render(EMPTY, [chain], authority.root_der)
    path = judge(chain, authority.root_der)
    assert text.startswith(f"# above\n{chains.BEGINS}    # other: until ")
    assert f'    "{chain.key}": KnownChain(\n' in text
    assert f'anchor="{authority.fingerprint}"' in text
    assert f"until {datetime.fromtimestamp(path.not_after, UTC):%Y-%m-%d}\n" in text
    assert "an old entry" not in text
    assert render(text, [], authority.root_der) == f"# above\n{chains.BEGINS}}}\n"


def test_a_chain_under_another_root_is_not_written(authority: Authority, chain: Chain) -> None:
    """A chain that does not end at the root raises VerificationError, so that no table has it."""
    assert judge(chain, authority.root_der).anchor == authority.fingerprint
    with pytest.raises(VerificationError):
        render(EMPTY, [chain], apple_root())


def test_the_copy_that_is_measured_gets_a_table_of_its_own(tmp_path: Path, authority: Authority, chain: Chain) -> None:
    """`write ROOT CHAINS TABLE` writes another table, under another root, and changes no file of the project."""
    (tmp_path / "chains" / "other").mkdir(parents=True)
    (tmp_path / "chains" / "other" / "leaf.cer").write_bytes(chain.leaf)
    (tmp_path / "chains" / "other" / "intermediate.cer").write_bytes(chain.intermediate)
    (tmp_path / "root.cer").write_bytes(authority.root_der)
    (tmp_path / "table.py").write_text(EMPTY)
    named = [str(tmp_path / name) for name in ("root.cer", "chains", "table.py")]
    assert chains.main(["write", *named]) == 0
    assert (tmp_path / "table.py").read_text() == render(EMPTY, [chain], authority.root_der)
    assert chains.main(["check"]) == 0


@pytest.mark.parametrize("arguments", [[], ["read"], ["check", "now"], ["write", "root"]])
def test_other_arguments_print_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Unknown arguments end with 2, and the usage is on standard error."""
    assert chains.main(arguments) == 2
    assert "chains.py write" in capsys.readouterr().err
