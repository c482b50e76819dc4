// The installed app, from the page's side: the worker, what is kept offline, messages to this
// device. Every page works without it.
"use strict";

const OPEN = "kept-open"; // of visitors: guides, a certificate
const account = document.querySelector("meta[name=kept-under]")?.content;
const ours = account ? `kept-${account}` : OPEN;
const isOfflinePage = Boolean(document.querySelector("[data-kept-list]"));

if ("serviceWorker" in navigator && "caches" in window) {
  if (!isOfflinePage) navigator.serviceWorker.register("/worker.js", { scope: "/" });
  start();
}

async function start() {
  if (isOfflinePage) return list();
  // Whoever is not signed in here (any more) leaves nothing behind.
  for (const name of await caches.keys())
    if (name.startsWith("kept-") && name !== ours && name !== OPEN) await caches.delete(name);
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
  on.addEventListener("click", async () => {
    try {
      const subscription = await pushManager.subscribe({
        userVisibleOnly: true,
        applicationServerKey: form.dataset.push,
      });
      if (!(await tell(subscription)).ok) await subscription.unsubscribe();
    } catch {
      form.querySelector("[role=status]").hidden = false;
    }
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

async function offer(part) {
  const [keep, drop] = part.querySelectorAll("button");
  const kept = await caches.open(ours);
  const show = async () => {
    const isKept = Boolean(await kept.match(location.pathname));
    keep.hidden = isKept;
    drop.hidden = !isKept;
    part.hidden = false;
  };
  keep.addEventListener("click", async () => {
    await kept.add(new Request(location.pathname, { cache: "reload" }));
    await show();
  });
  drop.addEventListener("click", async () => {
    await kept.delete(location.pathname);
    await show();
  });
  await show();
}

// The offline page says what still opens.
async function list() {
  const place = document.querySelector("[data-kept-list]");
  for (const name of await caches.keys()) {
    if (!name.startsWith("kept-")) continue;
    const kept = await caches.open(name);
    for (const request of await kept.keys()) {
      const words = await (await kept.match(request)).text();
      const link = document.createElement("a");
      link.href = new URL(request.url).pathname;
      link.textContent = new DOMParser().parseFromString(words, "text/html").title;
      const row = document.createElement("li");
      row.append(link);
      place.append(row);
    }
  }
  place.closest("section").hidden = !place.children.length;
}
