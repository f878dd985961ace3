"use strict";
// The page comes from the server as a whole; this replaces its parts once a second, and sends commands.
const base = document.body.dataset.base;
const message = () => document.getElementById("message");

async function refresh() {
  const isReading = !getSelection().isCollapsed;
  try {
    const response = await fetch(location.href, { headers: { accept: "text/html" } });
    const next = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const part of isReading ? [] : document.querySelectorAll("[data-live]")) {
      const fresh = next.getElementById(part.id);
      const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
      if (fresh && !part.isEqualNode(fresh)) part.replaceWith(document.adoptNode(fresh));
      if (focused) document.getElementById(focused)?.focus();
    }
  } catch {
    message().textContent = document.body.dataset.stopped;
  }
}

async function command(button) {
  const { method = "POST", path, body = "{}" } = button.dataset;
  const headers = { "content-type": "application/json" };
  try {
    const response = await fetch(base + path, { method, headers, body: method === "POST" ? body : undefined });
    const { error = "" } = await response.json();
    message().textContent = error;
  } catch {
    message().textContent = document.body.dataset.stopped;
  }
  await refresh();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-path]");
  if (button) command(button);
});

async function always() {
  await refresh();
  setTimeout(always, 1000);
}
always();
