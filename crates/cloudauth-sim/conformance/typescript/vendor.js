#!/usr/bin/env node
// Runs the vendor's TypeScript packages, unmodified, against the simulator.
//
// Started by `run`, which creates the environment. The endpoint is an option of the packages; the
// hosts in their code are reached through the simulator's proxy. Prints a table and writes JSON.
// The same checks as in vendor.py, which has the comments.
"use strict";

const { createHash } = require("crypto");
const fs = require("fs");
const os = require("os");
const path = require("path");
const { Readable } = require("stream");

const { Relay, damages } = require("./damage");
const { useProxy } = require("./proxy");
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
// The counts of checks that are expected to fail; they are not in the table.
let muted = null;

function row(check, count, expected, note = "") {
  if (muted) return muted.push(count);
  rows.push({ check, count, expected, note });
  const good = count === expected;
  if (!good) failures.push(check);
  const numbers = `${String(count).padStart(6)} of ${String(expected).padEnd(6)}`;
  console.log(`  ${check.padEnd(58)}${numbers}${good ? "" : "NOT AS EXPECTED  "}${note}`);
}

function explain(lines, limit = 8) {
  if (muted) return;
  for (const line of lines.slice(0, limit)) console.log(`      ${line}`);
  if (lines.length > limit) console.log(`      and ${lines.length - limit} more`);
}

const client = (relay, scheme, keys = KEY) =>
  new Client(new $OpenApiUtil.Config({ endpoint: relay.endpoint, protocol: "http", ...SCHEMES[scheme], ...keys }));

const brief = (error) => `${error.code ?? ""} ${String(error).slice(0, 200)}`;

const call = (using, { name }, request, runtime = new RuntimeOptions({})) =>
  request ? using[name](request, runtime) : using[name](runtime);

/** Passes on the page, so that there is a verdict. */
async function passOnPage(url) {
  await fetch(url);
  await fetch(url, { method: "POST", body: new URLSearchParams({ outcome: "pass" }), redirect: "manual" });
}

async function accepted(relay, title, using) {
  const known = {};
  const problems = [];
  const unknown = [];
  let [acceptedCount, decodedCount, carriedOut, fields, paths, sentCount] = [0, 0, 0, 0, 0, 0];
  relay.damage = null;
  const first = (one) => ({ InitFaceVerify: 0, DeleteFaceVerifyResult: 2 })[one.action] ?? 1;
  for (const one of operations().sort((a, b) => first(a) - first(b))) {
    let response;
    try {
      response = await call(using, one, one.requestClass && filled(one.requestClass, one.action, known));
    } catch (error) {
      problems.push(`${one.action}: refused with ${brief(error)}`);
      continue;
    }
    acceptedCount += 1;
    const sent = JSON.parse(relay.response.body);
    if (["200", "Success", undefined].includes(sent.Code)) carriedOut += 1;
    else problems.push(`${one.action}: code ${sent.Code}`);
    const found = decoded(sent, response.body, one.bodyClass);
    if (!found.same) found.errors.push("no field was decoded");
    problems.push(...found.errors.map((error) => `${one.action}: ${error}`));
    unknown.push(...found.unknown.map((name) => `sent, but not in the package's model: ${one.action} ${name}`));
    if (!found.errors.length) decodedCount += 1;
    fields += found.same;
    paths += found.paths;
    sentCount += found.sent.size;
    if (one.action === "InitFaceVerify" && response.body.resultObject) {
      known.CertifyId = response.body.resultObject.certifyId;
      await passOnPage(response.body.resultObject.certifyUrl);
    }
  }
  row(`${title}: operations accepted`, acceptedCount, OPERATIONS);
  row(`${title}: carried out`, carriedOut, OPERATIONS);
  const note = `${fields} fields, in ${sentCount} of the ${paths} paths in the package's model`;
  row(`${title}: responses decoded`, decodedCount, OPERATIONS, note);
  explain([...problems, ...unknown]);
}

