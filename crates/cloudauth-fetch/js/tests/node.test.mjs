// The driver in Node and in Deno, against the simulator.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import net from "node:net";
import { after, afterEach, before, test } from "node:test";

import {
    INIT,
    KEYS,
    LIMITS,
    PAID,
    PAID_RESPONSE,
    PRIVATE,
    listen,
    load,
    rejection,
    resetReused,
    response,
    serveRequests,
    simulate,
    until,
} from "./support.mjs";

let Client;
let simulator;
const servers = [];

before(async () => {
    Client = await load();
    simulator = await simulate();
});
afterEach(() => simulator.restore());
after(() => {
    simulator.stop();
    servers.forEach((server) => server.stop());
});

const started = async (server) => {
    servers.push(await server);
    return server;
};
const client = (options) => new Client({ ...KEYS, ...LIMITS, endpoints: simulator.endpoints, ...options });
const opened = '{"Code":"200","RequestId":"R","ResultObject":{"CertifyId":"sha1"}}';

function assertNothingPrivate(error) {
    const shown = [error.message, error.stack, error.code, String(error.cause), ...(error.attempts ?? [])].join("\n");
    // Frames of the stack name files of the test, and functions.
    const text = shown.replace(/^ +at .*$/gm, "");
    for (const part of PRIVATE) assert(!text.includes(part), `${part} is in ${text}`);
}

test("a verification is opened, passed, and its verdict queried at its origin", async () => {
    const it = client();
    const reply = await it.call("InitFaceVerify", INIT);
    const { CertifyId } = JSON.parse(reply.json);
    assert.equal(reply.attempts, 1);
    assert.match(reply.requestId, /^[0-9A-F-]{36}$/);
    await simulator.pass(CertifyId);
    const query = { SceneId: INIT.SceneId, CertifyId };
    const verdict = await it.call("DescribeFaceVerify", query, { origin: reply.endpoint });
    assert.equal(JSON.parse(verdict.json).Passed, "T");
});

test("the example of the README opens a verification, and queries its verdict", async () => {
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    const [, example] = readme.match(/^```js\n(.*?)^```$/ms);
    // The module is loaded already, and the person finishes before the query.
    const body = example.replace(/^(import|initSync).*$/gm, "").replace(/^\/\/ Later, .*$/m, "await pass(CertifyId);");
    const names = ["Client", "pass", "OuterOrderNo", "UserId", "MetaInfo", "accessKeyId", "accessKeySecret"];
    const { accessKeyId, accessKeySecret } = KEYS;
    class Local extends Client {
        constructor(options) {
            super({ ...options, ...LIMITS, endpoints: simulator.endpoints });
        }
    }
    const AsyncFunction = (async () => {}).constructor;
    const run = new AsyncFunction(...names, `${body}; return { CertifyUrl, Passed };`);
    const { OuterOrderNo, UserId, MetaInfo } = INIT;
    const it = await run(Local, simulator.pass, OuterOrderNo, UserId, MetaInfo, accessKeyId, accessKeySecret);
    assert.match(it.CertifyUrl, /^http/);
    assert.equal(it.Passed, "T");
});

for (const [name, fault, attempt] of [
    ["refuses connections", { fault: "refuse" }, /no connection/],
    ["resets connections", { fault: "reset" }, /no response/],
    ["never responds", { fault: "hang" }, /time/],
    ["truncates responses", { fault: "truncate" }, /broke off/],
    ["responds byte by byte", { fault: "trickle" }, /time/],
    ["responds 503", { fault: "status", status: 503 }, /503/],
    ["responds with HTML", { fault: "garbage" }, /./],
    ["responds with nothing", { fault: "empty" }, /./],
    ["throttles", { fault: "throttle" }, /Throttling/],
    ["redirects", { fault: "custom", status: 302, body: "" }, /302/],
]) {
    test(`a verification is opened in Beijing while Shanghai ${name}`, async () => {
        await simulator.inject(fault, "cn-shanghai");
        const reply = await client().call("InitFaceVerify", INIT);
        assert.equal(reply.endpoint, simulator.beijing);
        assert(reply.attempts > 1);
    });

    test(`the error says what happened, and nothing private, if both regions do: ${name}`, async () => {
        await simulator.inject(fault);
        const error = await rejection(client().call(...PAID));
        assert.equal(error.name, "CallError");
        assert(error instanceof Error);
        assert(error.attempts.some((it) => attempt.test(it)), error.attempts.join("\n"));
        assertNothingPrivate(error);
    });
}

test("what bills is sent again after a refused connection, and never after a reset", async () => {
    await simulator.inject({ fault: "refuse" }, "cn-shanghai");
    const before = await simulator.executions(PAID[0]);
    const reply = await client().call(...PAID);
    assert.equal(reply.endpoint, simulator.beijing);
    assert.equal((await simulator.executions(PAID[0])) - before, 1);
    await simulator.restore();
    await simulator.inject({ fault: "reset" }, "cn-shanghai");
    const error = await rejection(client().call(...PAID));
    assert(error.mayHaveBeenCarriedOut);
    assert.equal((await simulator.executions(PAID[0])) - before, 2);
});

