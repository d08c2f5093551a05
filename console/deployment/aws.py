"""Clients of AWS for an operator who waits: they give up soon, and errors name what is wrong in the shell or a profile.

`retention.aws.sdk` makes them; here are the checks before and after. botocore is imported on first use only: half a
second that `--help` and `validate` need not wait for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, Final

from retention.aws import sdk

from console.deployment.aws_files import config_file, no_profile, unparsed
from console.deployment.aws_settings import check_profile, check_services, check_variables, endpoints, is_proxy
from console.deployment.failures import sentence
from console.terminal import shell, trust
from console.terminal.addresses import read_base, refusal
from console.terminal.failure import Failure, Misuse

_OF_S3: Final = b"http://s3.amazonaws.com/doc/"  # the namespace of every list
_ERRORS: Final = 300

_CONFIG: Final = {"connect_timeout": 5, "read_timeout": 20, "retries": {"mode": "standard", "max_attempts": 3}}


def client(service: str, *, region: str | None, endpoint_url: str | None) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
    """Return a client that has credentials. Raises Failure for what the shell or the profile has wrong, and Misuse.

    An endpoint on this machine is asked directly, without the proxy that the shell names.
    """
    _check_option(endpoint_url)
    check_variables(os.environ)
    shell.reach_directly(endpoint_url or "", *endpoints(os.environ))
    try:
        session: Any = sdk.session()
        scoped = session._session.get_scoped_config()  # noqa: SLF001  # boto3 gives no other way to it
        check_profile(_profile(), config_file(), scoped)
        check_services(scoped.get("services"), config_file(), session._session.full_config)  # noqa: SLF001  # likewise
        _check_credentials(session, scoped)
        made = sdk.client(
            service,
            config=_CONFIG,
            check=_check_answer,
            region=region,
            endpoint_url=endpoint_url,
            verify=_roots(scoped),
        )
        _check_way(made.meta.endpoint_url, scoped)
    except Exception as error:  # noqa: BLE001  # botocore lets through what its parsers raise
        raise _named(error) from None
    return made


def _check_option(endpoint_url: str | None) -> None:
    if endpoint_url is None:
        return
    try:
        read_base(endpoint_url)
    except ValueError as error:
        raise Misuse(refusal(endpoint_url, "http://127.0.0.1:8000", error)) from None


def _roots(scoped: Mapping[str, Any]) -> str | None:
    """Return the roots to trust, None for botocore's own choice; `_check_way` reports what is wrong with them."""
    if os.environ.get("AWS_CA_BUNDLE") or scoped.get("ca_bundle"):
        return None
    try:
        return trust.bundle(aws=True)
    except Failure:
        return None


def _check_way(url: str, scoped: Mapping[str, Any]) -> None:
    """Raise Failure where the shell's roots or proxy cannot be used on the way to `url`."""
    if not url.startswith("https:"):
        return
    if not os.environ.get("AWS_CA_BUNDLE") and scoped.get("ca_bundle"):
        trust.bundle({"AWS_CA_BUNDLE": str(scoped["ca_bundle"])}, aws=True, where=f"`ca_bundle` of {_where()}")
    trust.bundle(aws=True)
    from botocore.utils import get_environ_proxies  # noqa: PLC0415  # see the module

    proxy = get_environ_proxies(url).get("https", "")
    if proxy and not is_proxy(proxy if "://" in proxy else f"http://{proxy}"):
        names = [name for name in ("https_proxy", "HTTPS_PROXY") if os.environ.get(name) == proxy]
        raise Failure(
            f"{(names or ['HTTPS_PROXY'])[0]} names no HTTP proxy, and AWS's library takes no other:"
            " write it like http://proxy.example.com:3128, or unset it."
        )


def _check_credentials(session: Any, scoped: Mapping[str, Any]) -> None:  # noqa: ANN401  # boto3's Session
    """Get the credentials now, while an error in them cannot yet be taken for one of the service."""
    try:
        found = session.get_credentials()
        if found is not None:
            found.get_frozen_credentials()
    except Exception as error:  # noqa: BLE001  # a source of credentials is any program
        raise _without_credentials(error, scoped) from None
    if found is None:
        raise Failure("No AWS credentials were found: set AWS_PROFILE, or sign in with `aws login` or `aws sso login`.")


