#!/usr/bin/env python3
"""Two instances of the backend on one PostgreSQL, and 1 000 people who are sent from one to the other.

    crates/cloudauth-hyper/examples/h5_backend/two_instances.py [PEOPLE]

Needs PostgreSQL's programs (on Debian, `apt-get install postgresql`), and as root its user `postgres`.
Prints counts; ends with 1 if a verification was lost or handled twice.
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
PATIENCE = 5  # seconds: so that the sweeps work while people do


def free_port():
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


class Postgres:
    """A cluster of its own, gone afterwards."""

    def __init__(self):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        self.bin = found[-1] if found else os.path.dirname(shutil.which("initdb"))
        self.folder = tempfile.mkdtemp(prefix="h5-postgres-")
        # It refuses to run as root.
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
    """One backend; it tells the verdicts that it was the first to write."""

    def __init__(self, environment):
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [BACKEND], env=environment, stdout=subprocess.PIPE, stderr=self.errors, text=True
        )
        self.url = self.process.stdout.readline().strip()
        self.verdicts = []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            self.verdicts.append(line.split()[1])


class Browser:
    """Goes now to one instance and now to the other, as behind a balancer."""

    def __init__(self, urls):
        self.urls, self.cookie = urls, ""

    def ask(self, url, form=None):
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        target = parts.path + ("?" + parts.query if parts.query else "")
        body, headers = None, {"Cookie": self.cookie}
        if form is not None:
            body = urllib.parse.urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request("GET" if form is None else "POST", target, body, headers)
        reply = connection.getresponse()
        text = reply.read().decode()
        connection.close()
        cookie = reply.getheader("set-cookie")
        if cookie:
            self.cookie = cookie.split(";")[0]
        return reply.getheader("location") or text

    def at(self, path, form=None):
        return self.ask(random.choice(self.urls) + path, form)


def walk(turn, urls):
    """What one person does: the certify id, and how it must end."""
    browser = Browser(urls)
    browser.at("/")
    form = {"name": "张三", "number": f"33010319900101{turn:04}", "meta": "{}", "consent": "yes"}
    if turn % 10 == 0:  # pressed twice, and each press comes to another instance
        with concurrent.futures.ThreadPoolExecutor(2) as two:
            list(two.map(lambda url: browser.ask(url + "/open", form), urls))
    page = browser.at("/open", form)
    while "/verify/" not in page:
        time.sleep(0.1)
        page = browser.at("/open", form)
    outcome, end = [("pass", "passed"), ("205", "failed"), ("pass", "passed"), ("abandon", "lapsed")][
        turn % 4
    ]
    back = browser.ask(page, {"outcome": outcome})
    if turn % 4 < 2:  # the others never come back
        browser.at(back[back.index("/back") :])
        while "http-equiv=refresh" in browser.at("/result"):
            time.sleep(0.1)
    return page.rsplit("/", 1)[1], end


def main():
    build = ["cargo", "build", "--quiet"]
    subprocess.run([*build, "-p", "cloudauth-cli"], check=True, cwd=ROOT)
    example = ["-p", "cloudauth-hyper", "--example", "h5_backend"]
    subprocess.run([*build, *example], check=True, cwd=ROOT)

    # Callbacks come to the first instance, or there would be two services.
    ports = [free_port(), free_port()]
    route = f"shop.example=http://127.0.0.1:{ports[0]}"
    command = [os.path.join(TARGET, "cloudauth"), "sim", "--no-limits"]
    command += ["--shanghai", "0", "--beijing", "0", "--callbacks", route]
    simulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    told = {}
    for line in simulator.stdout:
        words = line.replace("#", "").split()
        if line.startswith("#") and len(words) == 2:
            told[words[0]] = words[1]
        if "live" in told:
            break
    postgres = Postgres()
    environment = {
        **os.environ,
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "testid",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "testsecret",
        "CLOUDAUTH_ENDPOINT": told["Shanghai"],
        "CALLBACK_URL": "https://shop.example/callback",
        "LEDGER": postgres.url,
        "SECRET": "0123456789abcdef0123456789abcdef",
        "NO_PROXY": "127.0.0.1",
        "PATIENCE": str(PATIENCE),
        "SWEEP": "1",
    }
    instances = []
    try:
        for port in ports:
            instances.append(Instance({**environment, "LISTEN": f"127.0.0.1:{port}"}))
        is_right = watch(instances, told["live"], environment)
    finally:
        for process in [*(it.process for it in instances), simulator]:
            process.terminate()
            process.wait()
        postgres.stop()
    sys.exit(0 if is_right else 1)


def ledger(environment):
    listed = subprocess.run([BACKEND, "list"], env=environment, stdout=subprocess.PIPE, check=True)
    return [line.split("\t") for line in listed.stdout.decode().splitlines()]


def watch(instances, live, environment):
    began = time.monotonic()
    urls = [it.url for it in instances]
    expected = {}
    with concurrent.futures.ThreadPoolExecutor(32) as people:
        walks = [people.submit(walk, turn, urls) for turn in range(PEOPLE)]
        for done, it in enumerate(concurrent.futures.as_completed(walks), 1):
            certify_id, end = it.result()
            expected[certify_id] = end
            if done % 100 == 0:
                print(f"{done} of {PEOPLE} people, {time.monotonic() - began:.0f} s", file=sys.stderr)

    # Until the sweeps have given up those who left.
    for _ in range(120):
        rows = ledger(environment)
        if all(row[1] in ("passed", "failed", "lapsed") for row in rows) and all(
            row[4] == "erased" or row[1] == "lapsed" for row in rows
        ):
            break
        time.sleep(1)
    time.sleep(1)

    rows = ledger(environment)
    kept = {row[2]: row[1] for row in rows}
    verdicts = [order for it in instances for order in it.verdicts]
    twice = [order for order, times in collections.Counter(verdicts).items() if times > 1]
    with urllib.request.urlopen(live + "/state") as reply:
        executions = json.load(reply)["executions"]
    judged = sum(state != "lapsed" for state in kept.values())
    wrong = sum(kept.get(certify_id) != end for certify_id, end in expected.items())
    states = collections.Counter(kept.values())
    figures = [
        ("people", len(expected)),
        ("verifications in the ledger", len(rows)),
        ("opened at the service", executions["InitFaceVerify"]),
        ("passed / failed / lapsed", " / ".join(str(states[it]) for it in ("passed", "failed", "lapsed"))),
        ("lost, or with another verdict", wrong),
        ("verdicts handled by each instance", " + ".join(str(len(it.verdicts)) for it in instances)),
        ("handled twice", len(twice)),
        ("erased at the service", executions["DeleteFaceVerifyResult"]),
        ("questions for a verdict", executions["DescribeFaceVerify"]),
        ("seconds", round(time.monotonic() - began)),
    ]
    for name, figure in figures:
        print(f"{name:36}{figure}")
    for it in instances:
        it.errors.seek(0)
        errors = it.errors.read().splitlines()
        if errors:
            print(f"{len(errors)} complaints of {it.url}, such as: {errors[0]}")
    return (
        len(rows) == len(expected) == executions["InitFaceVerify"] == PEOPLE
        and wrong == 0
        and not twice
        and len(verdicts) == judged == executions["DeleteFaceVerifyResult"]
    )


main()
