// A relay between the package and the simulator that can damage requests.
"use strict";

const http = require("http");

class Relay {
  constructor(target) {
    this.target = new URL(target);
    this.damage = null;
    this.response = null;
    this.server = http.createServer((request, response) => this.relay(request, response));
  }

  async listen() {
    await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
    this.endpoint = `127.0.0.1:${this.server.address().port}`;
    return this;
  }

  async relay(request, response) {
    const headers = [];
    for (let at = 0; at < request.rawHeaders.length; at += 2)
      headers.push([request.rawHeaders[at], request.rawHeaders[at + 1]]);
    // The framing of the body is not relayed.
    const kept = headers.filter(([name]) => !/^(transfer-encoding|content-length|connection)$/i.test(name));
    const one = { method: request.method, target: request.url, headers: kept, body: await bytes(request) };
    for (const each of this.damage ? this.damage(one) : [one]) this.response = await this.send(each);
    response.writeHead(this.response.status, this.response.headers);
    response.end(this.response.body);
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
  if (JSON.stringify(headers) === JSON.stringify(one.headers)) throw new Error(`the header ${name} is missing`);
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

// Kinds of damage: a name, the expected code (null if accepted), and either a function from the number
// of an operation to the damage in transit, or runtime options for the package itself.
function damages(scheme) {
  const always = (damage) => () => damage;
  const twice = (one) => [one, one];
  const set = (name, value) => query((pairs) => pairs.set(name, value));
  const mismatch = "SignatureDoesNotMatch";
  const [date, nonce] = scheme === "ACS3" ? ["x-acs-date", "x-acs-signature-nonce"] : ["Timestamp", "SignatureNonce"];
  const common = [
    ["one bit of the signature", mismatch, scheme === "ACS3" ? flipHex : flipBase64],
    ["a timestamp 16 minutes ago", "InvalidTimeStamp.Expired", null, { [date]: minutes(-16) }],
    ["a timestamp 16 minutes ahead", "InvalidTimeStamp.Expired", null, { [date]: minutes(16) }],
    ["a reused nonce", "SignatureNonceUsed", null, { [nonce]: `used-${scheme}-${Date.now()}` }],
    ["the same request twice", "SignatureNonceUsed", always(twice)],
    ["an additional parameter", mismatch, always(set("More", "1"))],
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
      ["a signed header missing", "IncompleteSignature", always(header("x-acs-signature-nonce", () => null))],
      ["an additional x-acs- header", "IncompleteSignature", always(added("x-acs-more", "1"))],
      ["an additional body", mismatch, always(longer)],
      [
        "an unknown access key",
        "InvalidAccessKeyId.NotFound",
        always(header("authorization", (value) => value.replace("Credential=", "Credential=un"))),
      ],
      // This package does not sign it, the Python package does.
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
    ["Format changed", mismatch, always(query((pairs) => pairs.set("Format", "JSON")))],
    ["an unknown access key", "InvalidAccessKeyId.NotFound", always(set("AccessKeyId", "untestid"))],
  ];
}

module.exports = { Relay, damages };
