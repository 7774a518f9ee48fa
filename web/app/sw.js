// Keeps the app of one build, so that it opens without network and its parts always fit each other. The service puts
// `BUILD`, a digest of everything that it serves, in front of this file: another build is another worker with a store
// of its own. Requests to the service itself are never answered from here, so nothing old passes for new.

/* global BUILD */
const CACHE = `ikd-${BUILD}`;
// prettier-ignore
const SHELL = [
  "/", "/manifest.webmanifest",
  "/web/shared/base.css", "/web/app/app.css", "/web/shared/icons/icon.svg",
  ...[
    "dom", "i18n", "http", "storage", "qr", "countdown", "scanner", "picture", "dialog", "date-field",
    "captcha", "captcha-worker",
  ].map((name) => `/web/shared/${name}.js`),
  ...[
    "main", "router", "ui", "person", "profiles", "draft", "mail-link", "register", "selfie",
    "status", "amend", "counter", "live-qr", "code", "install", "new-pin", "pin", "pin-pad", "captcha",
    "wallet", "life", "ended", "recovery", "transfer", "pin-choice", "pin-change", "block-code", "menu",
    "attributes", "unlock", "card", "share", "present", "history", "dispute", "stop", "update",
    "pin-again", "email-change", "email-counter", "changes", "correction-card", "corrections", "own-copy",
    "closure", "people",
  ].map((name) => `/web/app/${name}.js`),
  "/web/app/words/id.json", "/web/app/words/en.json",
  "/web/vendor/uqr-0.1.3/uqr.mjs",
];
const PAGES = ["/", "/aktivasi"];

// All of it or nothing: while the nodes of the service are being replaced, a file may come from the build before.
async function install() {
  const cache = await caches.open(CACHE);
  try {
    await Promise.all(
      SHELL.map(async (path) => {
        const answer = await fetch(path, { cache: "reload" });
        if (!answer.ok || answer.redirected || answer.headers.get("ikd-build") !== BUILD)
          throw new Error(`${path} is not of this build`);
        await cache.put(path, answer);
      }),
    );
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
}

self.addEventListener("install", (event) => event.waitUntil(install()));

// By now no page of an earlier build is left.
self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)))),
  );
});

const isApp = (client) => PAGES.includes(new URL(client.url).pathname);

// A page of this build wants to be served from here (`claim`), or one at a safe moment wants the newer build (`take
// over`): that may happen only when no other page is in the middle of something.
self.addEventListener("message", (event) => {
  const { wish, build } = event.data ?? {};
  if (wish === "claim" && build === BUILD) event.waitUntil(self.clients.claim());
  if (wish === "take over") {
    event.waitUntil(
      self.clients
        .matchAll({ type: "window", includeUncontrolled: true })
        .then((pages) => pages.filter(isApp).length <= 1 && self.skipWaiting()),
    );
  }
});

async function answer(event, path) {
  // Other pages share modules with the app, and come from the network: they take all of theirs from there.
  const client = event.request.mode === "navigate" ? null : await self.clients.get(event.clientId);
  const ours = event.request.mode === "navigate" || (client && isApp(client));
  const stored = ours && (await (await caches.open(CACHE)).match(path));
  return stored || fetch(event.request);
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  const path = PAGES.includes(url.pathname) ? "/" : url.pathname;
  if (SHELL.includes(path)) event.respondWith(answer(event, path));
});