async function refused(relay, scheme, using, [title, code, damageOf, options]) {
  const problems = [];
  let correct = 0;
  const runtime = () => {
    const kind = scheme === "ACS3" ? "headers" : "queries";
    return new RuntimeOptions(options ? { extendsParameters: { [kind]: options } } : {});
  };
  // The first use of the nonce is accepted.
  if (title === "a reused nonce") await describe(using, runtime());
  for (const [number, one] of operations().entries()) {
    relay.damage = damageOf ? damageOf(number) : null;
    try {
      await call(using, one, one.requestClass && filled(one.requestClass, one.action, { CertifyId: "sha0" }), runtime());
      if (code === null) correct += 1;
      else problems.push(`${one.action}: accepted`);
    } catch (error) {
      const sent = JSON.parse(relay.response.body);
      const isReported = error.requestId === sent.RequestId && error.statusCode === relay.response.status;
      if (code !== null && error.code === code && sent.Code === code && isReported) correct += 1;
      else problems.push(`${one.action}: ${error.statusCode} ${brief(error)}`);
    }
  }
  relay.damage = null;
  row(`${scheme}, ${title}: ${code === null ? "accepted" : "refused"}`, correct, OPERATIONS, code ?? "not signed");
  explain(problems);
}

async function describe(using, runtime = new RuntimeOptions({})) {
  const request = new cloudauth.DescribeFaceVerifyRequest({ sceneId: 1, certifyId: "sha0" });
  return (await using.describeFaceVerifyWithOptions(request, runtime)).body.code;
}

/** The sources of the credentials package, each with a function that creates it. */
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
  // Without `sso`: this version of the package posts an empty body.
  const profiles = ["key", "assumed", "chained", "instance", "oidc", "login", "program"];
  const profile = (name) => CLIProfileCredentialsProvider.builder().withProfileName(name).build();
  return [
    ...Object.entries(configured).map(([title, options]) => [title, () => new Credential(new Config(options))]),
    ...profiles.map((name) => [`profile ${name}`, () => new Credential(null, profile(name))]),
    ["default chain", () => new Credential()],
  ];
}

/** Fetches credentials from every source, and makes a call with them. */
async function fetched(relay) {
  const problems = [];
  let good = 0;
  let assumed = null;
  for (const [title, build] of sources()) {
    try {
      const credential = build();
      if (title === "STS, AssumeRole") assumed = await credential.getCredential();
      // 406 for an unknown certify ID: the gateway has admitted the request.
      const code = await describe(client(relay, "ACS3", { credential }));
      if (code === "406") good += 1;
      else problems.push(`${title}: ${code}`);
    } catch (error) {
      problems.push(`${title}: ${brief(error)}`);
    }
  }
  row("credentials: sources with valid credentials", good, sources().length);
  explain(problems);
  return assumed;
}

/** Injects faults in the simulator: which error does the package raise? */
async function faults() {
  const expectedErrors = {
    throttle: [{}, "ThrottlingError Throttling.User 1000"],
    status: [{ status: 503 }, "ServerError ServiceUnavailable"],
    gateway: [{ status: 403, code: "NoPermission" }, "ClientError NoPermission"],
    code_500: [{}, "response 500"],
    reset: [{}, "Error ECONNRESET"],
    garbage: [{}, "SyntaxError"],
    empty: [{}, "SyntaxError"],
    truncate: [{}, "Error ECONNRESET"],
  };
  const using = client({ endpoint: new URL(SIMULATOR.shanghai).host }, "ACS3");
  const problems = [];
  let good = 0;
  for (const [fault, [options, expected]] of Object.entries(expectedErrors)) {
    const body = JSON.stringify({ fault, ...options, region: "cn-shanghai" });
    const headers = { "content-type": "application/json" };
    await fetch(`${SIMULATOR.pages}/admin/faults`, { method: "POST", headers, body });
    let found;
    try {
      found = ["response", await describe(using)];
    } catch (error) {
      found = [error.name, error.code, error.retryAfter];
    }
    found = found.filter((part) => part !== undefined).join(" ");
    if (found === expected) good += 1;
    else problems.push(`${fault}: ${found}`);
  }
  row("faults: reported by the package as expected", good, Object.keys(expectedErrors).length);
  explain(problems);
}

