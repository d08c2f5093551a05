"""Experiments and the holdout next to each other, and next to what is live: mistakes and warnings."""

from __future__ import annotations

import pytest

from console.file.compile import PreviousTexts
from console.file.document import read_document
from console.file.experiment_checks import RunningExperiments
from tests.support.compiled_file import HEAD, compiled, refused


def experiment(arms: str, name: str = "a", key: str = "k", more: str = "") -> str:
    return f"  - {{name: {name}, experiment: {{key: {key}, arms: {{{arms}}}{more}}}}}\n"


HALVES = "x: {weight: 50, answer: fallback}, y: {weight: 50, answer: {message: keep}}"


def live(rules: str, holdout: str = "") -> PreviousTexts:
    """What a live release with these rules tries."""
    document = read_document((holdout + HEAD + rules).encode())
    return PreviousTexts({}, {}, RunningExperiments(document.experiments, document.holdout))


def test_changed_weights_warn_with_the_share_that_changes_arm() -> None:
    """If weights under a live key change, the warning has the share of customers who change arm."""
    result = compiled(
        experiment(HALVES.replace("50", "30", 1).replace("y: {weight: 50", "y: {weight: 70")),
        previous=live(experiment(HALVES)),
    )
    assert "20 % of the customers in `k` change arm." in result.warnings[0].wrong
    assert compiled(experiment(HALVES), previous=live(experiment(HALVES))).warnings == ()


@pytest.mark.parametrize(
    "arms",
    [
        HALVES.replace("x:", "z:"),
        "y: {weight: 50, answer: {message: keep}}, x: {weight: 50, answer: fallback}",
        HALVES + ", z: {weight: 0, answer: fallback}",
    ],
)
def test_changed_arms_need_reshuffle(arms: str) -> None:
    """Other arms, or another order, under a live key are refused without --reshuffle."""
    assert "--reshuffle" in refused(experiment(arms), previous=live(experiment(HALVES)))[0]
    compiled(experiment(arms), previous=live(experiment(HALVES)), reshuffle=True)


def test_one_key_means_one_split() -> None:
    """A key that is used in two rules must have the same arms and weights; the answers may differ."""
    compiled(experiment(HALVES) + experiment(HALVES.replace("message: keep", "message: text"), "b"))
    other = HALVES.replace("50", "30", 1).replace("y: {weight: 50", "y: {weight: 70")
    assert "with other arms or weights" in refused(experiment(HALVES) + experiment(other, "b"))[0]


def test_arms_need_a_locale_in_common() -> None:
    """If no locale has a text of every arm, no customer can get any arm."""
    head = HEAD.replace("  text: {en-US", "  french: {fr-FR: {header: Restez, body: Merci}}\n  text: {en-US")
    arms = "x: {weight: 50, answer: {message: french}}, y: {weight: %d, answer: {message: text}}"
    [mistake] = refused(experiment(arms % 50), head)
    assert mistake.startswith("19: No arm can ever be given: `french`, `text` have no locale in common")
    compiled(experiment((arms % 50).replace("message: text", "message: keep")), head)
    compiled(experiment((arms % 0).replace("50", "100", 1)), head)
    compiled(experiment("x: {weight: 50, answer: {message: french}}, y: {weight: 50, answer: fallback}"), head)


STEP = ", traffic: {timeZone: UTC, 2026-11-01: %s}"
PLAN = ", plan: {metric: kept, customers: 100}"


@pytest.mark.parametrize(
    ("more", "other", "what"),
    [
        (", control: x", ", control: y", "control"),
        ("", ", layer: {name: l, slots: [0, 1]}", "layer"),
        (", layer: {name: l, slots: [0, 1]}", ", layer: {name: l, slots: [0, 2]}", "layer"),
        (STEP % 5, STEP % 6, "traffic"),
        (PLAN, "", "plan"),
    ],
)
def test_one_key_means_one_experiment(more: str, other: str, what: str) -> None:
    """Two rules with one key need the same control, layer, traffic and plan: they have one result."""
    compiled(experiment(HALVES, more=more) + experiment(HALVES, "b", more=more))
    [found] = refused(experiment(HALVES, more=more) + experiment(HALVES, "b", more=other))
    assert f"with another `{what}`" in found


