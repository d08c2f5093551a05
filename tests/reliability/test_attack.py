"""No forged request is ever answered: the corpus at the HTTP edge, random edits, and a fuzzer guided by coverage."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

from tests.fuzz import inputs
from tests.minting import NOW, Case, body_cases, certificate_cases, token_cases
from tests.minting.bodies import OVERSIZE, posted
from tests.support import endpoint_on_fakes, reliability_page
from tests.support.apple_verdicts import CORPUS, disagreements, table, verdicts
from tests.support.endpoint_on_fakes import MESSAGE, catalog, make_endpoint, rule
from tests.support.forged_requests import BODY, REFUSALS, TOKEN, Edge, body_of, is_genuine, twin
from tests.support.random_edits import KINDS, made

ROOT = Path(__file__).parents[2]
SEED = os.environ.get("EDITS_SEED", "20261128")
KEPT = ROOT / "tests" / "fuzz" / "corpus"
LONGEST = 3600  # seconds; the fuzzer itself stops after three minutes


# The corpus


@cache
def edge(roots: tuple[bytes, ...]) -> Edge:
    """Return the HTTP edge of an endpoint of Production, as the corpus is for, that trusts `roots`."""
    assert endpoint_on_fakes.NOW == NOW
    bench = make_endpoint(catalog(rule(MESSAGE)), roots=roots)
    deployment = dataclasses.replace(bench.endpoint.deployment, environment="Production")
    return Edge(dataclasses.replace(bench, endpoint=dataclasses.replace(bench.endpoint, deployment=deployment)))


def expected(case: Case) -> tuple[int, str | None]:
    """Return the expected status and code for a token of the corpus, also where its body is refused before."""
    if len(posted(case.token)) >= OVERSIZE:
        return 413, "body_too_large"
    if "\ud800" in case.token:
        return 400, "body_not_json"
    return (401, case.code) if case.code else (200, None)


def test_the_corpus_is_as_large_as_documented() -> None:
    """At least 70 chains and 80 tokens are each wrong in one way, and no two cases have the same name."""
    assert sum(case.code is not None for case in certificate_cases()) >= 70
    assert sum(case.code is not None for case in token_cases()) >= 80
    names = [*(case.name for case in CORPUS), *(body.name for body in body_cases())]
    assert len(names) == len(set(names))


def test_the_corpus_at_the_edge() -> None:
    """Posted to an endpoint, every chain, token and body of the corpus gets its expected status and code."""
    answers: dict[str, Counter[tuple[int, str | None]]] = defaultdict(Counter)
    wrong = []
    corpus: dict[str, tuple[Case, ...]] = {"chains": certificate_cases(), "tokens": token_cases()}
    for kind, cases in corpus.items():
        for case in cases:
            found = edge(case.roots).answer(posted(case.token))
            answers[kind][found] += 1
            wrong += [(case.name, found)] if found != expected(case) else []
    for body in body_cases():
        found = edge(body.roots).answer(body.content)
        answers["bodies"][found] += 1
        wrong += [(body.name, found)] if found != (body.status, body.code) else []
    assert wrong == []
    _keep_corpus(answers)


def _keep_corpus(answers: dict[str, Counter[tuple[int, str | None]]]) -> None:
    total = {kind: counted.total() for kind, counted in answers.items()}
    right = sum(counted[200, None] for counted in answers.values())
    every = sum(answers.values(), Counter())
    rows = [
        (code or "nothing: unusual, but valid", status, *(answers[kind][status, code] for kind in total))
        for (status, code), _ in sorted(every.items(), key=lambda found: (found[0][0], str(found[0][1])))
    ]
    text = (
        f"{total['chains']} certificate chains, {total['tokens']} tokens under good certificates and {total['bodies']} "
        "HTTP bodies were made, each wrong or unusual in one way, and posted to a complete endpoint. "
        f"{every.total() - right} were refused, each with the expected status and code. {right} are unusual, but such "
        "as the App Store may send, and were answered. None was answered with 500. `tests/minting` makes them all."
    )
    reliability_page.keep("corpus", text, ("refused for", "status", *total), rows)


def test_the_corpus_leaves_nothing_on_stderr() -> None:
    """Hostile certificates make no library write to stderr, which is part of Lambda's log."""
    code = """
from tests.support.forged_requests import Edge
from tests.support.endpoint_on_fakes import MESSAGE, catalog, make_endpoint, rule
from tests.minting.bodies import posted
from tests.minting.odd_certificates import odd_certificates
for case in odd_certificates():
    Edge(make_endpoint(catalog(rule(MESSAGE)), roots=case.roots)).post(posted(case.token))
print("posted")
"""
    path = os.pathsep.join(str(ROOT / folder) for folder in ("", "handler"))
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "default"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert (ran.stdout, ran.stderr) == ("posted\n", "")


def test_disagreements_with_apples_library() -> None:
    """We and Apple's library agree on every token, or the committed table has the case, both verdicts and a reason."""
    found = {case.name: verdicts(case) for case in CORPUS}
    assert {name: pair for name, pair in found.items() if pair[0] != pair[1]} == disagreements()
    counted = Counter(found.values())
    stricter, laxer = counted["refuses", "accepts"], counted["accepts", "refuses"]
    text = (
        f"Apple's App Store Server Library judged the same {len(found)} chains and tokens, offline and in its strict "
        f"mode. On {len(found) - stricter - laxer} the verdicts are the same. We refuse {stricter} that it accepts, "
        f"and accept {laxer} that it refuses. `tests/conformance/disagreements.json` names every case."
    )
    rows = [(row["kind"], row["ours"], row["apple"], len(row["cases"]), row["reason"]) for row in table()]
    reliability_page.keep("disagreements", text, ("kind", "we", "Apple's library", "cases", "why"), rows)


