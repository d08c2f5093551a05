"""`retention apply` and `retention promote` from the plan to the last step, with what they print and ask."""

from __future__ import annotations

from dataclasses import dataclass

from console.deployment.session import Session, open_checked
from console.deployment.target import confirm
from console.deployment.where import Access, Where
from console.file.mistakes_report import warn
from console.rollout.apply import ApplyResult, ApplyRun, PlanWithInputs, estimate, observe_and_plan
from console.rollout.plan_report import show_estimate, show_plan
from console.terminal.failure import Failure
from console.terminal.output import Output


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the options `--reshuffle`, `--allow-silencing` and `--yes` allow a run to do."""

    reshuffle: bool = False
    silencing: bool = False
    yes: bool = False


def plan_with_warnings(session: Session, out: Output, *, reshuffle: bool) -> PlanWithInputs:
    """Plan, and print the file's warnings. Changes nothing."""
    found = observe_and_plan(session, reshuffle=reshuffle)
    warn(str(session.where.file), found.compiled.warnings, out)
    return found


def apply(session: Session, out: Output, allowed: Allowed) -> ApplyResult:
    """Plan, ask, and carry out the plan. Raises Failure if the operator does not confirm."""
    found = plan_with_warnings(session, out, reshuffle=allowed.reshuffle)
    show_plan(found.plan, str(session.where.file), out)
    if found.plan.has_changes:
        show_estimate(estimate(session, found.plan), out)
        confirm(session.target, f"apply {session.where.file}", yes=allowed.yes)
    run = ApplyRun(session, out, reshuffle=allowed.reshuffle, allow_silencing=allowed.silencing)
    return run.run(found)


def promote(source: Where, target: Where, access: Access, out: Output, allowed: Allowed) -> ApplyResult:
    """Apply a file to `target`. Raises Failure, and changes nothing, if the environment `source` differs from it."""
    with open_checked(source, access, out) as session:
        tried = plan_with_warnings(session, out, reshuffle=False).plan
    if not tried.agrees:
        if not out.as_json:
            show_plan(tried, str(source.file), out)
        raise Failure(
            f"{source.env} differs from {source.file}, so this file was not tried there: run `retention apply --env"
            f" {source.env}` first. Nothing was changed in {target.env}."
        )
    out.print(f"{source.env} agrees with {source.file}. Now {target.env}:")
    with open_checked(target, access, out) as session:
        return apply(session, out, allowed)
