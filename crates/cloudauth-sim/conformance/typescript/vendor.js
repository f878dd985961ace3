#!/usr/bin/env node
// The vendor's TypeScript packages, as they are, against the simulator.
//
// Started by `run`, which makes the environment. The packages are told an endpoint; hosts that are
// written in their code are brought home by the simulator's proxy. Prints a table; writes JSON.
// The same as vendor.py in the other language: what is said there is not said again here.
"use strict";

const { createHash } = require("crypto");
const fs = require("fs");
const os = require("os");
const path = require("path");
const { Readable } = require("stream");

const { Tap, damages } = require("./damage");
const { homeward } = require("./home");
const { vendor, methods, actionOf, operations, filled, decoded } = require("./shapes");

const cloudauth = vendor("@alicloud/cloudauth20190307");
const credentials = vendor("@alicloud/credentials");
const { $OpenApiUtil } = vendor("@alicloud/openapi-core");
const { RuntimeOptions } = vendor("@darabonba/typescript");
const Client = cloudauth.default;

const SIMULATOR = JSON.parse(process.env.CLOUDAUTH_SIMULATOR);
const PACKAGES = ["@alicloud/cloudauth20190307", "@alicloud/credentials"];
const OPERATIONS = 43;
const UPLOADS = 2;
const KEY = { accessKeyId: "testid", accessKeySecret: "testsecret" };
const SCHEMES = { ACS3: {}, "RPC 1.0": { signatureAlgorithm: "v2" } };

const version = (name) =>
  JSON.parse(fs.readFileSync(path.join(process.cwd(), "node_modules", name, "package.json"))).version;

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

/** Does what a person does who is who they say, so that there is a verdict. */
async function passOnPage(url) {
  await fetch(url);
  await fetch(url, { method: "POST", body: new URLSearchParams({ outcome: "pass" }), redirect: "manual" });
}

async function accepted(tap, title, using) {
  const known = {};
  const problems = [];
  const strange = [];
  let [taken, read, done, fields, places, met] = [0, 0, 0, 0, 0, 0];
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
    if (["200", "Success", undefined].includes(sent.Code)) done += 1;
    else problems.push(`${one.action}: code ${sent.Code}`);
    const found = decoded(sent, reply.body, one.gives);
    if (!found.same) found.faults.push("no field was decoded");
    problems.push(...found.faults.map((fault) => `${one.action}: ${fault}`));
    strange.push(...found.unknown.map((name) => `sent, but unknown to the package: ${one.action} ${name}`));
    if (!found.faults.length) read += 1;
    fields += found.same;
    places += found.places;
    met += found.met.size;
    if (one.action === "InitFaceVerify" && reply.body.resultObject) {
      known.CertifyId = reply.body.resultObject.certifyId;
      await passOnPage(reply.body.resultObject.certifyUrl);
    }
  }
  row(`${title}: operations accepted`, taken, OPERATIONS);
  row(`${title}: carried out`, done, OPERATIONS);
  const note = `${fields} fields, in ${met} of the ${places} places that the package knows`;
  row(`${title}: replies decoded`, read, OPERATIONS, note);
  explain([...problems, ...strange]);
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
      const sent = JSON.parse(tap.reply.body);
      const isTold = error.requestId === sent.RequestId && error.statusCode === tap.reply.status;
      if (code !== null && error.code === code && sent.Code === code && isTold) right += 1;
      else problems.push(`${one.action}: ${error.statusCode} ${brief(error)}`);
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

