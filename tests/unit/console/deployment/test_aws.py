"""A wrong setting of the shell, a profile or the network is named with its place, and never ends in a traceback."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import boto3
import pytest

from console.deployment.aws import client
from console.deployment.failures import sentence
from console.terminal.failure import Failure, Misuse

KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}

SECRET = "hush-hush"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A shell with credentials and a region, and no session of an earlier test."""
    with patch.dict(os.environ):
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        monkeypatch.delenv("AWS_CONFIG_FILE")
        yield


def failure_text(service: str = "dynamodb", region: str | None = "us-east-1", url: str | None = None) -> str:
    """Return the error text of making a client, which must be one sentence on one line."""
    with pytest.raises(Failure) as failed:
        client(service, region=region, endpoint_url=url)
    text = str(failed.value)
    assert sentence(failed.value) == text
    assert text.endswith(".")
    assert "\n" not in text
    return text


@pytest.mark.parametrize(("variable", "value"), [("AWS_MAX_ATTEMPTS", "many"), ("AWS_SESSION_TOKEN", f"{SECRET}\n")])
def test_the_shells_variables_are_checked_first(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    """A wrong variable is named before botocore reads it; the values that are checked are those of aws_settings."""
    monkeypatch.setenv(variable, value)
    text = failure_text()
    assert text.startswith(variable)
    assert SECRET not in text


@pytest.mark.parametrize("url", ["localhost:8000", "http://a b", "http://:1", "ftp://x", "http://127.0.0.1:0"])
def test_an_invalid_address_of_the_option_is_misuse(url: str) -> None:
    """An invalid --endpoint-url is a wrong command line, not a wrong environment."""
    with pytest.raises(Misuse, match="is not an address"):
        client("dynamodb", region=None, endpoint_url=url)


def test_an_invalid_region_is_named() -> None:
    """A region from the option or the file is checked like one from the environment."""
    assert "'us east'" in failure_text(region="us east")


PROFILES = """
[profile login]
login_session = arn:aws:iam::123456789012:user/op
region = us-east-1
[profile sso]
sso_session = s
sso_account_id = 123456789012
sso_role_name = r
[sso-session s]
sso_region = us-east-1
sso_start_url = https://x.awsapps.com/start
[profile oldsso]
sso_region = us-east-1
sso_start_url = https://x.awsapps.com/start
sso_account_id = 123456789012
sso_role_name = r
[profile nonsense]
credential_process = echo hush-hush
[profile list]
credential_process = echo '["hush-hush"]'
[profile text]
credential_process = echo '"hush-hush"'
[profile lacking]
credential_process = echo '{"Version": 1, "AccessKeyId": "hush-hush"}'
[profile second]
credential_process = echo '{"Version": 2, "AccessKeyId": "hush-hush"}'
[profile missing]
credential_process = /nonexistent/program
[profile failing]
credential_process = sh -c 'exit 3'
[profile partial]
aws_access_key_id = a
[profile web]
role_arn = arn:aws:iam::123456789012:role/x
web_identity_token_file = /nonexistent/token
[profile nosource]
role_arn = arn:aws:iam::123456789012:role/x
source_profile = nobody
[profile loop]
role_arn = arn:aws:iam::123456789012:role/x
source_profile = loop2
[profile loop2]
role_arn = arn:aws:iam::123456789012:role/x
source_profile = loop
[profile odd]
role_arn = arn:aws:iam::123456789012:role/x
credential_source = Odd
[profile address]
aws_access_key_id = a
aws_secret_access_key = b
endpoint_url = localhost:8000
[profile attempts]
aws_access_key_id = a
aws_secret_access_key = b
max_attempts = many
[profile where]
aws_access_key_id = a
aws_secret_access_key = b
region = us east
[profile services]
aws_access_key_id = a
aws_secret_access_key = b
services = local
[services local]
dynamodb =
  endpoint_url = localhost:8123
[profile expired]
credential_process = echo '{"Version":1,"AccessKeyId":"a","SecretAccessKey":"hush-hush","Expiration":"2001-01-01T00Z"}'
[bare]
region = us-east-1
[profile roots]
aws_access_key_id = a
aws_secret_access_key = b
ca_bundle = /nonexistent/ca.pem
"""


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ("login", ["sign in with `aws login --profile login`"]),
        ("sso", ["sign in with `aws sso login --profile sso`"]),
        ("oldsso", ["sign in with `aws sso login --profile oldsso`"]),
        ("nonsense", ["profile nonsense", "credential_process", "not JSON"]),
        ("list", ["profile list", "credential_process"]),
        ("text", ["profile text", "credential_process"]),
        ("lacking", ["credentials"]),
        ("second", ["Unsupported version"]),
        ("missing", ["/nonexistent/program", "profile missing"]),
        ("failing", ["credentials"]),
        ("partial", ["aws_secret_access_key"]),
        ("web", ["/nonexistent/token", "profile web"]),
        ("nosource", ["nobody", "nosource"]),
        ("loop", ["loop2"]),
        ("odd", ["Odd", "odd"]),
        ("address", ["endpoint_url = localhost:8000", "profile address"]),
        ("attempts", ["max_attempts = many", "profile attempts"]),
        ("where", ["region = us east", "profile where"]),
        ("roots", ["ca_bundle", "/nonexistent/ca.pem", "profile roots"]),
        ("nope", ["no profile nope", "AWS_PROFILE", "login"]),
        ("services", ["endpoint_url = localhost:8123", "[services local]"]),
        ("expired", ["profile expired", "credential_process", "expired already"]),
        ("bare", ["has a section [bare]", "write [profile bare]"]),
        ("nope\r", ["AWS_PROFILE has U+000D CARRIAGE RETURN in it"]),
        ("nope ", ["AWS_PROFILE has U+0020 SPACE in it"]),
    ],
)
def test_a_wrong_setting_of_a_profile_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, profile: str, words: list[str]
) -> None:
    """The text has the profile, the setting and what to do, and nothing of what a credential program printed."""
    folder = tmp_path / "é and 'blanks'"
    folder.mkdir()
    (folder / "config").write_text(PROFILES)
    for name in KEYS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    monkeypatch.setenv("AWS_PROFILE", profile)
    text = failure_text()
    assert [word for word in words if word not in text] == []
    assert SECRET not in text
    assert "pip install" not in text


