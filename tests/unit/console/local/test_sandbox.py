"""`make sandbox`: what it refuses to start with. That it works is tested with the README's commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.local.sandbox import main


@pytest.mark.parametrize(
    ("text", "said"),
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
def test_what_the_file_lacks_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, said: str
) -> None:
    """One sentence, before anything is started."""
    file = tmp_path / "retention.yaml"
    if text is not None:
        file.write_text(text)
    assert main(["--file", str(file)]) == 1
    assert said in capsys.readouterr().err