def _without_credentials(error: Exception, scoped: Mapping[str, Any]) -> Exception:
    """Return the Failure for what a source of credentials raised; `failures.sentence` has those of botocore."""
    if isinstance(error, EOFError):
        return Failure(f"{_where()} asks for an MFA code, and there is no terminal to type it: get a session first.")
    if isinstance(error, OSError) and error.filename:
        return Failure(
            f"{error.filename}, which {_where()} or an AWS_ variable names for credentials, cannot be used:"
            f" {error.strerror}."
        )
    if isinstance(error, RuntimeError) and "expired" in str(error):
        return Failure(
            f"{_source()} gives credentials that have expired already: sign in again, or correct that source."
        )
    if isinstance(error, ValueError | TypeError | AttributeError | LookupError) and not _is_botocores(error):
        for setting, command in (("login_session", "aws login"), ("sso_account_id", "aws sso login")):
            if setting in scoped:  # what a sign-in left in ~/.aws cannot be read
                return Failure(f"The AWS session is unreadable: sign in again with `{command} --profile {_profile()}`.")
        return Failure(f"{_source()} gives no credentials as AWS defines them: {_what(error)}.")
    return error


def _source() -> str:
    """Return where credentials come from that could not be read."""
    for name in ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        if os.environ.get(name) and not _profile_named():
            return name
    return f"The source that {_where()} names, such as its `credential_process`,"


def _what(error: Exception) -> str:
    """Return what a parser stumbled on, without the text: it may hold a key."""
    if type(error).__name__ == "JSONDecodeError":
        return "what it printed is not JSON; run it by hand to see it"
    text = " ".join(str(error).split()).rstrip(".")
    return text if isinstance(error, ValueError) and len(text) < 200 else type(error).__name__  # noqa: PLR2004  # a line


def _named(error: Exception) -> Exception:
    """Return a Failure with the sentence for an error in making a client, or the error itself."""
    if isinstance(error, Failure):
        return error
    kind = type(error).__name__
    if kind == "ProfileNotFound":
        return Failure(_no_profile())
    if kind == "ConfigParseError":
        path = str(getattr(error, "kwargs", {}).get("path", config_file()))
        return Failure(unparsed(path, error.__context__))
    text = sentence(error)
    if text is not None:
        return Failure(text)
    return Failure(f"AWS's settings cannot be used ({_what(error)}): look at the AWS_ variables, and at {_where()}.")


def _no_profile() -> str:
    import botocore.session  # noqa: PLC0415  # see the module

    name = _profile_named()
    if not name:
        return "AWS_PROFILE is set to nothing: unset it, or name a profile."
    empty = botocore.session.Session(profile="default")
    try:
        known = list(empty.full_config.get("profiles", {}))
    except Exception:  # noqa: BLE001  # a file that cannot be read has none
        known = []
    variable = "AWS_DEFAULT_PROFILE" if os.environ.get("AWS_DEFAULT_PROFILE") else "AWS_PROFILE"
    return no_profile(name, variable, known)


def _is_botocores(error: Exception) -> bool:
    return type(error).__module__.startswith("botocore")


def _profile_named() -> str:
    return os.environ.get("AWS_DEFAULT_PROFILE") or os.environ.get("AWS_PROFILE") or ""


def _profile() -> str:
    return _profile_named() or "default"


def _where() -> str:
    return f"the profile {_profile()} of {config_file()}"


def _is_answer(response_dict: Mapping[str, Any], operation_model: Any) -> bool:  # noqa: ANN401  # botocore's model
    """Return whether the service answered. S3's lists are named after what they list, and not after the operation."""
    if operation_model.service_model.service_name == "s3" and response_dict["status_code"] < _ERRORS:
        return _OF_S3 in bytes(response_dict["body"])
    return sdk.is_answer(response_dict, operation_model)


def _check_answer(response_dict: Mapping[str, Any], operation_model: Any, **_: object) -> None:  # noqa: ANN401  # botocore's model
    """Raise Failure for an answer that no AWS service sent or that is damaged, and for an error page of a proxy.

    The content of an object of S3 is not read here: who reads it compares its size.
    """
    if operation_model.has_streaming_output:
        return
    body = bytes(response_dict["body"]).lstrip()
    foreign_error = sdk.speaks_json(operation_model) and body and not sdk.is_object(body)
    if foreign_error or not _is_answer(response_dict, operation_model) or re.match(rb"(?i)<!doctype|<html", body):
        name = "DynamoDB" if operation_model.service_model.service_name == "dynamodb" else "AWS"
        raise Failure(
            f"What answers there is not {name}: check --endpoint-url and AWS_ENDPOINT_URL, and whether a proxy is in"
            " between."
        )
