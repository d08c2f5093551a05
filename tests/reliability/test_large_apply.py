"""`retention apply` of as many messages and images as Apple takes, within Apple's hourly limits."""

from __future__ import annotations

from pathlib import Path

import pytest
from retention.request import SANDBOX

from console.rollout.apply import ApplyRun, estimate, observe_and_plan
from console.simulator.api import Answer, Request, Response
from console.terminal.output import Output
from tests.support.apply_operator import HEAD, NOW, operator
from tests.support.simulated_app import MONTHLY, png


def test_two_thousand_messages_and_images_without_a_refused_call(tmp_path: Path) -> None:
    """On an injected clock, no call breaks an hourly limit, and the estimate is within a fifth of the time taken."""
    number, refused = 2000, []
    images = [f"  i{each}: {{file: i{each}.png}}" for each in range(number)]
    texts = [
        f"  m{each}: {{en-US: {{header: H{each}, body: B, image: i{each}, altText: A}}}}" for each in range(number)
    ]
    for each in range(number):
        (tmp_path / f"i{each}.png").write_bytes(png(3840, 160, extra=b"tEXtn\0" + str(each).encode()))
    products = f"products: {{{MONTHLY}: {{group: pro, period: P1M}}}}"
    rules = "rules:\n  - {name: everyone, answer: {message: m0}}"
    file = "\n".join([HEAD, products, "images:", *images, "messages:", *texts, rules])

    def wrap(answer: Answer) -> Answer:
        def answered(request: Request) -> Response:
            response = answer(request)
            if response.status != 200:
                refused.append(request.target)
            return response

        return answered

    with operator(tmp_path, environment=SANDBOX, wrap=wrap, text=file) as made, made.session() as session:
        planned = observe_and_plan(session, now=NOW)
        estimated = estimate(session, planned.plan)
        began = made.clock()
        done = ApplyRun(session, Output(as_json=True), now=lambda: NOW).run(planned)
        took = made.clock() - began
        assert (done.images, done.messages) == (number, number)
        assert done.left is not None
        assert done.left.agrees
        assert (len(made.app_data.images()), len(made.app_data.message_states())) == (number, number)
    assert refused == []
    # 360 an hour of each kind, both kinds at once; the estimate also counts the time of each call
    assert took == pytest.approx(5 * 3600, abs=10)
    assert estimated == pytest.approx(took, rel=0.2)
