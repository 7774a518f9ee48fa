// What all browser tests share: a node of the service with made-up people, a browser with a camera that shows what the
// test wants, the mailbox, an officer and a bank who speak the API, and the checks that every screen has to pass.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterEach } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const TARGET = process.env.CARGO_TARGET_DIR ?? path.join(ROOT, "target");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const BROWSERS = [process.env.IKD_TEST_CHROMIUM, ...[...process.env.PATH.split(path.delimiter), "/usr/bin"].flatMap((folder) => NAMES.map((name) => path.join(folder, name)))];

export const PHONE = { width: 360, height: 740 };
export const DESK = { width: 1280, height: 800 };

/** Repeats `look` until it gives something, for at most `seconds`. */
export async function eventually(what, look, seconds = 20) {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** The program that all these tests drive. `tests/run` builds what ships; by hand, what `cargo build` made is at hand. */
export const BINARY = process.env.IKD_TEST_BINARY ?? path.join(TARGET, "debug", "ikd");

/** The pages are in the program: one that was built before the last change of a page would test yesterday's pages. */
function expectPresentPages() {
  const built = statSync(BINARY, { throwIfNoEntry: false })?.mtimeMs;
  assert.ok(built, `${BINARY} does not exist: run \`cargo build\`, or \`tests/run --browser\``);
  if (process.env.IKD_TEST_BINARY) return;
  const web = path.join(ROOT, "web");
  const newer = readdirSync(web, { recursive: true }).filter((name) => statSync(path.join(web, name)).mtimeMs > built);
  assert.deepEqual(newer, [], `changed after ${BINARY} was built: run \`cargo build\` first`);
}

async function spawnDemo(port, data, words) {
  const child = spawn(BINARY, ["demo", "--no-walk", "--format", "json", "--port", String(port), "--data", data, ...words], { stdio: ["ignore", "pipe", "inherit"] });
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`ikd demo ended with ${code}`)));
    child.once("error", reject);
  });
  return { child, ready: JSON.parse(line) };
}

async function ended(child) {
  const gone = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  await gone;
}

