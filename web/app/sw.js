// Keeps the shell, so that the app opens without network. What is shown then comes from this phone; requests to the service
// are never answered from here, so nothing old passes for new.

const CACHE = "ikd-shell-1";
const SHELL = ["/", "/manifest.webmanifest", "/web/shared/base.css", "/web/app/app.css", "/web/shared/icons/icon.svg",
  ...["dom", "i18n", "http", "storage", "qr", "countdown", "scanner"].map((name) => `/web/shared/${name}.js`),
  ...["main", "update", "profiles", "draft", "register", "selfie", "status", "counter", "activate", "wallet", "pin", "captcha", "captcha-worker"].map((name) => `/web/app/${name}.js`),
  ...["/web/shared", "/web/app"].flatMap((area) => [`${area}/i18n/id.json`, `${area}/i18n/en.json`]),
  "/web/vendor/uqr-0.1.3/uqr.mjs"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(old).then(() => self.clients.claim()));
});

function kept(url, request) {
  if (request.mode === "navigate") return url.pathname === "/" || url.pathname === "/aktivasi" ? "/" : null;
  if (url.pathname.startsWith("/web/app/") || url.pathname.startsWith("/web/shared/") || url.pathname.startsWith("/web/vendor/") || url.pathname === "/manifest.webmanifest") return url.pathname;
  return null;
}

// The network first, so that a new version of the service shows at once; what was kept when it does not answer in time.
async function answer(request, key) {
  const cache = await caches.open(CACHE);
  const stored = await cache.match(key);
  const fresh = fetch(request).then((reply) => {
    if (reply.ok && reply.type === "basic") cache.put(key, reply.clone());
    return reply;
  });
  if (!stored) return fresh;
  const late = new Promise((done) => setTimeout(() => done(stored), 3000));
  return Promise.race([fresh.catch(() => stored), late]);
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  const key = kept(url, event.request);
  if (key) event.respondWith(answer(event.request, key));
});
