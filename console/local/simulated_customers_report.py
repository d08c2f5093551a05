"""What `retention simulator customers` prints: what the script made true, by arm, and where both logs are."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from console.deployment.where import Where
from console.local.simulated_customers import EXPOSURES, OUTCOMES, Played
from console.simulator.scripted.script import CustomerScript, SeenAnswer
from console.simulator.scripted.scripted_customer import CustomerTruth
from console.terminal.output import Output
from console.terminal.words import plural

_NO_EXPERIMENT: Final = "no experiment"


@dataclass(frozen=True, slots=True)
class ArmTruth:
    """What became of the customers of one arm at the end of the horizon. `experiment` and `arm` are "" without one."""

    experiment: str
    arm: str
    customers: int
    kept: int
    turned_off: int
    switched: int
    redeemed: int
    renewed: int
    refunded: int

    def document(self) -> dict[str, Any]:
        """Return the entry of the --json document."""
        return {
            "experiment": self.experiment or None,
            "arm": self.arm or None,
            "customers": self.customers,
            "kept": self.kept,
            "turnedOff": self.turned_off,
            "switched": self.switched,
            "redeemed": self.redeemed,
            "renewed": self.renewed,
            "refunded": self.refunded,
        }


def arms_of(truths: Sequence[CustomerTruth]) -> list[ArmTruth]:
    """Count what became of customers, by the arm of their first page view."""
    by_arm: dict[tuple[str, str], list[CustomerTruth]] = {}
    for truth in truths:
        names = truth.decision.names
        by_arm.setdefault((names.get("experiment", ""), names.get("arm", "")), []).append(truth)
    return [
        ArmTruth(
            *arm,
            customers=len(found),
            kept=sum(one.kept for one in found),
            turned_off=sum(one.turned_off for one in found),
            switched=sum(one.switched for one in found),
            redeemed=sum(one.redeemed for one in found),
            renewed=sum(one.renewed for one in found),
            refunded=sum(one.refunded for one in found),
        )
        for arm, found in sorted(by_arm.items())
    ]


def unmet(script: CustomerScript, truths: Sequence[CustomerTruth]) -> tuple[int, ...]:
    """Return the numbers, from 1, of the reactions with a `when` that fits the first page view of no customer."""
    seen = [dict(names) for names in {tuple(sorted(one.decision.names.items())) for one in truths}]
    return tuple(
        number
        for number, reaction in enumerate(script.reactions, 1)
        if reaction.when and not any(reaction.fits(SeenAnswer(names)) for names in seen)
    )


def show(played: Played, script: CustomerScript, folder: Path, file: Path, out: Output) -> None:
    """Print what was played, as lines or as one JSON document. `file` is the file of the experiments."""
    arms = arms_of(played.truths)
    out.document(_document(played, script, folder, arms))
    out.print(
        f"{plural(len(played.truths), 'customer')} by the script {script.name}:"
        f" {plural(played.page_views, 'page view')} and {plural(played.notifications, 'notification')},"
        f" from {played.began:%Y-%m-%d} to {played.ended:%Y-%m-%d}."
    )
    out.print(f"What is true {script.horizon_days} days after the first page view, by the customers themselves:")
    out.table(
        ("experiment", "arm", "customers", "kept", "turned off", "switched", "redeemed", "renewed", "refunded"),
        [_row(arm) for arm in arms],
    )
    for number in unmet(script, played.truths):
        when = ", ".join(f"{name}: {value}" for name, value in script.reactions[number - 1].when.items())
        out.print(
            f"Note: reaction {number} of the script is for {{{when}}}, which no customer met at the first page view."
        )
    exposures, outcomes = (str(folder / name) for name in (EXPOSURES, OUTCOMES))
    out.print(f"The logs of release {played.release}: {shlex.quote(exposures)}, {shlex.quote(outcomes)}")
    named = [] if file == Where().file else [str(file)]
    for experiment in dict.fromkeys(arm.experiment for arm in arms if arm.experiment):
        logs = ["--exposures", exposures, "--outcomes", outcomes, "--rehearsals"]
        out.print(f"What they prove: {shlex.join(['retention', 'report', experiment, *named, *logs])}")


def _row(arm: ArmTruth) -> tuple[str, ...]:
    counts = (arm.turned_off, arm.switched, arm.redeemed, arm.renewed, arm.refunded)
    return (
        arm.experiment or _NO_EXPERIMENT, arm.arm, str(arm.customers), _share(arm.kept, arm.customers),
        *map(str, counts),
    )  # fmt: skip


def _share(count: int, of: int) -> str:
    return f"{100 * count / of:.1f} %"


def _document(played: Played, script: CustomerScript, folder: Path, arms: Sequence[ArmTruth]) -> dict[str, Any]:
    return {
        "script": script.name,
        "release": played.release,
        "customers": len(played.truths),
        "pageViews": played.page_views,
        "notifications": played.notifications,
        "began": played.began.isoformat(timespec="seconds"),
        "ended": played.ended.isoformat(timespec="seconds"),
        "horizonDays": script.horizon_days,
        "arms": [arm.document() for arm in arms],
        "unmetReactions": list(unmet(script, played.truths)),
        "exposures": str(folder / EXPOSURES),
        "outcomes": str(folder / OUTCOMES),
    }
