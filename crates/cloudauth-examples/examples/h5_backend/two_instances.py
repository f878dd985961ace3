#!/usr/bin/env python3
"""Two instances of the backend on one PostgreSQL, and 1 000 people whose requests reach either of them.

    crates/cloudauth-examples/examples/h5_backend/two_instances.py [PEOPLE]

Needs the programs of PostgreSQL (on Debian, `apt-get install postgresql`) and, to run as root, its user `postgres`.
Prints counts. The exit status is 1 if a verification was lost or handled twice.
"""

import collections
import concurrent.futures
import glob
import http.client
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

PEOPLE = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../../.."))
TARGET = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "debug")
BACKEND = os.path.join(TARGET, "examples/h5_backend")
VERDICT_TIMEOUT = 5  # seconds: short, so that sweeps run while people verify


def free_port():
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


class Postgres:
    """A database cluster of its own, removed afterwards."""

    def __init__(self):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        self.bin = found[-1] if found else os.path.dirname(shutil.which("initdb"))
        self.folder = tempfile.mkdtemp(prefix="h5-postgres-")
        # PostgreSQL refuses to run as root.
        self.prefix = []
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
            self.prefix = ["runuser", "-u", "postgres", "--"]
        data, port = os.path.join(self.folder, "data"), free_port()
        self.run("initdb", "-D", data, "-U", "h5", "-A", "trust", "--no-sync", "-E", "UTF8")
        options = f"-p {port} -h 127.0.0.1 -k {self.folder}"
        self.run("pg_ctl", "-D", data, "-o", options, "-l", f"{self.folder}/log", "-w", "start")
        self.url = f"postgres://h5@127.0.0.1:{port}/postgres?sslmode=disable"

    def run(self, program, *arguments):
        command = [*self.prefix, os.path.join(self.bin, program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder)

    def stop(self):
        self.run("pg_ctl", "-D", os.path.join(self.folder, "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.folder)


class Instance:
    """One backend. It prints the verdicts that it was the first to record."""

    def __init__(self, environment):
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [BACKEND], env=environment, stdout=subprocess.PIPE, stderr=self.errors, text=True
        )
        self.url = self.process.stdout.readline().strip()
        self.verdicts = []
        threading.Thread(target=self.read_verdicts, daemon=True).start()

    def read_verdicts(self):
        for line in self.process.stdout:
            self.verdicts.append(line.split()[1])


class Browser:
    """Sends its requests to random instances, as behind a load balancer."""

    def __init__(self, urls):
        self.urls, self.cookie = urls, ""

    def request(self, url, form=None):
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        target = parts.path + ("?" + parts.query if parts.query else "")
        body, headers = None, {"Cookie": self.cookie}
        if form is not None:
            body = urllib.parse.urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request("GET" if form is None else "POST", target, body, headers)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        cookie = response.getheader("set-cookie")
        if cookie:
            self.cookie = cookie.split(";")[0]
        return response.getheader("location") or text

    def request_any(self, path, form=None):
        return self.request(random.choice(self.urls) + path, form)


def id_number(turn):
    """A valid ID number, different for each turn."""
    digits = f"330103{1990 + turn // 1000}0101{turn % 1000:03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights))
    return digits + "10X98765432"[total % 11]


def verify(turn, urls):
    """Plays one person. Returns the certify ID, and the expected final state."""
    browser = Browser(urls)
    browser.request_any("/")
    form = {"name": "张三", "number": id_number(turn), "meta": "{}", "consent": "yes"}
    if turn % 10 == 0:  # the form is submitted twice, to different instances
        with concurrent.futures.ThreadPoolExecutor(2) as two:
            list(two.map(lambda url: browser.request(url + "/open", form), urls))
    page = browser.request_any("/open", form)
    while "/verify/" not in page:
        time.sleep(0.1)
        page = browser.request_any("/open", form)
    outcome, state = [("pass", "passed"), ("205", "failed"), ("pass", "passed"), ("abandon", "expired")][
        turn % 4
    ]
    back = browser.request(page, {"outcome": outcome})
    if turn % 4 < 2:  # the others do not return
        browser.request_any(back[back.index("/back") :])
        while 'http-equiv="refresh"' in browser.request_any("/result"):
            time.sleep(0.1)
    return page.rsplit("/", 1)[1], state


def main():
    build = ["cargo", "build", "--quiet"]
    subprocess.run([*build, "-p", "cloudauth-cli"], check=True, cwd=ROOT)
    example = ["-p", "cloudauth-examples", "--example", "h5_backend"]
    subprocess.run([*build, *example], check=True, cwd=ROOT)

    # The simulator sends callbacks to one address: the first instance.
    ports = [free_port(), free_port()]
    route = f"shop.example=http://127.0.0.1:{ports[0]}"
    command = [os.path.join(TARGET, "cloudauth"), "sim", "--no-limits"]
    command += ["--shanghai", "0", "--beijing", "0", "--callbacks", route]
    simulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    printed = {}
    for line in simulator.stdout:
        words = line.replace("#", "").split()
        if line.startswith("#") and len(words) == 2:
            printed[words[0]] = words[1]
        if "live" in printed:
            break
    postgres = Postgres()
    environment = {
        **os.environ,
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "testid",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "testsecret",
        "CLOUDAUTH_ENDPOINTS": printed["Shanghai"],
        "CALLBACK_URL": "https://shop.example/callback",
        "DATABASE_URL": postgres.url,
        "SECRET": "0123456789abcdef0123456789abcdef",
        "NO_PROXY": "127.0.0.1",
        "VERDICT_TIMEOUT": str(VERDICT_TIMEOUT),
        "SWEEP_INTERVAL": "1",
    }
    instances = []
    try:
        for port in ports:
            instances.append(Instance({**environment, "LISTEN": f"127.0.0.1:{port}"}))
        is_right = run(instances, printed["live"], environment)
    finally:
        for process in [*(it.process for it in instances), simulator]:
            process.terminate()
            process.wait()
        postgres.stop()
    sys.exit(0 if is_right else 1)


def stored(environment):
    listed = subprocess.run([BACKEND, "list"], env=environment, stdout=subprocess.PIPE, check=True)
    return [line.split("\t") for line in listed.stdout.decode().splitlines()]


def run(instances, live, environment):
    began = time.monotonic()
    urls = [it.url for it in instances]
    expected = {}
    with concurrent.futures.ThreadPoolExecutor(32) as people:
        verifications = [people.submit(verify, turn, urls) for turn in range(PEOPLE)]
        for done, it in enumerate(concurrent.futures.as_completed(verifications), 1):
            certify_id, state = it.result()
            expected[certify_id] = state
            if done % 100 == 0:
                print(f"{done} of {PEOPLE} people, {time.monotonic() - began:.0f} s", file=sys.stderr)

    # Until the sweeps have expired the abandoned verifications.
    for _ in range(120):
        rows = stored(environment)
        if all(row[1] in ("passed", "failed", "expired") for row in rows) and all(
            row[4] == "deleted" or row[1] == "expired" for row in rows
        ):
            break
        time.sleep(1)
    time.sleep(1)

    rows = stored(environment)
    states_by_id = {row[2]: row[1] for row in rows}
    verdicts = [order for it in instances for order in it.verdicts]
    twice = [order for order, times in collections.Counter(verdicts).items() if times > 1]
    with urllib.request.urlopen(live + "/state") as response:
        executions = json.load(response)["executions"]
    with_verdict = sum(state != "expired" for state in states_by_id.values())
    wrong = sum(states_by_id.get(certify_id) != state for certify_id, state in expected.items())
    states = collections.Counter(states_by_id.values())
    counts = [
        ("people", len(expected)),
        ("verifications in the store", len(rows)),
        ("opened at the service", executions["InitFaceVerify"]),
        ("passed / failed / expired", " / ".join(str(states[it]) for it in ("passed", "failed", "expired"))),
        ("lost, or with another verdict", wrong),
        ("verdicts handled by each instance", " + ".join(str(len(it.verdicts)) for it in instances)),
        ("handled twice", len(twice)),
        ("deleted at the service", executions["DeleteFaceVerifyResult"]),
        ("queries for a verdict", executions["DescribeFaceVerify"]),
        ("seconds", round(time.monotonic() - began)),
    ]
    for name, count in counts:
        print(f"{name:36}{count}")
    for it in instances:
        it.errors.seek(0)
        errors = it.errors.read().splitlines()
        if errors:
            print(f"{len(errors)} errors of {it.url}, such as: {errors[0]}")
    return (
        len(rows) == len(expected) == executions["InitFaceVerify"] == PEOPLE
        and wrong == 0
        and not twice
        and len(verdicts) == with_verdict == executions["DeleteFaceVerifyResult"]
    )


main()
