"""What the runs of all languages share: the table, and requests to the simulator's pages."""

import contextlib
import http.client
import json
import os
from urllib.parse import urlsplit

SIMULATOR = json.loads(os.environ["CLOUDAUTH_SIMULATOR"])
# The same response to every request, whatever its signature.
ANY_SIGNATURE = {"fault": "custom", "status": 200, "body": '{"Code": "200", "RequestId": "1"}'}


class Table:
    def __init__(self, muted=False):
        self.rows, self.failures, self.muted = [], [], muted

    def row(self, check, count, expected, note=""):
        good = count == expected
        row = {"check": check, "count": count, "expected": expected, "note": note}
        self.rows.append(row)
        mark = "" if good else "NOT AS EXPECTED  "
        self.print(f"  {check:<58}{count:>6} of {expected:<6}{mark}{note}")
        if not good:
            self.failures.append(check)

    def explain(self, lines, limit=8):
        for line in lines[:limit]:
            self.print(f"      {line}")
        if len(lines) > limit:
            self.print(f"      and {len(lines) - limit} more")

    def counts(self):
        return [row["count"] for row in self.rows]

    def print(self, line):
        if not self.muted:
            print(line, flush=True)


def at_pages(method, path, body=None, kind="application/json"):
    """Sends a request to the simulator's pages or to its admin interface."""
    connection = http.client.HTTPConnection(urlsplit(SIMULATOR["pages"]).netloc, timeout=10)
    connection.request(method, path, body, {"content-type": kind})
    response = connection.getresponse().read()
    connection.close()
    return response


def pass_on_page(url):
    """Passes on the page, so that there is a verdict."""
    path = urlsplit(url).path
    at_pages("GET", path)
    at_pages("POST", path, "outcome=pass", "application/x-www-form-urlencoded")


@contextlib.contextmanager
def broken(fault):
    """Breaks the simulator for every request."""
    at_pages("POST", "/admin/faults", json.dumps({**fault, "times": "always"}))
    yield
    at_pages("DELETE", "/admin/faults")
