"""A relay between the package and the simulator that can damage requests."""

import base64
import http.client
import threading
import time
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode


class Relay(ThreadingHTTPServer):
    """Forwards requests, through `damage` if it is set, and keeps the last response."""

    daemon_threads = True

    def __init__(self, target):
        super().__init__(("127.0.0.1", 0), RelayHandler)
        self.target, self.damage, self.response = target.removeprefix("http://"), None, None
        self.endpoint = f"127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def forward(self, method, target, headers, body):
        connection = http.client.HTTPConnection(self.target, timeout=10)
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        self.response = (response.status, response.getheaders(), response.read())
        connection.close()


class RelayHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def relay(self):
        headers = self.headers.items()
        if self.headers.get("transfer-encoding"):
            # The Java package does not state the length of a body.
            body = self.chunks()
            headers = [one for one in headers if one[0].lower() != "transfer-encoding"]
            headers.append(("Content-Length", str(len(body))))
        else:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
        request = [self.command, self.path, headers, body]
        for one in self.server.damage(*request) if self.server.damage else [request]:
            self.server.forward(*one)
        status, headers, body = self.server.response
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def chunks(self):
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    do_GET = do_POST = relay

    def log_message(self, *_):
        pass


def header(name, change):
    """Changes a header in transit, or removes it if `change` returns None."""

    def damage(method, target, headers, body):
        changed = [(n, change(v) if n.lower() == name else v) for n, v in headers]
        assert changed != headers, f"the header {name} is missing"
        return [[method, target, [pair for pair in changed if pair[1] is not None], body]]

    return damage


def added(name, value):
    return lambda method, target, headers, body: [[method, target, headers + [(name, value)], body]]


def query(change):
    def damage(method, target, headers, body):
        pairs = dict(parse_qsl(target.partition("?")[2], keep_blank_values=True))
        before = dict(pairs)
        change(pairs)
        assert pairs != before, "nothing was changed"
        return [[method, "/?" + urlencode(pairs), headers, body]]

    return damage


def twice(*request):
    return [request, request]


def flip_hex(number):
    """Flips one of the 256 bits of the signature at the end of an Authorization."""

    def change(value):
        bits = int(value[-64:], 16) ^ (1 << number % 256)
        return value[:-64] + f"{bits:064x}"

    return header("authorization", change)


def flip_base64(number):
    """Flips one of the 160 bits of the signature in the query."""

    def change(pairs):
        bits = bytearray(base64.b64decode(pairs["Signature"]))
        bits[number % 160 // 8] ^= 1 << number % 8
        pairs["Signature"] = base64.b64encode(bits).decode()

    return query(change)


def later(text):
    """The same time with another second."""
    return text[:-3] + ("02Z" if text.endswith("01Z") else "01Z")


def damages(scheme):
    """Kinds of damage: a name, the expected code, and either a function from the number of an
    operation to the damage in transit, or runtime options for the package itself."""
    mismatch, expired, used = (
        "SignatureDoesNotMatch",
        "InvalidTimeStamp.Expired",
        "SignatureNonceUsed",
    )
    v3 = scheme == "ACS3"
    date, nonce = ("x-acs-date", "x-acs-signature-nonce") if v3 else ("Timestamp", "SignatureNonce")

    def always(damage):
        return lambda _: damage

    def put(name, change):
        return always(query(lambda pairs: pairs.update({name: change(pairs.get(name, ""))})))

    def head(name, change):
        return always(header(name, change))

    yield "one bit of the signature", mismatch, flip_hex if v3 else flip_base64, None
    yield "a timestamp 16 minutes ago", expired, None, {date: minutes(-16)}
    yield "a timestamp 16 minutes ahead", expired, None, {date: minutes(16)}
    yield "a reused nonce", used, None, {nonce: f"used-{scheme}-{time.time()}"}
    yield "the same request twice", used, always(twice), None
    yield "an additional parameter", mismatch, put("More", lambda _: "1"), None
    if not v3:
        for name in ("Action", "Version", "SignatureNonce"):
            yield f"{name} changed", mismatch, put(name, lambda value: value + "x"), None
        yield "Timestamp a second later", mismatch, put(date, later), None
        # Without it the refusal would be in XML.
        yield "Format changed", mismatch, always(
            query(lambda pairs: pairs.update(Format="JSON"))
        ), None
        yield (
            "an unknown access key",
            "InvalidAccessKeyId.NotFound",
            put("AccessKeyId", lambda _: "untestid"),
            None,
        )
        return
    # This package signs its user-agent too, the TypeScript package does not.
    signed = ("x-acs-action", "x-acs-version", nonce, "host", "x-acs-content-sha256", "user-agent")
    for name in signed:
        yield f"{name} changed", mismatch, head(name, lambda value: value[:-1] + "~"), None
    yield "x-acs-date a second later", mismatch, head(date, later), None
    incomplete = "IncompleteSignature"
    yield "a signed header missing", incomplete, head(nonce, lambda _: None), None
    yield "an additional x-acs- header", incomplete, always(added("x-acs-more", "1")), None
    yield "an additional body", mismatch, always(longer), None
    unknown = head("authorization", lambda value: value.replace("Credential=", "Credential=un"))
    yield "an unknown access key", "InvalidAccessKeyId.NotFound", unknown, None


def minutes(ahead):
    moment = datetime.now(timezone.utc) + timedelta(minutes=ahead)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def longer(method, target, headers, body):
    """A form with one more field, with the correct length and type."""
    kept = [pair for pair in headers if pair[0].lower() != "content-length"]
    body = body + (b"&" if body else b"") + b"More=1"
    return [[method, target, kept + [("Content-Length", str(len(body)))], body]]
