"""`plan` and `apply` against the simulator and a table, until file, Apple and table agree, wherever a run stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.catalog import APPROVED, REJECTED, MessageState
from retention.request import PRODUCTION, SANDBOX
from retention.review.snapshot import follow

from console.appstore.errors import AppleError
from console.releases.live import load_live
from console.rollout.apply import ApplyResult, ApplyRun, observe_and_plan
from console.rollout.observed import read_apple_lists
from console.simulator import staff_actions
from console.simulator.accounts import SimulatedApp
from console.simulator.api import Answer, HangUp, Request, Response
from console.simulator.app_data import UploadedMessage
from console.terminal.failure import Failure
from console.terminal.output import Output
from tests.support.apply_operator import FILE, NOW, TABLE, Operator, operator
from tests.support.simulated_app import APP, MONTHLY, PEM, new_id, png, text


@pytest.fixture
def production(tmp_path: Path) -> Iterator[Operator]:
    with operator(tmp_path) as made:
        yield made


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Operator]:
    with operator(tmp_path, environment=SANDBOX) as made:
        yield made


def served(who: Operator, locale: str) -> str | None:
    """Return the id of the message that the function would answer with now."""
    catalog = load_live(AppTable(who.looking, TABLE, APP.app_apple_id), MONTHLY, locale).catalog
    ids = dict(catalog.sheet.sets["keep"])[locale]
    return next((message for message in ids if message in catalog.states and catalog.states[message].servable), None)


# From nothing to agreement


def test_everything_is_planned_first(production: Operator) -> None:
    """In an empty environment `plan` has each image, each message and a release; its defaults wait for review."""
    plan = production.plan()
    assert [step.names for step in plan.images] == [("hero",), ("tick",)]
    assert [step.names for step in plan.messages] == [("keep en-US",), ("keep fr-FR",)]
    assert plan.publish is not None
    assert plan.defaults == ()
    assert [(one.product, one.locale) for one in plan.waiting_defaults] == [(MONTHLY, "en-US"), (MONTHLY, "fr-FR")]
    assert production.app_data.images() == {}


def test_production_waits_for_review_and_then_agrees(production: Operator) -> None:
    """`apply` publishes and waits for review; once Apple approves, it configures the defaults, and nothing is left."""
    done = production.apply()
    assert (done.images, done.messages, done.defaults) == (2, 2, 0)
    assert done.left is not None
    assert (len(done.left.in_review), len(done.left.waiting_defaults)) == (2, 2)
    assert not done.left.has_changes
    production.approve()
    again = production.apply()
    assert (again.images, again.messages, again.published, again.defaults) == (0, 0, None, 2)
    assert again.left is not None
    assert again.left.agrees
    assert production.plan().agrees
    assert set(production.app_data.defaults()) == {(MONTHLY, "en-US"), (MONTHLY, "fr-FR")}


def test_the_sandbox_needs_one_run(sandbox: Operator) -> None:
    """The sandbox approves at once, so one `apply` uploads, publishes, configures defaults and imports states."""
    assert len(sandbox.plan().defaults) == 2
    done = sandbox.apply()
    assert (done.defaults, done.left and done.left.agrees) == (2, True)
    assert sandbox.plan().agrees
    assert served(sandbox, "fr-FR") is not None
    assert served(sandbox, "en-US") is not None


def test_another_machine_plans_the_same(production: Operator, tmp_path: Path) -> None:
    """A copy of the folder in another place has nothing to apply, because ids are computed from content."""
    production.apply()
    production.approve()
    production.apply()
    elsewhere = tmp_path / "another" / "machine"
    elsewhere.mkdir(parents=True)
    for file in production.directory.iterdir():
        if file.is_file():
            (elsewhere / file.name).write_bytes(file.read_bytes())
    production.directory = elsewhere
    assert production.plan().agrees


def test_comments_are_no_changes(sandbox: Operator) -> None:
    """A file with another comment is not published again."""
    sandbox.apply()
    sandbox.write("# a word to colleagues\n" + sandbox.file.read_text())
    assert sandbox.plan().agrees


def test_the_plan_lists_what_a_release_changes(sandbox: Operator) -> None:
    """`plan` lists each text and rule that the new release changes, adds or removes."""
    sandbox.apply()
    sandbox.rewrite("Restez,", "Restez encore,")
    sandbox.rewrite("{name: everyone,", "{name: everybody,")
    plan = sandbox.plan()
    assert plan.publish is not None
    assert plan.publish.changes == (
        "~ text keep fr-FR: the text before is served until it is approved",
        "+ rule everybody",
        "- rule everyone",
    )
    (message,) = plan.messages
    assert message.replaces == served(sandbox, "fr-FR")


def test_a_corrected_text_is_one_change(sandbox: Operator) -> None:
    """`plan` lists a corrected text once, not again for each product that answers with it; fallbacks are changes."""
    sandbox.apply()
    sandbox.rewrite("Stay,", "Stay here,")
    plan = sandbox.plan()
    assert plan.publish is not None
    assert plan.publish.changes == ("~ text keep en-US: the text before is served until it is approved",)
    sandbox.rewrite("locales: {default: en-US}", "locales: {default: en-US, fallbacks: {de-DE: [fr-FR]}}")
    plan = sandbox.plan()
    assert plan.publish is not None
    assert len(plan.publish.changes) > 1


# Live texts


def test_a_live_text_is_served_while_its_correction_is_in_review(production: Operator) -> None:
    """The old text is served while the new one is in review, even if corrected twice; once approved, the new one is."""
    production.apply()
    production.approve()
    production.apply()
    first = served(production, "fr-FR")
    assert first is not None
    for correction in ("Restez avec nous", "Restez encore"):
        text = production.file.read_text().replace("Restez avec nous", "Restez")
        production.write(text.replace("header: Restez", f"header: {correction}"))
        left = production.apply().left
        assert left is not None
        assert served(production, "fr-FR") == first
        assert [review.meanwhile for review in left.in_review] == [first]
        assert production.app_data.default(MONTHLY, "fr-FR") == first
    production.approve()
    production.apply()
    assert served(production, "fr-FR") not in {None, first}
    assert production.app_data.default(MONTHLY, "fr-FR") == served(production, "fr-FR")
    assert production.plan().agrees


def test_predecessors_are_judged_by_apple_not_by_an_old_table(production: Operator) -> None:
    """A text that Apple approved after the table's last import is kept as the predecessor of its correction."""
    production.apply()
    production.approve()
    identifier = production.look().compiled.content.messages["keep"]["fr-FR"].identifier
    production.rewrite("Restez,", "Restez encore,")
    production.apply()
    assert served(production, "fr-FR") == identifier


