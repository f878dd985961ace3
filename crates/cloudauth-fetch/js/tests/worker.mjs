// A Worker whose requests share a client: each makes a call.

import { Client, initSync } from "cloudauth_fetch_js.js";
import wasm from "cloudauth_fetch_js_bg.wasm";

initSync({ module: wasm });

/** Created by the first request: there is no randomness before it. */
let client;

export default {
    async fetch(request, env) {
        client ??= new Client(JSON.parse(env.OPTIONS));
        const { action, fields } = await request.json();
        try {
            return Response.json(await client.call(action, fields));
        } catch ({ message, attempts, mayHaveBeenCarriedOut }) {
            return Response.json({ message, attempts, mayHaveBeenCarriedOut }, { status: 502 });
        }
    },
};
