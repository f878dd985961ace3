#!/usr/bin/env python3
"""The vendor's Python packages, as they are, against the simulator.

Started by `run`, which makes the environment. The packages are told an endpoint; hosts that are
written in their code are brought home by the simulator's proxy. Prints a table; writes JSON.
"""

import asyncio
import contextlib
import hashlib
import http.client
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
# The vendor's packages trust what certifi gives; the simulator's authority joins it.
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
from damage import Tap, damages
from darabonba.runtime import ExtendsParameters, RuntimeOptions
from shapes import action_of, decoded, filled, hints_of, operations

PACKAGES = ["alibabacloud_cloudauth20190307", "alibabacloud_credentials"]
OPERATIONS, UPLOADS = 101, 7
KEY = {"access_key_id": "testid", "access_key_secret": "testsecret"}
FILE = b"\xff\xd8\xff\xe0 a picture \r\n--\x00" + bytes(range(256))
SCHEMES = {"ACS3": {}, "RPC 1.0": {"signature_algorithm": "v2"}}


class Table:
    def __init__(self):
        self.rows, self.failures = [], []

    def row(self, what, count, of, note=""):
        good = count == of
        self.rows.append({"what": what, "count": count, "of": of, "note": note})
        print(
            f"  {what:<58}{count:>6} of {of:<6}{'' if good else 'NOT AS EXPECTED  '}{note}",
            flush=True,
        )
        if not good:
            self.failures.append(what)

    def explain(self, texts, most=8):
        for text in texts[:most]:
            print(f"      {text}")
        if len(texts) > most:
            print(f"      and {len(texts) - most} more")


def client(tap, scheme, **keys):
    return Client(
        Config(endpoint=tap.endpoint, protocol="http", **SCHEMES[scheme], **(keys or KEY))
    )


def complaint(error):
    """The code, status and request id in the error that the package raised."""
    inner = getattr(error, "inner_exception", None) or error
    return (
        getattr(inner, "code", None),
        getattr(inner, "status_code", None),
        getattr(inner, "request_id", None),
    )


def reply_of(using, name, request, runtime, is_async):
    takes = [request] if request is not None else []
    if not is_async:
        return getattr(using, name)(*takes, runtime)
    return asyncio.run(getattr(using, f"{name}_async")(*takes, runtime))


def at_pages(method, path, body=None, kind="application/json"):
    """Asks the simulator itself: its pages, and the endpoint by which it is told what to do."""
    connection = http.client.HTTPConnection(urlsplit(SIMULATOR["pages"]).netloc, timeout=10)
    connection.request(method, path, body, {"content-type": kind})
    answer = connection.getresponse().read()
    connection.close()
    return answer


def pass_on_page(url):
    """Does what a person does who is who they say, so that there is a verdict."""
    path = urlsplit(url).path
    at_pages("GET", path)
    at_pages("POST", path, "outcome=pass", "application/x-www-form-urlencoded")


def accepted(table, tap, title, using, is_async=False):
    """Every operation once: is it accepted, and is every field of the reply decoded?"""
    taken, read, done, fields, places, met = 0, 0, 0, 0, 0, 0
    known, strange, problems = {}, [], []
    tap.spoil = None
    # What looks something up needs a certify id.
    asked = sorted(operations(), key=lambda one: one[0] != "init_face_verify_with_options")
    for name, request_class, reply_class in asked:
        action = action_of(reply_class)
        request = filled(request_class, action, known) if request_class else None
        try:
            reply = reply_of(using, name, request, RuntimeOptions(), is_async)
        except Exception as error:  # whatever the package raises is a refusal
            problems.append(f"{action}: {complaint(error)[0] or repr(error)[:200]}")
            continue
        taken += 1
        sent = json.loads(tap.reply[2])
        code = sent.get("Code")
        # Not every operation gives a code.
        if code in ("200", "Success", None):
            done += 1
        else:
            problems.append(f"{action}: code {code}")
        body_class = hints_of(reply_class)["body"]
        same, all_places, sent_places, unknown, faults = decoded(sent, reply.body, body_class)
        if not same:
            faults.append("no field was decoded")
        problems += [f"{action}: {fault}" for fault in faults]
        strange += [f"{action} {name}" for name in unknown]
        read += not faults
        fields, places, met = fields + same, places + len(all_places), met + len(sent_places)
        if action == "InitFaceVerify" and reply.body and reply.body.result_object:
            known["CertifyId"] = reply.body.result_object.certify_id
            pass_on_page(reply.body.result_object.certify_url)
    table.row(f"{title}: operations accepted", taken, OPERATIONS)
    table.row(f"{title}: carried out", done, OPERATIONS)
    note = f"{fields} fields, in {met} of the {places} places that the package knows"
    table.row(f"{title}: replies decoded", read, OPERATIONS, note)
    table.explain(problems + [f"sent, but unknown to the package: {name}" for name in strange])


