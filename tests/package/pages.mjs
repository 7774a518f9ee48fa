// Looks at a running service as people do: every page in a browser, the officer's log-in, and what a bank recorded.
//
//     pages.mjs BASE CERTIFICATE WHO.json
//
// WHO.json holds an officer (`username`, `password`, `totp_secret`) and may hold `api_key` and `verification_id`.

import assert from "node:assert/strict";
import { createHmac, X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import https from "node:https";
import { createRequire } from "node:module";

const { chromium } = createRequire(new URL("../browser/package.json", import.meta.url))("playwright-core");
const [base, certificate, who] = process.argv.slice(2);
const ca = readFileSync(certificate);
const { officer, api_key: apiKey, verification_id: verificationId } = JSON.parse(readFileSync(who, "utf8"));
assert.ok(new X509Certificate(ca).subject);

/** A request over TLS that trusts this one certificate. */
function ask(path, { method = "GET", headers = {}, json } = {}) {
  const body = json && JSON.stringify(json);
  return new Promise((resolve, reject) => {
    const request = https.request(base + path, { method, ca, headers: { ...headers, ...(body && { "content-type": "application/json" }) } }, async (response) => {
      let text = "";
      for await (const part of response.setEncoding("utf8")) text += part;
      resolve({ status: response.statusCode, text });
    });
    request.once("error", reject);
    request.end(body);
  });
}

/** RFC 6238 with SHA-1, six digits, 30 s. */
function totp(secret) {
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const digest = createHmac("sha1", key).update(counter).digest();
  return String((digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

const ready = await ask("/health/ready");
assert.equal(ready.status, 200, ready.text);
const credentials = { username: officer.username, password: officer.password, totp: totp(officer.totp_secret) };
const session = await ask("/v1/officer/sessions", { method: "POST", json: credentials });
assert.equal(session.status, 201, session.text);
if (verificationId) {
  const record = await ask(`/v1/verifications/${verificationId}`, { headers: { authorization: `Bearer ${apiKey}` } });
  assert.equal(record.status, 200, record.text);
  assert.equal(JSON.parse(record.text).result, "valid");
}

const executablePath = [process.env.IKD_TEST_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((file) => file && existsSync(file));
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--ignore-certificate-errors"] });
const wrong = [];
for (const path of ["/", "/mulai", "/blokir", "/petugas", "/verifikasi", "/bantuan", "/poster", "/selebaran"]) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  // Who is not logged in is told so with a 401, which the browser logs by itself; what is not found is looked at below.
  page.on("console", (message) => message.type() === "error" && !message.text().includes("status of 401") && wrong.push(`${path}: ${message.text()}`));
  page.on("pageerror", (error) => wrong.push(`${path}: ${error}`));
  page.on("requestfailed", (request) => wrong.push(`${path}: ${request.url()} ${request.failure()?.errorText}`));
  page.on("response", (response) => response.status() === 404 && wrong.push(`${path}: ${response.url()} is 404`));
  const response = await page.goto(base + path, { waitUntil: "networkidle" });
  assert.equal(response.status(), 200, path);
  // What the scripts made; the shell alone has none of it.
  await page.locator("main :is(h1, h2)").first().waitFor({ timeout: 15_000 }).catch(() => wrong.push(`${path}: shows no heading`));
  await context.close();
}
await browser.close();
assert.deepEqual(wrong, []);
console.log("pages, log-in and records are as they should be");