# Random edits.

EDITS = reliability_page.size(100_000, 2_000)


def test_random_edits() -> None:
    """Each random edit of a genuine request is refused, or still is a request that the App Store signed; never 500."""
    door = Edge()
    counts: dict[str, Counter[int]] = {kind: Counter() for kind in KINDS}
    for number in range(EDITS):
        kind = list(KINDS)[number % len(KINDS)]
        seed = f"{SEED}/{number}"
        body, answerable = made(kind, seed)
        if number // len(KINDS) % 2:
            door.forget()  # each kind meets a verifier with the genuine chain in memory, and one without
        else:
            assert door.post(BODY) == 200, f"after edits of EDITS_SEED={SEED} the genuine request was refused"
        status = door.post(body)
        assert status in REFUSALS or (status == 200 and answerable), f"{status} for made({kind!r}, {seed!r}): {body!r}"
        counts[kind][status] += 1
    refused = sum(sum(counted[status] for status in REFUSALS) for counted in counts.values())
    statuses = (*sorted(REFUSALS), 200)
    text = (
        f"{EDITS} edits of a genuine request, seed {SEED}, half of them sent to a verifier that had just accepted the "
        f"genuine chain. {refused} were refused. The other {EDITS - refused} are no forgeries: either the body still "
        "contained, character for character, a token that the App Store had signed (or the second valid signature of "
        "the same bytes, which any reader of the first can compute), or the edit was signed with the leaf's own key, "
        "which no attacker has, and was a request for us. No forgery was answered, and no request with 500."
    )
    rows = [(kind, counted.total(), *(counted[status] for status in statuses)) for kind, counted in counts.items()]
    columns = ("what was edited", "tried", *map(str, sorted(REFUSALS)), "200: no forgery")
    reliability_page.keep("edits", text, columns, rows)


def test_the_same_seed_makes_the_same_edit() -> None:
    """The same seed makes the same edit, so that a reported edit can be made again."""
    for kind in KINDS:
        assert made(kind, SEED) == made(kind, SEED)


def test_what_may_be_answered() -> None:
    """A body with a genuine token in it is no forgery; one with a single changed character in the token is."""
    assert all(map(is_genuine, (BODY, b" " + BODY, BODY[:-1] + b',"a":1}', body_of(twin(TOKEN)))))
    assert not any(map(is_genuine, (b"", b"[]", body_of(TOKEN[:-1]), body_of(TOKEN + "="), body_of("A" + TOKEN[1:]))))


# Fuzzing.

EXECUTIONS = reliability_page.size(600_000, 5_000)


@pytest.mark.parametrize("name", sorted(inputs.seeds()))
def test_what_fuzzing_starts_from(name: str) -> None:
    """Of the fuzzer's seeds, the genuine ones are answered by every kind of input, and all others are refused."""
    _, answerable = inputs.attempt(inputs.seeds()[name])
    status, _ = inputs.enter(Edge(), inputs.seeds()[name])
    genuine = name.endswith(("-genuine", "-other", "-twin"))
    assert (status == 200, answerable) == (genuine, genuine)


def test_the_kept_corpus() -> None:
    """Every input that fuzzing has kept gets the same status cold and warm; all seeds are among the inputs."""
    kept = {path.name: path.read_bytes() for path in KEPT.iterdir()}
    assert kept.items() >= inputs.seeds().items(), "run python -m fuzz --keep, as tests/fuzz/__main__.py documents"
    warm, reached = Edge(), Counter[tuple[bytes, str | None]]()
    warm.post(BODY)
    for data in kept.values():
        cold = inputs.enter(Edge(), data)
        assert inputs.enter(warm, data) == cold
        reached[data[:1], cold[1]] += 1
    assert {door for door, code in reached if code is None} == set(inputs.DOORS)


def test_the_fuzz_target_fails_on_a_crash() -> None:
    """The fuzz target fails if the endpoint answers 500."""
    gullible = Edge()
    gullible.bench.endpoint.verifier.authenticate = lambda *_: None
    with pytest.raises(inputs.AnsweredError, match="500"):
        inputs.enter(gullible, inputs.seeds()["token-forged"])


def test_fuzzing(fuzzer: Path) -> None:
    """Guided by the coverage of handler/, the fuzzer finds no input that is answered 500 or as a forgery."""
    ran = subprocess.run(
        [fuzzer, "-m", "tests.fuzz", "--executions", str(EXECUTIONS)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((".", "handler"))},
        cwd=ROOT,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=LONGEST,
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    done = re.search(r"#(\d+)\s+DONE\s+cov: (\d+) ft: (\d+) corp: (\d+)/", ran.stderr)
    assert done is not None, ran.stderr[-4000:]
    executions, edges, features, corpus = done.groups()
    kept = len(list(KEPT.iterdir()))
    text = (
        f"atheris ran libFuzzer on the function from a body to its status: {executions} requests that began with "
        f"{kept} kept inputs. Each input was used as a body, a token, a header, a payload, a certificate or a "
        "signature, and signed with the leaf's own key where it is then processed further. A crash is an answer of "
        "500, or of 200 to a forgery. `make fuzz` continues from there."
    )
    rows = [(executions, kept, corpus, edges, features, 0)]
    reliability_page.keep(
        "fuzzing", text, ("executions", "kept inputs", "corpus at the end", "edges", "features", "crashes"), rows
    )
