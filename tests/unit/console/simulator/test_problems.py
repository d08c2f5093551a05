"""Apple's errors: their codes, statuses and messages."""

from __future__ import annotations

import pytest

from console.simulator import problems
from console.simulator.problems import Problem, ProblemKind

KINDS = {name: kind for name, kind in vars(problems).items() if isinstance(kind, ProblemKind)}


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (problems.GENERAL_BAD_REQUEST, 400),
        (problems.IMAGE_IN_USE, 403),
        (problems.MESSAGE_NOT_FOUND, 404),
        (problems.IMAGE_ALREADY_EXISTS, 409),
        (problems.RATE_LIMIT_EXCEEDED, 429),
        (problems.GENERAL_INTERNAL, 500),
    ],
)
def test_the_status_is_in_the_code(kind: ProblemKind, status: int) -> None:
    """The first three digits of an error's code are its HTTP status."""
    problem = Problem(kind)
    assert (problem.status, problem.code, str(problem)) == (status, kind.code, kind.message)


def test_a_problem_can_explain_itself() -> None:
    """A message of its own replaces the one of Apple's table, and the code stays."""
    problem = Problem(problems.INVALID_IMAGE, "Invalid request. It is a JPEG.")
    assert (problem.code, str(problem)) == (4000161, "Invalid request. It is a JPEG.")


def test_no_two_errors_share_a_code() -> None:
    """Each code is that of one error, since clients distinguish errors by code."""
    assert len({kind.code for kind in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_every_message_is_a_sentence(name: str) -> None:
    """Each message ends with a full stop, so that an explanation can follow it."""
    assert KINDS[name].message.endswith(".")
