// The installed app, from the page's side: the worker, what is kept offline, messages to this
// device. Every page works without it.
"use strict";

const OPEN = "kept-open"; // of visitors: guides, a certificate, the page of a closing
const account = document.querySelector("meta[name=kept-under]")?.content;
const ours = account ? `kept-${account}` : OPEN;
const PATIENCE_MILLISECONDS = 15_000;
const isOfflinePage = Boolean(document.querySelector("[data-kept-list]"));

if ("serviceWorker" in navigator && "caches" in window) {
  if (!isOfflinePage) navigator.serviceWorker.register("/worker.js", { scope: "/" });
  start();
}

async function start() {
  if (isOfflinePage) return list();
  // Whoever is not signed in here (any more) leaves nothing behind.
  await forgetAllBut(ours);
  for (const part of document.querySelectorAll("[data-keep]")) offer(part);
  const push = document.querySelector("form[data-push]");
  if (push && "PushManager" in window) offerMessages(push);
}

async function offerMessages(form) {
  const [on, off] = form.querySelectorAll("button");
  const { pushManager } = await navigator.serviceWorker.ready;
  const show = async () => {
    const isOn = Boolean(await pushManager.getSubscription());
    on.hidden = isOn;
    off.hidden = !isOn;
    form.hidden = false;
  };
  const tell = (subscription, query = "") =>
    fetch(form.action + query, {
      method: "POST",
      headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
      body: JSON.stringify(subscription),
    });
  const denied = form.querySelector("[data-denied]");
  const unreachable = form.querySelector("[data-unreachable]");
  on.addEventListener("click", async () => {
    denied.hidden = unreachable.hidden = true;
    // Chromium looks for its push service for many minutes without a word.
    const patience = setTimeout(() => (unreachable.hidden = false), PATIENCE_MILLISECONDS);
    try {
      const subscription = await pushManager.subscribe({
        userVisibleOnly: true,
        applicationServerKey: form.dataset.push,
      });
      if (!(await tell(subscription)).ok) await subscription.unsubscribe();
      unreachable.hidden = true;
    } catch (error) {
      (error.name === "NotAllowedError" ? denied : unreachable).hidden = false;
    }
    clearTimeout(patience);
    await show();
  });
  off.addEventListener("click", async () => {
    const subscription = await pushManager.getSubscription();
    await tell(subscription, "?off");
    await subscription.unsubscribe();
    await show();
  });
  await show();
}

async function forgetAllBut(account) {
  for (const name of await caches.keys())
    if (name.startsWith("kept-") && name !== account && name !== OPEN) await caches.delete(name);
}

// The page and its papers, as the links to them say now.
function parts() {
  const papers = [...document.querySelectorAll("a[data-kept-along]")].map((link) => link.pathname);
  return [...new Set([location.pathname, ...papers])];
}

async function offer(part) {
  const [keep, drop] = part.querySelectorAll("button");
  const trouble = part.querySelector("[role=status]");
  const kept = await caches.open(part.dataset.keep ? OPEN : ours);
  const isKept = async (path) => Boolean(await kept.match(path));
  const show = async () => {
    keep.hidden = await isKept(location.pathname);
    drop.hidden = !keep.hidden;
    part.hidden = false;
  };
  // All or nothing; a sign-in that is asked for instead of a paper is none.
  const take = (paths) =>
    kept.addAll(paths.map((path) => new Request(path, { cache: "reload", redirect: "error" })));
  keep.addEventListener("click", async () => {
    trouble.hidden = true;
    try {
      await take(parts());
    } catch {
      trouble.hidden = false;
    }
    await show();
  });
  drop.addEventListener("click", async () => {
    for (const path of parts()) await kept.delete(path);
    await show();
  });
  // What is kept follows the page: its new state, and a paper that came since.
  const follow = async (paths) => {
    if (!(await isKept(location.pathname))) return;
    for (const path of parts()) if (!(await isKept(path))) paths.push(path);
    if (paths.length) await take(paths).catch(() => {}); // no network: at the next look
  };
  document.addEventListener("htmx:afterSettle", async () => {
    if (document.querySelector("[data-account-closed]")) await forgetAllBut(OPEN);
    await follow([location.pathname]);
  });
  await show();
  await follow([]);
}

// The offline page says what still opens.
async function list() {
  const place = document.querySelector("[data-kept-list]");
  for (const name of await caches.keys()) {
    if (!name.startsWith("kept-")) continue;
    const kept = await caches.open(name);
    for (const request of await kept.keys()) {
      const link = document.createElement("a");
      link.href = new URL(request.url).pathname;
      link.textContent = await nameOf(await kept.match(request), link.pathname);
      const row = document.createElement("li");
      row.append(link);
      place.append(row);
    }
  }
  place.closest("section").hidden = !place.children.length;
}

async function nameOf(answer, path) {
  const isPage = answer.headers.get("Content-Type").startsWith("text/html");
  if (!isPage) return path.split("/").pop();
  return new DOMParser().parseFromString(await answer.text(), "text/html").title;
}
