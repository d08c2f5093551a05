"""Groups of options that become one parameter of a verb: what Typer sees, and what the verb gets."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.main import get_command

from console.cli import options
from console.cli.options import MadeBy, takes_options, verb
from console.deployment.where import Access, Where

PLACE = "--env e --file f.yaml --table t --endpoint-url http://127.0.0.1 --region r".split()


def called(take: object, *words: str) -> object:
    """Return the object that a parameter annotated with `take` gets for these words of a command line."""
    made: list[object] = []

    def run(value: object, *, last: bool = False) -> None:
        made.extend((value, last))

    run.__annotations__ |= {"value": take}
    app = typer.Typer()
    verb(app, "run", "run")(run)
    get_command(app).main(list(words), "run", standalone_mode=False)
    assert made[1] is False
    return made[0]


@pytest.mark.parametrize(
    ("take", "words", "made"),
    [
        (options.AtStack, PLACE, Where("e", Path("f.yaml"), "t", "http://127.0.0.1", "r")),
        (options.AtTarget, [*PLACE, "--app", "7"], Where("e", Path("f.yaml"), "t", "http://127.0.0.1", "r", 7)),
        (options.AtTarget, [], Where()),
        (options.AtDraft, ["a.yaml", *PLACE], Where("e", Path("a.yaml"), "t", "http://127.0.0.1", "r")),
        (options.AtDraft, ["--file", "b.yaml"], Where(file=Path("b.yaml"))),
        (options.Publication, ["a.yaml", "--table", "t"], Where(None, Path("a.yaml"), "t")),
        (options.OfFile, ["a.yaml", "-e", "e"], Where("e", Path("a.yaml"))),
        (options.AtTable, ["--table", "t"], Where(table="t")),
        (options.Apple, ["--key", "k.p8", "--apple-url", "http://127.0.0.1:1"], Access("k.p8", "http://127.0.0.1:1")),
    ],
)
def test_options_become_one_object(take: object, words: list[str], made: object) -> None:
    """Each annotation collects the options of its function, and of the functions that it is built from."""
    assert called(take, *words) == made


def test_options_take_the_place_of_the_parameter() -> None:
    """`--help` has them in the order of the signature; all are keyword-only, so that none can be misplaced."""

    def one(first: int = 1, *, second: bool = False) -> int:
        return first + second

    def run(before: str, made: Annotated[int, MadeBy(one)], after: str = "x") -> tuple[str, int, str]:
        """What it does."""
        return before, made, after

    run.__annotations__["made"] = Annotated[int, MadeBy(one)]
    taking = takes_options(run)
    parameters = inspect.signature(taking).parameters
    assert list(parameters) == ["before", "first", "second", "after"]
    assert {one.kind for one in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    assert (taking.__name__, taking.__doc__) == ("run", "What it does.")
    assert taking(before="b", first=2, second=True, after="a") == ("b", 3, "a")


@pytest.mark.parametrize(
    ("examples", "epilog"),
    [((), None), (("a b",), "Example:\na b"), (("a", "b"), "Examples:\na\nb")],
)
def test_examples_end_the_help(examples: tuple[str, ...], epilog: str | None) -> None:
    """A verb's examples are the last lines of its help."""
    app = typer.Typer()
    verb(app, "run", *examples)(lambda: None)
    (info,) = app.registered_commands
    assert (info.name, info.epilog) == ("run", epilog)


def test_a_paragraph_of_the_help_is_one_line() -> None:
    """Where a docstring breaks its lines is no matter of the terminal that shows them."""
    app = typer.Typer()

    @verb(app, "run")
    def run() -> None:
        """Do it.

        A second paragraph that has
        two lines.
        """

    (info,) = app.registered_commands
    assert info.help == "Do it.\n\nA second paragraph that has two lines."


def test_an_instant_has_a_zone() -> None:
    """An instant without a time zone would be another one on another machine, so it is refused."""
    assert options.read_instant("2026-12-01T09:00:00Z") == datetime(2026, 12, 1, 9, tzinfo=UTC)
    outside = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")  # of the calendar, in UTC
    for text in ("yesterday", "2026-12-01", "2026-12-01T09:00:00", *outside):
        with pytest.raises(typer.BadParameter, match="write an instant like"):
            options.read_instant(text)


def test_a_value_that_is_not_utf8_is_named_by_its_option() -> None:
    """A text with a lone surrogate, which JSON cannot hold, is refused."""
    options.check_utf8(product="é", locale=None)
    with pytest.raises(typer.BadParameter) as refused:
        options.check_utf8(product="fine", locale="\udcff")
    assert refused.value.param_hint == "--locale"
