// The driver in workerd, the runtime of Cloudflare Workers: one client for all requests.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";

import {
    FOLDER,
    INIT,
    KEYS,
    LIMITS,
    PAID,
    PAID_RESPONSE,
    PRIVATE,
    listen,
    resetReused,
    simulate,
} from "./support.mjs";

const ROLE = "acs:ram::1234567890123456:role/tester";
/** How many requests there are at a time. */
const REQUESTS = 8;
const OPEN = ["InitFaceVerify", INIT];
/** A verification whose person is in the query of the URL. */
const PERSON = [
    "InitFaceVerify",
    { ...INIT, ProductCode: "ID_PRO", CertType: "IDENTITY_CARD", CertName: "张三", CertNo: "330103199001011234" },
];

let simulator;
const running = [];

before(async () => {
    simulator = await simulate();
});
afterEach(async () => {
    running.splice(0).forEach((stop) => stop());
    await simulator.restore();
});
after(() => simulator.stop());

/** Starts workerd with a client with these options, and returns its URL. */
async function work(options) {
    const folder = mkdtempSync(join(tmpdir(), "cloudauth-workerd-"));
    for (const file of ["cloudauth_fetch_js.js", "cloudauth_fetch_js_bg.wasm"]) {
        copyFileSync(join(FOLDER, file), join(folder, file));
    }
    copyFileSync(new URL("worker.mjs", import.meta.url), join(folder, "worker.mjs"));
    const binding = JSON.stringify(JSON.stringify({ ...KEYS, ...LIMITS, endpoints: simulator.endpoints, ...options }));
    writeFileSync(
        join(folder, "config.capnp"),
        `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [
        (name = "worker.mjs", esModule = embed "worker.mjs"),
        (name = "cloudauth_fetch_js.js", esModule = embed "cloudauth_fetch_js.js"),
        (name = "cloudauth_fetch_js_bg.wasm", wasm = embed "cloudauth_fetch_js_bg.wasm"),
      ],
      compatibilityDate = "2026-01-01",
      bindings = [(name = "OPTIONS", text = ${binding})],
    )),
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`,
    );
    const child = spawn(process.env.WORKERD, ["serve", "config.capnp", "--control-fd=3"], {
        cwd: folder,
        stdio: ["ignore", "inherit", "inherit", "pipe"],
    });
    running.push(() => {
        child.kill("SIGKILL");
        rmSync(folder, { recursive: true });
    });
    for await (const chunk of child.stdio[3]) {
        const line = JSON.parse(chunk);
        if (line.event === "listen") return `http://127.0.0.1:${line.port}`;
    }
    throw new Error("workerd has not started");
}

/** Requests a call of the Worker. */
async function call(url, [action, fields], signal = AbortSignal.timeout(10_000)) {
    const response = await fetch(url, { method: "POST", body: JSON.stringify({ action, fields }), signal });
    return { status: response.status, ...(await response.json()) };
}

/** Opens verifications at the same time. */
function openAll(url) {
    const calls = Array.from({ length: REQUESTS }, () => call(url, OPEN));
    return Promise.all(calls.map((it) => it.catch((error) => ({ error }))));
}

/** An endpoint in front of the simulator's STS, each of whose connections is handed to `hold` before anything is sent on. */
async function sts(hold) {
    const { port } = new URL(simulator.pages);
    const { connect } = await import("node:net");
    const server = await listen((socket) => {
        socket.pause();
        hold(() => {
            const upstream = connect(port, "127.0.0.1");
            upstream.on("error", () => {});
            socket.pipe(upstream).pipe(socket);
        });
    });
    running.push(server.stop);
    return server;
}

function assertOpened(results) {
    for (const it of results) assert.equal(it.status, 200, JSON.stringify(it) + it.error);
}

test("requests share a client with given keys", async () => {
    const url = await work({});
    assertOpened(await openAll(url));
    assertOpened(await openAll(url));
});

test("requests that wait for the refresh of another one are served when it has ended", async () => {
    // The refresh takes until all requests wait for it. Without being told they would wait until it is overdue.
    const slow = await sts((release) => setTimeout(release, 200));
    const url = await work({ roleArn: ROLE, stsEndpoint: slow.url, readTimeout: 60_000, totalTimeout: 60_000 });
    assertOpened(await openAll(url));
    assert.equal(slow.counts.connections, 1, "there was one refresh");
    // And the credentials are kept.
    assertOpened(await openAll(url));
    assert.equal(slow.counts.connections, 1);
});

test("a refresh whose request has gone away is begun again by another one", async () => {
    const first = new AbortController();
    const held = await sts((release) => {
        // The first connection is never served: its request goes away meanwhile.
        if (first.signal.aborted) release();
        else first.abort();
    });
    const url = await work({ roleArn: ROLE, stsEndpoint: held.url });
    await assert.rejects(call(url, OPEN, first.signal));
    assertOpened(await openAll(url));
});

test("an operation is sent once by the runtime, whatever becomes of an idle connection", async () => {
    const server = await resetReused(PAID_RESPONSE);
    running.push(server.stop);
    const url = await work({ endpoints: [server.url] });
    let calls = 0;
    let result;
    // Until one of them uses a connection again.
    do {
        calls += 1;
        result = await call(url, PAID);
    } while (result.status === 200);
    assert(result.mayHaveBeenCarriedOut);
    assert.equal(server.requests(), calls);
});

for (const [name, fault] of [
    ["refuses connections", { fault: "refuse" }],
    ["resets connections", { fault: "reset" }],
    ["never responds", { fault: "hang" }],
    ["truncates responses", { fault: "truncate" }],
    ["responds byte by byte", { fault: "trickle" }],
    ["responds 503", { fault: "status", status: 503 }],
    ["redirects", { fault: "custom", status: 302, body: "" }],
]) {
    test(`verifications are opened in Beijing while Shanghai ${name}`, async () => {
        await simulator.inject(fault, "cn-shanghai");
        const results = await openAll(await work({}));
        assertOpened(results);
        for (const it of results) assert.equal(it.endpoint, simulator.beijing);
    });

    test(`no error holds a URL if both regions do: ${name}`, async () => {
        await simulator.inject(fault);
        const url = await work({});
        for (const it of [PAID, PERSON]) {
            const { status, message, attempts } = await call(url, it);
            assert.equal(status, 502);
            assert.notEqual(attempts.length, 0, message);
            for (const part of PRIVATE) assert(!`${message} ${attempts}`.includes(part), message);
        }
    });
}
