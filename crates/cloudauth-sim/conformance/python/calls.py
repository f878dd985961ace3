#!/usr/bin/env python3
"""Runs the vendor's packages for Java or Go against the simulator: every operation of the catalogue.

These packages have one function that sends any operation. A small program in their language, the
caller, sends what is written to it and prints what came of it; started by `run`, with the language,
the file for the result, and the caller's command.
"""

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from damage import Relay, damages, minutes
from shared import ANY_SIGNATURE, SIMULATOR, Table, at_pages, broken, pass_on_page

HERE = Path(__file__).parent.parent
CATALOGUE = json.loads((HERE / "../src/operations/catalogue.json").read_text())
VALUES = json.loads((HERE / "values.json").read_text())
OPERATIONS = len(CATALOGUE)
KEY = {"accessKeyId": "testid", "accessKeySecret": "testsecret"}
SCHEMES = {"ACS3": {}, "RPC 1.0": {"signatureAlgorithm": "v2"}}
# What the packages raise for responses that are none. Go's takes an empty one for a response without a body.
BROKEN_RESPONSES = {
    "java": {
        "reset": "TeaUnretryableException",
        "garbage": "TeaUtilException",
        "empty": "TeaUtilException",
        "truncate": "TeaUtilException",
    },
    "go": {
        "reset": "*url.Error",
        "garbage": "*json.SyntaxError",
        "empty": "nothing",
        "truncate": "*errors.errorString",
    },
}
TYPES = {
    "string": str,
    "integer": int,
    "float": (int, float),
    "boolean": bool,
    "struct": dict,
    "map": dict,
    "list": list,
}


