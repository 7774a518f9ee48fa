// `ikd demo --lan`: what a phone gets over https from a certificate that nobody vouches for. A secure origin, or there would
// be neither camera nor device key; a registration through the pages needs both.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { FACE, Resident } from "./resident.mjs";
import { openPerson, startBoth } from "./support.mjs";

let demo;
let chrome;

before(async () => {
  [demo, chrome] = await startBoth(["--lan", "--address", "127.0.0.1"]);
  await chrome.camera.show(FACE, { fit: 1 });
});
after(async () => {
  await chrome?.stop();
  await demo?.stop();
});

test("the browser warns before the first page", async () => {
  const context = await chrome.browser.newContext();
  const page = await context.newPage();
  await assert.rejects(page.goto(demo.base_url), /ERR_CERT_AUTHORITY_INVALID/);
  await context.close();
});

test("past the warning the origin is secure, and a resident registers with camera and device key", async () => {
  const person = await openPerson(chrome, demo.base_url, { ignoreHTTPSErrors: true });
  const { page } = person;
  await page.goto("/");
  const found = await page.evaluate(() => ({
    secure: isSecureContext,
    camera: typeof navigator.mediaDevices?.getUserMedia,
    keys: typeof crypto.subtle?.generateKey,
    worker: "serviceWorker" in navigator,
  }));
  assert.deepEqual(found, { secure: true, camera: "function", keys: "function", worker: true });
  await new Resident(demo, person, demo.resident()).register();
  // No browser takes a service worker from such a certificate, whatever its user accepted: the pages do without one.
  const refused = person.wrong.splice(0).filter((one) => !one.includes("SSL certificate error occurred when fetching the script"));
  assert.deepEqual(refused, []);
  await person.close();
});

test("localhost leads to the address that proofs name", async () => {
  const context = await chrome.browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(`${demo.base_url.replace("127.0.0.1", "localhost")}/petugas`);
  assert.equal(new URL(page.url()).origin, demo.base_url);
  await context.close();
});
