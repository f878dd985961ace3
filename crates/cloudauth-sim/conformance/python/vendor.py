#!/usr/bin/env python3
"""Runs the vendor's Python packages, unmodified, against the simulator.

Started by `run`, which creates the environment. The endpoint is an option of the packages; the
hosts in their code are reached through the simulator's proxy. Prints a table and writes JSON.
"""

import asyncio
import contextlib
import hashlib
import inspect
import io
import json
import logging
import os
import sys
import tempfile
import typing
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import certifi

SIMULATOR = json.loads(os.environ["CLOUDAUTH_SIMULATOR"])
# The packages trust the certificates of certifi, to which the simulator's authority is added.
TRUSTED = tempfile.NamedTemporaryFile("w", suffix=".pem")
TRUSTED.write(Path(certifi.where()).read_text() + Path(SIMULATOR["ca"]).read_text())
TRUSTED.flush()
certifi.where = lambda: TRUSTED.name

from alibabacloud_cloudauth20190307 import models
from alibabacloud_cloudauth20190307.client import Client
from alibabacloud_credentials.client import Client as Credentials
from alibabacloud_credentials.models import Config as CredentialsConfig
from alibabacloud_credentials.provider import CLIProfileCredentialsProvider
from alibabacloud_tea_openapi.models import Config
from damage import Relay, damages
from darabonba.runtime import ExtendsParameters, RuntimeOptions
from shared import ANY_SIGNATURE, Table, at_pages, broken, pass_on_page
from shapes import action_of, decoded, filled, hints_of, operations

PACKAGES = ["alibabacloud_cloudauth20190307", "alibabacloud_credentials"]
OPERATIONS, UPLOADS = 101, 7
KEY = {"access_key_id": "testid", "access_key_secret": "testsecret"}
FILE = b"\xff\xd8\xff\xe0 a picture \r\n--\x00" + bytes(range(256))
SCHEMES = {"ACS3": {}, "RPC 1.0": {"signature_algorithm": "v2"}}


def client(relay, scheme, **keys):
    return Client(
        Config(endpoint=relay.endpoint, protocol="http", **SCHEMES[scheme], **(keys or KEY))
    )


def details(error):
    """Code, status and request ID of an error that the package raised."""
    inner = getattr(error, "inner_exception", None) or error
    return (
        getattr(inner, "code", None),
        getattr(inner, "status_code", None),
        getattr(inner, "request_id", None),
    )


def call(using, name, request, runtime, is_async):
    requests = [request] if request is not None else []
    if not is_async:
        return getattr(using, name)(*requests, runtime)
    return asyncio.run(getattr(using, f"{name}_async")(*requests, runtime))


def accepted(table, relay, title, using, is_async=False):
    """Calls every operation once: is it accepted, and is every field of the response decoded?"""
    accepted_count, decoded_count, carried_out, fields, paths, sent_count = 0, 0, 0, 0, 0, 0
    known, unknown_fields, problems = {}, [], []
    relay.damage = None
    # Other operations need the certify ID of the first one, and the last one deletes its verdict.
    first, last = "init_face_verify_with_options", "delete_face_verify_result_with_options"
    in_order = sorted(operations(), key=lambda one: (one[0] == last) - (one[0] == first))
    for name, request_class, response_class in in_order:
        action = action_of(response_class)
        request = filled(request_class, action, known) if request_class else None
        try:
            response = call(using, name, request, RuntimeOptions(), is_async)
        except Exception as error:  # every exception is a refusal
            problems.append(f"{action}: {details(error)[0] or repr(error)[:200]}")
            continue
        accepted_count += 1
        sent = json.loads(relay.response[2])
        code = sent.get("Code")
        # Some operations have no code.
        if code in ("200", "Success", None):
            carried_out += 1
        else:
            problems.append(f"{action}: code {code}")
        body_class = hints_of(response_class)["body"]
        same, all_paths, sent_paths, unknown, errors = decoded(sent, response.body, body_class)
        if not same:
            errors.append("no field was decoded")
        problems += [f"{action}: {error}" for error in errors]
        unknown_fields += [f"{action} {name}" for name in unknown]
        decoded_count += not errors
        fields += same
        paths += len(all_paths)
        sent_count += len(sent_paths)
        if action == "InitFaceVerify" and response.body and response.body.result_object:
            known["CertifyId"] = response.body.result_object.certify_id
            pass_on_page(response.body.result_object.certify_url)
    table.row(f"{title}: operations accepted", accepted_count, OPERATIONS)
    table.row(f"{title}: carried out", carried_out, OPERATIONS)
    note = f"{fields} fields, in {sent_count} of the {paths} paths in the package's model"
    table.row(f"{title}: responses decoded", decoded_count, OPERATIONS, note)
    lines = [f"sent, but not in the package's model: {name}" for name in unknown_fields]
    table.explain(problems + lines)


