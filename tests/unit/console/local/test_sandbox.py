"""`make sandbox` refuses an incomplete file; that it works is tested with the README's commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.local.sandbox import main


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "There is no"),
        ("app: {appAppleId: 1, bundleId: com.example.a}\n", "does not name app and key completely"),
        (
            "app: {appAppleId: 1, bundleId: a.b, issuerId: 57246542-96fe-1a63-e053-0824d011072a, keyId: 2X9R4HXF34}\n",
            "has no environment `sandbox`",
        ),
        (
            (
                "app: {appAppleId: 1, bundleId: a.b, issuerId: 57246542-96fe-1a63-e053-0824d011072a, keyId: K1}\n"
                "environments: {sandbox: {region: us-east-1}}\n"
            ),
            "names no stack for `sandbox`",
        ),
    ],
)
def test_an_incomplete_file_is_a_plain_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, message: str
) -> None:
    """One sentence is printed before anything is started."""
    file = tmp_path / "retention.yaml"
    if text is not None:
        file.write_text(text)
    assert main(["--file", str(file)]) == 1
    assert message in capsys.readouterr().err
