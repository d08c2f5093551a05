"""What experiments plan, as documents: to compare with the live release, and to name by a digest in a report."""

from __future__ import annotations

from typing import Any

from console.file.entries import Document, ExperimentEntry


def plan_document(experiment: ExperimentEntry) -> dict[str, Any]:
    """Return what is promised of an experiment, JSON-ready. Its shares are not: they may change while it runs."""
    plan = experiment.plan
    return {
        "key": experiment.key,
        "control": experiment.control,
        "arms": [arm.name for arm in experiment.arms],
        "plan": plan
        and {
            "metric": plan.metric,
            "horizonDays": plan.horizon_days,
            "customers": plan.customers,
            "guardrails": list(plan.guardrails),
        },
    }


def plans_of(document: Document) -> dict[str, dict[str, Any]]:
    """Return what each experiment of a file plans, by its key."""
    return {key: plan_document(experiment) for key, experiment in document.experiments.items()}
