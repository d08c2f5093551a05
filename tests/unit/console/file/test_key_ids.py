"""The id of a key, and the names of its file."""

from __future__ import annotations

import pytest

from console.file.document import read_document
from console.file.key_ids import is_key_id, meant_key_id
from console.file.starter import Given, complete
from console.terminal.failure import Failure

ID = "2X9R4HXF34"


@pytest.mark.parametrize(
    "written",
    [
        f"SubscriptionKey_{ID}",
        f"AuthKey_{ID}",
        f"ApiKey_{ID}",
        f"SubscriptionKey_{ID}.p8",
        f"subscriptionkey_{ID.lower()}.P8",
        f"SubscriptionKey_{ID} (1).p8",
        f"SubscriptionKey_{ID}.p8.txt",
        f"SubscriptionKey-{ID}",
        f"IAPKey_{ID}",
        f"Key_{ID}",
        f"key_{ID}",
        f"{ID}.p8",
        f"{ID}.pem",
        ID.lower(),
        "2x9R4HXF34",
        f"./keys/SubscriptionKey_{ID}.p8",
        f"~/Downloads/AuthKey_{ID}.p8",
        f"C:\\keys\\SubscriptionKey_{ID}.p8",
        f"_{ID}_",
        f"/retention/sandbox/{ID}",
    ],
)
def test_the_key_id_is_found_in_a_file_name(written: str) -> None:
    """App Store Connect names the file after the key: the mistake shows the id that is in the name."""
    assert not is_key_id(written)
    assert meant_key_id(written) == ID
    app = f"app: {{appAppleId: 1, bundleId: a.b, keyId: '{written}'}}"
    text = f"{app}\nlocales: {{default: en-US}}\nrules: [{{name: a, answer: fallback}}]\n"
    (mistake,) = read_document(text.encode()).mistakes
    assert (mistake.line, mistake.where) == (1, "app.keyId")
    assert f"`keyId: {ID}`" in mistake.instead
    with pytest.raises(Failure, match=f"write {ID}"):
        complete(Given(app="1", bundle="a.b", key=written, issuer="", products=("p:P1M",)), None)


@pytest.mark.parametrize("written", [ID, "ABCDEFGHIJ", "0123456789", "K", "KEYID", "local-key"])
def test_a_valid_id_is_accepted(written: str) -> None:
    """Apple's ids have ten capital letters and digits; a simulator's id may be any word."""
    assert is_key_id(written)


@pytest.mark.parametrize(
    "written", ["SubscriptionKey_2X9R4HXF3", "AuthKey_", "2X9R4 HXF34", "", "ключ", f"{ID}\n", "K" * 65]
)
def test_an_invalid_id_is_refused(written: str) -> None:
    """An incomplete id, other letters, or an id with a line end is not accepted as a key id."""
    assert not is_key_id(written)
    assert meant_key_id(written) in {None, ID}
