// A resident without a browser: device key, DPoP proofs (RFC 9449) and PIN key made with Node's own cryptography, so that
// tests of the counter and of tellers need no resident's page.

import assert from "node:assert/strict";
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, pbkdf2Sync, randomBytes, sign } from "node:crypto";
import { waitForCode } from "./support.mjs";

const text = (bytes) => Buffer.from(bytes).toString("base64url");
const sha256 = (bytes) => createHash("sha256").update(bytes).digest();

let count = 0;

export class Device {
  constructor(demo) {
    const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { kty, crv, x, y } = pair.publicKey.export({ format: "jwk" });
    count += 1;
    Object.assign(this, { demo, key: pair.privateKey, jwk: { crv, kty, x, y }, email: `orang${count}.${process.pid}@contoh.id` });
    // RFC 7638: the members in this order.
    this.thumbprint = sha256(JSON.stringify(this.jwk));
  }

  proof(method, address, body) {
    const { origin, pathname, search } = new URL(address);
    const claims = { jti: text(randomBytes(16)), htm: method, htu: origin + pathname, iat: Math.floor(Date.now() / 1000), nonce: this.nonce };
    if (search) claims.ikd_query = text(sha256(search.slice(1)));
    if (body !== undefined) claims.ikd_body = text(sha256(body));
    if (this.access) claims.ath = text(sha256(this.access));
    const head = text(JSON.stringify({ typ: "dpop+jwt", alg: "ES256", jwk: this.jwk }));
    const signed = `${head}.${text(JSON.stringify(claims))}`;
    return `${signed}.${text(sign("sha256", Buffer.from(signed), { key: this.key, dsaEncoding: "ieee-p1363" }))}`;
  }

