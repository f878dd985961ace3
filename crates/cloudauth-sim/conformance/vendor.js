#!/usr/bin/env node
// The vendor's TypeScript packages, as they are, against the simulator.
//
// Started by `run`, which makes the environment. The packages are told an endpoint; hosts that are
// written in their code are brought home by the simulator's proxy. Prints a table; writes JSON.
// The same as vendor.py in the other language: what is said there is not said again here.
"use strict";

const fs = require("fs");
const http = require("http");
const https = require("https");
const net = require("net");
const os = require("os");
const path = require("path");
const tls = require("tls");
const { Readable } = require("stream");
const { createRequire } = require("module");

const SIMULATOR = JSON.parse(process.env.CLOUDAUTH_SIMULATOR);
const vendor = createRequire(path.join(process.cwd(), "package.json"));
const cloudauth = vendor("@alicloud/cloudauth20190307");
const { $OpenApiUtil } = vendor("@alicloud/openapi-core");
const credentials = vendor("@alicloud/credentials");
const { RuntimeOptions } = vendor("@darabonba/typescript");
const Client = cloudauth.default;

const PACKAGES = ["@alicloud/cloudauth20190307", "@alicloud/credentials"];
const OPERATIONS = 43;
const UPLOADS = 2;
const KEY = { accessKeyId: "testid", accessKeySecret: "testsecret" };
const VALUES = JSON.parse(fs.readFileSync(path.join(__dirname, "values.json"), "utf8"));
const SCHEMES = { ACS3: {}, "RPC 1.0": { signatureAlgorithm: "v2" } };

const version = (name) =>
  JSON.parse(fs.readFileSync(path.join(process.cwd(), "node_modules", name, "package.json"))).version;