test("a name that does not exist is certainly not sent", async () => {
    const error = await rejection(client({ endpoints: ["https://nowhere.invalid"] }).call(...PAID));
    assert(!error.mayHaveBeenCarriedOut);
    assert(error.attempts.every((it) => it.includes("no connection")), error.attempts.join("\n"));
    assertNothingPrivate(error);
});

test("a lost route says that nothing was sent only of an attempt to connect", async (context) => {
    for (const code of ["EHOSTUNREACH", "ENETUNREACH"]) {
        for (const syscall of ["connect", "read", undefined]) {
            const cause = Object.assign(new Error("no route"), { code, syscall });
            const lost = () => Promise.reject(new TypeError("fetch failed", { cause }));
            const stub = context.mock.method(globalThis, "fetch", lost);
            const error = await rejection(client().call(...PAID));
            stub.mock.restore();
            // A paid check is sent again only if it was certainly not sent.
            assert.equal(stub.mock.callCount() > 1, syscall === "connect", `${code} ${syscall}`);
            assert.equal(error.mayHaveBeenCarriedOut, syscall !== "connect", `${code} ${syscall}`);
        }
    }
});

test("a certificate of an unknown authority is refused, and nothing is sent", async () => {
    // The simulator speaks TLS behind its proxy, with an authority of its own.
    const tls = await started(
        listen((socket) => {
            const tunnel = net.connect(new URL(simulator.proxy).port, "127.0.0.1");
            tunnel.write("CONNECT cloudauth.cn-shanghai.aliyuncs.com:443 HTTP/1.1\r\nhost: cloudauth\r\n\r\n");
            tunnel.once("data", () => socket.pipe(tunnel).pipe(socket));
            tunnel.on("error", () => {});
        }),
    );
    const before = await simulator.executions(PAID[0]);
    const endpoint = tls.url.replace("http:", "https:").replace("127.0.0.1", "localhost");
    const error = await rejection(client({ endpoints: [endpoint] }).call(...PAID));
    assert(error.attempts.every((it) => it.includes("certificate was refused")), error.attempts.join("\n"));
    assert(!error.mayHaveBeenCarriedOut);
    assert.equal(await simulator.executions(PAID[0]), before);
});

const { Deno } = globalThis;

test("an operation is sent once by the runtime, whatever becomes of an idle connection", { skip: Boolean(Deno) }, async () => {
    const it = await started(resetReused(PAID_RESPONSE));
    const single = client({ endpoints: [it.url] });
    let calls = 0;
    let error;
    // Until one of them uses a connection again.
    while (!error) {
        calls += 1;
        error = await single.call(...PAID).then(
            () => undefined,
            (error) => error,
        );
    }
    assert(error.mayHaveBeenCarriedOut);
    assert.equal(it.requests(), calls);
});

test("an operation is sent once by Deno if it keeps no idle connection", { skip: !Deno }, async () => {
    const it = await started(resetReused(PAID_RESPONSE));
    const single = client({ endpoints: [it.url] });
    const { fetch } = globalThis;
    const noneIdle = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
    globalThis.fetch = (url, init) => fetch(url, { ...init, client: noneIdle });
    for (let calls = 1; calls < 5; calls += 1) {
        await single.call(...PAID);
        assert.equal(it.requests(), calls);
    }
    globalThis.fetch = fetch;
    noneIdle.close();
});

test("a response that is too large is an error: the verification may have been opened", async () => {
    await simulator.inject({ fault: "oversize", bytes: 100_000 }, "cn-shanghai");
    const error = await rejection(client().call("InitFaceVerify", INIT));
    assert.match(error.message, /exceeds 50000 bytes/);
    assert(error.mayHaveBeenCarriedOut);
});

test("a hedged query is answered by the other region while the first is silent", async () => {
    const { json } = await client().call("InitFaceVerify", INIT);
    const { CertifyId } = JSON.parse(json);
    await simulator.pass(CertifyId);
    await simulator.inject({ fault: "hang" }, "cn-shanghai");
    // An attempt may take longer than the whole call: only the hedge can have succeeded.
    const slow = client({ connectTimeout: 60_000, readTimeout: 60_000 });
    const query = { SceneId: INIT.SceneId, CertifyId };
    const reply = await slow.call("DescribeFaceVerify", query, { hedgeAfter: 50, totalTimeout: 4_000 });
    assert.equal(reply.endpoint, simulator.beijing);
});

test("an exchange that is overdue is aborted, and its connection closed", async () => {
    const silent = await started(listen(() => {}));
    const error = await rejection(client({ endpoints: [silent.url] }).call(...PAID));
    assert(error.mayHaveBeenCarriedOut);
    assert.equal(silent.counts.connections, 1);
    // Servers in Deno are not told (observed with 2.9.6).
    if (!Deno) await until(() => silent.counts.closed === 1);
});