/** Starts `ikd demo` on a free port, with further `words`. Resolves with what it prints once ready, and `stop()`. */
export async function startDemo(...words) {
  expectPresentPages();
  const data = mkdtempSync(path.join(tmpdir(), "ikd-browser-"));
  let { child, ready } = await spawnDemo(0, data, words);
  return {
    ...ready,
    data,
    next: 0,
    /** Seconds by which the service's clock is ahead of this machine's. */
    ahead: 0,
    /** Turns the service's clock. */
    async later(seconds) {
      const { status } = await call(`${this.base_url}/demo/clock`, { json: { forward_seconds: seconds } });
      assert.equal(status, 200);
      this.ahead += seconds;
    },
    /** Opens or closes the population register. */
    async register(open) {
      const { status } = await call(`${this.base_url}/demo/register`, { json: { open } });
      assert.equal(status, 200);
    },
    /** Runs a command of the program on the demo's database, as an administrator does. Gives what it prints. */
    command(...words) {
      const env = { ...process.env, IKD__DATABASE__URL: `sqlite:${path.join(data, "ikd.db")}`, IKD__KEYS__DIRECTORY: path.join(data, "keys") };
      return JSON.parse(execFileSync(BINARY, [...words, "--format", "json"], { env, cwd: data }));
    },
    /** The present code of an authenticator, by the service's clock. It counts as long as it is shown: one that ends in a moment is not waited for, the clock is turned. */
    async totp(secret) {
      const left = secondsLeft(this.ahead);
      if (left < WAY_SECONDS) await this.later(Math.ceil(left));
      return totp(secret, this.ahead);
    },
    /** A resident whom no test has used yet. */
    resident() {
      const found = this.residents[this.next];
      assert.ok(found, "the demo has no more residents");
      this.next += 1;
      return found;
    },
    /** Ends the program, so that nobody answers. */
    async halt() {
      await ended(child);
      child = null;
    },
    /** Starts it again at the same address and with the same data. */
    async resume() {
      ({ child } = await spawnDemo(new URL(this.base_url).port, data, words));
    },
    async stop() {
      if (child) await ended(child);
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Starts the program with `words` and a browser. When one of them does not start, the other is ended: nothing may keep a test alive. */
export async function startBoth(words = [], browser = {}) {
  const begun = await Promise.allSettled([startDemo(...words), startBrowser(browser)]);
  const failed = begun.find(({ status }) => status === "rejected");
  if (!failed) return begun.map(({ value }) => value);
  await Promise.all(begun.map(({ value }) => value?.stop()));
  throw failed.reason;
}

/**
 * Prints a time against its budget. What fails the test is only a multiple of it: this machine may be busy with other things,
 * and a page that became ten times slower still shows.
 */
export function budget(what, milliseconds, most, { slack = 10 } = {}) {
  console.log(`budget: ${what}: ${Math.round(milliseconds)} ms of ${most}${milliseconds > most ? " - OVER, look at it on an idle machine" : ""}`);
  assert.ok(milliseconds <= most * slack, `${what}: ${Math.round(milliseconds)} ms is more than ${slack} times the budget of ${most} ms`);
}

// ---------------------------------------------------------------- the camera

const WIDTH = 640;
const HEIGHT = 480;
const FRAMES = 2;

/** A video file that the browser takes for a camera. What it shows is changed by overwriting it in place. */
export class Camera {
  constructor() {
    this.folder = mkdtempSync(path.join(tmpdir(), "ikd-camera-"));
    this.file = path.join(this.folder, "camera.y4m");
    this.write(Buffer.alloc(WIDTH * HEIGHT * 4, 255));
  }

  /** Writes frames from RGBA pixels of the right size. */
  write(rgba) {
    const frame = Buffer.alloc((WIDTH * HEIGHT * 3) / 2);
    for (let y = 0; y < HEIGHT; y += 1) {
      for (let x = 0; x < WIDTH; x += 1) {
        const at = (y * WIDTH + x) * 4;
        const [r, g, b] = [rgba[at], rgba[at + 1], rgba[at + 2]];
        frame[y * WIDTH + x] = 16 + (65.738 * r + 129.057 * g + 25.064 * b) / 256;
        if (x % 2 === 0 && y % 2 === 0) {
          const chroma = WIDTH * HEIGHT + (y / 2) * (WIDTH / 2) + x / 2;
          frame[chroma] = 128 + (-37.945 * r - 74.494 * g + 112.439 * b) / 256;
          frame[chroma + (WIDTH * HEIGHT) / 4] = 128 + (112.439 * r - 94.154 * g - 18.285 * b) / 256;
        }
      }
    }
    const parts = [Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420jpeg\n`)];
    for (let i = 0; i < FRAMES; i += 1) parts.push(Buffer.from("FRAME\n"), frame);
    writeFileSync(this.file, Buffer.concat(parts), { flag: existsSync(this.file) ? "r+" : "w" });
  }

  /** Shows a picture (PNG or JPEG bytes), fitted into the frame. `distort` goes to a canvas: `{rotate, blur, dim, skew}`. */
  async show(picture, { fit = 0.9, background = "#fff", rotate = 0, blur = 0, dim = 1, skew = 0 } = {}) {
    this.studio ??= await this.browser.newPage();
    const url = `data:image/png;base64,${Buffer.from(picture).toString("base64")}`;
    const pixels = await this.studio.evaluate(async ({ url, width, height, fit, background, rotate, blur, dim, skew }) => {
      const image = new Image();
      image.src = url;
      await image.decode();
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.fillStyle = background;
      context.fillRect(0, 0, width, height);
      const scale = Math.min(width / image.width, height / image.height) * fit;
      context.filter = `blur(${blur}px) brightness(${dim})`;
      context.translate(width / 2, height / 2);
      context.rotate((rotate * Math.PI) / 180);
      context.transform(1, skew, 0, 1, 0, 0);
      context.drawImage(image, (-image.width * scale) / 2, (-image.height * scale) / 2, image.width * scale, image.height * scale);
      const { data } = context.getImageData(0, 0, width, height);
      let text = "";
      for (let i = 0; i < data.length; i += 0x8000) text += String.fromCharCode(...data.subarray(i, i + 0x8000));
      return btoa(text);
    }, { url, width: WIDTH, height: HEIGHT, fit, background, rotate, blur, dim, skew });
    this.write(Buffer.from(pixels, "base64"));
  }

  /** Points the camera at an element of another page, e.g. its QR. */
  async pointAt(locator, options) {
    await this.show(await locator.screenshot(), options);
  }

  /** Shows an empty wall. */
  blank() {
    this.write(Buffer.alloc(WIDTH * HEIGHT * 4, 200));
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

// ---------------------------------------------------------------- the browser

/** Starts a browser with a camera. `camera: "refused"` has none that it may use. */
export async function startBrowser({ camera = "granted" } = {}) {
  const executablePath = BROWSERS.find((file) => file && existsSync(file));
  assert.ok(executablePath, "no Chromium found: install the package chromium or set IKD_TEST_CHROMIUM");
  const film = new Camera();
  // A container's /dev/shm is often too small for a browser.
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--force-color-profile=srgb",
    "--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${film.file}`];
  args.push(camera === "granted" ? "--use-fake-ui-for-media-stream" : "--deny-permission-prompts");
  const browser = await chromium.launch({ executablePath, headless: true, args });
  film.browser = browser;
  return {
    browser,
    camera: film,
    async stop() {
      await browser.close();
      film.remove();
    },
  };
}

/**
 * Runs in a page: what it looks after every few seconds it looks after twice a second. What it sees is what counts here, not how
 * long it waits; where that counts, the page's clock is turned.
 */
function hurry() {
  const { setInterval } = window;
  window.setInterval = (act, milliseconds, ...rest) => setInterval.call(window, act, milliseconds >= 2000 ? 500 : milliseconds, ...rest);
}

/** Windows of people that are open. */
const opened = new Set();

/** Says what people saw, beside what a test missed: who reads a log later has no screen. */
async function tellSeen() {
  for (const page of [...opened].flatMap((context) => context.pages())) {
    const text = await page.locator("body").innerText({ timeout: 3000 }).catch((error) => `(${error.message})`);
    console.error(`seen at ${new URL(page.url()).pathname}: ${text.replace(/\s+/g, " ").slice(0, 1500)}`);
  }
}

afterEach(async (test) => {
  if (!test.passed) await tellSeen();
});

/**
 * Opens a person's own browser profile. Whatever a page should never do, it fails the test for: errors in the console,
 * uncaught errors, broken policy, requests to foreign hosts.
 */
export async function openPerson({ browser }, baseUrl, { viewport = PHONE, locale = "id-ID", camera = true, hurried = true, language, allowed = [], stage, ...options } = {}) {
  const context = await browser.newContext({ viewport, locale, baseURL: baseUrl, permissions: camera ? ["camera"] : [], ...options });
  if (hurried) await context.addInitScript(hurry);
  if (language) await context.addInitScript((chosen) => localStorage.getItem("ikd.language") ?? localStorage.setItem("ikd.language", chosen), language);
  const wrong = [];
  context.on("page", (page) => {
    page.setDefaultTimeout(15000);
    // What is said to screen readers repeats what is shown, a moment later: what a test looks for is what is shown.
    const { getByText } = page;
    page.getByText = (...wanted) => getByText.apply(page, wanted).and(page.locator(":not(#say-now, #say-soon)"));
    page.on("pageerror", (error) => wrong.push(`uncaught: ${error.message}`));
    page.on("console", (message) => {
      // A refused request is logged by the browser itself; those are part of the play.
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) wrong.push(`console: ${message.text()}`);
    });
    page.on("request", (request) => {
      const url = request.url();
      if (![baseUrl, ...allowed].some((base) => url.startsWith(base)) && !url.startsWith("blob:") && !url.startsWith("data:")) wrong.push(`foreign request: ${url}`);
    });
  });
  const page = await context.newPage();
  opened.add(context);
  context.on("close", () => opened.delete(context));
  return {
    context,
    page,
    wrong,
    async close() {
      await context.close();
      assert.deepEqual(wrong, [], "the pages did something they never should");
    },
  };
}

// ---------------------------------------------------------------- what every screen has to pass

/** Fails with axe-core's findings for WCAG 2.2 AA and best practices. */
export async function checkAccessibility(page, where) {
  const run = () => page.evaluate(async () => {
    // Of what passes nothing is read, so nothing of it has to be told.
    const options = { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"] };
    return window.axe && (await window.axe.run(document, options)).violations;
  });
  let found = await run();
  if (!found) {
    // Once a document: parsing it takes longer than running it. The debugger may run what the page's policy forbids.
    await page.evaluate(AXE);
    found = await run();
  }
  const lines = found.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")} (${node.failureSummary?.split("\n")[1]?.trim()})`));
  assert.deepEqual(lines, [], `axe finds fault with ${where}`);
}

/** Fails when the page scrolls sideways at 320 px, or at 200 % zoom of the usual phone. */
export async function checkReflow(page, where) {
  const before = page.viewportSize();
  for (const width of [320, Math.round(before.width / 2)].filter((width) => width >= 320 || before.width > 640)) {
    await page.setViewportSize({ width: Math.max(width, 320), height: before.height });
    const wide = await page.evaluate(() => {
      const room = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= room) return [];
      return [...document.querySelectorAll("body *")].filter((node) => node.getBoundingClientRect().right > room + 1).slice(0, 5).map((node) => `${node.tagName}.${node.className} ${node.textContent.slice(0, 40)}`);
    });
    assert.deepEqual(wide, [], `${where} scrolls sideways at ${width} px`);
  }
  await page.setViewportSize(before);
}

/** Both, in both languages, without leaving the screen. */
export async function checkScreen(page, where) {
  for (const language of ["EN", "ID"]) {
    const other = page.getByRole("button", { name: new RegExp(`^${language}:`) });
    if (await other.count()) await other.first().click();
    await page.waitForTimeout(60);
    await checkAccessibility(page, `${where} (${language})`);
    await checkReflow(page, `${where} (${language})`);
  }
}

/** Every screen: axe and reflow in both languages (a dialog in the present one), and pictures named `name` to look at. */
export async function checkAndKeep(page, name, where = name) {
  await keepPictures(page, name);
  if (await page.locator("dialog[open]").count()) {
    await checkAccessibility(page, where);
    await checkReflow(page, where);
  } else await checkScreen(page, where);
}

/**
 * Browser profiles of people, by name; `act` gets them, and a failure leaves pictures of what they saw, named after
 * `prefix`. `options(name)` says how each one's is opened.
 */
export async function withPeople(stage, demo, names, act, { prefix, options }) {
  const people = {};
  for (const name of names) people[name] = await openPerson(stage, demo.base_url, options(name));
  try {
    await act(people);
  } catch (error) {
    await tellSeen();
    for (const [name, { page }] of Object.entries(people)) await page.screenshot({ path: path.join(ROOT, "target", `${prefix}-${name}.png`) }).catch(() => {});
    for (const { context } of Object.values(people)) await context.close();
    throw error;
  }
  for (const person of Object.values(people)) await person.close();
}

/** Whether pictures are kept: `screenshots.mjs` asks for them, a run that only tests does not wait for them. */
const picturesWanted = () => process.env.IKD_TEST_PICTURES === "1";

/** Keeps a picture of the screen in `target/screenshots`, where pictures are wanted. */
export async function keepPicture(page, name) {
  if (!picturesWanted()) return;
  const folder = path.join(TARGET, "screenshots");
  mkdirSync(folder, { recursive: true });
  // Bars that stick to the window's edge would lie across a full-page picture: the window grows instead.
  const before = page.viewportSize();
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  if (height > before.height) await page.setViewportSize({ width: before.width, height });
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
  await page.setViewportSize(before);
}

/** Keeps a picture of the screen on a phone and one on a desk. */
export async function keepPictures(page, name) {
  if (!picturesWanted()) return;
  const before = page.viewportSize();
  for (const [size, viewport] of [["phone", PHONE], ["desk", DESK]]) {
    await page.setViewportSize(viewport);
    await keepPicture(page, `${name.replace(/\W+/g, "-")}-${size}`);
  }
  await page.setViewportSize(before);
}

// ---------------------------------------------------------------- mail

function decodeQuotedPrintable(text) {
  const bytes = text.replace(/=\r?\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** The newest mail to an address in which `read(text)` finds something, with what it finds. Waits for one that is not `notMail`. */
export function waitForMail(demo, address, read, { notMail } = {}) {
  return eventually(`mail to ${address}`, () => {
    const names = readdirSync(demo.mailbox_dir).filter((name) => name.endsWith(".eml")).sort().reverse();
    for (const mail of names) {
      const raw = readFileSync(path.join(demo.mailbox_dir, mail), "utf8");
      if (mail === notMail || !raw.includes(address)) continue;
      const found = read(decodeQuotedPrintable(raw));
      if (found) return { mail, ...found };
    }
    return null;
  });
}

/** The newest activation mail to an address: `{mail, code, link}`. */
export function waitForCode(demo, address, options) {
  const read = (text) => {
    const link = /https?:\/\/\S+\/aktivasi#[0-9a-f-]{36}\.(\d{6})/.exec(text);
    return link && { link: link[0], code: link[1] };
  };
  return waitForMail(demo, address, read, options);
}

// ---------------------------------------------------------------- officers and banks by the API

function base32(text) {
  let bits = "";
  for (const letter of text.replace(/=+$/, "")) bits += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter.toUpperCase()).toString(2).padStart(5, "0");
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

const STEP_SECONDS = 30;
/** Seconds that a code needs for its way into the page and to the service. */
const WAY_SECONDS = 6;

/** Seconds for which a code is shown yet, by a clock that is `ahead` seconds. */
const secondsLeft = (ahead) => STEP_SECONDS - ((Date.now() / 1000 + ahead) % STEP_SECONDS);

/** The authenticator's code (RFC 6238: SHA-1, 30 s, 6 digits), by a clock that is `ahead` seconds. */
function totp(secret, ahead) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor((Date.now() / 1000 + ahead) / STEP_SECONDS)));
  const mac = createHmac("sha1", base32(secret)).update(counter).digest();
  const offset = mac[19] & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** The code by this machine's clock, where the service goes by that: the next one, where the present one ends in a moment. */
export async function presentTotp(secret) {
  const left = secondsLeft(0);
  if (left < WAY_SECONDS) await new Promise((done) => setTimeout(done, Math.ceil(left * 1000)));
  return totp(secret, 0);
}

async function call(url, { method = "POST", json, headers = {} } = {}) {
  const answer = await fetch(url, { method, headers: { ...(json === undefined ? {} : { "content-type": "application/json" }), ...headers }, body: json === undefined ? undefined : JSON.stringify(json) });
  const data = answer.headers.get("content-type")?.includes("json") ? await answer.json() : null;
  return { status: answer.status, headers: answer.headers, data };
}

/** A new account at the demo's office: what the command says of it, and its `username`. It has to choose secrets of its own. */
export const addNewcomer = (demo, username, name, ...words) => ({
  username,
  ...demo.command("officer", "add", username, name, "--office", "DEMO-01", ...words, "--generate-password"),
});

/** Changes the row of an account past the service. */
function alter(demo, who, change) {
  const statement = `UPDATE staff_account SET ${change} WHERE username = ?`;
  const program = `import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=30) as db:
    assert db.execute(${JSON.stringify(statement)}, (sys.argv[2],)).rowcount == 1`;
  execFileSync("python3", ["-c", program, path.join(demo.data, "ikd.db"), who.username]);
  return who;
}

/** The same account as if its owner had chosen what the command printed: the way there is `flow.test.mjs`'s. */
export const settled = (demo, who) => alter(demo, who, "initial_password_until = NULL, initial_totp_until = NULL");

/** The same account as if half a minute had gone by since its last code, where the service's clock cannot be turned. */
export const codeCountsAgain = (demo, who) => alter(demo, who, "totp_last_step = totp_last_step - 1");

/** A new account whose owner has chosen. */
export const addStaff = (demo, username, name, ...words) => settled(demo, addNewcomer(demo, username, name, ...words));

/** Logs in on the counter's page, in a period of the authenticator of its own; `first` heads what the person comes to. */
export const logInAtCounter = (demo, page, who, first = "Pindai QR warga") => logInAt(demo, page, "/petugas", who, first);

/** The same on any page of people who work with the service. */
export async function logInAt(demo, page, address, who, first) {
  await demo.later(30);
  await page.goto(address);
  await page.getByLabel("Nama pengguna").fill(who.username);
  await page.getByLabel("Kata sandi").fill(who.password);
  await page.getByLabel("Kode autentikator").fill(await demo.totp(who.totp_secret));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: first }).waitFor();
}

/** An officer who works with the API. */
export class Officer {
  static async login(demo) {
    const { username, password, totp_secret: secret } = demo.officer;
    // Each period's code counts once.
    let code = await demo.totp(secret);
    if (code === demo.lastTotp) {
      await demo.later(STEP_SECONDS);
      code = await demo.totp(secret);
    }
    demo.lastTotp = code;
    const { status, headers, data } = await call(`${demo.base_url}/v1/officer/sessions`, { json: { username, password, totp: code } });
    assert.ok(status < 300, `log-in: ${status} ${JSON.stringify(data)}`);
    const officer = new Officer();
    officer.base = demo.base_url;
    officer.cookie = headers.get("set-cookie").split(";")[0];
    return officer;
  }

  async call(method, address, json) {
    const { status, data } = await call(`${this.base}${address}`, { method, json, headers: { cookie: this.cookie } });
    assert.ok(status < 300, `${method} ${address}: ${status} ${JSON.stringify(data)}`);
    return data;
  }

  scan(token) {
    return this.call("POST", "/v1/officer/scans", { token });
  }

  async approve(id) {
    const { version } = await this.call("GET", `/v1/officer/registrations/${id}`);
    return this.call("POST", `/v1/officer/registrations/${id}/approval`, { version, checks: { face: true, document: true, data: true }, note: "" });
  }
}

/** A bank's check of a QR. */
export async function verify(demo, token, purpose = demo.relying_party.purposes[0]) {
  const headers = { authorization: `Bearer ${demo.relying_party.api_key}`, "idempotency-key": randomUUID() };
  const { status, data } = await call(`${demo.base_url}/v1/verifications`, { json: { token, purpose }, headers });
  assert.equal(status, 200, JSON.stringify(data));
  return data;
}

/** The heading of a screen that has come, not of one that is still loading. */
export const DRAWN = "main h1:not(.loading > h1)";

/** Waits until the app shows a screen (the part of its address after `#/`) and has drawn it. */
export async function expectScreen(page, screen) {
  await page.waitForURL((url) => (url.hash.replace(/^#\/?/, "") || "") === screen);
  await page.locator(DRAWN).first().waitFor();
}