def test_a_default_set_late_is_the_predecessor_until_approval(production: Operator) -> None:
    """A default is configured with the approved predecessor while the new text is in review."""
    production.write(FILE.replace(", default: keep", ""))
    production.apply()
    production.approve()
    production.apply()
    before = served(production, "fr-FR")
    production.write(FILE.replace("Restez,", "Restez encore,"))
    left = production.apply().left
    assert production.app_data.default(MONTHLY, "fr-FR") == before
    assert left is not None
    assert [one.locale for one in left.waiting_defaults] == ["fr-FR"]
    production.approve()
    production.apply()
    assert production.app_data.default(MONTHLY, "fr-FR") not in {None, before}
    assert production.plan().agrees


def test_a_rejected_text_waits_for_a_new_revision(production: Operator) -> None:
    """`plan` names a rejected message; a new revision in the file has the same text reviewed again."""
    production.apply()
    rejected = production.look().compiled.content.messages["keep"]["fr-FR"].identifier
    production.approve(REJECTED, rejected)
    production.approve()
    plan = production.plan()
    assert [review.identifier for review in plan.rejected] == [rejected]
    assert [one.locale for one in plan.defaults_in_review] == []
    assert not plan.agrees
    production.rewrite("body: Gardez vos cartes.", "body: Gardez vos cartes., revision: 2")
    production.apply()
    production.approve()
    production.apply()
    assert production.plan().agrees


# What changes while a question waits


def meanwhile(who: Operator, change: Callable[[], None]) -> ApplyResult:
    """Plan, change something while the operator has not answered yet, and apply what was planned."""
    with who.session() as session:
        planned = observe_and_plan(session, now=NOW)
        change()
        return ApplyRun(session, Output(as_json=True), now=lambda: NOW).run(planned)


def test_an_apply_answered_late_sets_no_state_back(production: Operator) -> None:
    """`apply` reads Apple's lists again after the operator's answer, so that it keeps approvals from meanwhile."""
    production.apply()
    late = production.look().compiled.content.messages["keep"]["fr-FR"].identifier
    production.approve(APPROVED, *({*production.app_data.message_states(), *production.app_data.images()} - {late}))
    production.apply()
    assert served(production, "fr-FR") is None
    production.rewrite("{name: everyone,", "{name: everybody,")

    def approved() -> None:
        production.approve(APPROVED, late)
        with production.session() as session:
            follow(AppTable(production.looking, TABLE, APP.app_apple_id), lambda: read_apple_lists(session))

    done = meanwhile(production, approved)
    assert done.states == 0
    assert done.defaults == 1
    assert served(production, "fr-FR") == late