class Caller:
    def __init__(self, language, command):
        self.language = language
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def send(self, **call):
        self.process.stdin.write(json.dumps(call) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def call(self, spec, config, known=(), extra=None, scheme="ACS3", **more):
        """Sends an operation; `extra` are headers, or parameters of the query."""
        fields = {name: text(value) for name, value in filled(spec, dict(known)).items()}
        where = {one["name"]: one["in"] for one in spec["request"]}
        request = {"query": {n: v for n, v in fields.items() if where[n] == "query"}}
        body = {n: v for n, v in fields.items() if where[n] == "body"}
        if body:
            request["body"] = body
        if extra:
            kind = "headers" if scheme == "ACS3" else "query"
            request[kind] = {**request.get(kind, {}), **extra}
        params = {
            "action": spec["action"],
            "version": "2019-03-07",
            "protocol": "HTTPS",
            "pathname": "/",
            "method": spec["method"],
            "authType": "AK",
            "style": "RPC",
            "reqBodyType": "formData",
            "bodyType": "json",
        }
        return self.send(config=config, params=params, request=request, **more)


def filled(spec, known):
    """Plausible values, without parameters that exclude each other."""
    examples = {"string": "a", "integer": 1, "boolean": True, "struct": {}, "list": []}
    fields = {}
    for one in spec["request"]:
        name = one["name"]
        value = VALUES.get(f"{spec['action']}.{name}", VALUES.get(name, examples[one["type"]]))
        if isinstance(value, str) and value.startswith("$"):
            value = known.get(value[1:])
        if value is not None:
            fields[name] = value
    return fields


def without(fields, *names):
    return {name: value for name, value in fields.items() if name not in names}


def text(value):
    return value if isinstance(value, str) else json.dumps(value)


def relayed(relay, scheme, **keys):
    return at(relay.endpoint, scheme, **keys)


def at(endpoint, scheme="ACS3", **keys):
    # The Go package compares hosts with their ports, and the variable is for its credentials.
    here = {"endpoint": endpoint, "protocol": "http", "noProxy": endpoint}
    return {**here, **SCHEMES[scheme], **(keys or KEY)}


def through_proxy(scheme="ACS3"):
    ca = Path(SIMULATOR["ca"]).read_text()
    vendor = {"endpoint": "cloudauth.aliyuncs.com", "protocol": "https"}
    return {**vendor, "httpsProxy": SIMULATOR["proxy"], "ca": ca, **SCHEMES[scheme], **KEY}


def wrong_types(fields, value):
    """The names of fields that are there with a type that the catalogue does not say."""
    for one in fields:
        found = value.get(one["name"])
        if found is None:
            continue
        if not isinstance(found, TYPES[one["type"]]):
            yield f"{one['name']} is {type(found).__name__}"
        elif one["type"] == "struct":
            yield from wrong_types(one["fields"], found)
        elif one["type"] == "list":
            for item in found:
                yield from wrong_types([{**one["item"], "name": one["name"]}], {one["name"]: item})


def accepted(table, title, expected, call):
    """Makes every call: is it accepted, carried out, and its response decoded? `call` takes an
    operation and known IDs."""
    count, carried_out, decoded, known, problems = 0, 0, 0, {}, []
    order = {"InitFaceVerify": 0, "DeleteFaceVerifyResult": 2}
    for spec in sorted(CATALOGUE, key=lambda one: order.get(one["action"], 1)):
        result = call(spec, known)
        if result is None:
            continue
        body = result.get("body")
        if not body:
            problems.append(
                f"{spec['action']}: {result.get('code')} {' '.join(result['message'].split())}"
            )
            continue
        count += 1
        wrong = list(wrong_types(spec["response"], body))
        decoded += bool(body.get("RequestId")) and not wrong
        problems += [f"{spec['action']}: {one}" for one in wrong]
        # Some operations have no code.
        if body.get("Code") in ("200", "Success", None):
            carried_out += 1
        else:
            problems.append(f"{spec['action']}: code {body.get('Code')!r}")
        if spec["action"] == "InitFaceVerify" and isinstance(body.get("ResultObject"), dict):
            known["CertifyId"] = body["ResultObject"]["CertifyId"]
            pass_on_page(body["ResultObject"]["CertifyUrl"])
    table.row(f"{title}: operations accepted", count, expected)
    table.row(f"{title}: carried out", carried_out, expected)
    table.row(f"{title}: responses decoded", decoded, expected)
    table.explain(problems)


def refused(table, caller, relay, scheme, config, title, code, damage_of=None, extra=None):
    """Sends every operation with a damaged request: is it refused with this code, or accepted?"""
    correct, problems = 0, []
    # The first use of the nonce is accepted.
    if title == "a reused nonce":
        caller.call(describe_face_verify(), config, extra=extra, scheme=scheme)
    for number, spec in enumerate(CATALOGUE):
        relay.damage = damage_of(number) if damage_of else None
        known = {"CertifyId": "sha0"}
        result = caller.call(spec, config, known, extra=extra, scheme=scheme)
        sent = json.loads(relay.response[2])
        found = (result.get("code"), result.get("status"), result.get("request_id"))
        as_sent = (code, relay.response[0], sent.get("RequestId"))
        # What is not signed may be changed; an unknown certify ID is refused after the signature.
        if found == as_sent or code is None and found[0] in (None, "InvalidParameter"):
            correct += 1
        else:
            problems.append(f"{spec['action']}: {found} {result.get('message') or 'accepted'}")
    relay.damage = None
    end = "refused" if code else "accepted"
    table.row(f"{scheme}, {title}: {end}", correct, OPERATIONS, code or "not signed")
    table.explain(problems)


def describe_face_verify():
    return next(one for one in CATALOGUE if one["action"] == "DescribeFaceVerify")


def sources(language):
    """Settings of the credentials package, in each language's own names."""
    token = str(Path.home() / "token")
    uri = SIMULATOR["pages"] + "/credentials-uri"
    names = {
        "key": ("accessKeyId", "access_key_id"),
        "secret": ("accessKeySecret", "access_key_secret"),
        "role": ("roleArn", "role_arn"),
        "session": ("roleSessionName", "role_session_name"),
        "seconds": ("roleSessionExpiration", "role_session_expiration"),
        "sts": ("STSEndpoint", "sts_endpoint"),
        "provider": ("oidcProviderArn", "oidc_provider_arn"),
        "token": ("oidcTokenFilePath", "oidc_token"),
        "instance_role": ("roleName", "role_name"),
        "no_v1": ("disableIMDSv1", "disable_imds_v1"),
        "uri": ("credentialsURI", "url"),
        "type": ("type", "type"),
        "profile": ("profile", "profile"),
    }

    def named(**settings):
        which = ("java", "go").index(language)
        return {names[name][which]: value for name, value in settings.items()}

    role = {"role": "acs:ram::1:role/a", "session": "conformance", "seconds": 3600}
    assume = {"type": "ram_role_arn", "key": "testid", "secret": "testsecret", **role}
    oidc = {"provider": "acs:ram::1:oidc-provider/a", "token": token}
    yield "STS, AssumeRole", named(**assume)
    yield "STS of a region", named(**assume, sts="sts.cn-shanghai.aliyuncs.com")
    yield "STS, AssumeRole with OIDC", named(type="oidc_role_arn", **role, **oidc)
    yield "metadata service", named(type="ecs_ram_role")
    yield "metadata service, role named", named(type="ecs_ram_role", instance_role="SimulatedRole")
    yield "metadata service, version 2 only", named(type="ecs_ram_role", no_v1=True)
    yield "credentials URI", named(type="credentials_uri", uri=uri)
    # This version for Java knows neither logins nor programs.
    more = () if language == "java" else ("sso", "login", "program")
    for name in ("key", "assumed", "chained", "instance", "oidc", *more):
        yield f"profile {name}", named(profile=name)
    yield "default chain", {}


def fetched(table, caller, relay):
    """Fetches credentials from every source, and makes a call with them."""
    good, expected, problems = 0, 0, []
    for title, settings in sources(caller.language):
        expected += 1
        config = without(relayed(relay, "ACS3"), *KEY)
        result = caller.call(
            describe_face_verify(), config, {"CertifyId": "sha0"}, credentials=settings
        )
        # 406 for an unknown certify ID: the gateway has admitted the request.
        if (result.get("body") or {}).get("Code") == "406":
            good += 1
        else:
            problems.append(f"{title}: {result}")
    table.row("credentials: sources with valid credentials", good, expected)
    table.explain(problems)
    issued = caller.send(issue=next(iter(sources(caller.language)))[1])["credentials"]
    return {name: issued[name] for name in ("accessKeyId", "accessKeySecret", "securityToken")}


def faults(table, caller):
    """Injects faults in the simulator: which error does the package raise?"""
    named = {
        "throttle": ({}, "Throttling.User"),
        "status": ({"status": 503}, "ServiceUnavailable"),
        "gateway": ({"status": 403, "code": "NoPermission"}, "NoPermission"),
        "code_500": ({}, "response 500"),
    }
    unnamed = {name: ({}, error) for name, error in BROKEN_RESPONSES[caller.language].items()}
    good, problems = 0, []
    for name, (options, expected) in {**named, **unnamed}.items():
        order = {"fault": name, **options, "region": "cn-shanghai"}
        at_pages("POST", "/admin/faults", json.dumps(order))
        config = at(urlsplit(SIMULATOR["shanghai"]).netloc)
        result = caller.call(describe_face_verify(), config, {"CertifyId": "sha0"})
        body = result.get("body")
        found = (
            f"response {body.get('Code')}"
            if body
            else result.get("code") or result.get("error", "nothing")
        )
        if found == expected:
            good += 1
        else:
            problems.append(f"{name}: {found} {result}")
    table.row("faults: reported by the package as expected", good, len(named) + len(unnamed))
    table.explain(problems)


def planted(table, caller, relay):
    """Breaks the simulator: do the checks above see it?"""
    muted = Table(muted=True)
    with broken(ANY_SIGNATURE):
        for scheme in SCHEMES:
            damage = next(damages(scheme))[:3]
            refused(muted, caller, relay, scheme, relayed(relay, scheme), *damage)
    table.row("planted: signatures are not checked, refused", sum(muted.counts()), 0)
    with broken({"fault": "wrong_type"}):
        config = relayed(relay, "ACS3")
        accepted(muted, "", OPERATIONS, lambda spec, known: caller.call(spec, config, known))
    # Those that have nothing but a request ID, which stays.
    bare = sum(len(spec["response"]) == 1 for spec in CATALOGUE)
    table.row("planted: values of a wrong type, decoded", muted.counts()[-1], bare)


def typed(table, caller, relay):
    """The operations of the typed package, which signs with RPC 1.0."""
    operations = caller.send(list=True)["operations"]
    known_here = [spec["action"] for spec in CATALOGUE]
    table.row("operations in the typed package", len(operations), 38)

    def call(spec, known):
        if spec["action"] not in operations:
            return None
        fields = filled(spec, known)
        return caller.send(typed=spec["action"], fields=fields, config=relayed(relay, "ACS3"))

    expected = len([one for one in operations if one in known_here])
    table.row("of these in the catalogue", expected, 16)
    accepted(table, "typed package", expected, call)


def packages(language):
    """The pinned packages with their versions."""
    file, pattern = {
        "java": ("java/pom.xml", r"<artifactId>(.+)</artifactId>\s*<version>(.+\..+)</version>"),
        "go": ("go/go.mod", r"^\t(\S+) v(\S+)$"),
    }[language]
    return dict(re.findall(pattern, (HERE / file).read_text(), re.MULTILINE))


def main():
    language, output, *command = sys.argv[1:]
    pinned = packages(language)
    names = ", ".join(f"{name} {version}" for name, version in pinned.items())
    print(f"{language.capitalize()}: {names}", flush=True)
    caller, relay, table = Caller(language, command), Relay(SIMULATOR["shanghai"]), Table()
    sts = fetched(table, caller, relay)
    for scheme in SCHEMES:
        for title, keys in (("access key", KEY), ("STS", sts)):
            config = relayed(relay, scheme, **keys)
            accepted(
                table,
                f"{scheme}, {title}",
                OPERATIONS,
                lambda spec, known: caller.call(spec, config, known),
            )
        config = through_proxy(scheme)
        accepted(
            table,
            f"{scheme}, https",
            OPERATIONS,
            lambda spec, known: caller.call(spec, config, known),
        )
    if language == "java":
        typed(table, caller, relay)
    for scheme in SCHEMES:
        for title, code, damage_of, extra in damages(scheme):
            # Only the Python package signs it.
            code = None if title == "user-agent changed" else code
            refused(
                table, caller, relay, scheme, relayed(relay, scheme), title, code, damage_of, extra
            )
        mismatch = "InvalidSecurityToken.MismatchWithAccessKey"
        for title, code, keys in (
            ("a wrong secret", "SignatureDoesNotMatch", {**KEY, "accessKeySecret": "wrong"}),
            ("an STS key without its token", "MissingSecurityToken", without(sts, "securityToken")),
            ("another STS token", mismatch, {**sts, "securityToken": "other"}),
        ):
            refused(table, caller, relay, scheme, relayed(relay, scheme, **keys), title, code)
    faults(table, caller)
    planted(table, caller, relay)
    result = {
        "language": language,
        "packages": pinned,
        "rows": table.rows,
        "as_expected": not table.failures,
    }
    Path(output).write_text(json.dumps(result, ensure_ascii=False, indent=1))
    sys.exit(1 if table.failures else 0)


if __name__ == "__main__":
    main()