/** Breaks the simulator, and returns what the checks then count. */
async function broken(fault, check) {
  const headers = { "content-type": "application/json" };
  const faults = (method, body) =>
    fetch(`${SIMULATOR.pages}/admin/faults`, { method, headers, body: JSON.stringify(body) });
  await faults("POST", { ...fault, times: "always" });
  muted = [];
  await check();
  const counts = muted;
  muted = null;
  await faults("DELETE");
  return counts;
}

/** Do the checks see a simulator that is broken? */
async function planted(relay) {
  // The same response to every request, whatever its signature.
  const anySignature = { fault: "custom", status: 200, body: '{"Code": "200", "RequestId": "1"}' };
  const unchecked = await broken(anySignature, async () => {
    for (const scheme of Object.keys(SCHEMES)) await refused(relay, scheme, client(relay, scheme), damages(scheme)[0]);
  });
  row("planted: signatures are not checked, refused", unchecked[0] + unchecked[1], 0);
  const counts = await broken({ fault: "wrong_type" }, () => accepted(relay, "", client(relay, "ACS3")));
  // Those that have nothing but a request ID, which stays.
  const bare = operations().filter(({ bodyClass }) => Object.keys(bodyClass.types()).length === 1);
  row("planted: values of a wrong type, decoded", counts.at(-1), bare.length);
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
      // More than one picture is refused.
      const request = filled(kind, action, {}, [...objects, "faceContrastPicture"]);
      for (const name of objects) request[name] = Readable.from([file]);
      try {
        const using = new Client(new $OpenApiUtil.Config({ regionId: "cn-shanghai", ...keys }));
        const response = await using[name](request, new RuntimeOptions({}));
        const { files } = await (await fetch(`${SIMULATOR.pages}/admin/state`)).json();
        const arrived = JSON.stringify(files.slice(-objects.length));
        const sha256 = createHash("sha256").update(file).digest("hex");
        const expected = JSON.stringify(objects.map(() => ({ bytes: file.length, sha256 })));
        if (response.body.code === "200" && arrived === expected) good += 1;
        else problems.push(`${name}: code ${response.body.code}, arrived ${arrived}`);
      } catch (error) {
        problems.push(`${name}: ${brief(error)}`);
      }
    }
    row(`https, ${title}: calls with uploaded files`, good, UPLOADS);
    explain(problems);
  }
}

async function main() {
  const names = PACKAGES.map((name) => `${name} ${version(name)}`).join(", ");
  console.log(`Node ${process.versions.node}: ${names}`);
  useProxy(SIMULATOR.proxy);
  const relay = await new Relay(SIMULATOR.shanghai).listen();
  row("operations in the package", operations().length, OPERATIONS);
  const assumed = await fetched(relay);
  if (!assumed) return;
  const { accessKeyId, accessKeySecret, securityToken } = assumed;
  const sts = { accessKeyId, accessKeySecret, securityToken, type: "sts" };
  for (const scheme of Object.keys(SCHEMES)) {
    await accepted(relay, `${scheme}, access key`, client(relay, scheme));
    await accepted(relay, `${scheme}, STS`, client(relay, scheme, sts));
  }
  for (const scheme of Object.keys(SCHEMES)) {
    for (const damage of damages(scheme)) await refused(relay, scheme, client(relay, scheme), damage);
    for (const [title, code, keys] of [
      ["a wrong secret", "SignatureDoesNotMatch", { ...KEY, accessKeySecret: "testsecrets" }],
      ["an STS key without its token", "MissingSecurityToken", { accessKeyId, accessKeySecret }],
      ["another STS token", "InvalidSecurityToken.MismatchWithAccessKey", { ...sts, securityToken: "other" }],
    ])
      await refused(relay, scheme, client(relay, scheme, keys), [title, code]);
  }
  await faults();
  await planted(relay);
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
