// A client of the driver kit: its calls come in as lines of JSON, and how they ended goes out likewise.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [folder, setup] = process.argv.slice(2);
const { Client, initSync } = await import(pathToFileURL(`${folder}/kit.js`));
initSync({ module: readFileSync(`${folder}/kit_bg.wasm`) });
const client = new Client(setup);
const write = (object) => console.log(JSON.stringify(object));

write("ready");
for await (const line of createInterface({ input: process.stdin })) {
    const { id, limit, query, form, ...call } = JSON.parse(line);
    const [pairs, more] = [query, form].map((text) => [...new URLSearchParams(text)]);
    // Without a limit it is never resolved.
    const dropped = new Promise((resolve) => limit && setTimeout(resolve, limit));
    client
        .call(JSON.stringify({ ...call, query: pairs, form: more }), dropped)
        .then((ended) => write({ id, ended: ended ? JSON.parse(ended) : null }));
}
process.exit();
