#!/usr/bin/env python3
"""Compares our requests with those of the vendor's Python package, for every operation.

Installs the package from PyPI into a virtual environment, asks it for every operation with
generated values against a server on loopback, asks the example `requests` for the same, and
compares what travels: method, action, version, query and form, decoded. Needs python3 with venv,
and cargo. Usage: compare.py [folder of a virtual environment to make or to use again]
"""

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

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
    ours = our_requests([asked for asked, _ in theirs])
    sys.exit(compare(theirs, ours))


def vendor_requests():
    """What was asked, as texts, and what the vendor's package sent for it."""
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    from alibabacloud_cloudauth20190307.client import Client
    from alibabacloud_tea_openapi.models import Config

    seen = []

    class Recorder(BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            seen.append((self.command, self.path, dict(self.headers), body.decode()))
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST = answer

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        os.environ.pop(name, None)
    endpoint = f"127.0.0.1:{server.server_port}"
    keys = {"access_key_id": "testid", "access_key_secret": "testsecret"}
    client = Client(Config(endpoint=endpoint, protocol="http", **keys))

    asked = []
    for name, request_class in operations(Client):
        call = getattr(client, name)
        from darabonba.runtime import RuntimeOptions

        if request_class is None:
            texts = {}
            call(RuntimeOptions())
        else:
            request, texts = filled(request_class)
            call(request, RuntimeOptions())
        method, path, headers, body = seen[-1]
        headers = {key.lower(): value for key, value in headers.items()}
        sent = {
            "method": method,
            "action": headers["x-acs-action"],
            "version": headers["x-acs-version"],
            "content_type": headers.get("content-type"),
            "query": path.partition("?")[2],
            "form": body,
        }
        asked.append(({"action": sent["action"], "params": texts}, sent))
    server.shutdown()
    return asked


def operations(client_class):
    """The methods that ask for an operation, with the class of what they take."""
    import inspect
    import typing

    for name, method in inspect.getmembers(client_class, inspect.isfunction):
        if not name.endswith("with_options"):
            continue
        hints = typing.get_type_hints(method)
        yield name, hints.get("request") or hints.get("tmp_req")


def filled(request_class):
    """A request with every field set, and the same as texts by wire name."""
    import typing

    hints = typing.get_type_hints(request_class.__init__)
    hints.pop("return", None)
    request, texts = request_class(), {}
    for number, (attribute, kind) in enumerate(sorted(hints.items())):
        value = generated(kind, attribute, number)
        setattr(request, attribute, value)
        alone = request_class()
        setattr(alone, attribute, value)
        # The package writes every list, though it may be empty.
        ((wire, plain),) = [one for one in alone.to_map().items() if one[1] != []]
        texts[wire] = text(plain)
    return request, texts


def generated(kind, name, number):
    import typing

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


def text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def our_requests(asked):
    command = ["cargo", "run", "--quiet", "--locked", "-p", "cloudauth-sim", "--example", "requests"]
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in asked)
    run = subprocess.run(command, cwd=ROOT, input=lines, text=True, stdout=subprocess.PIPE)
    written = [json.loads(line) for line in run.stdout.splitlines()]
    if run.returncode != 0:
        print("not written by us:", asked[len(written)]["action"])
        sys.exit(1)
    return written


def compare(theirs, ours):
    from urllib.parse import parse_qsl

    differences, parameters, capitals = [], 0, 0
    actions = set()
    for (asked, vendor), mine in zip(theirs, ours):
        actions.add(vendor["action"])
        for part in ("method", "action", "version"):
            if vendor[part] != mine[part]:
                differences.append(f"{vendor['action']}: {part}")
        if (vendor["content_type"] is None) != (mine["content_type"] is None):
            differences.append(f"{vendor['action']}: content-type")
        for part in ("query", "form"):
            pairs = [
                dict(parse_qsl(sent[part], keep_blank_values=True, strict_parsing=bool(sent[part])))
                for sent in (vendor, mine)
            ]
            for name in sorted(pairs[0].keys() | pairs[1].keys()):
                value, own = (half.get(name) for half in pairs)
                parameters += 1
                if value in ("True", "False") and own == value.lower():
                    capitals += 1
                elif value != own:
                    differences.append(f"{vendor['action']}: {name} in the {part}")
        if len(asked["params"]) != sum(
            len(parse_qsl(vendor[part], keep_blank_values=True)) for part in ("query", "form")
        ):
            differences.append(f"{vendor['action']}: a field was not sent")
    print(f"operations: {len(actions)}, parameters: {parameters}")
    print(f"documented: {capitals} truth values that only the vendor's Python writes with capitals")
    print(f"other differences: {len(differences)}")
    for difference in differences:
        print(" ", difference)
    return 1 if differences or len(actions) != 101 else 0


if __name__ == "__main__":
    main()
