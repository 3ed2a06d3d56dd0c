// Keeps the pages of the shift on the device. VERSION, FILES and SCANNER stand before this text (api/pages/offline.py).
// Nobody's data is kept here: pages with data are always asked of the server. Only a driver's roadside pages are, which
// static/roadside.js keeps when asked to and core/leaving.js forgets.
// The scanner's parts are large: they are kept once a page with a scan field stands idle, or opens the camera.
const CACHE = `wasteledger-${VERSION}`;
const SCANNING = `wasteledger-scanner-${SCANNER.version}`;
const ROADSIDE = "wasteledger-roadside";
const NETWORK_MS = 8000;
const NETWORK_MAX_MS = 30_000; // where what is kept is another page

addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" }))))
      .then(() => skipWaiting()),
  );
});

addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => ![CACHE, SCANNING, ROADSIDE].includes(name)).map((name) => caches.delete(name))))
      .then(() => clients.claim()),
  );
});

addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (event.request.mode === "navigate") event.respondWith(opened(event.request, url));
  else if (FILES.includes(url.pathname)) event.respondWith(kept(event.request, url.pathname));
  else if (SCANNER.files.includes(url.pathname)) event.respondWith(keptOnceUsed(event.request, url.pathname));
});

addEventListener("message", (event) => {
  if (event.data === "scanner") event.waitUntil(Promise.all(SCANNER.files.map((path) => keptOnceUsed(path, path))));
});

/** A page: from the server if it begins to answer soon, however long it takes then, else the kept one, else the shift's. */
async function opened(request, url) {
  const cache = await caches.open(CACHE);
  const same = (await cache.match(url.pathname)) ?? (await (await caches.open(ROADSIDE)).match(url.pathname));
  const here = same ?? (await cache.match("/shift"));
  const patience = new AbortController();
  const end = setTimeout(() => patience.abort(), same ? NETWORK_MS : NETWORK_MAX_MS);
  try {
    const fresh = await fetch(request, { signal: patience.signal });
    if (same && fresh.status >= 500) return same;
    if (FILES.includes(url.pathname) && fresh.ok) await cache.put(url.pathname, fresh.clone());
    return fresh;
  } catch {
    return here;
  } finally {
    clearTimeout(end);
  }
}

/** A file of ours: as kept with this version of the worker. */
async function kept(request, path) {
  return (await (await caches.open(CACHE)).match(path)) ?? fetch(request);
}

async function keptOnceUsed(request, path) {
  const cache = await caches.open(SCANNING);
  const found = await cache.match(path);
  if (found) return found;
  const fresh = await fetch(request);
  if (fresh.ok) await cache.put(path, fresh.clone());
  return fresh;
}
