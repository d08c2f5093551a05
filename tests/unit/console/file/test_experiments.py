"""Experiments as their owner writes them: arms, who takes part, and the plan."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from console.file.entries import METRICS, ExperimentEntry, ExperimentPlan, LayerEntry, TrafficStep
from tests.support.owner_file import GOOD, document_of, mistakes_of


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (("50", "50"), None),
        (("33.33", "66.67"), None),
        (("0.01", "99.99"), None),
        (("0", "100"), None),
        (("33.333", "66.667"), "more than two decimals"),
        (("50", "49.99"), "sum to 99.99, not 100"),
        (("50", "51"), "sum to 101, not 100"),
        (("-1", "101"), "not the number"),
        (("'50'", "50"), "not the text"),
        (("true", "99"), "not the truth value"),
    ],
)
def test_weights_are_percentages_that_sum_to_100(weights: tuple[str, str], expected: str | None) -> None:
    """Weights have at most two decimals and sum to exactly 100, without errors of floating point."""
    arms = ", ".join(f"a{i}: {{weight: {weight}, answer: fallback}}" for i, weight in enumerate(weights))
    text = GOOD.replace("    answer: {message: keep}", f"    experiment: {{key: k, arms: {{{arms}}}}}")
    found = [text for _, text in mistakes_of(text)]
    assert (found == []) if expected is None else any(expected in text for text in found), found


def test_weights_become_slots() -> None:
    """A weight of 33.33 is 3 333 of 10 000 slots."""
    text = GOOD.replace(
        "answer: {message: keep}",
        "experiment: {key: k, arms: {a: {weight: 33.33, answer: fallback}, b: {weight: 66.67, answer: fallback}}}",
    )
    experiment = document_of(text).rules[0].gives
    assert isinstance(experiment, ExperimentEntry)
    assert experiment.shares == (("a", 3333), ("b", 6667))


ARMS = "arms: {x: {weight: 50, answer: fallback}, y: {weight: 50, answer: fallback}, z: {weight: 0, answer: fallback}}"


def text_of(more: str, rule: str = "") -> str:
    return GOOD.replace("    answer: {message: keep}", f"{rule}    experiment:\n      key: k\n      {ARMS}\n{more}")


def entry(more: str, rule: str = "") -> ExperimentEntry:
    text = text_of(more, rule)
    assert mistakes_of(text) == []
    found = document_of(text).rules[0].gives
    assert isinstance(found, ExperimentEntry)
    return found


def wrong(more: str, rule: str = "") -> list[str]:
    """Return the mistakes, each with its line counted from the one after the arms."""
    first = text_of("").count("\n") - 1
    return [f"{line - first}: {text}" for line, text in mistakes_of(text_of(more, rule))]


def test_an_experiment_may_be_its_key_and_its_arms() -> None:
    """The first arm is then the control, every customer takes part, and there is no plan."""
    found = entry("")
    assert (found.control, found.layer, found.traffic, found.plan) == ("x", None, None, None)


def test_a_file_may_name_the_control() -> None:
    """The control is the arm that the others are compared with."""
    assert entry("      control: y\n").control == "y"
    assert wrong("      control: yy\n") == ["1: There is no arm `yy`. Did you mean `y`?"]
    [found] = wrong("      control: z\n")
    assert found.startswith("1: No customer comes to `z`")


def test_a_plan_is_read() -> None:
    """The horizon is 30 days unless the plan has another, and there need be no guardrail."""
    assert entry("      plan: {metric: kept, customers: 62000}\n").plan == ExperimentPlan("kept", 30, 62_000, ())
    full = "      plan: {metric: renewed, horizonDays: 400, customers: 20, guardrails: [refunded, kept]}\n"
    assert entry(full).plan == ExperimentPlan("renewed", 400, 20, ("refunded", "kept"))


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_can_be_planned_and_guarded(metric: str) -> None:
    """The metrics are those that notifications of Apple's carry."""
    other = next(name for name in METRICS if name != metric)
    found = entry(f"      plan: {{metric: {metric}, customers: 100, guardrails: [{other}]}}\n").plan
    assert found == ExperimentPlan(metric, 30, 100, (other,))


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ("[kept]", "1: A plan is a mapping, not a list."),
        ("{customers: 100}", "1: `metric` is missing."),
        ("{metric: kept}", "1: `customers` is missing."),
        ("{metric: keeps, customers: 100}", "1: There is no `metric` called `keeps`. Did you mean `kept`?"),
        ("{metric: 1, customers: 100}", "1: `metric` is a text, not the number `1`."),
        ("{metric: kept, customers: 19}", "1: `customers` is a whole number from 20 on, not the number `19`."),
        ("{metric: kept, customers: 1e3}", "1: `customers` is a whole number from 20 on"),
        ("{metric: kept, customers: 100, horizonDays: 0}", "1: `horizonDays` is a whole number from 1 on"),
        ("{metric: kept, customers: 100, horizonDays: 401}", "1: `horizonDays` is 401. Write 1 to 400."),
        ("{metric: kept, customers: 100, horizonDays: 30.5}", "1: `horizonDays` is a whole number from 1 on"),
        (
            "{metric: kept, customers: 100, horizon: 30}",
            "1: A plan has no field `horizon`. Did you mean `horizonDays`?",
        ),
        ("{metric: kept, customers: 100, guardrails: refunded}", "1: `guardrails` is a list, not the text `refunded`."),
        ("{metric: kept, customers: 100, guardrails: []}", "1: The list `guardrails` is empty."),
        ("{metric: kept, customers: 100, guardrails: [kept]}", "1: `kept` is the metric of this plan"),
        (
            "{metric: kept, customers: 100, guardrails: [refund]}",
            "1: There is no metric `refund`. Did you mean `refunded`?",
        ),
        ("{metric: kept, customers: 100, guardrails: [1]}", "1: A guardrail is a text, not the number `1`."),
        (
            "{metric: kept, customers: 100, guardrails: [renewed, renewed]}",
            "1: The guardrail `renewed` stands here twice.",
        ),
    ],
)
def test_a_mistake_in_a_plan_is_at_its_line(plan: str, expected: str) -> None:
    """Each mistake has what is wrong and what to write instead, and there is one mistake each."""
    [found] = wrong(f"      plan: {plan}\n")
    assert found.startswith(expected)