def refused(table, relay, scheme, using, title, code, damage_of, options):
    """Calls every operation once with a damaged request: is it refused with this code?"""
    correct, problems = 0, []
    runtime = RuntimeOptions()
    if options:
        kind = "headers" if scheme == "ACS3" else "queries"
        runtime.extends_parameters = ExtendsParameters(**{kind: options})
    # The first use of the nonce is accepted.
    if title == "a reused nonce":
        describe(using, runtime)
    for number, (name, request_class, response_class) in enumerate(operations()):
        action = action_of(response_class)
        request = filled(request_class, action, {"CertifyId": "sha0"}) if request_class else None
        relay.damage = damage_of(number) if damage_of else None
        try:
            call(using, name, request, runtime, False)
            problems.append(f"{action}: accepted")
        except Exception as error:  # its details are checked
            sent = json.loads(relay.response[2])
            as_sent = (code, relay.response[0], sent.get("RequestId"))
            if details(error) == as_sent and sent.get("Code") == code:
                correct += 1
            else:
                problems.append(f"{action}: {details(error)} {repr(error)[:200]}")
    relay.damage = None
    table.row(f"{scheme}, {title}: refused", correct, OPERATIONS, code)
    table.explain(problems)


PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")


@contextlib.contextmanager
def through_proxy():
    """Sends requests to the vendor's hosts through the simulator's proxy."""
    os.environ.update(dict.fromkeys(PROXIES, SIMULATOR["proxy"]))
    yield
    for name in PROXIES:
        os.environ.pop(name)


def describe(using, runtime=None):
    """A call that succeeds with any valid credentials; returns its code."""
    request = models.DescribeFaceVerifyRequest(scene_id=1, certify_id="sha0")
    return using.describe_face_verify_with_options(request, runtime or RuntimeOptions()).body.code


def sources():
    """The sources of the credentials package, each with a function that creates it."""
    role = {"role_arn": "acs:ram::1:role/a", "role_session_name": "conformance"}
    assume = {"type": "ram_role_arn", **KEY, **role}
    token = str(Path.home() / "token")
    oidc = {"oidc_provider_arn": "acs:ram::1:oidc-provider/a", "oidc_token_file_path": token}
    uri = SIMULATOR["pages"] + "/credentials-uri"
    configured = {
        "STS, AssumeRole": assume,
        "STS of a region": {**assume, "sts_endpoint": "sts.cn-shanghai.aliyuncs.com"},
        "STS, AssumeRole with OIDC": {"type": "oidc_role_arn", **role, **oidc},
        "metadata service": {"type": "ecs_ram_role"},
        "metadata service, role named": {"type": "ecs_ram_role", "role_name": "SimulatedRole"},
        "metadata service, version 2 only": {"type": "ecs_ram_role", "disable_imds_v1": True},
        "credentials URI": {"type": "credentials_uri", "credentials_uri": uri},
    }
    for title, options in configured.items():
        config = CredentialsConfig()
        for name, value in options.items():
            setattr(config, name, value)
        yield title, lambda config=config: Credentials(config)
    # Without `login`: this package reads names in upper camel case, the vendor's others do not.
    for name in ("key", "assumed", "chained", "instance", "oidc", "sso", "program"):
        provider = CLIProfileCredentialsProvider(profile_name=name)
        yield f"profile {name}", lambda provider=provider: Credentials(provider=provider)
    yield "default chain", Credentials


def fetched(table):
    """Fetches credentials from every source, and makes a call with them."""
    good, problems, assumed, expected = 0, [], None, 0
    for title, build in sources():
        expected += 1
        try:
            credential = build()
            if title == "STS, AssumeRole":
                assumed = credential.get_credential()
            # Without an endpoint, so that the package uses its own.
            code = describe(Client(Config(credential=credential, protocol="http")))
            # 406 for an unknown certify ID: the gateway has admitted the request.
            if code == "406":
                good += 1
            else:
                problems.append(f"{title}: {code}")
        except Exception as error:  # every exception is a failure
            problems.append(f"{title}: {repr(error)[:300]}")
    table.row("credentials: sources with valid credentials", good, expected)
    table.explain(problems)
    return assumed


def main():
    # The packages log the same errors that they raise.
    logging.disable(logging.CRITICAL)
    for name in PROXIES:
        os.environ.pop(name, None)
    table, relay = Table(), Relay(SIMULATOR["shanghai"])
    names = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    print(f"Python {sys.version.split()[0]}: {names}")
    table.row("operations in the package", len(list(operations())), OPERATIONS)
    with through_proxy():
        assumed = fetched(table)
    if assumed is None:
        return table
    parts = ("access_key_id", "access_key_secret", "security_token")
    sts = {name: getattr(assumed, name) for name in parts}

    for scheme in SCHEMES:
        accepted(table, relay, f"{scheme}, access key", client(relay, scheme))
        accepted(table, relay, f"{scheme}, STS", client(relay, scheme, **sts))
        accepted(table, relay, f"{scheme}, access key, async", client(relay, scheme), is_async=True)
    for scheme in SCHEMES:
        using = client(relay, scheme)
        for damage in damages(scheme):
            refused(table, relay, scheme, using, *damage)
        mismatch = "InvalidSecurityToken.MismatchWithAccessKey"
        for title, code, keys in (
            ("a wrong secret", "SignatureDoesNotMatch", {**KEY, "access_key_secret": "wrong"}),
            (
                "an STS key without its token",
                "MissingSecurityToken",
                {**sts, "security_token": None},
            ),
            ("another STS token", mismatch, {**sts, "security_token": "other"}),
        ):
            refused(table, relay, scheme, client(relay, scheme, **keys), title, code, None, None)
    faults(table)
    planted(table, relay)
    with through_proxy():
        uploads(table, sts)
    return table


