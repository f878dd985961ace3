#!/usr/bin/env python3
"""Which identity do we and the vendor's packages find in the same files?

Started by `run`, with one argument per reader, in JSON: its `name`, its `command` and the `folder` to
run that in. Each case of `cases.json` is a home folder and an environment; behind its file or
variables there is a second identity. What is found is compared with the table in `TABLE.md`, which
`--write` replaces. Fails as well if we use the second identity where the first one is there.

A case has the member `profiles` or `config` for ~/.aliyun/config.json, `ini` for the credentials
file and `other_ini` for the one of the other name, `env`, and where needed: `absent`, if the rule of
the default chain is to go on; `instance`, if the metadata service is there; `sts`, if that is
unreachable ("down"). HOME and PAGES stand for the home folder and the address of the simulator's
pages.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).parent
TABLE = HERE / "TABLE.md"
HEAD = """# Which identity is used

Made by `table.py --write`. "used" is the identity that the file or the variables mean, SECOND the one
behind them.

"""
SECOND_FOUND = "SECOND"
SIMULATOR = json.loads(os.environ["CLOUDAUTH_SIMULATOR"])
SECOND = {"access_key_id": "LTAIOtherIdentity002", "access_key_secret": "secret"}
KEY = {"mode": "AK", "access_key_id": "LTAIFileIdentity0001", "access_key_secret": "secret"}
BASE = {"mode": "AK", "access_key_id": "testid", "access_key_secret": "testsecret"}
ROLE = {"ram_role_arn": "acs:ram::1:role/a", "ram_session_name": "s", "expired_seconds": 3600}
PROGRAM = f"#!/bin/sh\n[ \"$1\" = '#x' ] && echo '{json.dumps(KEY)}'\n"
# Nothing listens there.
UNREACHABLE = "http://127.0.0.1:1"


class SecondIdentity(BaseHTTPRequestHandler):
    """A credentials URI: what is behind an INI file."""

    def do_GET(self):
        body = json.dumps(
            {
                "Code": "Success",
                "AccessKeyId": SECOND["access_key_id"],
                "AccessKeySecret": "secret",
                "SecurityToken": "token",
                "Expiration": "2099-01-01T00:00:00Z",
            }
        ).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def environment(case, reader, home, uri):
    """Writes the files of a case, and returns its variables."""

    def put(path, text, executable=False):
        path = home / path
        path.parent.mkdir(exist_ok=True)
        # The cases write bytes that are no text as Latin-1.
        path.write_text(
            text.replace("HOME", str(home)).replace("PAGES", SIMULATOR["pages"]), "latin-1"
        )
        if executable:
            path.chmod(0o755)

    put("token", "eyJhbGciOi.simulated.WT+/=")
    put("program", PROGRAM, executable=True)
    put("program.json", json.dumps(KEY))
    put(
        "token.json", json.dumps({**KEY, "access_key_id": "STS.FileIdentity0001", "sts_token": "t"})
    )
    put("role.json", json.dumps({**BASE, **ROLE, "mode": "RamRoleArn"}))
    put("elsewhere.json", config([KEY]))
    # Python and Java read one of the two names, the others the other one.
    ini_name = ".alibabacloud/credentials" + (".ini" if reader in ("python", "java") else "")
    if "ini" in case:
        put(ini_name, case["ini"])
        if "other_ini" in case:
            put(
                ".alibabacloud/credentials" + ("" if ini_name.endswith(".ini") else ".ini"),
                case["other_ini"],
            )
    elif "profiles" in case or "config" in case:
        lines = "".join(f"{name} = {value}\n" for name, value in SECOND.items())
        put(ini_name, "[default]\nenable = true\ntype = access_key\n" + lines)
        put(".aliyun/config.json", case.get("config") or config(case["profiles"]))
    else:
        put(".aliyun/config.json", config([{"mode": "AK", **SECOND}]))
    proxy = UNREACHABLE if case.get("sts") == "down" else SIMULATOR["proxy"]
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "SSL_CERT_FILE": SIMULATOR["ca"],
        "NODE_EXTRA_CA_CERTS": SIMULATOR["ca"],
        "NODE_NO_WARNINGS": "1",
        "HTTPS_PROXY": proxy,
        "https_proxy": proxy,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    if "ini" in case:
        variables["ALIBABA_CLOUD_CREDENTIALS_URI"] = uri
    if case.get("instance"):
        # Ours goes past proxies to the metadata service.
        variables["ALIBABA_CLOUD_IMDS_ENDPOINT"] = urlsplit(SIMULATOR["pages"]).netloc
        variables.update({"HTTP_PROXY": proxy, "http_proxy": proxy})
    else:
        variables["ALIBABA_CLOUD_ECS_METADATA_DISABLED"] = "true"
    for name, value in case.get("env", {}).items():
        variables[name] = value.replace("HOME", str(home))
    return variables


def config(profiles):
    first, *others = profiles
    return json.dumps({"current": "default", "profiles": [{"name": "default", **first}, *others]})


def read(reader, case, uri):
    """Runs a reader on a case, and returns what it found as a cell of the table."""
    with tempfile.TemporaryDirectory() as home:
        variables = environment(case, reader["name"], Path(home), uri)
        command = [word.replace("HOME", home) for word in reader["command"]]
        run = subprocess.run(
            command, cwd=reader["folder"], env=variables, capture_output=True, text=True, timeout=60
        )
        # Ours prints an error to stderr; the Java package logs to stdout.
        text = run.stdout.strip() or run.stderr.strip()
        found = text if reader["name"] == "ours" else text.splitlines()[-1]
        try:
            return cell(json.loads(found), home)
        except ValueError:
            return "crashes: " + run.stderr.splitlines()[0]


def cell(found, home):
    if "error" in found:
        # Without the sources that were skipped before, and what the system says of an error.
        error = found["error"].split("; not used before")[0].split(" (os error")[0]
        return "refused: " + error.removeprefix("no credentials: ").replace(home, "~")
    # Ours is masked: what stands in front and behind is enough.
    key = found.get("id") or found.get("access_key_id") or "bearer"
    is_first = (
        key == "bearer" or key.startswith("STS.") or key.startswith("LTAI") and key.endswith("0001")
    )
    is_second = key.startswith("LTAI") and key.endswith("y002")
    which = "used" if is_first else SECOND_FOUND if is_second else f"used: {key}"
    source = found.get("source")
    return f"{which}, {source}" if source else which


def recorded():
    """The cells of the recorded table, by case and reader."""
    lines = [line.strip("|\n ") for line in TABLE.read_text().splitlines() if line.startswith("|")]
    rows = [[one.strip() for one in line.split(" | ")] for line in lines]
    header = rows[0][3:]
    return {tuple(row[:3]): dict(zip(header, row[3:])) for row in rows[2:]}


def main():
    readers = [json.loads(argument) for argument in sys.argv[1:] if argument.startswith("{")]
    cases = json.loads((HERE / "cases.json").read_text())
    server = ThreadingHTTPServer(("127.0.0.1", 0), SecondIdentity)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    uri = f"http://127.0.0.1:{server.server_port}/"
    with ThreadPoolExecutor(4) as pool:
        runs = [(case, one, pool.submit(read, one, case, uri)) for one in readers for case in cases]
        found = {(title(case), one["name"]): run.result() for case, one, run in runs}
    names = [one["name"] for one in readers]
    changed = {
        name: [case for case in cases if silent(case, found[title(case), name])] for name in names
    }
    print(f"{len(cases)} cases with a second identity; it was used in place of the first one:")
    print("  " + ", ".join(f"{name} {len(changed[name])}" for name in names))
    if "--write" in sys.argv:
        TABLE.write_text(HEAD + "\n".join(table(cases, names, found)) + "\n")
    expected = recorded()
    failures = [f"ours takes the second identity: {title(case)}" for case in changed["ours"]]
    for key, cells in expected.items():
        failures += [
            f"{key}, {name}: {found.get((key, name))!r}, recorded is {cells.get(name)!r}"
            for name in names
            if found.get((key, name)) != cells.get(name)
        ]
    failures += [f"not recorded: {title(case)}" for case in cases if title(case) not in expected]
    for failure in failures:
        print("  " + failure)
    sys.exit(1 if failures else 0)


def title(case):
    return case["by"], case["mode"], case["case"]


def silent(case, found):
    """Whether the second identity was used although the first one is there."""
    return found.startswith(SECOND_FOUND) and not case.get("absent")


def table(cases, names, found):
    yield "| " + " | ".join(["written by", "mode", "case", *names]) + " |"
    yield "|" + "---|" * (3 + len(names))
    for case in cases:
        cells = [found[title(case), name] for name in names]
        yield "| " + " | ".join([*title(case), *cells]) + " |"


if __name__ == "__main__":
    main()