def refused(table, tap, scheme, using, title, code, spoiler, options):
    """Every operation once, damaged: is it refused, with this code?"""
    right, problems = 0, []
    runtime = RuntimeOptions()
    if options:
        place = "headers" if scheme == "ACS3" else "queries"
        runtime.extends_parameters = ExtendsParameters(**{place: options})
    # What comes second needs a first one, which is good.
    if title == "a nonce for the second time":
        describe(using, runtime)
    for number, (name, request_class, reply_class) in enumerate(operations()):
        action = action_of(reply_class)
        request = filled(request_class, action, {"CertifyId": "sha0"}) if request_class else None
        tap.spoil = spoiler(number) if spoiler else None
        try:
            reply_of(using, name, request, runtime, False)
            problems.append(f"{action}: accepted")
        except Exception as error:  # which it is, is what is looked at
            found, sent = complaint(error), json.loads(tap.reply[2])
            if found == (code, tap.reply[0], sent.get("RequestId")) and sent.get("Code") == code:
                right += 1
            else:
                problems.append(f"{action}: {found} {repr(error)[:200]}")
    tap.spoil = None
    table.row(f"{scheme}, {title}: refused", right, OPERATIONS, code)
    table.explain(problems)


PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")


@contextlib.contextmanager
def homeward():
    """In here, what the packages ask of the vendor's hosts arrives at the simulator."""
    os.environ.update(dict.fromkeys(PROXIES, SIMULATOR["proxy"]))
    yield
    for name in PROXIES:
        os.environ.pop(name)


def describe(using, runtime=None):
    """A call that any good credentials are enough for."""
    request = models.DescribeFaceVerifyRequest(scene_id=1, certify_id="sha0")
    return using.describe_face_verify_with_options(request, runtime or RuntimeOptions()).body.code


def sources():
    """Where the credentials package can find some, and what builds that."""
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
    # Not `login`: this package reads names that begin with a capital, the vendor's others do not.
    for name in ("key", "assumed", "chained", "instance", "oidc", "sso", "program"):
        provider = CLIProfileCredentialsProvider(profile_name=name)
        yield f"profile {name}", lambda provider=provider: Credentials(provider=provider)
    yield "default chain", Credentials


def given(table):
    """Asks every source that can be brought to the simulator, and makes a call with what it gave."""
    good, problems, assumed, of = 0, [], None, 0
    for title, build in sources():
        of += 1
        try:
            credential = build()
            if title == "STS, AssumeRole":
                assumed = credential.get_credential()
            # Without an endpoint: the package's own.
            code = describe(Client(Config(credential=credential, protocol="http")))
            # The certify id is unknown: the service's own answer, beyond the gateway.
            if code == "406":
                good += 1
            else:
                problems.append(f"{title}: {code}")
        except Exception as error:  # whatever the package raises
            problems.append(f"{title}: {repr(error)[:300]}")
    table.row("credentials: sources that gave good ones", good, of)
    table.explain(problems)
    return assumed