test("a response without end is read to its limit, and then aborted", async () => {
    let sent = 0;
    const endless = await started(
        serveRequests((socket) => {
            socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
            const write = () => {
                while (!socket.destroyed && socket.write(`1000\r\n${"x".repeat(4096)}\r\n`)) sent += 4096;
            };
            socket.on("drain", write);
            write();
        }),
    );
    const limits = { connectTimeout: 60_000, readTimeout: 60_000, endpoints: [endless.url] };
    const error = await rejection(client(limits).call(...PAID));
    assert(error.mayHaveBeenCarriedOut);
    await until(() => endless.counts.closed === endless.counts.connections);
    assert(sent < 64 * 1024 * 1024);
});

test("the request is what was signed, with the host and the length of the runtime", async () => {
    let head;
    const it = await started(
        serveRequests((socket, received) => {
            head = received;
            socket.write(response(opened));
        }),
    );
    await client({ endpoints: [it.url] }).call("InitFaceVerify", INIT);
    assert(head.startsWith("post /?"));
    assert.equal(head.match(/\r\nhost: ([^\r]*)/)[1], it.url.slice("http://".length));
    assert.equal(head.match(/\r\naccept-encoding: ([^\r]*)/)[1], "identity");
    assert.equal(head.match(/\r\ncontent-length: /g).length, 1);
    assert.equal(head.match(/\r\ntransfer-encoding: /g), null);
});

test("a redirect is not followed", async () => {
    const other = await started(serveRequests((socket) => socket.write(response(opened))));
    const it = await started(
        serveRequests((socket) =>
            socket.write(response("", "307 Temporary Redirect", `location: ${other.url}/\r\n`)),
        ),
    );
    const error = await rejection(client({ endpoints: [it.url] }).call("InitFaceVerify", INIT));
    assert(error.attempts.every((attempt) => attempt.includes("307")), error.attempts.join("\n"));
    assert.equal(other.counts.connections, 0);
});

test("a host that is not the runtime's own form of it is not sent to, and another endpoint serves the call", async () => {
    // No Punycode, though it looks like it: the core accepts it, `URL` does not.
    const odd = "https://xn--a.invalid";
    const error = await rejection(client({ endpoints: [odd] }).call(...PAID));
    assert(!error.mayHaveBeenCarriedOut);
    assert(error.attempts.every((it) => it.includes("another host")), error.attempts.join("\n"));
    const reply = await client({ endpoints: [odd, simulator.beijing] }).call(...PAID);
    assert.equal(reply.endpoint, simulator.beijing);
});

test("two pictures of a megabyte are sent", async () => {
    const picture = `/9j/${"QUJD".repeat(250_000)}`;
    const fields = { SourceFaceContrastPicture: picture, TargetFaceContrastPicture: picture };
    const compare = { SceneId: INIT.SceneId, OuterOrderNo: "order2", ProductCode: "PV_FC" };
    await client({ readTimeout: 5_000 }).call("CompareFaceVerify", { ...compare, ...fields });
    const { requests } = await simulator.state();
    assert(requests.some(({ action, outcome }) => action === "CompareFaceVerify" && outcome === "200"));
});

test("calls at the same time share one refresh of the credentials", async () => {
    const role = { roleArn: "acs:ram::1234567890123456:role/tester", stsEndpoint: simulator.pages };
    const it = client({ ...role, readTimeout: 60_000, totalTimeout: 60_000 });
    const calls = Array.from({ length: 8 }, () => it.call("InitFaceVerify", INIT));
    const late = new Promise((resolve, reject) => setTimeout(reject, 10_000, new Error("they still wait")).unref());
    assert.equal((await Promise.race([Promise.all(calls), late])).length, 8);
});

test("new keys are used from the next request on", async () => {
    const it = client({ accessKeySecret: "wrong" });
    const error = await rejection(it.call("InitFaceVerify", INIT));
    assert.equal(error.code, "SignatureDoesNotMatch");
    it.setCredentials(KEYS);
    assert.equal((await it.call("InitFaceVerify", INIT)).attempts, 1);
});

test("an unknown operation, field or option is a TypeError or an Error, and nothing is sent", async () => {
    const it = client();
    assert((await rejection(it.call("initFaceVerify", INIT))) instanceof TypeError);
    assert((await rejection(it.call("InitFaceVerify", { ...INIT, Sceneid: 1 }))) instanceof TypeError);
    const invalid = await rejection(it.call("InitFaceVerify", { ...INIT, SceneId: "x" }));
    assert.match(invalid.message, /SceneId/);
    assert.throws(() => client({ endpoints: ["ftp://127.0.0.1"] }), Error);
    assert.throws(() => client({ accessKeyId: "" }), Error);
});

test("no timer is left when all calls have ended", async () => {
    const timers = () => process.getActiveResourcesInfo().filter((it) => it === "Timeout").length;
    const before = timers();
    await client({ totalTimeout: 60_000, readTimeout: 60_000 }).call("InitFaceVerify", INIT);
    assert(timers() <= before);
});
