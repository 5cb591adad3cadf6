// Keeps the page up to date. What devices say becomes text, never markup.
"use strict";

const EVERY_MS = 2000;
const HIDDEN = /[\u0000-\u001f\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const plain = (text) => String(text ?? "").replace(HIDDEN, "\ufffd");

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = plain(text);
  return made;
}

function kind(device) {
  if (device.run) return "runs";
  if (device.last && !device.last.success) return "failed";
  return device.is_up ? "well" : "away";
}

function update(device) {
  const parts = [];
  if (device.run) {
    const bytes = device.run.transferred;
    const share = bytes ? `, ${bytes[0]} of ${bytes[1]} bytes` : "";
    parts.push(`${device.run.version ?? device.run.artifact}: ${device.run.phase}${share}`);
  }
  if (device.problem) parts.push(device.problem);
  return parts.join("; ");
}

function last(device) {
  if (!device.last) return "";
  const outcome = device.last.success ? "success" : "failure";
  const unreported = device.last.is_reported ? "" : " (the server does not know yet)";
  return `${outcome}${unreported}: ${device.last.details.join("; ")}`;
}

function row(device) {
  const made = document.createElement("tr");
  made.className = kind(device);
  const runs = device.is_up ? device.text : `not within reach; last: ${device.text}`;
  for (const text of [device.id, device.board, device.port, runs, update(device), last(device)]) {
    made.append(element("td", text));
  }
  return made;
}

function rollout(shown) {
  const waves = document.createElement("ol");
  for (const wave of shown.waves) {
    waves.append(element("li", `${wave.name}: ${wave.states.map(([state, devices]) => `${devices} ${state}`).join(", ")}`));
  }
  return [element("h3", shown.name), element("p", shown.text), waves];
}

async function refresh() {
  const error = document.getElementById("error");
  try {
    const status = await (await fetch("/status.json")).json();
    document.getElementById("server").textContent = plain(status.server);
    error.textContent = plain(status.server_error);
    document.getElementById("count").textContent = `${status.devices.length} devices`;
    document.getElementById("devices").replaceChildren(...status.devices.map(row));
    document.getElementById("rollouts").replaceChildren(...status.rollouts.flatMap(rollout));
    document.body.dataset.live = "yes";
  } catch {
    error.textContent = "the gateway does not answer";
  }
  setTimeout(refresh, EVERY_MS);
}

refresh();
