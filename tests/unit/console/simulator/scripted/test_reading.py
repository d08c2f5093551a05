"""Reading scripts: built-in ones by name, files, and every mistake at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.file.mistakes import Mistakes
from console.simulator.scripted.reading import BUILT_IN, parse_script, read_script, script_text
from console.simulator.scripted.script import LaterEvents, Reaction
from console.terminal.failure import Failure

COMPLETE = """\
days: 10
horizonDays: 14
confirm: 62.5
boughtDaysAgo: {from: 40, to: 90}
products: {pro.monthly: 3, pro.annual: 1}
reactions:
  - when: {experiment: switch-1, arm: switch}
    keep: 4
    switch: 12.5
  - when: {kind: promotionalOffer, message: offer-text}
    redeem: 20
  - keep: 4
afterwards: {cancel: 5, turnOn: 3, refund: 1, billingFailure: 2}
"""


def test_a_complete_script() -> None:
    """Every field is read."""
    script = parse_script(COMPLETE, "scripts/mine.yaml")
    assert (script.name, script.days, script.horizon_days, script.confirm) == ("mine", 10, 14, 62.5)
    assert (script.bought_from, script.bought_to) == (40, 90)
    assert script.products == {"pro.monthly": 3.0, "pro.annual": 1.0}
    assert script.reactions == (
        Reaction({"experiment": "switch-1", "arm": "switch"}, keep=4, switch=12.5),
        Reaction({"kind": "promotionalOffer", "message": "offer-text"}, redeem=20),
        Reaction({}, keep=4),
    )
    assert script.afterwards == LaterEvents(cancel=5, turn_on=3, refund=1, billing_failure=2)


def test_what_is_left_out() -> None:
    """A script needs `confirm` and one reaction; 20 days, 30 days to follow, and all products are the rest."""
    script = parse_script("confirm: 50\nreactions: [keep: 3]\n", "short.yaml")
    assert (script.days, script.horizon_days, script.products, script.afterwards) == (20, 30, {}, LaterEvents())


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_script_by_its_name(name: str) -> None:
    """Each built-in script can be read, and its text can be saved as the beginning of one's own."""
    assert read_script(name).name == name
    assert parse_script(script_text(name), name) == read_script(name)


def test_a_script_in_a_file(tmp_path: Path) -> None:
    """A file is named by its path."""
    (tmp_path / "mine.yaml").write_text(COMPLETE, encoding="utf-8")
    assert read_script(str(tmp_path / "mine.yaml")) == parse_script(COMPLETE, "mine.yaml")


def test_a_name_that_is_unknown() -> None:
    """Neither a script nor a file: the message names what was probably meant."""
    with pytest.raises(Failure, match="Did you mean `no-effect`"):
        read_script("no-efect")


@pytest.mark.parametrize(
    ("changed", "by", "line", "mistake"),
    [
        ("confirm: 62.5\n", "", 1, "`confirm` is missing."),
        ("confirm: 62.5", "confirm: 101", 3, "`confirm` is a percentage from 0 to 100, not the number `101`."),
        ("confirm: 62.5", "confirm: half", 3, "`confirm` is a percentage from 0 to 100, not the text `half`."),
        ("confirm: 62.5", "confirm: true", 3, "`confirm` is a percentage from 0 to 100, not the truth value `true`."),
        ("days: 10", "days: 401", 1, "`days` is 401 days."),
        ("days: 10", "days: 0", 1, "`days` is a whole number from 1 on"),
        ("days: 10", "day: 10", 1, "A script has no field `day`. Did you mean `days`?"),
        ("to: 90", "to: 9", 4, "`to` is 9, and `from` is 40."),
        ("products: {pro.monthly: 3, pro.annual: 1}", "products: {a: 0}", 5, "No product has customers."),
        ("arm: switch}", "group: b}", 7, "A `when` has no field `group`."),
        ("keep: 4\n    switch: 12.5", "keep: 90\n    switch: 12.5", 7, "together are more than 100."),
        ("  - keep: 4\n", "", 10, "The last reaction has a `when`"),
        ("when: {kind: promotionalOffer, message: offer-text}\n    redeem", "redeem", 10, "fits every answer."),
        ("when: {kind: promotionalOffer, message: offer-text}", "when: {}", 10, "This `when` asks for nothing."),
        ("refund: 1", "refunds: 1", 13, "Did you mean `refund`?"),
    ],
)
def test_a_mistake_has_its_line(changed: str, by: str, line: int, mistake: str) -> None:
    """Each mistake is reported with its line, and with what to write."""
    assert changed in COMPLETE
    with pytest.raises(Mistakes) as raised:
        parse_script(COMPLETE.replace(changed, by), "mine.yaml")
    assert any(one.line == line and mistake in str(one) for one in raised.value.mistakes), raised.value


def test_no_reactions() -> None:
    """A script without reactions is refused."""
    with pytest.raises(Mistakes, match="`reactions` is missing"):
        parse_script("confirm: 50\n", "mine.yaml")
