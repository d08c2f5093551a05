"""The artefact: what `sam build` makes is small, complete, for the right architecture, and the same every time."""

from __future__ import annotations

import filecmp
import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from tests import minting
from tests.support import real_parts
from tests.support.required_parts import real
from tests.support.sam_template import ROOT, read_template

if TYPE_CHECKING:
    from tests.support.real_parts import Artefact


MIB = 1024 * 1024
ELF_MACHINES = {"x86_64": 62, "arm64": 183}

# Everything that the layer may have at its top. Everything else that pip installs is removed: see scripts/layer.py.
PACKAGES = {
    *("aws_lambda_powertools", "boto3", "botocore", "cryptography", "dateutil", "jmespath", "jwt", "s3transfer"),
    *("urllib3", "six.py", "typing_extensions.py", "__pycache__"),
}


@pytest.fixture(scope="module", params=sorted(ELF_MACHINES))
def architecture(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture(scope="module")
def made(architecture: str) -> Artefact:
    artefact: Artefact = real(lambda: real_parts.build_artefact(architecture))
    return artefact


def files(folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def test_the_function_is_the_handler_alone(made: Artefact) -> None:
    """The function's folder has the files of handler/ unchanged, their bytecode and the digest of the release."""
    sources = [
        path.relative_to(ROOT / "handler")
        for path in (ROOT / "handler").rglob("*")
        if path.suffix in {".py", ".cer"} and path.is_file()
    ]
    found = [path for path in files(made.function) if path.suffix != ".pyc"]
    assert found == sorted([*sources, Path("RELEASE")])
    for source in sources:
        assert (made.function / source).read_bytes() == (ROOT / "handler" / source).read_bytes()


@pytest.mark.parametrize("part", ["function", "layer"])
def test_every_module_is_compiled_for_its_path_in_lambda(made: Artefact, part: str) -> None:
    """Each module has bytecode with its path in Lambda, which Python uses without checking: no start compiles."""
    folder: Path = getattr(made, part)
    inside = {"function": "/var/task", "layer": "/opt"}[part]
    sources = [path for path in files(folder) if path.suffix == ".py"]
    assert sources
    for source in sources:
        bytecode = (folder / source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc").read_bytes()
        assert int.from_bytes(bytecode[4:8], "little") == 1, f"{source} is checked at import"
        assert f"{inside}/{source}".encode() in bytecode


def test_native_code_is_for_the_architecture(made: Artefact, architecture: str) -> None:
    """Every shared object of the layer has the ELF machine of the requested architecture."""
    objects = [path for path in files(made.layer) if ".so" in path.suffixes]
    assert len(objects) >= 2
    for path in objects:
        assert int.from_bytes((made.layer / path).read_bytes()[18:20], "little") == ELF_MACHINES[architecture], path


def test_the_layer_is_small(made: Artefact) -> None:
    """Unzipped, with the SDK and bytecode, the layer has at most 24 MiB."""
    assert sum((made.layer / path).stat().st_size for path in files(made.layer)) <= 24 * MIB


def test_the_layer_has_only_what_is_imported(made: Artefact) -> None:
    """The layer has only packages that the functions import, and the SDK's data of the called services only."""
    python = made.layer / "python"
    tops = {path.name for path in python.iterdir() if path.suffix != ".dist-info"}
    assert {top for top in tops if not top.startswith("_cffi_backend")} == PACKAGES
    data = python / "botocore" / "data"
    assert {path.name for path in data.iterdir() if path.is_dir()} == {"dynamodb", "sqs", "ssm"}


def test_every_package_keeps_its_licence(made: Artefact) -> None:
    """Each package in the layer keeps its licence or metadata, although its other files are trimmed."""
    packages = list((made.layer / "python").glob("*.dist-info"))
    assert len(packages) >= 10
    for package in packages:
        assert [path for path in files(package) if "LICENSE" in path.name.upper() or path.name == "METADATA"]


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # Starfield gave its roots the number 0
def test_the_roots_are_those_of_aws(made: Artefact) -> None:
    """The CA bundle has Amazon's and Starfield's roots and no other, and the function uses it in commercial regions."""
    roots = x509.load_pem_x509_certificates((made.layer / "aws-roots.pem").read_bytes())
    names = [root.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value for root in roots]
    assert {f"Amazon Root CA {n}" for n in range(1, 5)} <= {
        str(attribute.value) for root in roots for attribute in root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    }
    assert all(str(name).startswith(("Amazon", "Starfield")) for name in names)
    variables = read_template()["Resources"]["GetRetentionMessage"]["Properties"]["Environment"]["Variables"]
    assert variables["AWS_CA_BUNDLE"]["Fn::If"][:2] == ["InCommercialRegions", "/opt/aws-roots.pem"]


def test_the_same_inputs_give_the_same_bytes() -> None:
    """Building twice gives the same files with the same contents, times and modes."""
    first: Artefact = real(lambda: real_parts.build_artefact(real_parts.machine()))
    again = real_parts.build_artefact(real_parts.machine(), anew=True)
    for one, other in ((first.function, again.function), (first.layer, again.layer)):
        assert files(one) == files(other)
        assert filecmp.cmpfiles(one, other, map(str, files(one)), shallow=False)[1:] == ([], [])
        stats = [
            [((top / path).stat().st_mtime, (top / path).stat().st_mode) for path in files(one)] for top in (one, other)
        ]
        assert stats[0] == stats[1]


def test_a_changed_parameter_changes_the_artefact(made: Artefact) -> None:
    """RELEASE is a digest of template and parameters, so that a change of either publishes a new version."""
    inputs = (ROOT / "template.yaml").read_bytes() + (ROOT / "samconfig.toml").read_bytes()
    assert (made.function / "RELEASE").read_text().strip() == hashlib.sha256(inputs).hexdigest()


def test_cloudformation_sees_versions_alias_and_route(made: Artefact) -> None:
    """After SAM's transform the alias points to a kept version, and Apple's route to the alias."""
    parameters = {"Environment": "Sandbox", "AppAppleIds": "1,2", "SigningKeyPrefix": "/retention/sandbox"}
    resources = real_parts.processed_template(made, parameters)["Resources"]
    (version,) = [name for name, found in resources.items() if found["Type"] == "AWS::Lambda::Version"]
    (alias,) = [name for name, found in resources.items() if found["Type"] == "AWS::Lambda::Alias"]
    (layer,) = [name for name, found in resources.items() if found["Type"] == "AWS::Lambda::LayerVersion"]
    assert resources[version]["DeletionPolicy"] == "Retain"
    assert resources[alias]["Properties"]["Name"] == "live"
    assert resources[alias]["Properties"]["FunctionVersion"] == {"Fn::GetAtt": [version, "Version"]}
    assert resources["GetRetentionMessage"]["Properties"]["Layers"] == [{"Ref": layer}]
    assert resources["Integration"]["Properties"]["IntegrationUri"] == {"Ref": alias}
    assert resources["InvokePermission"]["Properties"]["FunctionName"] == {"Ref": alias}


def test_the_built_template_has_no_yaml_aliases(made: Artefact) -> None:
    """The built template has no YAML aliases, which CloudFormation does not read."""
    assert not [line for line in made.template.read_text().splitlines() if line.lstrip("- ").startswith(("*", "&"))]


def test_the_artefact_has_all_that_it_imports() -> None:
    """With the artefact alone on its path, Python imports every package and makes all clients and a paginator."""
    artefact: Artefact = real(lambda: real_parts.build_artefact(real_parts.machine()))
    program = (
        "import cryptography.x509.verification, jwt.algorithms\n"
        "from aws_lambda_powertools.logging import Logger\n"
        "from aws_lambda_powertools.metrics import Metrics\n"
        "from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response\n"
        "from retention.aws import sdk\n"
        "clients = [sdk.client(name) for name in ('dynamodb', 'sqs', 'ssm')]\n"
        "clients[0].get_paginator('query')\n"
        "print([client.meta.endpoint_url for client in clients])\n"
    )
    path = os.pathsep.join([str(artefact.function), str(artefact.layer / "python")])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    printed = subprocess.run(
        [real_parts.base_interpreter(), "-S", "-c", program],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    hosts = [f"https://{service}.us-east-1.amazonaws.com" for service in ("dynamodb", "sqs", "ssm")]
    assert printed.strip() == str(hosts)


# What no request needs and what slows a cold start. Lambda's own runtime imports none of it either.
NOT_IMPORTED = {
    *("ast", "dataclasses", "dis", "inspect", "tokenize"),  # written out by scripts/compile.py
    *("email", "http", "urllib", "urllib.parse", "pathlib", "uuid", "typing_extensions"),
    *("aws_lambda_powertools", "boto3", "botocore", "urllib3", "jmespath", "jwt", "s3transfer"),
    *("cryptography.x509", "cryptography.hazmat.primitives.serialization", "cryptography.hazmat.backends"),
    "retention.verification.certificates",
    "retention.subscription",  # only where a sheet asks for it
}
STARTING = {
    "RETENTION_TABLE": "table",
    "RETENTION_ENVIRONMENT": "Production",
    "RETENTION_APP_APPLE_IDS": "1",
    "RETENTION_KEY_PREFIX": "/retention",
    "POWERTOOLS_SERVICE_NAME": "retention",
    "POWERTOOLS_METRICS_NAMESPACE": "Retention",
    "AWS_REGION": "us-east-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def loaded_after(artefact: Artefact, program: str, **variables: str) -> set[str]:
    """Return the modules that the built function has loaded after `program`, in a new process."""
    path = os.pathsep.join([str(artefact.function), str(artefact.layer / "python")])
    printed = subprocess.run(
        [real_parts.base_interpreter(), "-S", "-c", f"{program}\nimport json, sys; print(json.dumps([*sys.modules]))"],
        env={**STARTING, **variables, "PYTHONPATH": path},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return set(json.loads(printed.splitlines()[-1]))


def test_a_cold_start_imports_what_a_request_needs() -> None:
    """`import app` from the artefact loads none of the modules that a cold start must not import."""
    artefact: Artefact = real(lambda: real_parts.build_artefact(real_parts.machine()))
    loaded = loaded_after(artefact, "import app")
    assert {"app", "retention.jws", "retention.lookup.store"} <= loaded
    assert loaded & NOT_IMPORTED == set()


def test_a_sheet_that_asks_for_facts_from_apple_imports_one_module_more() -> None:
    """What reads those facts is written out like the rest: it loads no module that a cold start must not import."""
    artefact: Artefact = real(lambda: real_parts.build_artefact(real_parts.machine()))
    before = loaded_after(artefact, "import app")
    loaded = loaded_after(artefact, "import app\nfrom retention.lookup.customer_facts import prepare\nprepare()")
    assert loaded - before == {"retention.subscription"}


def test_a_request_under_apples_chain_imports_nothing_more() -> None:
    """A request under Apple's known chain is judged without X.509 modules; one under a new chain loads only those."""
    artefact: Artefact = real(lambda: real_parts.build_artefact(real_parts.machine()))
    chain = ROOT / "tests" / "apple_chains" / "2025-2027"
    known = [(chain / f"{name}.cer").read_bytes() for name in ("leaf", "intermediate")]
    for certificates, reason, more in (
        ((*known, b"root"), "signature_invalid", set()),
        (minting.good_chain(), "path_untrusted", {"cryptography.x509", "retention.verification.certificates"}),
    ):
        token = minting.token_of(certificates, signing_key=minting.key("stranger"))
        event = {"version": "2.0", "requestContext": {"http": {"method": "POST"}}}
        event["body"] = json.dumps({"signedPayload": token})
        program = (
            f"import app, io, json, sys; out, sys.stdout = sys.stdout, io.StringIO()\n"
            f"answer = app.get_retention_message({event!r}, None)\n"
            f"line, sys.stdout = json.loads(sys.stdout.getvalue()), out\n"
            f"assert (answer['statusCode'], line['reason']) == (401, {reason!r}), line\n"
        )
        loaded = loaded_after(artefact, program)
        assert loaded & {"cryptography.x509", "retention.verification.certificates"} == more
        assert not loaded & {"dataclasses", "inspect", "jwt", "cryptography.hazmat.primitives.serialization"}


def test_the_artefacts_dataclasses_are_written_out() -> None:
    """What app.py imports has no dataclass decorators in the bytecode; classes that only the sync imports keep them."""
    artefact: Artefact = real(lambda: real_parts.build_artefact(real_parts.machine()))
    program = (
        "import app, retention.jws, retention.review.snapshot\n"
        "classes = [app.Endpoint, retention.jws.Authenticated, retention.review.snapshot.SnapshotReport]\n"
        "assert [hasattr(one, '__dataclass_fields__') for one in classes] == [False, False, True], classes\n"
        "assert '7' not in repr(retention.jws.Authenticated({'a': 7}, 'b', 'c', None))\n"
    )
    assert "dataclasses" in loaded_after(artefact, program)
