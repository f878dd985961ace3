// The operations of the package, their requests, and their responses.
"use strict";

const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");

// The packages are installed in the working folder.
const vendor = createRequire(path.join(process.cwd(), "package.json"));
const cloudauth = vendor("@alicloud/cloudauth20190307");
const Client = cloudauth.default;
const VALUES = JSON.parse(fs.readFileSync(path.join(__dirname, "..", "values.json"), "utf8"));

const methods = (end) => Object.getOwnPropertyNames(Client.prototype).filter((name) => name.endsWith(end));

const actionOf = (name, end) => name[0].toUpperCase() + name.slice(1, -end.length);

function operations() {
  const end = "WithOptions";
  return methods(end).map((name) => {
    const action = actionOf(name, end);
    const requestClass = Client.prototype[name].length === 2 ? cloudauth[`${action}Request`] : null;
    return { name, action, requestClass, bodyClass: cloudauth[`${action}ResponseBody`] };
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

/** Compares the response that the package decoded with the response that was sent. */
function decoded(sent, body, kind) {
  const known = new Map(Array.from(leaves(example(kind).toMap()), ([at, value]) => [at, typeof value]));
  const strings = [...known].filter(([, type]) => type === "string").map(([path]) => `${path}.`);
  const values = new Map();
  for (const [at, value] of leaves(body ? body.toMap() : {})) values.set(at, [...(values.get(at) ?? []), value]);
  const result = { same: 0, paths: known.size, sent: new Set(), unknown: [], errors: [] };
  for (const [at, value] of leaves(sent)) {
    const type = known.get(at);
    const left = values.get(at) ?? [];
    const isEmpty = value && typeof value === "object";
    if (isEmpty && [...known.keys()].some((path) => path.startsWith(`${at}.`))) continue;
    if (type === undefined && strings.some((path) => at.startsWith(path)))
      result.errors.push(`${at} is inside a string of the package's model`);
    else if (type === undefined || value === null) result.unknown.push(at);
    else if (typeof value !== type) result.errors.push(`${at} is ${typeof value}, not ${type}`);
    else if (!left.includes(value)) result.errors.push(`${at} was not decoded`);
    else {
      left.splice(left.indexOf(value), 1);
      result.sent.add(at);
      result.same += 1;
    }
  }
  return result;
}

module.exports = { vendor, methods, actionOf, operations, filled, decoded };