def layered(*slots: tuple[int, int], name: str = "l") -> str:
    return "".join(
        experiment(HALVES, f"r{number}", f"k{number}", f", layer: {{name: {name}, slots: [{first}, {last}]}}")
        for number, (first, last) in enumerate(slots)
    )


def test_experiments_of_one_layer_share_no_slot() -> None:
    """Slots next to each other are no mistake, and every experiment with a slot of another one is named."""
    compiled(layered((0, 4_999), (5_000, 9_999)))
    compiled(layered((5_000, 9_999), (0, 0), (1, 4_999)))
    compiled(layered((0, 9_999)) + layered((0, 9_999), name="m").replace("r0", "s0").replace("k0", "j0"))
    [found] = refused(layered((0, 5_000), (5_000, 9_999)))
    assert "`k1` and `k0` share slots of the layer `l`: 5000 to 9999, and on line" in found
    assert len(refused(layered((0, 9_999), (1, 2), (3, 4)))) == 2
    assert "`k1` and `k0` share" in refused(layered((100, 200), (0, 100)))[0]


def test_rules_with_one_experiment_have_one_place_in_its_layer() -> None:
    """The same key in two rules is one experiment, which shares its slots with itself."""
    one = experiment(HALVES, more=", layer: {name: l, slots: [0, 4999]}")
    compiled(one + one.replace("name: a", "name: b"))


HOLDOUT = "holdout: {key: h, percent: 5, answer: fallback}\n"


def test_a_holdout_has_a_key_of_its_own() -> None:
    """A key that an experiment has too would put two results under one name."""
    compiled(experiment(HALVES), head=HOLDOUT + HEAD)
    [found] = refused(experiment(HALVES, key="h"), head=HOLDOUT + HEAD)
    assert "has the key `h` too" in found


def test_the_message_of_a_holdout_is_one_of_the_file() -> None:
    """A message set that is misspelt is a mistake at its line, with the one that was probably meant."""
    compiled(experiment(HALVES), head=HOLDOUT.replace("fallback", "keep") + HEAD)
    [found] = refused(experiment(HALVES), head=HOLDOUT.replace("fallback", "kep") + HEAD)
    assert "There is no message set `kep`. Did you mean `keep`?" in found


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", None),
        ("", PLAN, "The plan of `k` changed while it runs"),
        (PLAN, PLAN.replace("100", "200"), "The plan of `k` changed while it runs"),
        (PLAN, PLAN + ", control: y", "The plan of `k` changed while it runs"),
        ("", ", control: y", None),
        (PLAN, PLAN + ", control: x", None),
        ("", ", layer: {name: l, slots: [0, 9999]}", "The layer of `k` changed while it runs"),
        (STEP % 50, STEP % 5, "45 % of the customers drop out of `k`: its traffic fell."),
        ("", STEP % 99.5, "0.5 % of the customers drop out"),
        ("", ", traffic: {timeZone: UTC, 2100-01-01: 100}", "100 % of the customers drop out"),
        (STEP % 5, STEP % 50, None),
        (STEP % 5, "", None),
    ],
)
def test_a_change_of_a_running_experiment_is_a_warning(before: str, after: str, expected: str | None) -> None:
    """Customers who drop out, and a plan that is changed after the start, are reported; a ramp is not."""
    found = compiled(experiment(HALVES, more=after), previous=live(experiment(HALVES, more=before))).warnings
    assert [warning.wrong for warning in found if expected is None or expected not in warning.wrong] == []
    assert len(found) == (expected is not None)


@pytest.mark.parametrize(
    ("holdout", "expected"),
    [
        (HOLDOUT, None),
        (HOLDOUT.replace("percent: 5", "percent: 2.5"), "`h` held out 5 % of the customers, and now 2.5 %."),
        (HOLDOUT.replace("fallback", "keep"), "`h` has another answer than in the live release."),
        (HOLDOUT.replace("key: h, percent: 5", "key: i, percent: 10"), None),
        ("", None),
    ],
)
def test_a_change_of_the_live_holdout_is_a_warning(holdout: str, expected: str | None) -> None:
    """Another share or answer under the same key mixes two comparisons; a new key begins one."""
    rules = experiment(HALVES)
    found = compiled(rules, head=holdout + HEAD, previous=live(rules, HOLDOUT)).warnings
    assert [warning.wrong for warning in found] == ([] if expected is None else [expected])
