// Keys of the desk: j/k or arrows go through a queue, Enter opens, / searches, ? shows the keys.
// Every page works without it; nothing here acts upon a case.
"use strict";

const keys = document.getElementById("desk-keys");
const rows = [...document.querySelectorAll("main a.card[href], main .card .link[href]")];

function go(step) {
  const at = rows.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step;
  rows[Math.max(0, Math.min(rows.length - 1, next))]?.focus();
}

const ACTS = {
  j: () => go(1),
  k: () => go(-1),
  ArrowDown: () => go(1),
  ArrowUp: () => go(-1),
  "/": () => document.querySelector(".masthead-search input")?.focus(),
  "?": () => (keys.open ? keys.close() : keys.showModal()),
};

addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (isTyping && event.key === "Escape") return event.target.blur();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = ACTS[event.key];
  const scrolls = event.key.startsWith("Arrow") && !rows.includes(document.activeElement);
  if (!act || !keys || scrolls || (keys.open && event.key !== "?")) return;
  event.preventDefault();
  act();
});
