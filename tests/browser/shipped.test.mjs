// What the program serves is what stands under `web/`, and the pages made of it come alive. The rest of the browser tests
// shows what they do; these show that nothing is missing from the binary, and what a person sees when something is lost on
// the way. With IKD_TEST_URL they look at a service that runs already.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { parse } from "acorn";
import { full } from "acorn-walk";
import { checkAccessibility, eventually, keepPicture, openPerson, PHONE, ROOT, startBoth, startBrowser } from "./support.mjs";

const WEB = path.join(ROOT, "web");
const FILES = readdirSync(WEB, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => path.relative(WEB, path.join(entry.parentPath ?? entry.path, entry.name))).sort();
// Each page, with the script that draws it.
const PAGES = { "/": "app/main.js", "/mulai": "help/start.js", "/blokir": "block/main.js", "/cek": "check/main.js", "/petugas": "counter/main.js", "/verifikasi": "teller/main.js", "/admin": "admin/main.js", "/undangan": "invite/main.js", "/loket": "help/offices.js", "/antrean": "help/calls.js", "/terima": "help/accept.js", "/status": "help/status.js", "/bantuan": "help/help.js", "/poster": "help/poster.js", "/poster-cek": "help/check-poster.js", "/selebaran": "help/leaflet.js" };
const AT_ROOT = { "/sw.js": "app/sw.js", "/manifest.webmanifest": "app/manifest.webmanifest", "/favicon.ico": "shared/icons/icon.svg" };
// The areas whose words a page gets in one file.
const WORDS = { app: ["shared", "app"], counter: ["shared", "staff", "counter"], teller: ["shared", "staff", "teller", "partner"], admin: ["shared", "staff", "admin"], invite: ["shared", "staff", "invite"], help: ["shared", "help"], block: ["shared", "block"], check: ["shared", "check"] };
const OF_WORDS = /^\/web\/(\w+)\/words\/(\w+)\.json$/;
const TYPES = { html: "text/html", js: "text/javascript", mjs: "text/javascript", css: "text/css", json: "application/json", webmanifest: "application/manifest+json", svg: "image/svg+xml", png: "image/png", wasm: "application/wasm", md: "text/plain" };
const SAID = [/muat ulang halaman/, /reload the page/];

let demo;
let chromium;

before(async () => {
  const running = process.env.IKD_TEST_URL;
  [demo, chromium] = running ? [{ base_url: running, stop: () => {} }, await startBrowser()] : await startBoth();
});
after(async () => {
  await chromium?.stop();
  await demo?.stop();
});

const onDisk = (name) => readFileSync(path.join(WEB, name));

/** Asks for an address, and compares what comes with a file. */
async function expectFile(address, name) {
  for (const coding of ["identity", "gzip"]) {
    const answer = await fetch(demo.base_url + address, { headers: { "accept-encoding": coding } });
    assert.equal(answer.status, 200, `${address} (${coding})`);
    const body = Buffer.from(await answer.arrayBuffer());
    // The worker has the digest of the build in front of it.
    const served = name === "app/sw.js" ? body.subarray(body.indexOf("\n") + 1) : body;
    assert.ok(served.equals(onDisk(name)), `${address} (${coding}) is not what stands in web/${name}`);
    const ending = name.split("/").pop().includes(".") ? name.split(".").pop() : "md";
    assert.equal(answer.headers.get("content-type").split(";")[0], TYPES[ending], address);
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff", address);
  }
}

/** The HTML of a page, which both codings carry. */
async function pageAt(address, script) {
  const [plain, packed] = await Promise.all(["identity", "gzip"].map(async (coding) => {
    const answer = await fetch(demo.base_url + address, { headers: { "accept-encoding": coding } });
    assert.equal(answer.status, 200, `${address} (${coding})`);
    assert.equal(answer.headers.get("content-type").split(";")[0], TYPES.html, address);
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff", address);
    return answer.text();
  }));
  assert.equal(plain, packed, address);
  assert.ok(plain.startsWith("<!doctype html>") && plain.includes(`<script type="module" src="/web/${script}"></script>`), `${address} is not drawn by web/${script}`);
  return plain;
}