def test_a_plan_needs_two_arms_with_customers() -> None:
    """With one arm there is nothing to compare, with a plan or without one."""
    text = text_of("      plan: {metric: kept, customers: 100}\n").replace(
        "x: {weight: 50, answer: fallback}, y: {weight: 50", "x: {weight: 100, answer: fallback}, y: {weight: 0"
    )
    [(_, found)] = mistakes_of(text)
    assert found.startswith("Only one arm has a weight above 0")


def test_a_layer_is_read() -> None:
    """A layer has a name, and the first and the last of the slots that the experiment has in it."""
    layer = entry("      layer: {name: plans, slots: [0, 4999]}\n").layer
    assert layer is not None
    assert (layer.name, layer.first, layer.last) == ("plans", 0, 4_999)
    assert entry("      layer: {name: plans, slots: [9999, 9999]}\n").layer == LayerEntry("plans", 9999, 9999, layer.at)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("plans", "1: A layer is a mapping, not the text `plans`."),
        ("{slots: [0, 1]}", "1: `name` is missing."),
        ("{name: plans}", "1: `slots` is missing."),
        ("{name: plans, slots: 5}", "1: The slots of a layer are two whole numbers in a list"),
        ("{name: plans, slots: [5]}", "1: The slots of a layer are two whole numbers in a list"),
        ("{name: plans, slots: [1, 2, 3]}", "1: The slots of a layer are two whole numbers in a list"),
        ("{name: plans, slots: [0, '9']}", "1: The slots of a layer are two whole numbers in a list"),
        ("{name: plans, slots: [false, 9]}", "1: The slots of a layer are two whole numbers in a list"),
        ("{name: plans, slots: [0, 10000]}", "1: A layer has the slots 0 to 9999, not 0 to 10000."),
        ("{name: plans, slots: [-1, 5]}", "1: A layer has the slots 0 to 9999, not -1 to 5."),
        ("{name: plans, slots: [5, 4]}", "1: These slots end before they begin: 5 to 4. Write `[4, 5]`."),
        ("{name: plans, slots: [0, 1], salt: x}", "1: A layer has no field `salt`."),
        ("{name: " + "x" * 101 + ", slots: [0, 1]}", "1: This name has 101 characters. Use at most 100."),
    ],
)
def test_a_mistake_in_a_layer_is_at_its_line(layer: str, expected: str) -> None:
    """Each mistake has what is wrong and what to write instead, and there is one mistake each."""
    [found] = wrong(f"      layer: {layer}\n")
    assert found.startswith(expected)


DURING = "    during: {from: 2026-12-01, timeZone: Europe/Paris}\n"


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_a_step_of_the_traffic_begins_with_its_day() -> None:
    """A day begins at its midnight in the time zone of the rule's schedule, quotes or not, summer time or not."""
    steps = "      traffic: {2026-12-01: 0, '2026-12-08': 5.5, \"2027-07-01\": 100}\n"
    assert entry(steps, DURING).traffic == (
        TrafficStep("2026-12-01", at("2026-11-30T23:00"), 0),
        TrafficStep("2026-12-08", at("2026-12-07T23:00"), 550),
        TrafficStep("2027-07-01", at("2027-06-30T22:00"), 10_000),
    )