/** Where the credentials package can find some, and what builds that. */
function sources() {
  const { default: Credential, Config, CLIProfileCredentialsProvider } = credentials;
  const role = { roleArn: "acs:ram::1:role/a", roleSessionName: "conformance" };
  const token = path.join(os.homedir(), "token");
  const oidc = { oidcProviderArn: "acs:ram::1:oidc-provider/a", oidcTokenFilePath: token };
  const configured = {
    "STS, AssumeRole": { type: "ram_role_arn", ...KEY, ...role, policy: '{"Version": "1", "Statement": []}' },
    "STS of a region": { type: "ram_role_arn", ...KEY, ...role, stsEndpoint: "sts.cn-shanghai.aliyuncs.com" },
    "STS, AssumeRole with OIDC": { type: "oidc_role_arn", ...role, ...oidc },
    "metadata service": { type: "ecs_ram_role" },
    "metadata service, role named": { type: "ecs_ram_role", roleName: "SimulatedRole" },
    "metadata service, version 2 only": { type: "ecs_ram_role", disableIMDSv1: true },
    "credentials URI": { type: "credentials_uri", credentialsURI: `${SIMULATOR.pages}/credentials-uri` },
  };
  // Not `sso`: this version of the package posts an empty body.
  const profiles = ["key", "assumed", "chained", "instance", "oidc", "login", "program"];
  const profile = (name) => CLIProfileCredentialsProvider.builder().withProfileName(name).build();
  return [
    ...Object.entries(configured).map(([title, options]) => [title, () => new Credential(new Config(options))]),
    ...profiles.map((name) => [`profile ${name}`, () => new Credential(null, profile(name))]),
    ["default chain", () => new Credential()],
  ];
}

/** Asks every source that can be brought to the simulator, and makes a call with what it gave. */
async function given(tap) {
  const problems = [];
  let good = 0;
  let assumed = null;
  for (const [title, build] of sources()) {
    try {
      const credential = build();
      if (title === "STS, AssumeRole") assumed = await credential.getCredential();
      // The certify id is unknown: the service's own answer, beyond the gateway.
      const code = await describe(client(tap, "ACS3", { credential }));
      if (code === "406") good += 1;
      else problems.push(`${title}: ${code}`);
    } catch (error) {
      problems.push(`${title}: ${brief(error)}`);
    }
  }
  row("credentials: sources that gave good ones", good, sources().length);
  explain(problems);
  return assumed;
}

/** What the simulator can be told to do wrong, and what the package makes of it. */
async function faults() {
  const told = {
    throttle: [{}, "ThrottlingError Throttling.User 1000"],
    status: [{ status: 503 }, "ServerError ServiceUnavailable"],
    gateway: [{ status: 403, code: "NoPermission" }, "ClientError NoPermission"],
    "code 500": [{}, "a reply 500"],
    reset: [{}, "Error ECONNRESET"],
    garbage: [{}, "SyntaxError"],
    empty: [{}, "SyntaxError"],
    truncate: [{}, "Error ECONNRESET"],
  };
  const using = client({ endpoint: new URL(SIMULATOR.shanghai).host }, "ACS3");
  const problems = [];
  let good = 0;
  for (const [fault, [options, expected]] of Object.entries(told)) {
    const body = JSON.stringify({ fault, ...options, region: "cn-shanghai" });
    const headers = { "content-type": "application/json" };
    await fetch(`${SIMULATOR.pages}/admin/faults`, { method: "POST", headers, body });
    let found;
    try {
      found = ["a reply", await describe(using)];
    } catch (error) {
      found = [error.name, error.code, error.retryAfter];
    }
    found = found.filter((part) => part !== undefined).join(" ");
    if (found === expected) good += 1;
    else problems.push(`${fault}: ${found}`);
  }
  row("faults on demand, told by the package as they are", good, Object.keys(told).length);
  explain(problems);
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
      // One picture, or it is refused.
      const request = filled(kind, action, {}, [...objects, "faceContrastPicture"]);
      for (const name of objects) request[name] = Readable.from([file]);
      try {
        const using = new Client(new $OpenApiUtil.Config({ regionId: "cn-shanghai", ...keys }));
        const reply = await using[name](request, new RuntimeOptions({}));
        const { files } = await (await fetch(`${SIMULATOR.pages}/admin/state`)).json();
        const arrived = JSON.stringify(files.slice(-objects.length));
        const sha256 = createHash("sha256").update(file).digest("hex");
        const expected = JSON.stringify(objects.map(() => ({ bytes: file.length, sha256 })));
        if (reply.body.code === "200" && arrived === expected) good += 1;
        else problems.push(`${name}: code ${reply.body.code}, arrived ${arrived}`);
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
  homeward(SIMULATOR.proxy);
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
  await faults();
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