/** The words of a page are those of its areas, and no key stands in two of them. */
async function expectWords(page, language) {
  const parts = WORDS[page].map((area) => JSON.parse(onDisk(`${area}/i18n/${language}.json`)));
  const answer = await fetch(`${demo.base_url}/web/${page}/words/${language}.json`);
  assert.equal(answer.headers.get("content-type").split(";")[0], TYPES.json);
  const served = await answer.json();
  assert.deepEqual(served, Object.assign({}, ...parts), `${page} (${language})`);
  assert.equal(Object.keys(served).length, parts.reduce((sum, part) => sum + Object.keys(part).length, 0), "a key stands in two areas");
}

test("every file under web/ is served as it stands on disk", async () => {
  assert.ok(FILES.length > 60, "the folder was not read");
  for (const name of FILES) await expectFile(`/web/${name}`, name);
  for (const [address, name] of Object.entries(AT_ROOT)) await expectFile(address, name);
  for (const [address, script] of Object.entries({ ...PAGES, "/aktivasi": PAGES["/"] })) await pageAt(address, script);
});

test("vendored files are those that their list names", () => {
  const rows = [...onDisk("vendor/README.md").toString().matchAll(/^\| `(\S+)` \| `([0-9a-f]{64})` \|$/gm)];
  const found = Object.fromEntries(FILES.filter((name) => name.startsWith("vendor/") && name !== "vendor/README.md").map((name) => [name.slice(7), createHash("sha256").update(onDisk(name)).digest("hex")]));
  assert.deepEqual(Object.fromEntries(rows.map(([, name, digest]) => [name, digest])), found);
});

/** What a module names: `{imports, atOnce, workers, words, pages}`: addresses, specifiers, and pages whose words it asks for. */
function namedBy(name) {
  const named = { imports: [], atOnce: [], workers: [], words: [], pages: [] };
  const say = (node, what) => `web/${name}:${node.loc.start.line}: ${what}`;
  full(parse(onDisk(name).toString(), { ecmaVersion: "latest", sourceType: "module", locations: true }), (node) => {
    if (["ImportDeclaration", "ExportNamedDeclaration", "ExportAllDeclaration"].includes(node.type) && node.source) [named.imports, named.atOnce].forEach((list) => list.push(node.source.value));
    if (node.type === "ImportExpression") {
      // The decoder, as published, has a branch for Node with a module of Node's.
      if (name.startsWith("vendor/") && node.source.value === "module") return;
      assert.equal(node.source.type, "Literal", say(node, "an import whose address is made at run time cannot be checked"));
      named.imports.push(node.source.value);
    }
    if (node.type === "NewExpression" && /^(Shared)?Worker$/.test(node.callee.name) && !name.startsWith("vendor/")) {
      assert.equal(node.arguments[0].type, "Literal", say(node, "a worker whose address is made at run time cannot be checked"));
      named.workers.push(node.arguments[0].value);
    }
    if (node.type === "CallExpression" && node.callee.name === "start" && node.arguments[0]?.type === "Literal" && !name.startsWith("vendor/")) named.pages.push(node.arguments[0].value);
    if (node.type === "Literal" && typeof node.value === "string" && node.value.startsWith("/web/")) named.words.push(node.value);
  });
  return named;
}