def planted(table, relay):
    """Breaks the simulator: do the checks above see it?"""
    muted = Table(muted=True)
    with broken(ANY_SIGNATURE):
        for scheme in SCHEMES:
            refused(muted, relay, scheme, client(relay, scheme), *next(damages(scheme)))
    table.row("planted: signatures are not checked, refused", sum(muted.counts()), 0)
    with broken({"fault": "wrong_type"}):
        accepted(muted, relay, "", client(relay, "ACS3"))
    # Those that have nothing but a request ID, which stays.
    bare = sum(len(hints_of(hints_of(response)["body"])) == 1 for _, _, response in operations())
    table.row("planted: values of a wrong type, decoded", muted.counts()[-1], bare)


def faults(table):
    """Injects faults in the simulator: which error does the package raise?"""
    expected_errors = {
        "throttle": ({}, ("ThrottlingException", "Throttling.User", 1000)),
        "status": ({"status": 503}, ("ServerException", "ServiceUnavailable")),
        "gateway": ({"status": 403, "code": "NoPermission"}, ("ClientException", "NoPermission")),
        "code_500": ({}, ("response", "500")),
        "reset": ({}, ("RetryError", None)),
        "garbage": ({}, ("RuntimeError", None)),
        "empty": ({}, ("RuntimeError", None)),
        "truncate": ({}, ("RetryError", None)),
    }
    endpoint = urlsplit(SIMULATOR["shanghai"]).netloc
    using, good, problems = Client(Config(endpoint=endpoint, protocol="http", **KEY)), 0, []
    for fault, (options, expected) in expected_errors.items():
        at_pages(
            "POST",
            "/admin/faults",
            json.dumps({"fault": fault, **options, "region": "cn-shanghai"}),
        )
        try:
            found = ("response", describe(using))
        except Exception as error:  # its type is checked
            inner = getattr(error, "inner_exception", None) or error
            found = (type(inner).__name__, getattr(inner, "code", None))
            if fault == "throttle":
                found += (inner.retry_after,)
        if found == expected:
            good += 1
        else:
            problems.append(f"{fault}: {found}")
    table.row("faults: reported by the package as expected", good, len(expected_errors))
    table.explain(problems)


def uploads(table, sts):
    """Uploads files at the vendor's own hosts: grant, object store, then the call."""
    methods = [
        name
        for name, _ in inspect.getmembers(Client, inspect.isfunction)
        if name.endswith("advance")
    ]
    table.row("operations that take files", len(methods), UPLOADS)
    for title, keys in (("access key", KEY), ("STS", sts)):
        for suffix in ("", "_async"):
            good, problems = 0, []
            for name in methods:
                try:
                    one = uploaded(name + suffix, keys)
                    good += one is None
                    problems += [f"{name}: {one}"] if one else []
                except Exception as error:  # every exception is a failure
                    problems.append(f"{name}: {details(error)[0] or ''} {repr(error)[:300]}")
            how = title + suffix.replace("_", ", ")
            table.row(f"https, {how}: calls with uploaded files", good, UPLOADS)
            table.explain(problems)


def uploaded(name, keys):
    """The error of a call with files, if there is one."""
    request_class = typing.get_type_hints(getattr(Client, name))["request"]
    action = request_class.__name__.removesuffix("AdvanceRequest")
    files = [attribute for attribute in hints_of(request_class) if attribute.endswith("_object")]
    # More than one picture is refused.
    request = filled(request_class, action, {}, without=[*files, "face_contrast_picture"])
    for attribute in files:
        setattr(request, attribute, io.BytesIO(FILE))
    # Without an endpoint, so that the package uses its own.
    using = Client(Config(region_id="cn-shanghai", ca=TRUSTED.name, **keys))
    runtime = RuntimeOptions(ca=TRUSTED.name)
    method = getattr(using, name)
    result = method(request, runtime)
    response = asyncio.run(result) if name.endswith("_async") else result
    if response.body.code != "200":
        return f"code {response.body.code}"
    expected = [{"bytes": len(FILE), "sha256": hashlib.sha256(FILE).hexdigest()}] * len(files)
    arrived = json.loads(at_pages("GET", "/admin/state"))["files"][-len(files) :]
    return None if arrived == expected else f"arrived: {arrived}"


if __name__ == "__main__":
    result = main()
    Path(sys.argv[1]).write_text(
        json.dumps(
            {
                "language": "python",
                "packages": {name: version(name) for name in PACKAGES},
                "rows": result.rows,
                "as_expected": not result.failures,
            },
            ensure_ascii=False,
            indent=1,
        )
    )
    sys.exit(1 if result.failures else 0)