// The packages know no proxy, so the connections that they open are led through one from below.
function homeward() {
  const proxy = new URL(SIMULATOR.proxy);
  const through = (original, secure) =>
    function (options, done) {
      if (["127.0.0.1", "localhost"].includes(options.host)) return original.call(this, options, done);
      const target = `${options.host}:${options.port}`;
      const socket = net.connect(Number(proxy.port), proxy.hostname);
      socket.once("error", done);
      socket.write(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n\r\n`);
      socket.once("data", (head) => {
        socket.removeListener("error", done);
        if (!head.toString().startsWith("HTTP/1.1 200")) return done(new Error(`no way to ${target}`));
        done(null, secure ? tls.connect({ ...options, socket, servername: options.host }) : socket);
      });
    };
  http.Agent.prototype.createConnection = through(http.Agent.prototype.createConnection, false);
  https.Agent.prototype.createConnection = through(https.Agent.prototype.createConnection, true);
}

// What stands between the package and the simulator, and can spoil what passes.

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
    ["a nonce for the second time", "SignatureNonceUsed", null, { [nonce]: `used-${scheme}` }],
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

// The operations, what they take and what they give, as the package says it.

const methods = (end) => Object.getOwnPropertyNames(Client.prototype).filter((name) => name.endsWith(end));

const actionOf = (name, end) => name[0].toUpperCase() + name.slice(1, -end.length);

function operations() {
  const end = "WithOptions";
  return methods(end).map((name) => {
    const action = actionOf(name, end);
    const takes = Client.prototype[name].length === 2 ? cloudauth[`${action}Request`] : null;
    return { name, action, takes, gives: cloudauth[`${action}ResponseBody`] };
  });
}

function example(kind, number = 0) {
  if (typeof kind === "string")
    return { string: `a${number}`, number: 1 + number, boolean: number % 2 === 0 }[kind] ?? "a";
  if (kind.type === "array") return [example(kind.itemType, number)];
  if (kind.type === "map") return { a: example(kind.valueType, number) };
  return new kind(Object.fromEntries(Object.entries(kind.types()).map(([name, inner]) => [name, example(inner, number)])));
}

function filled(kind, action, known, without = []) {
  const values = {};
  Object.entries(kind.types()).forEach(([name, type], number) => {
    if (without.includes(name)) return;
    const wire = kind.names()[name];
    const keys = [`${action}.${wire}`, wire].filter((key) => key in VALUES);
    let value = keys.length ? VALUES[keys[0]] : example(type, number);
    if (typeof value === "string" && value.startsWith("$")) value = known[value.slice(1)] ?? null;
    if (type === "string" && value !== null && typeof value !== "string") value = JSON.stringify(value);
    if (value !== null) values[name] = value;
  });
  return new kind(values);
}

function* leaves(value, at = "") {
  if (Array.isArray(value) && value.length) for (const inner of value) yield* leaves(inner, `${at}.[]`);
  else if (value && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length)
    for (const [name, inner] of Object.entries(value)) yield* leaves(inner, `${at}.${name}`);
  else yield [at, value];
}

/** Compares what the package made of a reply with what was sent. */
function decoded(sent, body, kind) {
  const known = new Map(Array.from(leaves(example(kind).toMap()), ([at, value]) => [at, typeof value]));
  const places = new Map();
  for (const [at, value] of leaves(body ? body.toMap() : {})) places.set(at, [...(places.get(at) ?? []), value]);
  let same = 0;
  let unknown = 0;
  const faults = [];
  for (const [at, value] of leaves(sent)) {
    const type = known.get(at);
    const left = places.get(at) ?? [];
    if (type === undefined) {
      if ([...known].some(([place, type]) => type === "string" && at.startsWith(`${place}.`)))
        faults.push(`${at} is inside what is a text to the package`);
      else unknown += 1;
    } else if (value === null) unknown += 1;
    else if (typeof value !== type) faults.push(`${at} is ${typeof value}, not ${type}`);
    else if (!left.includes(value)) faults.push(`${at} was not decoded`);
    else {
      left.splice(left.indexOf(value), 1);
      same += 1;
    }
  }
  return { same, unknown, faults };
}

// The table.

const rows = [];
const failures = [];

function row(what, count, of, note = "") {
  rows.push({ what, count, of, note });
  const good = count === of;
  if (!good) failures.push(what);
  const numbers = `${String(count).padStart(6)} of ${String(of).padEnd(6)}`;
  console.log(`  ${what.padEnd(58)}${numbers}${good ? "" : "NOT AS EXPECTED  "}${note}`);
}

function explain(texts, most = 8) {
  for (const text of texts.slice(0, most)) console.log(`      ${text}`);
  if (texts.length > most) console.log(`      and ${texts.length - most} more`);
}

const client = (tap, scheme, keys = KEY) =>
  new Client(new $OpenApiUtil.Config({ endpoint: tap.endpoint, protocol: "http", ...SCHEMES[scheme], ...keys }));

const brief = (error) => `${error.code ?? ""} ${String(error).slice(0, 200)}`;

const ask = (using, { name }, request, runtime = new RuntimeOptions({})) =>
  request ? using[name](request, runtime) : using[name](runtime);

async function accepted(tap, title, using) {
  const known = {};
  const codes = {};
  const problems = [];
  let [taken, read, fields, strange] = [0, 0, 0, 0];
  tap.spoil = null;
  const first = (one) => (one.action === "InitFaceVerify" ? 0 : 1);
  for (const one of operations().sort((a, b) => first(a) - first(b))) {
    let reply;
    try {
      reply = await ask(using, one, one.takes && filled(one.takes, one.action, known));
    } catch (error) {
      problems.push(`${one.action}: refused with ${brief(error)}`);
      continue;
    }
    taken += 1;
    const sent = JSON.parse(tap.reply.body);
    (codes[sent.Code ?? "none"] ??= []).push(one.action);
    const { same, unknown, faults } = decoded(sent, reply.body, one.gives);
    if (!same) faults.push("no field was decoded");
    problems.push(...faults.map((fault) => `${one.action}: ${fault}`));
    if (!faults.length) read += 1;
    fields += same;
    strange += unknown;
    if (one.action === "InitFaceVerify") known.CertifyId = reply.body.resultObject?.certifyId;
  }
  row(`${title}: operations accepted`, taken, OPERATIONS);
  row(`${title}: replies decoded`, read, OPERATIONS, `${fields} fields; ${strange} that the package does not know`);
  const good = ["200", "Success", "none"];
  const done = good.reduce((sum, code) => sum + (codes[code]?.length ?? 0), 0);
  const others = Object.entries(codes).filter(([code]) => !good.includes(code));
  const told = others.map(([code, names]) => `${code} ${names.join(" ")}`).join(", ");
  console.log(`      carried out ${done}${told ? `; business codes ${told}` : ""}`);
  explain(problems);
}

async function refused(tap, scheme, using, [title, code, spoiler, options]) {
  const problems = [];
  let right = 0;
  const runtime = () => {
    const place = scheme === "ACS3" ? "headers" : "queries";
    return new RuntimeOptions(options ? { extendsParameters: { [place]: options } } : {});
  };
  // What comes second needs a first one, which is good.
  if (title === "a nonce for the second time") await describe(using, runtime());
  for (const [number, one] of operations().entries()) {
    tap.spoil = spoiler ? spoiler(number) : null;
    try {
      await ask(using, one, one.takes && filled(one.takes, one.action, { CertifyId: "sha0" }), runtime());
      if (code === null) right += 1;
      else problems.push(`${one.action}: accepted`);
    } catch (error) {
      const status = error.statusCode;
      const id = error.requestId ?? error.data?.RequestId;
      if (code !== null && error.code === code && [400, 404].includes(status) && id) right += 1;
      else problems.push(`${one.action}: ${status} ${brief(error)}`);
    }
  }
  tap.spoil = null;
  row(`${scheme}, ${title}: ${code === null ? "accepted" : "refused"}`, right, OPERATIONS, code ?? "not signed");
  explain(problems);
}

async function describe(using, runtime = new RuntimeOptions({})) {
  const request = new cloudauth.DescribeFaceVerifyRequest({ sceneId: 1, certifyId: "sha0" });
  return (await using.describeFaceVerifyWithOptions(request, runtime)).body.code;
}

/** Asks every source that can be brought to the simulator, and makes a call with what it gave. */
async function given(tap) {
  const token = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "conformance-")), "token");
  fs.writeFileSync(token, "eyJhbGciOi.simulated.WT+/=");
  const role = { roleArn: "acs:ram::1:role/a", roleSessionName: "conformance" };
  const oidc = { oidcProviderArn: "acs:ram::1:oidc-provider/a", oidcTokenFilePath: token };
  const sources = {
    "STS, AssumeRole": { type: "ram_role_arn", ...KEY, ...role, policy: '{"Version": "1", "Statement": []}' },
    "STS of a region": { type: "ram_role_arn", ...KEY, ...role, stsEndpoint: "sts.cn-shanghai.aliyuncs.com" },
    "STS, AssumeRole with OIDC": { type: "oidc_role_arn", ...role, ...oidc },
    "metadata service": { type: "ecs_ram_role" },
    "metadata service, role named": { type: "ecs_ram_role", roleName: "SimulatedRole" },
    "metadata service, version 2 only": { type: "ecs_ram_role", disableIMDSv1: true },
    "credentials URI": { type: "credentials_uri", credentialsURI: `${SIMULATOR.pages}/credentials-uri` },
  };
  const problems = [];
  let good = 0;
  let assumed = null;
  for (const [title, options] of Object.entries(sources)) {
    try {
      const credential = new credentials.default(new credentials.Config(options));
      const found = await credential.getCredential();
      if (title === "STS, AssumeRole") assumed = found;
      const code = await describe(client(tap, "ACS3", { credential }));
      if (code === "406" && found.securityToken) good += 1;
      else problems.push(`${title}: ${code}`);
    } catch (error) {
      problems.push(`${title}: ${brief(error)}`);
    }
  }
  fs.rmSync(path.dirname(token), { recursive: true });
  row("credentials: sources that gave good ones", good, Object.keys(sources).length);
  explain(problems);
  return assumed;
}

async function uploads(sts) {
  const end = "Advance";
  row("operations that take files", methods(end).length, UPLOADS);
  const file = Buffer.concat([Buffer.from("\xff\xd8\xff\xe0 a picture \r\n--\0", "latin1"), Buffer.from([...Array(256).keys()])]);
  for (const [title, keys] of [["access key", KEY], ["STS", sts]]) {
    const problems = [];
    let good = 0;
    for (const name of methods(end)) {
      const action = actionOf(name, end);
      const kind = cloudauth[`${action}AdvanceRequest`];
      const objects = Object.keys(kind.types()).filter((name) => name.endsWith("Object"));
      const request = filled(kind, action, {}, objects);
      for (const name of objects) request[name] = Readable.from([file]);
      try {
        const using = new Client(new $OpenApiUtil.Config({ regionId: "cn-shanghai", ...keys }));
        const reply = await using[name](request, new RuntimeOptions({}));
        if (reply.body.code === "200" && objects.length) good += 1;
        else problems.push(`${name}: code ${reply.body.code}`);
      } catch (error) {
        problems.push(`${name}: ${brief(error)}`);
      }
    }
    row(`https, ${title}: files carried to the call`, good, UPLOADS);
    explain(problems);
  }
}

async function main() {
  const names = PACKAGES.map((name) => `${name} ${version(name)}`).join(", ");
  console.log(`Node ${process.versions.node}: ${names}`);
  homeward();
  const tap = await new Tap(SIMULATOR.shanghai).listen();
  row("operations in the package", operations().length, OPERATIONS);
  const assumed = await given(tap);
  if (!assumed) return;
  const { accessKeyId, accessKeySecret, securityToken } = assumed;
  const sts = { accessKeyId, accessKeySecret, securityToken, type: "sts" };
  for (const scheme of Object.keys(SCHEMES)) {
    await accepted(tap, `${scheme}, access key`, client(tap, scheme));
    await accepted(tap, `${scheme}, STS`, client(tap, scheme, sts));
  }
  for (const scheme of Object.keys(SCHEMES)) {
    for (const damage of damages(scheme)) await refused(tap, scheme, client(tap, scheme), damage);
    for (const [title, code, keys] of [
      ["a wrong secret", "SignatureDoesNotMatch", { ...KEY, accessKeySecret: "testsecrets" }],
      ["an STS key without its token", "MissingSecurityToken", { accessKeyId, accessKeySecret }],
      ["another STS token", "InvalidSecurityToken.MismatchWithAccessKey", { ...sts, securityToken: "other" }],
    ])
      await refused(tap, scheme, client(tap, scheme, keys), [title, code]);
  }
  await uploads(sts);
}

main()
  .catch((error) => failures.push(String(error)) && console.log(error))
  .finally(() => {
    const packages = Object.fromEntries(PACKAGES.map((name) => [name, version(name)]));
    const result = { language: "typescript", packages, rows, as_expected: !failures.length };
    fs.writeFileSync(process.argv[2], JSON.stringify(result, null, 1));
    process.exit(failures.length ? 1 : 0);
  });
