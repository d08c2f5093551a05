"""`plan` and `apply` on DynamoDB Local, which judges names and expressions as the service does; moto does not."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from botocore.session import get_session
from retention.request import PRODUCTION

from console.local.rows import create_table
from console.simulator.server import SimulatorServer
from tests.support.apply_operator import Operator, operator
from tests.support.simulated_app import Clock, make_simulator, new_id


def test_apply_and_correct_on_dynamodb_local(tmp_path: Path, dynamodb_local: str) -> None:
    """On DynamoDB Local, `apply` publishes, imports approvals, and serves the old text while the new is in review."""
    with operator(tmp_path) as made:
        files = made.directory
    client: Any = get_session().create_client("dynamodb", region_name="us-east-1", endpoint_url=dynamodb_local)
    table = f"apply-{new_id()}"
    create_table(client, table)
    clock = Clock()
    with closing(make_simulator(clock)) as simulator, SimulatorServer(simulator) as server:
        made = Operator(files, simulator, server, client, PRODUCTION, clock=clock, table=table)
        made.apply()
        made.approve()
        made.apply()
        assert made.plan().agrees
        made.rewrite("Restez,", "Restez encore,")
        left = made.apply().left
        assert left is not None
        assert [review.meanwhile is not None for review in left.in_review] == [True]
        made.approve()
        made.apply()
        assert made.plan().agrees
