// The PIN never leaves the phone: it becomes an Ed25519 key, of which the service knows the public half only.

import { base64url, fromBase64url } from "../shared/http.js";

const ROUNDS = 600000;
const encoder = new TextEncoder();
// RFC 8410 §7: what stands before the 32 bytes of an Ed25519 private key in PKCS#8.
const PKCS8 = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/** Why a PIN is too easy: `repeat`, `run`, `birth`, or null. `birthDate` is `YYYY-MM-DD`. */
export function weakness(pin, birthDate) {
  const digits = [...pin].map(Number);
  if (digits.every((digit) => digit === digits[0])) return "repeat";
  for (const step of [1, -1]) {
    if (digits.every((digit, i) => i === 0 || digit === digits[i - 1] + step)) return "run";
  }
  if (birthDate) {
    const [year, month, day] = birthDate.split("-");
    const short = year.slice(2);
    const orders = [
      [day, month, short],
      [day, short, month],
      [month, day, short],
      [month, short, day],
      [short, day, month],
      [short, month, day],
      [day, year],
      [year, day],
      [month, year],
      [year, month],
    ];
    if (orders.some((parts) => parts.join("") === pin)) return "birth";
  }
  return null;
}

async function seedOf(pin, salt) {
  const secret = await crypto.subtle.importKey("raw", encoder.encode(pin), "PBKDF2", false, ["deriveBits"]);
  return new Uint8Array(
    await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS }, secret, 256),
  );
}

async function ownCurve(seed) {
  const key = await crypto.subtle.importKey("pkcs8", Uint8Array.from([...PKCS8, ...seed]), "Ed25519", true, ["sign"]);
  const { x } = await crypto.subtle.exportKey("jwk", key);
  return { publicKey: x, sign: (message) => crypto.subtle.sign("Ed25519", key, message) };
}

async function vendoredCurve(seed) {
  const { getPublicKeyAsync, signAsync } = await import("/web/vendor/noble-ed25519-3.2.0/ed25519.js");
  return { publicKey: base64url(await getPublicKeyAsync(seed)), sign: (message) => signAsync(message, seed) };
}

/** The key of a PIN: `{publicKey, sign(bytes)}`. `own` false skips the browser's own Ed25519, for tests. */
export async function pinKey(pin, salt, own = true) {
  const seed = await seedOf(pin, salt);
  try {
    if (!own) throw new Error("not wanted");
    return await ownCurve(seed);
  } catch {
    // Browsers from before 2025 have no Ed25519.
    return vendoredCurve(seed);
  }
}

/** Signs a challenge for `enrol`, `unlock` or `change`. */
export async function answer(key, purpose, challenge, thumbprint) {
  const head = encoder.encode(`ikd-pin-v1/${purpose}\0`);
  const raw = fromBase64url(challenge);
  const message = new Uint8Array(head.length + raw.length + thumbprint.length);
  message.set(head);
  message.set(raw, head.length);
  message.set(thumbprint, head.length + raw.length);
  return base64url(await key.sign(message));
}