def test_of_two_applies_at_once_the_second_has_nothing_to_do(sandbox: Operator) -> None:
    """If the same plan was applied meanwhile, `apply` uploads nothing and publishes nothing a second time."""
    first: list[ApplyResult] = []
    done = meanwhile(sandbox, lambda: first.append(sandbox.apply()))
    assert first[0].published is not None
    assert (done.images, done.messages, done.published) == (0, 0, None)
    assert done.left is not None
    assert done.left.agrees


def test_of_two_applies_at_once_the_later_counts_only_its_own_work(tmp_path: Path) -> None:
    """An `apply` that another one overtakes between two uploads counts only its own work, and keeps its release."""
    others: list[ApplyResult] = []

    def wrap(answer: Answer) -> Answer:
        def answered(request: Request) -> Response:
            if request.method == "PUT" and not others:
                others.append(ApplyResult())
                others.append(made.apply())
            return answer(request)

        return answered

    with operator(tmp_path, environment=SANDBOX, wrap=wrap) as made:
        done = made.apply()
        assert (others[1].images, others[1].messages, others[1].defaults) == (2, 2, 2)
        assert (done.images, done.messages, done.published, done.defaults) == (0, 0, None, 0)
        assert done.left is not None
        assert done.left.agrees


def test_a_release_that_goes_live_just_before_ours(sandbox: Operator) -> None:
    """If another release goes live first, `apply` goes on if the content is the same, and is refused otherwise."""
    sandbox.apply()
    sandbox.rewrite("{name: everyone,", "{name: everybody,")

    class Late:
        """The table, in which another operator's release goes live just before ours."""

        def __init__(self, other: Callable[[], object]) -> None:
            self.others = [other]

        def __getattr__(self, name: str) -> Any:
            found = getattr(sandbox.looking, name)

            def write(**request: Any) -> Any:
                if self.others and "#current" in str(request):
                    sandbox.dynamodb = None
                    self.others.pop()()
                return found(**request)

            return write if name == "transact_write_items" else found

    sandbox.dynamodb = Late(sandbox.apply)
    done = sandbox.apply()
    assert done.published is None
    assert done.left is not None
    assert done.left.agrees

    def theirs() -> None:
        sandbox.rewrite("{name: ours,", "{name: theirs,")
        sandbox.apply()

    sandbox.rewrite("{name: everybody,", "{name: ours,")
    sandbox.dynamodb = Late(theirs)
    with pytest.raises(Failure, match="went live meanwhile"):
        sandbox.apply()


def test_another_release_meanwhile_stops_the_apply(sandbox: Operator) -> None:
    """`apply` stops if another release than the one that its plan was made against has gone live meanwhile."""
    sandbox.apply()
    ours = sandbox.file.read_text().replace("{name: everyone,", "{name: ours,")

    def theirs() -> None:
        sandbox.rewrite("{name: ours,", "{name: theirs,")
        sandbox.apply()

    sandbox.write(ours)
    with pytest.raises(Failure, match=r"Release 2 went live meanwhile.*run `retention apply` again"):
        meanwhile(sandbox, theirs)
    live = sandbox.look().seen.table.live
    assert live is not None
    assert live.number == 2


# 409


def test_an_upload_whose_answer_was_lost_is_ours(tmp_path: Path) -> None:
    """A 409 for an id that is in the app's own list means that the upload had succeeded."""
    lost: list[str] = []

    def wrap(answer: Answer) -> Answer:
        def answered(request: Request) -> Response:
            response = answer(request)
            if request.method == "PUT" and request.target not in lost:
                lost.append(request.target)
                raise HangUp
            return response

        return answered

    with operator(tmp_path, environment=SANDBOX, wrap=wrap) as made:
        left = made.apply().left
        assert left is not None
        assert left.agrees
        assert len(lost) == 6


def test_an_id_of_another_app(production: Operator) -> None:
    """A 409 for ids of another app: `apply` names each message, advises another `revision`, and publishes nothing."""
    content = production.look().compiled.content
    identifiers = [content.messages["keep"][locale].identifier for locale in ("en-US", "fr-FR")]
    for identifier in identifiers:
        production.simulator.app_data(1, PRODUCTION).add_message(UploadedMessage(identifier, text(), APPROVED), 0)
    with pytest.raises(Failure) as caught:
        production.apply()
    report = str(caught.value)
    assert all(identifier in report for identifier in identifiers)
    assert report.count("Write another `revision`") == 2
    assert "keep fr-FR: " in report
    assert production.row(rows.head_key(APP.app_apple_id)) is None or "current" not in production.row(
        rows.head_key(APP.app_apple_id)
    )
    production.rewrite("header: Stay,", "header: Stay, revision: 2,")
    production.rewrite("header: Restez,", "header: Restez, revision: 2,")
    assert production.apply().messages == 2