test("everything that pages, modules, styles and the manifest name is served", async () => {
  const wanted = new Set();
  const want = (reference, from) => {
    const url = new URL(reference, `${demo.base_url}${from}`);
    assert.equal(url.origin, demo.base_url, `web${from} names ${reference}`);
    wanted.add(url.pathname);
  };
  for (const name of FILES) {
    const from = `/web/${name}`;
    if (/\.m?js$/.test(name)) {
      const { imports, workers, words, pages } = namedBy(name);
      for (const specifier of imports) {
        assert.match(specifier, /^\.{0,2}\//, `web/${name} imports ${specifier}: a browser finds only addresses`);
        want(specifier, from);
      }
      for (const worker of workers) want(worker, from);
      for (const page of pages) ["id", "en"].forEach((language) => want(`/web/${page}/words/${language}.json`, from));
      // A prefix, or a file.
      for (const word of words) if (!word.endsWith("/")) want(word, from);
    } else if (name.endsWith(".css")) {
      for (const [, , reference] of onDisk(name).toString().matchAll(/(?:url\(|@import )\s*(["']?)([^"')\s]+)\1/g)) if (!reference.startsWith("data:")) want(reference, from);
    } else if (name.endsWith(".webmanifest")) {
      const { icons, start_url, scope } = JSON.parse(onDisk(name));
      for (const reference of [...icons.map((icon) => icon.src), start_url, scope]) want(reference, from);
    }
  }
  for (const [address, script] of Object.entries(PAGES)) {
    for (const [, reference] of (await pageAt(address, script)).matchAll(/\b(?:href|src)="([^"]+)"/g)) if (!reference.startsWith("data:")) want(reference, address);
  }
  assert.ok(wanted.size > 50, "the references were not found");
  for (const address of wanted) {
    const [, page, language] = OF_WORDS.exec(address) ?? [];
    if (page) {
      await expectWords(page, language);
      continue;
    }
    if (address in PAGES) continue;
    const name = AT_ROOT[address] ?? (address.startsWith("/web/") ? address.slice(5) : assert.fail(`${address} is no address of a file`));
    assert.ok(FILES.includes(name), `${address} is named, but web/${name} is not there`);
    await expectFile(address, name);
  }
});

/** Opens a page without the app's cache, so that each file comes from the program; and with intervals as they are, because it
 * has come once nothing is asked any more. */
async function open(options = {}) {
  return openPerson(chromium, demo.base_url, { serviceWorkers: "block", hurried: false, ...options });
}

/** A page that a script has drawn. */
async function expectAlive(page, address) {
  await page.locator("main h1, main h2").first().waitFor();
  assert.equal(await page.locator("#unready").count(), 0, `${address} still says that it has not opened`);
  assert.ok((await page.locator("main").innerText()).length > 60, `${address} shows next to nothing`);
}

/** Whether nobody is logged in is asked with a request whose answer is 401; it is not a fault. */
const asked = (response) => response.status() === 401 && /\/v1\/(officer|teller|admin)\/sessions\/current$/.test(response.url());

// Files that one of the pages has lost already. What a page draws itself from is lost on each page (its first and last module,
// its words and styles); of what lies between every third is lost, once, on the first page that asks for it: a module that
// another one imports is missed by the browser in the same way, whichever it is.
const lostBefore = new Set();
let between = 0;

// Two at a time: nothing here depends on how fast a page is drawn.
describe("every page", { concurrency: 2 }, () => {
  for (const address of Object.keys(PAGES)) {
    test(`${address} comes alive`, async () => {
      const person = await open();
      const lost = [];
      person.page.on("requestfailed", (request) => lost.push(`${request.url()}: ${request.failure()?.errorText}`));
      person.page.on("response", (response) => response.status() >= 400 && !asked(response) && lost.push(`${response.url()}: ${response.status()}`));
      await person.page.goto(address, { waitUntil: "networkidle" });
      await expectAlive(person.page, address);
      assert.deepEqual(lost, []);
      await person.close();
    });

    test(`${address} says what to do when a file is lost on the way`, async () => {
      const person = await open();
      const { page } = person;
      const files = new Set();
      page.on("request", (request) => request.url().startsWith(`${demo.base_url}/web/`) && files.add(new URL(request.url()).pathname));
      await page.goto(address, { waitUntil: "networkidle" });
      const modules = [...files].filter((file) => file.endsWith(".js"));
      assert.ok(modules.length > 2 && files.size > modules.length + 2, [...files].join());
      page.removeAllListeners("console");
      page.removeAllListeners("pageerror");
      const network = await person.context.newCDPSession(page);
      await network.send("Network.enable");
      // Either way a file can be missing: the program has it not, or the network fails. The browser itself blocks what the network
      // loses: a route would hold up each of the other files too.
      const lose = (file) => (file === modules[0] ? page.route(`**${file}`, (route) => route.fulfill({ status: 404, body: "" })) : network.send("Network.setBlockedURLs", { urls: [`*://*${file}`] }));
      const returnFile = (file) => (file === modules[0] ? page.unroute(`**${file}`) : network.send("Network.setBlockedURLs", { urls: [] }));
      const lost = new Set();
      // What the page before was still loading ends when it is left: that is not lost.
      const left = (request) => request.failure()?.errorText === "net::ERR_ABORTED";
      page.on("requestfailed", (request) => left(request) || lost.add(new URL(request.url()).pathname));
      page.on("response", (response) => response.status() === 404 && lost.add(new URL(response.url()).pathname));
      const isBetween = (file) => file.endsWith(".js") && file !== modules[0] && file !== modules.at(-1);
      for (const file of files) {
        if (isBetween(file)) {
          if (lostBefore.has(file)) continue;
          lostBefore.add(file);
          between += 1;
          if (between % 3 !== 1) continue;
        }
        await lose(file);
        lost.clear();
        await page.goto(address);
        // A module deep in the graph may be told to be lost a moment after the page has loaded without it.
        await eventually(`${file} is lost`, () => lost.has(file));
        assert.deepEqual([...lost], [file], "this file is lost, and no other");
        const sentence = page.locator("#unready");
        if (/\.(css|svg)$/.test(file)) {
          await expectAlive(page, `${address} without ${file}`);
        } else {
          // It waits eight seconds, so that nobody sees it on the way; words that are lost show it at once.
          await page.evaluate(() => document.getAnimations().filter((one) => one.animationName === "unready").forEach((one) => one.finish()));
          await sentence.waitFor();
          for (const words of SAID) assert.match(await sentence.innerText(), words, `${address} without ${file}`);
        }
        if (file === modules.at(-1)) {
          if (address === "/") await keepPicture(page, "lost-module");
          await checkAccessibility(page, `${address} without ${file}`);
          await returnFile(file);
          await sentence.getByRole("link").first().click();
          await expectAlive(page, `${address} after ${file} came back`);
        }
        await returnFile(file);
      }
      await person.close();
    });
  }
});

test("on its way a page does not say that it has not opened", async () => {
  const person = await open();
  const { page } = person;
  let release;
  const held = new Promise((done) => (release = done));
  await page.route("**/web/shared/dom.js", async (route) => { await held; await route.continue(); });
  await page.goto("/bantuan", { waitUntil: "commit" });
  const sentence = page.locator("#unready");
  await sentence.waitFor({ state: "attached" });
  await page.waitForFunction(() => document.styleSheets.length > 0);
  assert.equal(await sentence.isVisible(), false);
  assert.equal(await page.evaluate(() => document.getAnimations().find((one) => one.animationName === "unready")?.effect.getTiming().delay), 8000);
  release();
  await expectAlive(page, "/bantuan");
  await person.close();
});

test("without scripts each page says what it needs", async () => {
  const person = await open({ javaScriptEnabled: false });
  for (const address of Object.keys(PAGES)) {
    await person.page.goto(address);
    const text = await person.page.locator("body").innerText();
    assert.match(text, /Nyalakan JavaScript/, address);
    assert.match(text, /This page needs JavaScript/, address);
    assert.equal(await person.page.locator("#unready").isVisible(), false, address);
  }
  await person.close();
});

test("what the app keeps for the time without network is what the program serves", async () => {
  const person = await openPerson(chromium, demo.base_url, { viewport: PHONE });
  await person.page.goto("/");
  const kept = await person.page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    const found = [];
    for (const name of await caches.keys()) {
      for (const request of await (await caches.open(name)).keys()) found.push(new URL(request.url).pathname);
    }
    return found;
  });
  assert.ok(kept.includes("/") && kept.includes("/web/app/main.js"), kept.join());
  for (const address of kept) {
    const [, page, language] = OF_WORDS.exec(address) ?? [];
    if (page) await expectWords(page, language);
    else if (address in PAGES) await pageAt(address, PAGES[address]);
    else await expectFile(address, AT_ROOT[address] ?? address.slice(5));
  }
  // What a module cannot run without is kept with it.
  const missing = kept.filter((address) => address.endsWith(".js") && address.startsWith("/web/")).flatMap((address) => namedBy(address.slice(5)).atOnce.map((specifier) => [address, new URL(specifier, demo.base_url + address).pathname]))
    .filter(([, wanted]) => !kept.includes(wanted)).map(([address, wanted]) => `${address} needs ${wanted}`);
  assert.deepEqual(missing, []);
  await person.close();
});