@pytest.mark.parametrize("content", ["", "nonsense", "[]", "{}", '{"accessToken": 1}'])
def test_an_unreadable_sign_in_cache_asks_to_sign_in_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str
) -> None:
    """A cached sign-in may be cut off, or written by another version."""
    (tmp_path / "config").write_text(PROFILES)
    left = {"login": ("login", "arn:aws:iam::123456789012:user/op", "sha256"), "sso": ("sso", "s", "sha1")}
    for folder, key, algorithm in left.values():
        cache = tmp_path / ".aws" / folder / "cache"
        cache.mkdir(parents=True)
        (cache / f"{hashlib.new(algorithm, key.encode()).hexdigest()}.json").write_text(content)
    for name in KEYS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for profile, command in (("login", "aws login"), ("sso", "aws sso login")):
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        monkeypatch.setenv("AWS_PROFILE", profile)
        assert f"`{command} --profile {profile}`" in failure_text()


@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
@pytest.mark.parametrize(
    "content", ["[profile x\nregion = a\n", "region = a\n", "[default]\nregion = a\n[default]\n", "\x00"]
)
def test_a_file_of_aws_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, content: str
) -> None:
    """A config or credentials file that AWS's library cannot parse is named with its path."""
    file = tmp_path / "aws file"
    file.write_text(content)
    monkeypatch.setenv(variable, str(file))
    assert str(file) in failure_text()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[profile x]\n[profile y]\n[profile x]\n", [":3 has the section [profile x] a second time"]),
        (b"[profile x]\nregion = a\noutput = json\nregion = b\n", [":4 has `region` of [profile x] a second time"]),
        (b"\xef\xbb\xbf[profile x]\nregion = a\n", ["byte order mark", "UTF-8"]),
        ("[profile x]\nregion = a\n".encode("utf-16"), ["not UTF-8"]),
        (b"[profile x]\nregion = \xe9\n", ["not UTF-8"]),
        (b"[profile x]\nregion us-east-1\n", [":2 is no setting"]),
    ],
)
def test_a_damaged_file_of_aws_is_named_with_its_cause(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes, words: list[str]
) -> None:
    """A repeated section and a byte order mark are named as such, and not as lines without a setting."""
    file = tmp_path / "config"
    file.write_bytes(content)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    text = failure_text()
    assert str(file) in text
    assert [word for word in words if word not in text] == []


