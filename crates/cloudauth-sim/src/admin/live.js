"use strict";
// Everything is set as text: a string from a client is never markup.
const byId = (id) => document.getElementById(id);
const time = (unix) => new Date(unix * 1000).toISOString().slice(11, 19);

function cell(text, className, detail) {
  const td = document.createElement("td");
  const span = document.createElement("span");
  span.textContent = text;
  if (className) span.className = className;
  td.append(span);
  if (detail) {
    const small = document.createElement("small");
    small.textContent = detail;
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
  byId(id).replaceChildren(...rows);
}

function show(state) {
  byId("clock").textContent = new Date(state.now_unix * 1000).toISOString().slice(0, 19) + "Z";
  byId("regions").replaceChildren(...state.regions.map((region) => {
    const card = document.createElement("div");
    card.className = "card";
    const count = document.createElement("b");
    count.textContent = region.request_count;
    card.append(count, region.region + (region.refuses_connections ? ", refuses connections" : ""));
    return card;
  }));
  fill("requests", state.requests, (it) => [
    cell(time(it.at_unix)),
    cell(it.region),
    cell(it.action || "(none)"),
    cell(it.scheme || "none", it.scheme ? "" : "bad"),
    cell(it.outcome, it.outcome === "200" || it.outcome === "Success" ? "good" : "bad", it.detail),
  ]);
  fill("verdicts", state.verdicts, (it) => [
    cell(it.certify_id),
    cell(it.sub_code, it.passed ? "good" : "bad"),
  ]);
  fill("faults", state.faults, (it) => [
    cell(it.region),
    cell(it.action || "any"),
    cell(it.fault),
    cell(it.remaining === null ? "always" : String(it.remaining)),
    cell(String(it.hits)),
  ]);
}

async function refresh() {
  try {
    const response = await fetch("/admin/state");
    show(await response.json());
  } catch {
    byId("clock").textContent = "the simulator has stopped";
  }
  setTimeout(refresh, 1000);
}
refresh();