# When something is wrong


@pytest.mark.parametrize(
    "response",
    [
        Response(200, {"content-type": "text/html"}, b"<html>Sign in</html>"),
        Response(500, {"content-type": "application/json"}, b'{"errorCode":5000000,"errorMessage":"x"}'),
        Response(503, {"content-type": "text/html"}, b"<html>"),
        Response(404),
        Response(401),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_failure_of_apple_publishes_nothing(tmp_path: Path, response: Response, method: str) -> None:
    """If Apple answers with a page, 401, 404 or 500, `apply` ends with one sentence and publishes nothing."""

    def wrap(answer: Answer) -> Answer:
        return lambda request: response if request.method == method else answer(request)

    with operator(tmp_path, environment=SANDBOX, wrap=wrap) as made:
        with pytest.raises(AppleError) as caught:
            made.apply()
        assert "\n" not in str(caught.value)
        assert "current" not in (made.row(rows.head_key(APP.app_apple_id)) or {})


def test_a_list_without_the_live_messages_stops_the_apply(production: Operator) -> None:
    """If Apple's lists lack the live messages, `apply` is refused before it uploads anything."""
    production.apply()
    production.approve()
    production.apply()
    for identifier in production.app_data.message_states():
        production.app_data.delete_message(identifier)
    production.rewrite("Restez,", "Restez encore,")
    with pytest.raises(Exception, match="by these lists, 2 of the 2"):
        production.apply()
    assert production.app_data.message_states() == {}
    production.rewrite("header: Stay,", "header: Stay, revision: 2,")
    assert production.apply(allow_silencing=True).messages == 2


def test_an_image_that_changes_meanwhile(sandbox: Operator) -> None:
    """An image that changes after the operator confirmed the plan is not uploaded."""

    def changed() -> None:
        (sandbox.directory / "hero.png").write_bytes(png(3840, 160, extra=b"tEXtn\0another"))

    with pytest.raises(Failure, match=r"hero\.png changed while this ran"):
        meanwhile(sandbox, changed)
    assert sandbox.app_data.images() == {}


def test_an_image_that_changes_while_others_are_uploaded(tmp_path: Path) -> None:
    """An image that changes while another is uploaded is not uploaded under the id of its earlier content."""

    def wrap(answer: Answer) -> Answer:
        def answered(request: Request) -> Response:
            if request.method == "PUT":
                (tmp_path / "tick.png").write_bytes(b"another")
            return answer(request)

        return answered

    with operator(tmp_path, environment=SANDBOX, wrap=wrap) as made:
        with pytest.raises(Failure, match=r"tick\.png changed while this ran"):
            made.apply()
        assert len(made.app_data.images()) == 1


def test_apply_imports_review_states(production: Operator) -> None:
    """`apply` writes Apple's review states into the table, even if it has nothing else to do."""
    production.apply()
    production.approve()
    assert production.plan().behind > 0
    production.apply()
    assert production.plan().behind == 0
    identifier = production.look().compiled.content.messages["keep"]["fr-FR"].identifier
    row = production.row(rows.message_key(APP.app_apple_id, identifier))
    assert rows.read_message(row) == MessageState("APPROVED")


def test_another_apps_message_is_not_ours(production: Operator) -> None:
    """A message of another app of the same team is not counted as this app's."""
    staff_actions.grant(production.simulator, SimulatedApp(2, "com.example.b", APP.issuer_id), "ABCDEFGHIJ", PEM)
    production.simulator.app_data(2, PRODUCTION).add_message(UploadedMessage(new_id(), text(), APPROVED), 0)
    assert len(production.plan().messages) == 2


def test_a_refused_default_holds_up_no_other(sandbox: Operator) -> None:
    """If Apple refuses one default, `apply` configures the others, and reports the refused one at the end."""
    sandbox.rewrite("products:\n", "products:\n  aaa: {group: other, period: P1M, default: keep}\n")
    with pytest.raises(Failure) as caught:
        sandbox.apply()
    assert "The default of aaa in en-US: Apple refuses" in str(caught.value)
    assert set(sandbox.app_data.defaults()) == {(MONTHLY, "en-US"), (MONTHLY, "fr-FR")}
    assert served(sandbox, "fr-FR") is not None
