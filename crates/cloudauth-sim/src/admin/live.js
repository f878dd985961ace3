"use strict";
// Everything is set as text: what a client wrote is never markup.
const at = (id) => document.getElementById(id);
const time = (unix) => new Date(unix * 1000).toISOString().slice(11, 19);

function cell(text, kind, more) {
  const td = document.createElement("td");
  const span = document.createElement("span");
  span.textContent = text;
  if (kind) span.className = kind;
  td.append(span);
  if (more) {
    const small = document.createElement("small");
    small.textContent = more;
    td.append(small);
  }
  return td;
}

function fill(id, items, cells) {
  const rows = items.map((item) => {
    const row = document.createElement("tr");
    row.append(...cells(item));
    return row;
  });
  if (!rows.length) {
    const row = document.createElement("tr");
    row.append(cell("none yet", "none"));
    rows.push(row);
  }
  at(id).replaceChildren(...rows);
}

function show(state) {
  at("clock").textContent = new Date(state.now * 1000).toISOString().slice(0, 19) + "Z";
  at("regions").replaceChildren(...state.regions.map((region) => {
    const card = document.createElement("div");
    card.className = "card";
    const count = document.createElement("b");
    count.textContent = region.attempts;
    card.append(count, region.region + (region.refuses ? ", refuses" : ""));
    return card;
  }));
  fill("requests", state.requests, (it) => [
    cell(time(it.at)),
    cell(it.region),
    cell(it.action || "(none)"),
    cell(it.scheme || "not good", it.scheme ? "" : "bad"),
    cell(it.outcome, it.outcome === "200" || it.outcome === "Success" ? "good" : "bad", it.detail),
  ]);
  fill("verdicts", state.verdicts, (it) => [
    cell(it.certifyId),
    cell(it.subCode, it.passed ? "good" : "bad"),
  ]);
  fill("faults", state.faults, (it) => [
    cell(it.region),
    cell(it.action || "any"),
    cell(it.fault),
    cell(it.left === null ? "always" : String(it.left)),
    cell(String(it.hits)),
  ]);
}

async function look() {
  try {
    const reply = await fetch("/admin/state");
    show(await reply.json());
  } catch {
    at("clock").textContent = "the simulator has stopped";
  }
  setTimeout(look, 1000);
}
look();