  async call(method, path, { json, body, type, accept } = {}) {
    const address = `${this.demo.base_url}${path}`;
    const sent = json === undefined ? body : JSON.stringify(json);
    for (let attempt = 1; ; attempt += 1) {
      const headers = { DPoP: this.proof(method, address, sent), ...(accept ? { accept } : {}), ...(this.access ? { authorization: `DPoP ${this.access}` } : {}) };
      if (json !== undefined || type) headers["content-type"] = type ?? "application/json";
      const answer = await fetch(address, { method, headers, body: sent });
      this.nonce = answer.headers.get("dpop-nonce") ?? this.nonce;
      const bytes = Buffer.from(await answer.arrayBuffer());
      const data = answer.headers.get("content-type")?.includes("json") ? JSON.parse(bytes) : bytes;
      if (answer.status === 401 && data.code === "use_dpop_nonce" && attempt === 1) continue;
      assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${JSON.stringify(data)}`);
      return data;
    }
  }

  async captcha() {
    const { algorithm, challenge, salt, maxnumber, signature } = await this.call("POST", "/v1/captcha", { json: {} });
    for (let number = 0; number <= maxnumber; number += 1) {
      if (createHash("sha256").update(`${salt}${number}`).digest("hex") === challenge) {
        return Buffer.from(JSON.stringify({ algorithm, challenge, number, salt, signature })).toString("base64");
      }
    }
    throw new Error("the captcha has no solution");
  }

  /** Registers with selfie: ready for the counter. `changes` replaces what is submitted. */
  async register(person, selfie, changes = {}) {
    const { version } = await this.call("GET", "/v1/terms");
    const { nik, full_name, birth_date } = person;
    const json = { nik, full_name, birth_date, email: this.email, phone: "0812 3456 7890", terms: { version, accepted: true }, locale: "id", ...changes };
    this.id = (await this.call("POST", "/v1/registrations", { json })).registration_id;
    await this.call("PUT", `/v1/registrations/${this.id}/selfie`, { body: selfie, type: "image/png" });
    return this;
  }

  state() {
    return this.call("GET", `/v1/registrations/${this.id}`);
  }

  /** The activation QR as the picture that the service draws. */
  activationPicture() {
    return this.call("POST", `/v1/registrations/${this.id}/activation-token`, { json: {}, accept: "image/png" });
  }

  async activationToken() {
    return (await this.call("POST", `/v1/registrations/${this.id}/activation-token`, { json: {} })).token;
  }

  /** Scans the counter's QR; gives the number for both screens. */
  async scanCounter(token) {
    return (await this.call("POST", `/v1/registrations/${this.id}/counter-scan`, { json: { token } })).match_number;
  }

  signChallenge(purpose, challenge) {
    const signed = Buffer.concat([Buffer.from(`ikd-pin-v1/${purpose}\0`), Buffer.from(challenge, "base64url"), this.thumbprint]);
    return text(sign(null, signed, this.pinKey));
  }

  /** From an approved registration to the unlocked digital KTP. */
  async activate(pin = "274951") {
    const { code } = await waitForCode(this.demo, this.email);
    await this.call("POST", `/v1/registrations/${this.id}/activation-code`, { json: { code, captcha: await this.captcha() } });
    const seed = pbkdf2Sync(pin, randomBytes(16), 600_000, 32, "sha256");
    // RFC 8410 §7: the frame of an Ed25519 private key around its 32 bytes.
    this.pinKey = createPrivateKey({ key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]), format: "der", type: "pkcs8" });
    const pinPublicKey = createPublicKey(this.pinKey).export({ format: "jwk" }).x;
    const challenge = async () => (await this.call("POST", "/v1/challenges", { json: {} })).challenge;
    const first = await challenge();
    await this.call("POST", `/v1/registrations/${this.id}/pin`, { json: { pin_public_key: pinPublicKey, challenge: first, signature: this.signChallenge("enrol", first) } });
    const second = await challenge();
    this.access = (await this.call("POST", "/v1/sessions", { json: { challenge: second, signature: this.signChallenge("unlock", second) } })).access_token;
    return this;
  }

  async present(share) {
    return (await this.call("POST", "/v1/me/presentations", { json: { share } })).token;
  }

  presentationPicture(share) {
    return this.call("POST", "/v1/me/presentations", { json: { share }, accept: "image/png" });
  }
}

const STROKES = {
  Enter: { key: "Enter", code: "Enter", text: "\r", windowsVirtualKeyCode: 13 },
  Tab: { key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 },
  // Some scanners send what ends a line as a control character.
  LF: { key: "j", code: "KeyJ", modifiers: 2, windowsVirtualKeyCode: 74 },
  CR: { key: "m", code: "KeyM", modifiers: 2, windowsVirtualKeyCode: 77 },
  Space: { key: " ", code: "Space", text: " ", unmodifiedText: " ", windowsVirtualKeyCode: 32 },
};

/**
 * A hand scanner: a keystroke every `gap` milliseconds by the events' own clock, however busy this machine is, and what
 * `endings` names. A line feed in the text is an Enter. After `stallAfter` keys it stalls for `stall` milliseconds. Gives the
 * moment at which the ending was on its way.
 */
export async function handScanner(page, scanned, { endings = ["Enter"], gap = 2, stallAfter = Infinity, stall = 0 } = {}) {
  // A fake clock tells of each key that it came when it was read: on a slow machine that is no scanner's rhythm.
  const own = await page.evaluate(() => /\[native code\]/.test(Object.getOwnPropertyDescriptor(Event.prototype, "timeStamp").get));
  if (!own) throw new Error("a hand scanner needs a page whose clock is the browser's own");
  const keyboard = await page.context().newCDPSession(page);
  let moment = Date.now() / 1000;
  const stroke = (key) => {
    const { text, unmodifiedText, ...bare } = STROKES[{ "\n": "Enter", " ": "Space" }[key] ?? key] ?? { key, text: key, unmodifiedText: key };
    moment += gap / 1000;
    return [{ type: "keyDown", ...bare, ...(text ? { text, unmodifiedText: unmodifiedText ?? text } : {}), timestamp: moment }, { type: "keyUp", ...bare, timestamp: moment + gap / 2000 }];
  };
  // No faster than it says: the page would be told of keys in its future, and of what hands do after them as if it came between.
  const atOnce = Math.max(1, Math.floor(20 / gap));
  const send = async (keys) => {
    for (let at = 0; at < keys.length; at += atOnce) {
      await Promise.all(keys.slice(at, at + atOnce).flatMap(stroke).map((one) => keyboard.send("Input.dispatchKeyEvent", one)));
      await new Promise((done) => setTimeout(done, moment * 1000 - Date.now()));
    }
  };
  const keys = [...scanned];
  await send(keys.slice(0, stallAfter));
  if (stall) {
    await new Promise((done) => setTimeout(done, stall));
    moment += stall / 1000;
    await send(keys.slice(stallAfter));
  }
  const begun = performance.now();
  for (const one of endings.flatMap(stroke)) await keyboard.send("Input.dispatchKeyEvent", one);
  await keyboard.detach();
  return begun;
}

/** A drawn face as PNG: a selfie as far as the service can tell. */
export async function drawnFace(browser) {
  const page = await browser.newPage({ viewport: { width: 480, height: 600 } });
  await page.setContent("<body style='margin:0'><svg viewBox='0 0 120 150' width='480' height='600'><rect width='120' height='150' fill='#b3202a'/><path d='M14 150c2-40 22-48 46-48s44 8 46 48z' fill='#2d5d86'/><ellipse cx='60' cy='60' rx='25' ry='31' fill='#c68a5e'/><circle cx='51' cy='57' r='3'/><circle cx='69' cy='57' r='3'/><path d='M50 76c6 5 14 5 20 0' fill='none' stroke='#7a3b2e' stroke-width='3'/></svg></body>");
  const picture = await page.screenshot();
  await page.close();
  return picture;
}