def test_traffic_may_have_a_time_zone_of_its_own() -> None:
    """A rule without a schedule needs one, and it is used even where the schedule has another."""
    steps = "      traffic:\n        timeZone: Asia/Tokyo\n        2026-12-01: 5\n        2026-12-02: 5\n"
    for rule in ("", DURING):
        found = entry(steps, rule).traffic
        assert [step.starts for step in found or ()] == [at("2026-11-30T15:00"), at("2026-12-01T15:00")]


def test_a_day_without_midnight_begins_when_the_clocks_went_forward() -> None:
    """In Cairo the clocks go from 0:00 to 1:00, so the day begins at 1:00."""
    found = entry("      traffic: {timeZone: Africa/Cairo, 2026-04-24: 5}\n").traffic
    assert [step.starts for step in found or ()] == [at("2026-04-23T22:00")]


@pytest.mark.parametrize(
    ("traffic", "expected"),
    [
        ("{}", "1: This traffic has no step."),
        ("{timeZone: UTC}", "1: This traffic has no step."),
        ("50", "1: Traffic is no number `50`."),
        ("[5, 50]", "1: Traffic is no list."),
        ("{2026-12-01: 5, 2026-11-30: 6}", "1: The steps of `traffic` are in the order of their days"),
        ("{2026-12-01: 50, 2026-12-02: 5}", "1: `traffic` never falls"),
        ("{2026-12-01: 5, 2026-12-01: 6}", "1: The key `2026-12-01` stands here twice."),
        ("{2026-12-01: 5, '2026-12-01': 6}", "1: The key `2026-12-01` stands here twice."),
        ("{2026-12-01: 101}", "1: A step of `traffic` is a percentage, not the number `101`."),
        ("{2026-12-01: -5}", "1: A step of `traffic` is a percentage, not the number `-5`."),
        ("{2026-12-01: 5 %}", "1: A step of `traffic` is a percentage, not the text `5 %`."),
        ("{2026-12-01: 0.001}", "1: 0.001 has more than two decimals."),
        ("{2026-02-29: 5}", "1: The calendar has no `2026-02-29`."),
        ("{2026-12-1: 5}", "1: A step of `traffic` begins with a day, not with `2026-12-1`."),
        ("{2026-12-01T09:00: 5}", "1: A step of `traffic` begins with a day, not with `2026-12-01T09:00`."),
        ("{from: 5}", "1: A step of `traffic` begins with a day, not with `from`."),
        ("{timeZone: Mars/Olympus, 2026-12-01: 5}", "1: There is no time zone `Mars/Olympus`."),
    ],
)
def test_a_mistake_in_the_traffic_is_at_its_line(traffic: str, expected: str) -> None:
    """Each mistake has what is wrong and what to write instead, and there is one mistake each."""
    [found] = wrong(f"      traffic: {traffic}\n", DURING)
    assert found.partition(": ")[2].startswith(expected.partition(": ")[2])


def test_a_mistake_in_a_step_is_at_the_line_of_the_step() -> None:
    """Steps below each other have a line each."""
    steps = (
        "      traffic:\n        timeZone: UTC\n        2026-12-01: 5\n        2026-12-02: 4\n        2026-13-01: 9\n"
    )
    assert [found[:2] for found in wrong(steps)] == ["4:", "5:"]


def test_the_days_of_a_traffic_need_a_time_zone() -> None:
    """Where neither has one, that is one mistake; one in the schedule is noted there, and only there."""
    [found] = wrong("      traffic: {2026-12-01: 5}\n")
    assert "neither it nor the rule's `during` names one" in found
    [found] = wrong("      traffic: {2026-12-01: 5}\n", DURING.replace("Paris", "Pariss"))
    assert "Did you mean `Europe/Paris`?" in found


@pytest.mark.parametrize("field", ["controls: x", "horizonDays: 3", "holdout: {}"])
def test_an_unknown_field_of_an_experiment_is_a_mistake(field: str) -> None:
    """A field that is misspelt would be missing in the release."""
    [found] = wrong(f"      {field}\n")
    assert found.startswith(f"1: An experiment has no field `{field.partition(':')[0]}`.")


@pytest.mark.parametrize(
    ("key", "named"), [("who's in", "U+0027 APOSTROPHE"), ("a;b", "U+003B SEMICOLON"), ("x😀", "U+1F600")]
)
def test_the_key_of_a_plan_can_be_queried(key: str, named: str) -> None:
    """A report is made of the log by the key, so a key with a quote is a mistake before the experiment begins."""
    plan = "      plan: {metric: kept, customers: 100}\n"
    [(_, found)] = mistakes_of(text_of(plan).replace("key: k\n", f'key: "{key}"\n'))
    assert found.startswith("`key` has the character")
    assert named in found
    assert mistakes_of(text_of("").replace("key: k\n", f'key: "{key}"\n')) == []
    for fine in ("switch-2026q4", "été (2)", "割引 #1", "a.b_c:d/e"):
        assert mistakes_of(text_of(plan).replace("key: k\n", f'key: "{fine}"\n')) == []
