// What stands between the package and the simulator, and can spoil what passes.
"use strict";

const http = require("http");

class Tap {
  constructor(target) {
    this.target = new URL(target);
    this.spoil = null;
    this.reply = null;
    this.server = http.createServer((request, response) => this.pass(request, response));
  }

  async listen() {
    await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
    this.endpoint = `127.0.0.1:${this.server.address().port}`;
    return this;
  }

  async pass(request, response) {
    const headers = [];
    for (let at = 0; at < request.rawHeaders.length; at += 2)
      headers.push([request.rawHeaders[at], request.rawHeaders[at + 1]]);
    // How the body is framed is nobody's promise.
    const kept = headers.filter(([name]) => !/^(transfer-encoding|content-length|connection)$/i.test(name));
    const one = { method: request.method, target: request.url, headers: kept, body: await bytes(request) };
    for (const each of this.spoil ? this.spoil(one) : [one]) this.reply = await this.send(each);
    response.writeHead(this.reply.status, this.reply.headers);
    response.end(this.reply.body);
  }

  send({ method, target, headers, body }) {
    return new Promise((done, fail) => {
      const raw = [...headers, ["content-length", String(body.length)]].flat();
      const options = { host: this.target.hostname, port: this.target.port, method, path: target, headers: raw };
      const request = http.request({ ...options, agent: false }, async (response) =>
        done({ status: response.statusCode, headers: response.rawHeaders, body: await bytes(response) }),
      );
      request.on("error", fail);
      request.end(body);
    });
  }
}

async function bytes(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

const header = (name, change) => (one) => {
  const headers = one.headers
    .map(([n, v]) => [n, n.toLowerCase() === name ? change(v) : v])
    .filter(([, value]) => value !== null);
  if (JSON.stringify(headers) === JSON.stringify(one.headers)) throw new Error(`${name} was not there`);
  return [{ ...one, headers }];
};

const added = (name, value) => (one) => [{ ...one, headers: [...one.headers, [name, value]] }];

const query = (change) => (one) => {
  const pairs = new URLSearchParams(one.target.slice(2));
  const before = pairs.toString();
  change(pairs);
  if (pairs.toString() === before) throw new Error("nothing was changed");
  return [{ ...one, target: `/?${pairs}` }];
};

const flipHex = (number) =>
  header("authorization", (value) => {
    const bits = BigInt(`0x${value.slice(-64)}`) ^ (1n << BigInt(number % 256));
    return value.slice(0, -64) + bits.toString(16).padStart(64, "0");
  });

const flipBase64 = (number) =>
  query((pairs) => {
    const bits = Buffer.from(pairs.get("Signature"), "base64");
    bits[Math.floor((number % 160) / 8)] ^= 1 << number % 8;
    pairs.set("Signature", bits.toString("base64"));
  });

const later = (text) => text.slice(0, -3) + (text.endsWith("01Z") ? "02Z" : "01Z");

const longer = (one) => [
  { ...one, body: Buffer.concat([one.body, Buffer.from(one.body.length ? "&More=1" : "More=1")]) },
];

const minutes = (ahead) => `${new Date(Date.now() + ahead * 60_000).toISOString().slice(0, 19)}Z`;

// A kind of damage: its name, the code that must come back (none: it must be accepted), and for the
// n-th operation what spoils the request on the way, or the options with which the package sends it.
function damages(scheme) {
  const always = (spoil) => () => spoil;
  const twice = (one) => [one, one];
  const set = (name, value) => query((pairs) => pairs.set(name, value));
  const mismatch = "SignatureDoesNotMatch";
  const [date, nonce] = scheme === "ACS3" ? ["x-acs-date", "x-acs-signature-nonce"] : ["Timestamp", "SignatureNonce"];
  const common = [
    ["one bit of the signature", mismatch, scheme === "ACS3" ? flipHex : flipBase64],
    ["a time stamp of 16 minutes ago", "InvalidTimeStamp.Expired", null, { [date]: minutes(-16) }],
    ["a time stamp 16 minutes ahead", "InvalidTimeStamp.Expired", null, { [date]: minutes(16) }],
    ["a nonce for the second time", "SignatureNonceUsed", null, { [nonce]: `used-${scheme}-${Date.now()}` }],
    ["the same bytes again", "SignatureNonceUsed", always(twice)],
    ["a parameter more", mismatch, always(set("More", "1"))],
  ];
  if (scheme === "ACS3")
    return [
      ...common,
      ...["x-acs-action", "x-acs-version", "x-acs-signature-nonce", "host", "x-acs-content-sha256"].map((name) => [
        `${name} changed`,
        mismatch,
        always(header(name, (value) => `${value.slice(0, -1)}~`)),
      ]),
      ["x-acs-date a second later", mismatch, always(header("x-acs-date", later))],
      ["a signed header gone", "IncompleteSignature", always(header("x-acs-signature-nonce", () => null))],
      ["an x-acs- header more", "IncompleteSignature", always(added("x-acs-more", "1"))],
      ["a body more", mismatch, always(longer)],
      [
        "an unknown key",
        "InvalidAccessKeyId.NotFound",
        always(header("authorization", (value) => value.replace("Credential=", "Credential=un"))),
      ],
      // This package does not sign it, the one for Python does.
      ["user-agent changed", null, always(header("user-agent", () => "another"))],
    ];
  return [
    ...common,
    ...["Action", "Version", "SignatureNonce"].map((name) => [
      `${name} changed`,
      mismatch,
      always(query((pairs) => pairs.set(name, `${pairs.get(name)}x`))),
    ]),
    ["Timestamp a second later", mismatch, always(query((pairs) => pairs.set(date, later(pairs.get(date)))))],
    ["Format gone", mismatch, always(query((pairs) => pairs.delete("Format")))],
    ["an unknown key", "InvalidAccessKeyId.NotFound", always(set("AccessKeyId", "untestid"))],
  ];
}

module.exports = { Tap, damages };
