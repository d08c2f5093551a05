"""Signature Version 4: our headers have the same values as the SDK's."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as SdkCredentials
from hypothesis import given, settings
from hypothesis import strategies as st
from retention.aws.sigv4 import Credentials, Scope, signed_headers

HEADERS = {
    "content-type": "application/x-amz-json-1.0",
    "host": "dynamodb.eu-west-1.amazonaws.com",
    "x-amz-target": "DynamoDB_20120810.GetItem",
}
NOW = datetime(2026, 11, 24, 12, 0, 5, tzinfo=UTC)


def authorization_by_the_sdk(body: bytes, path: str, scope: Scope, credentials: Credentials) -> str:
    request = AWSRequest("POST", f"https://{HEADERS['host']}{path}", headers=dict(HEADERS), data=body)
    keys = SdkCredentials(credentials.access_key, credentials.secret_key, credentials.token or None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth, "get_current_datetime", lambda: NOW.replace(tzinfo=None))
        auth.SigV4Auth(keys, scope.service, scope.region).add_auth(request)
    return str(request.headers["Authorization"])


words = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=40)


@settings(deadline=None)
@given(st.binary(max_size=300), words, words, st.just("") | words, st.sampled_from(["dynamodb", "ssm"]))
def test_a_signature_is_the_sdks(body: bytes, key: str, secret: str, token: str, service: str) -> None:
    """For any body and credentials, temporary ones too, our Authorization header equals botocore's."""
    scope, credentials = Scope("eu-west-1", service), Credentials(key, secret, token)
    ours = signed_headers(HEADERS, "/", body, scope, credentials, NOW)
    assert ours["authorization"] == authorization_by_the_sdk(body, "/", scope, credentials)
    assert ours["x-amz-date"] == "20261124T120005Z"
    assert ours.get("x-amz-security-token", "") == token


def test_credentials_are_in_no_repr() -> None:
    """`repr` of credentials shows neither access key, nor secret key, nor session token."""
    assert repr(Credentials("AKIA", "SECRET", "TOKEN")) == "Credentials()"
