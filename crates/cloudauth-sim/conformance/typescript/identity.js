#!/usr/bin/env node
// Prints the identity that the vendor's TypeScript package finds, as one line of JSON.
"use strict";

const path = require("path");
const { createRequire } = require("module");

const { useProxy } = require("./proxy");

// The packages are installed in the working folder.
const vendor = createRequire(path.join(process.cwd(), "package.json"));
const { default: Credential } = vendor("@alicloud/credentials");

useProxy(process.env.HTTPS_PROXY);
new Credential().getCredential().then(
  (found) => console.log(JSON.stringify({ id: found.accessKeyId || found.type })),
  (error) => console.log(JSON.stringify({ error: error.name })),
);
