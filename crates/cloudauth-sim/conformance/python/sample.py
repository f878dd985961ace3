#!/usr/bin/env python3
"""Compares what the vendor's Java sample survives with what we survive.

Shanghai is broken by each fault of `sample_faults.json`, each in a simulator of its own, and the
sample and our command make both of its calls at the same time. Fails if one of our calls fails where
that of the sample does not. Started by `run`, with our command, a folder for the certificates, and
the sample's command.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent.parent
SCENE = 1000000006
INIT = {
    "SceneId": SCENE,
    "OuterOrderNo": "order1",
    "ProductCode": "LR_FR",
    "MetaInfo": "{}",
    "UserId": "7",
}
KEY = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "testid", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "testsecret"}


def compare(number, fault, program, folder, sample):
    """What came of the sample's calls and of ours under a fault, and how many seconds they took."""
    ca = f"{folder}/sample-{number}.pem"
    arguments = "sim --shanghai 0 --beijing 0 --pages 0 --no-limits --ca".split()
    simulator = subprocess.Popen([program, *arguments, ca], stdout=subprocess.PIPE, text=True)
    try:
        addresses = {}
        while "proxy" not in addresses:
            found = re.match(r"# (\w+) *(http\S+)$", simulator.stdout.readline())
            addresses.update([found.groups()] if found else [])
        variables = {**os.environ, **KEY, "HTTPS_PROXY": addresses["proxy"], "SSL_CERT_FILE": ca}

        def call(action, parameters):
            command, text = [program, "call", action, "--json"], json.dumps(parameters)
            run = subprocess.run(command, input=text, env=variables, capture_output=True, text=True)
            return json.loads(run.stdout)["reply"] if run.returncode == 0 else None

        def ours(action, parameters, wanted):
            started = time.monotonic()
            reply = call(action, parameters) or {}
            return isinstance(reply.get(wanted), str), time.monotonic() - started

        def theirs(certify_id):
            run = subprocess.run(
                [*sample, certify_id],
                env=variables,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            lines = map(json.loads, run.stdout.splitlines()[-2:])
            return [(line["survived"], line["seconds"]) for line in lines]

        # An ID of Shanghai, with a verdict.
        certify_id = call("InitFaceVerify", INIT)["CertifyId"]
        order(addresses["pages"], "finish", {"certify_id": certify_id})
        order(addresses["pages"], "faults", {**fault, "region": "cn-shanghai", "times": "always"})
        with ThreadPoolExecutor(1) as pool:
            sample_run = pool.submit(theirs, certify_id)
            describe = {"SceneId": SCENE, "CertifyId": certify_id}
            mine = [
                ours("InitFaceVerify", INIT, "CertifyId"),
                ours("DescribeFaceVerify", describe, "SubCode"),
            ]
            return sample_run.result(), mine
    finally:
        simulator.kill()
        simulator.wait()


def order(pages, name, body):
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{pages}/admin/{name}", json.dumps(body).encode(), headers)
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10).close()


def main():
    # With its simulators, if `run` ends before.
    os.setpgrp()
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
    program, folder, *sample = sys.argv[1:]
    faults = json.loads((HERE / "sample_faults.json").read_text())
    # Most of them wait.
    with ThreadPoolExecutor(4) as pool:
        runs = [
            pool.submit(compare, number, fault, program, folder, sample)
            for number, fault in enumerate(faults)
        ]
    failed = []
    print(
        f"  {'Shanghai broken by':<32}{'sample: init':>14}{'describe':>12}{'ours: init':>14}{'describe':>12}"
    )
    for fault, run in zip(faults, runs):
        name = " ".join(map(str, fault.values()))
        theirs, ours = run.result()
        cells = [f"{seconds:.1f} s" if good else "FAILS" for good, seconds in [*theirs, *ours]]
        print(f"  {name:<32}{cells[0]:>14}{cells[1]:>12}{cells[2]:>14}{cells[3]:>12}")
        failed += [name for (good, _), (own, _) in zip(theirs, ours) if good and not own]
    for side, at in ("the sample", 0), ("ours", 1):
        count = sum(all(good for good, _ in run.result()[at]) for run in runs)
        print(f"  survived by {side}: {count} of {len(faults)}")
    for name in failed:
        print(f"  the sample survives this, and ours does not: {name}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