def main():
    # The packages log what they also raise.
    logging.disable(logging.CRITICAL)
    for name in PROXIES:
        os.environ.pop(name, None)
    table, tap = Table(), Tap(SIMULATOR["shanghai"])
    names = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    print(f"Python {sys.version.split()[0]}: {names}")
    table.row("operations in the package", len(list(operations())), OPERATIONS)
    with homeward():
        assumed = given(table)
    if assumed is None:
        return table
    parts = ("access_key_id", "access_key_secret", "security_token")
    sts = {name: getattr(assumed, name) for name in parts}

    for scheme in SCHEMES:
        accepted(table, tap, f"{scheme}, access key", client(tap, scheme))
        accepted(table, tap, f"{scheme}, STS", client(tap, scheme, **sts))
        accepted(table, tap, f"{scheme}, access key, async", client(tap, scheme), is_async=True)
    for scheme in SCHEMES:
        using = client(tap, scheme)
        for damage in damages(scheme):
            refused(table, tap, scheme, using, *damage)
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
            refused(table, tap, scheme, client(tap, scheme, **keys), title, code, None, None)
    faults(table)
    with homeward():
        uploads(table, sts)
    return table


def faults(table):
    """What the simulator can be told to do wrong, and what the package makes of it."""
    told = {
        "throttle": ({}, ("ThrottlingException", "Throttling.User", 1000)),
        "status": ({"status": 503}, ("ServerException", "ServiceUnavailable")),
        "gateway": ({"status": 403, "code": "NoPermission"}, ("ClientException", "NoPermission")),
        "code 500": ({}, ("a reply", "500")),
        "reset": ({}, ("RetryError", None)),
        "garbage": ({}, ("RuntimeError", None)),
        "empty": ({}, ("RuntimeError", None)),
        "truncate": ({}, ("RetryError", None)),
    }
    endpoint = urlsplit(SIMULATOR["shanghai"]).netloc
    using, good, problems = Client(Config(endpoint=endpoint, protocol="http", **KEY)), 0, []
    for fault, (options, expected) in told.items():
        at_pages(
            "POST",
            "/admin/faults",
            json.dumps({"fault": fault, **options, "region": "cn-shanghai"}),
        )
        try:
            found = ("a reply", describe(using))
        except Exception as error:  # which it is, is what is looked at
            inner = getattr(error, "inner_exception", None) or error
            found = (type(inner).__name__, getattr(inner, "code", None))
            if fault == "throttle":
                found += (inner.retry_after,)
        if found == expected:
            good += 1
        else:
            problems.append(f"{fault}: {found}")
    table.row("faults on demand, told by the package as they are", good, len(told))
    table.explain(problems)


def uploads(table, sts):
    """File to AuthorizeFileUpload to the object store to the call, at the vendor's own hosts."""
    methods = [
        name
        for name, _ in inspect.getmembers(Client, inspect.isfunction)
        if name.endswith("advance")
    ]
    table.row("operations that take files", len(methods), UPLOADS)
    for title, keys in (("access key", KEY), ("STS", sts)):
        for how in ("", "_async"):
            good, problems = 0, []
            for name in methods:
                try:
                    one = uploaded(name + how, keys)
                    good += one is None
                    problems += [f"{name}: {one}"] if one else []
                except Exception as error:  # whatever the package raises
                    problems.append(f"{name}: {complaint(error)[0] or ''} {repr(error)[:300]}")
            table.row(
                f"https, {title}{how.replace('_', ', ')}: files carried to the call", good, UPLOADS
            )
            table.explain(problems)


def uploaded(name, keys):
    """What is wrong, if anything, with a call that carries files."""
    request_class = typing.get_type_hints(getattr(Client, name))["request"]
    action = request_class.__name__.removesuffix("AdvanceRequest")
    files = [attribute for attribute in hints_of(request_class) if attribute.endswith("_object")]
    # One picture, or it is refused.
    request = filled(request_class, action, {}, without=[*files, "face_contrast_picture"])
    for attribute in files:
        setattr(request, attribute, io.BytesIO(FILE))
    # Without an endpoint: the package's own.
    using = Client(Config(region_id="cn-shanghai", ca=TRUSTED.name, **keys))
    runtime = RuntimeOptions(ca=TRUSTED.name)
    call = getattr(using, name)
    reply = (
        asyncio.run(call(request, runtime)) if name.endswith("_async") else call(request, runtime)
    )
    if reply.body.code != "200":
        return f"code {reply.body.code}"
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
