#!/usr/bin/env python3
"""Compares our requests with those of the vendor's Python package, for every operation.

Installs the package from PyPI in a virtual environment, calls every operation with generated
values against a server on loopback, encodes the same calls with the example `requests`, and
compares the requests: method, action, version, query and form, decoded. Requires python3 with
venv, and cargo. Usage: compare.py [folder of a virtual environment to create or reuse]
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

# The endings of the names of parameters that are pictures.
PICTURES = ("face_contrast_picture", "face_base_64", "face_base64", "face_picture", "image_context")
PACKAGE = "alibabacloud_cloudauth20190307==3.14.0"
ROOT = Path(__file__).resolve().parents[3]


def main():
    if os.environ.get("CLOUDAUTH_CONFORMANCE") != "inside":
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
        python = folder / "bin" / "python"
        if not python.exists():
            venv.create(folder, with_pip=True)
        pip = [python, "-m", "pip", "install", "--quiet", PACKAGE]
        subprocess.run(pip, check=True)
        inside = {**os.environ, "CLOUDAUTH_CONFORMANCE": "inside"}
        sys.exit(subprocess.run([python, __file__], env=inside).returncode)
    theirs = vendor_requests()
    ours = our_requests([call for call, _ in theirs])
    sys.exit(compare(theirs, ours))


def vendor_requests():
    """The calls, with parameters as strings, and the requests that the vendor's package sent."""
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    from alibabacloud_cloudauth20190307.client import Client
    from alibabacloud_tea_openapi.models import Config

    received = []

    class Recorder(BaseHTTPRequestHandler):
        def respond(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            received.append((self.command, self.path, dict(self.headers), body.decode()))
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST = respond

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        os.environ.pop(name, None)
    endpoint = f"127.0.0.1:{server.server_port}"
    keys = {"access_key_id": "testid", "access_key_secret": "testsecret"}
    client = Client(Config(endpoint=endpoint, protocol="http", **keys))

    calls = []
    for name, request_class in operations(Client):
        method_of_client = getattr(client, name)
        from darabonba.runtime import RuntimeOptions

        if request_class is None:
            strings = {}
            method_of_client(RuntimeOptions())
        else:
            request, strings = filled(request_class)
            method_of_client(request, RuntimeOptions())
        method, path, headers, body = received[-1]
        headers = {key.lower(): value for key, value in headers.items()}
        sent = {
            "method": method,
            "action": headers["x-acs-action"],
            "version": headers["x-acs-version"],
            "content_type": headers.get("content-type"),
            "query": path.partition("?")[2],
            "form": body,
        }
        calls.append(({"action": sent["action"], "params": strings}, sent))
    server.shutdown()
    return calls


def operations(client_class):
    """The methods for operations, with the classes of their requests."""
    import inspect
    import typing

    for name, method in inspect.getmembers(client_class, inspect.isfunction):
        if not name.endswith("with_options"):
            continue
        hints = typing.get_type_hints(method)
        yield name, hints.get("request") or hints.get("tmp_req")


def filled(request_class):
    """A request with every field set, and its parameters as strings by wire name."""
    import typing

    hints = typing.get_type_hints(request_class.__init__)
    hints.pop("return", None)
    request, strings = request_class(), {}
    for number, (attribute, kind) in enumerate(sorted(hints.items())):
        value = generated(kind, attribute, number)
        setattr(request, attribute, value)
        alone = request_class()
        setattr(alone, attribute, value)
        # The package always writes lists, even empty ones.
        ((wire, plain),) = [one for one in alone.to_map().items() if one[1] != []]
        strings[wire] = string(plain)
    return request, strings


def generated(kind, name, number):
    import typing

    if kind is str and name.endswith(PICTURES):
        # Our client checks that a picture is in base64.
        return base64.b64encode(f"\xfb\xff {name} {number}".encode("latin-1")).decode()
    if kind is str:
        return f"{name} 张三+/=~*'()!&% {number}"
    if kind is int:
        return 1_000_000_000 + number
    if kind is float:
        return number + 2.5
    if kind is bool:
        return number % 2 == 0
    if typing.get_origin(kind) is list:
        (item,) = typing.get_args(kind)
        return [generated(item, name, number), generated(item, name, number + 1)]
    hints = typing.get_type_hints(kind.__init__)
    hints.pop("return", None)
    made = kind()
    for attribute, inner in hints.items():
        setattr(made, attribute, generated(inner, attribute, number))
    return made


def string(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def our_requests(calls):
    command = ["cargo", "run", "--quiet", "--locked", "-p", "cloudauth-sim", "--example", "requests"]
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in calls)
    run = subprocess.run(command, cwd=ROOT, input=lines, text=True, stdout=subprocess.PIPE)
    encoded = [json.loads(line) for line in run.stdout.splitlines()]
    if run.returncode != 0:
        print("the example does not encode", calls[len(encoded)]["action"])
        sys.exit(1)
    return encoded


def compare(theirs, ours):
    from urllib.parse import parse_qsl

    differences, parameters, capitals = [], 0, 0
    actions = set()
    for (call, vendor), own in zip(theirs, ours):
        actions.add(vendor["action"])
        for part in ("method", "action", "version"):
            if vendor[part] != own[part]:
                differences.append(f"{vendor['action']}: {part}")
        if (vendor["content_type"] is None) != (own["content_type"] is None):
            differences.append(f"{vendor['action']}: content-type")
        for part in ("query", "form"):
            pairs = [
                dict(parse_qsl(sent[part], keep_blank_values=True, strict_parsing=bool(sent[part])))
                for sent in (vendor, own)
            ]
            for name in sorted(pairs[0].keys() | pairs[1].keys()):
                theirs_value, own_value = (half.get(name) for half in pairs)
                parameters += 1
                if theirs_value in ("True", "False") and own_value == theirs_value.lower():
                    capitals += 1
                elif theirs_value != own_value:
                    differences.append(f"{vendor['action']}: {name} in the {part}")
        if len(call["params"]) != sum(
            len(parse_qsl(vendor[part], keep_blank_values=True)) for part in ("query", "form")
        ):
            differences.append(f"{vendor['action']}: a field was not sent")
    print(f"operations: {len(actions)}, parameters: {parameters}")
    print(f"known differences: {capitals} booleans, capitalized by the vendor's Python SDK only")
    print(f"other differences: {len(differences)}")
    for difference in differences:
        print(" ", difference)
    return 1 if differences or len(actions) != 101 else 0


if __name__ == "__main__":
    main()
