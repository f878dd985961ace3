// What the tests share: the module, a simulator in a process of its own, and servers whose connections are counted.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import net from "node:net";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

/** The folder with the bindings, and the command `cloudauth`: `.ci/wasm` sets both. */
export const FOLDER = process.env.CLOUDAUTH_FETCH_FOLDER;
const COMMAND = process.env.CLOUDAUTH_COMMAND;

/** The time-outs of an attempt, as short as the machine allows. */
export const LIMITS = { connectTimeout: 400, readTimeout: 400, totalTimeout: 5_000, responseLimit: 50_000 };

export async function load() {
    const { Client, initSync } = await import(pathToFileURL(`${FOLDER}/cloudauth_fetch_js.js`));
    initSync({ module: readFileSync(`${FOLDER}/cloudauth_fetch_js_bg.wasm`) });
    return Client;
}

/** Starts `cloudauth sim` on free ports. */
export async function simulate() {
    const child = spawn(COMMAND, ["sim", "--shanghai", "0", "--beijing", "0", "--pages", "0", "--no-limits"], {
        stdio: ["ignore", "pipe", "inherit"],
    });
    const addresses = {};
    for await (const line of createInterface({ input: child.stdout })) {
        const [, name, url] = /^# (Shanghai|Beijing|pages|proxy|live) +(http\S+)$/.exec(line) ?? [];
        addresses[name] = url;
        if (line === "# ready") break;
    }
    const send = async (method, path, body) => {
        const headers = { "content-type": "application/json" };
        const response = await fetch(addresses.live + path, { method, headers, body: body && JSON.stringify(body) });
        if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
        return response.json();
    };
    return {
        shanghai: addresses.Shanghai,
        beijing: addresses.Beijing,
        endpoints: [addresses.Shanghai, addresses.Beijing],
        pages: addresses.pages,
        proxy: addresses.proxy,
        /** Breaks a region, or both, until `restore`. */
        inject: (fault, region) => send("POST", "/faults", { times: "always", region, ...fault }),
        restore: () => send("DELETE", "/faults"),
        pass: (certify_id) => send("POST", "/finish", { certify_id }),
        state: () => send("GET", "/state"),
        executions: async (action) => (await send("GET", "/state")).executions[action] ?? 0,
        stop: () => child.kill(),
    };
}

export const KEYS = { accessKeyId: "testid", accessKeySecret: "testsecret" };

/** Fields that open a verification. */
export const INIT = {
    SceneId: 1000000006,
    OuterOrderNo: "order1",
    ProductCode: "LR_FR",
    UserId: "7",
    MetaInfo: { deviceType: "h5" },
};

/** A paid check, which is not sent again if it may have been carried out. */
export const PAID = ["Id2MetaVerify", { ParamType: "normal", UserName: "张三", IdentifyNum: "330103199001011234" }];

/** Its response. */
export const PAID_RESPONSE = '{"Code":"200","RequestId":"R","ResultObject":{"BizCode":"1"}}';

/** What no error may contain. */
export const PRIVATE = ["张三", encodeURIComponent("张三"), "330103199001011234", "testsecret", "Signature", "?", "UserName"];

/** A server that gives every connection to `connect`. It counts those that were opened and closed. */
export async function listen(connect) {
    const sockets = new Set();
    const counts = { connections: 0, closed: 0 };
    const server = net.createServer((socket) => {
        counts.connections += 1;
        sockets.add(socket);
        socket.on("close", () => {
            counts.closed += 1;
            sockets.delete(socket);
        });
        socket.on("error", () => {});
        connect(socket);
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
        counts,
        url: `http://127.0.0.1:${server.address().port}`,
        stop: () => {
            sockets.forEach((socket) => socket.destroy());
            server.close();
        },
    };
}

/** A server that calls `serve(socket, head, number)` for every complete request; `number` counts those of a connection. */
export function serveRequests(serve) {
    return listen((socket) => {
        let received = "";
        let number = 0;
        socket.setEncoding("latin1");
        socket.on("data", (text) => {
            received += text;
            const end = received.indexOf("\r\n\r\n") + 4;
            const head = received.slice(0, end).toLowerCase();
            const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0);
            if (end < 4 || received.length < end + length) return;
            received = received.slice(end + length);
            serve(socket, head, (number += 1));
        });
    });
}

/** A complete response. */
export const response = (body, status = "200 OK", header = "") =>
    `HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\n${header}\r\n${body}`;

/** A server that responds with `body` to the first request of each connection, and reads and resets all others. */
export async function resetReused(body) {
    const counts = { requests: 0 };
    const server = await serveRequests((socket, head, number) => {
        counts.requests += 1;
        if (number === 1) socket.write(response(body));
        else socket.resetAndDestroy();
    });
    return Object.assign(server, { requests: () => counts.requests });
}

/** What a promise is rejected with. */
export async function rejection(promise) {
    try {
        await promise;
    } catch (error) {
        return error;
    }
    throw new Error("it was not rejected");
}

/** Waits until this holds. */
export async function until(holds) {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}
