// Connections to the vendor's hosts through the simulator's proxy.
"use strict";

const http = require("http");
const https = require("https");
const net = require("net");
const tls = require("tls");

// The packages have no option for a proxy, so this replaces the function that opens connections.
function useProxy(url) {
  const proxy = new URL(url);
  const through = (original, secure) =>
    function (options, done) {
      if (["127.0.0.1", "localhost"].includes(options.host)) return original.call(this, options, done);
      const target = `${options.host}:${options.port}`;
      const socket = net.connect(Number(proxy.port), proxy.hostname);
      socket.once("error", done);
      socket.write(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n\r\n`);
      socket.once("data", (head) => {
        socket.removeListener("error", done);
        if (!head.toString().startsWith("HTTP/1.1 200")) return done(new Error(`the proxy refuses ${target}`));
        done(null, secure ? tls.connect({ ...options, socket, servername: options.host }) : socket);
      });
    };
  http.Agent.prototype.createConnection = through(http.Agent.prototype.createConnection, false);
  https.Agent.prototype.createConnection = through(https.Agent.prototype.createConnection, true);
}

module.exports = { useProxy };
