// The worker of the installed app. The page that serves it puts VERSION and SHELL before this.
// Private pages are kept only where their owner chose so, in a cache named after the account.
"use strict";

const SHELL_CACHE = `shell-${VERSION}`;
const KEPT = "kept-";
const OFFLINE = "/offline/";
const SIGN_OUT = "/sign-in/logout/";
const ALIKE = { ignoreVary: true };

self.addEventListener("install", (event) => event.waitUntil(takeShell()));
self.addEventListener("activate", (event) => event.waitUntil(dropOldShells()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return;
  if (request.method === "POST" && pathname === SIGN_OUT) event.waitUntil(wipe());
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (pathname.startsWith("/static/")) event.respondWith(part(request));
});

self.addEventListener("push", (event) => {
  const said = event.data ? event.data.json() : {};
  const { title, body, tag, url, language: lang } = said;
  const icon = "/static/components/icon-192.png";
  event.waitUntil(
    self.registration.showNotification(title, { body, tag, lang, icon, data: { url } }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data.url, self.location.origin);
  if (url.origin === self.location.origin) event.waitUntil(self.clients.openWindow(url.href));
});

async function takeShell() {
  const shell = await caches.open(SHELL_CACHE);
  // As a visitor: nothing of whoever is signed in gets into the shell.
  await shell.addAll(SHELL.map((url) => new Request(url, { credentials: "omit", cache: "reload" })));
  await self.skipWaiting();
}

async function dropOldShells() {
  for (const name of await caches.keys())
    if (name.startsWith("shell-") && name !== SHELL_CACHE) await caches.delete(name);
  await self.clients.claim();
}

async function wipe() {
  for (const name of await caches.keys()) if (name.startsWith(KEPT)) await caches.delete(name);
}

async function page(event) {
  const { pathname } = new URL(event.request.url);
  try {
    const answer = await fetch(event.request);
    event.waitUntil(renew(pathname, answer.clone()));
    return answer;
  } catch (error) {
    const kept = await find(pathname);
    const offline = kept ?? (await caches.match(OFFLINE, ALIKE));
    if (!offline) throw error;
    return offline;
  }
}

async function part(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const known = await caches.match(request, { ...ALIKE, ignoreSearch: true });
    if (!known) throw error;
    return known;
  }
}

async function find(pathname) {
  for (const name of await caches.keys()) {
    if (!name.startsWith(KEPT)) continue;
    const found = await (await caches.open(name)).match(pathname, ALIKE);
    if (found) return found;
  }
  return undefined;
}

// What is kept follows what is true: a newer page replaces it, one that is gone takes it along.
async function renew(pathname, answer) {
  for (const name of await caches.keys()) {
    if (!name.startsWith(KEPT)) continue;
    const kept = await caches.open(name);
    if (!(await kept.match(pathname, ALIKE))) continue;
    if (answer.ok) await kept.put(pathname, answer.clone());
    else if (answer.status < 500) await kept.delete(pathname);
  }
}
