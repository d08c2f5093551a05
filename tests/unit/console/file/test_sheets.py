"""Each product has a sheet with the rules that may match it, within the limits of one request."""

from __future__ import annotations

from retention.table import ANY_PRODUCT

from tests.support.compiled_file import HEAD, KEEP, compiled, names, refused


def test_a_sheet_holds_the_rules_of_its_product_only() -> None:
    """Each product's sheet has the rules that can match it; the sheet `*` is for products outside the file."""
    result = compiled(
        "  - {name: monthly, when: {productId: pro.monthly}, answer: {message: keep}}\n"
        "  - {name: pro, when: {productId: {startsWith: pro.}}, answer: {message: keep}}\n"
        "  - {name: others, when: {not: {productId: pro.monthly}}, answer: {message: keep}}\n"
    )
    assert names(result, "pro.monthly") == ["monthly", "pro"]
    assert names(result, "pro.annual") == ["pro", "others"]
    assert names(result, "other") == ["others"]
    assert names(result, ANY_PRODUCT) == ["pro", "others"]
    assert result.release.sheets["pro.monthly"]["rules"][0]["when"] is None
    assert result.release.sheets[ANY_PRODUCT]["rules"][0]["when"] == ["starts", "productId", ["pro."]]


def test_a_rule_after_an_unconditional_answer_is_a_warning() -> None:
    """It can still answer while the answer before it is not deliverable."""
    result = compiled(KEEP + "  - {name: late, answer: {message: text}}\n")
    assert "`late` answers only while `keep`" in result.warnings[0].wrong


def test_a_schedule_that_ends_later_leaves_the_next_rule_reachable() -> None:
    """An unconditional fallback with an end leaves later rules reachable."""
    compiled("  - {name: a, during: {until: 2027-01-01, timeZone: UTC}, answer: fallback}\n" + KEEP)


def test_a_sheet_with_too_many_rules_is_refused() -> None:
    """At most 500 rules may match one product; the mistake names the product and the number."""
    rules = "".join(
        f"  - {{name: r{i}, when: {{productId: other, customer.x: {i}}}, answer: {{message: keep}}}}\n"
        for i in range(501)
    )
    assert "501 rules may answer `other`." in refused(rules)[0]


def test_a_sheet_that_is_too_large_is_refused() -> None:
    """One product's sheet may have at most 350 KB when compressed."""
    values = [f"{i * 2654435761 % 2**64:x}{i * 40503 % 2**32:x}" for i in range(40_000)]
    rules = (
        f"  - {{name: a, when: {{productId: other, customer.x: [{', '.join(map(repr, values))}]}}, answer: fallback}}\n"
    )
    [mistake] = refused(rules)
    assert "The rules that may answer `other` take" in mistake


def test_a_sheet_that_is_too_large_unpacked_is_refused() -> None:
    """One product's sheet may have at most 1 MB unpacked, since the function has to compile it."""
    values = ", ".join(f"'segment-{i}'" for i in range(1000))
    rules = "".join(
        f"  - {{name: r{i}, when: {{productId: other, customer.x{i}: [{values}]}}, answer: {{message: keep}}}}\n"
        for i in range(80)
    )
    [mistake] = refused(rules)
    assert "bytes unpacked. At most 1048576" in mistake


def test_too_many_messages_for_one_locale_are_refused() -> None:
    """One request may need the states of at most 100 messages."""
    sets = "".join(
        f"  s{i}: {{en-US: {{header: h{i}, body: b}}, fr-FR: {{header: f{i}, body: b}}}}\n" for i in range(51)
    )
    rules = "".join(f"  - {{name: r{i}, when: {{customer.x: {i}}}, answer: {{message: s{i}}}}}\n" for i in range(51))
    head = HEAD.replace("messages:\n", "messages:\n" + sets)
    assert any("name 102 messages that may serve `fr" in mistake for mistake in refused(rules, head))
    compiled("".join(rules.splitlines(keepends=True)[:50]), head)