def test_a_section_in_the_wrong_spelling_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the credentials file a section is the bare name, without `profile`."""
    file = tmp_path / "credentials"
    file.write_text("[profile dev]\naws_access_key_id = a\naws_secret_access_key = b\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_PROFILE", "dev")
    assert failure_text() == f"{file} has a section [profile dev]: write [dev] there."


def test_an_address_without_a_scheme_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text has the reason for this address, and no example of the URL that Apple calls."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "localhost:8000")
    assert "it does not begin with http:// or https://" in failure_text()
    assert "retention-message" not in failure_text()


def test_without_credentials_both_ways_to_sign_in_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """If only half a pair of keys is there, the missing variable is named."""
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "AWS_SECRET_ACCESS_KEY" in failure_text()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    text = failure_text()
    assert "`aws login`" in text
    assert "`aws sso login`" in text
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/")
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" in failure_text()


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("HTTPS_PROXY", "socks5://127.0.0.1:1080", ["HTTPS_PROXY", "HTTP proxy"]),
        ("https_proxy", "http://a b:3128", ["https_proxy", "http://proxy.example.com:3128"]),
        ("HTTPS_PROXY", "http://", ["HTTPS_PROXY"]),
        ("AWS_CA_BUNDLE", "/nonexistent", ["AWS_CA_BUNDLE names /nonexistent"]),
        ("REQUESTS_CA_BUNDLE", "/nonexistent", ["REQUESTS_CA_BUNDLE names /nonexistent"]),
        ("CURL_CA_BUNDLE", os.devnull, ["CURL_CA_BUNDLE", "no certificate"]),
        ("SSL_CERT_FILE", os.devnull, ["SSL_CERT_FILE", "no certificate"]),
        ("SSL_CERT_FILE", __file__, ["SSL_CERT_FILE", "no certificate"]),
        ("SSL_CERT_DIR", "/nonexistent", ["SSL_CERT_DIR"]),
    ],
)
def test_a_wrong_proxy_or_certificate_file_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: list[str]
) -> None:
    """An invalid proxy or a missing file of roots is named; for this machine's own addresses neither is used."""
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv(variable, value)
    client("dynamodb", region="us-east-1", endpoint_url="http://127.0.0.1:9")
    text = failure_text()
    assert [word for word in words if word not in text] == []


def answered(operation: str, body: bytes, status: int = 200) -> None:
    """Have a client of S3 judge an answer, as it does before botocore parses it."""
    s3 = client("s3", region="us-east-1", endpoint_url="http://127.0.0.1:9")
    given = {"status_code": status, "headers": {}, "body": body}
    model = s3.meta.service_model.operation_model(operation)
    s3.meta.events.emit(
        f"before-parse.s3.{operation}", response_dict=given, operation_model=model, customized_response_dict={}
    )


def test_a_list_of_s3_is_known_by_its_namespace() -> None:
    """S3's lists do not have the operation's name in them, as other answers do; a proxy's page has neither.

    What is no XML at all botocore itself takes for an error of S3's.
    """
    listed = b'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'
    answered("ListObjectsV2", listed)
    answered("ListObjectsV2", b"<Error><Code>AccessDenied</Code></Error>", 403)
    for body in (b"<html>Sign in</html>", b"<List/>", b""):
        with pytest.raises(Failure, match="What answers there is not AWS"):
            answered("ListObjectsV2", body)


def test_the_content_of_an_object_is_not_read_before_its_reader() -> None:
    """An object's lines are no XML, and are a stream, of which the caller compares the size."""
    answered("GetObject", b"\x1f\x8b")
