// The people who use this phone. Each has a device key of their own that cannot be read out (WebCrypto, P-256), and every
// request of theirs carries a proof made with it (DPoP, RFC 9449).

import { Refused, request } from "../shared/http.js";

const CURRENT = "ikd.profile";
const encoder = new TextEncoder();

/** base64url without padding. */
export function base64url(bytes) {
  let text = "";
  for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte);
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** Bytes of base64url text. */
export const fromBase64url = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

// ---------------------------------------------------------------- what is kept

let opened;
function database() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open("ikd", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("profiles", { keyPath: "id" });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  return opened;
}

async function inStore(mode, act) {
  const transaction = (await database()).transaction("profiles", mode, mode === "readwrite" ? { durability: "strict" } : {});
  const asked = act(transaction.objectStore("profiles"));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(asked.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

/** All people on this phone, the first one first. One whose data was never taken by the service is not yet one of them. */
export const all = async () => (await inStore("readonly", (store) => store.getAll())).filter((profile) => profile.registration).sort((a, b) => a.made - b.made);

/** One of them. */
export const get = (id) => inStore("readonly", (store) => store.get(id));

/** Keeps what changed. */
export async function save(profile, changes = {}) {
  Object.assign(profile, changes);
  await inStore("readwrite", (store) => store.put(profile));
  return profile;
}

/** Forgets a person: key and all. */
export async function remove(profile) {
  await inStore("readwrite", (store) => store.delete(profile.id));
  if (localStorage.getItem(CURRENT) === profile.id) localStorage.removeItem(CURRENT);
}

/** Who uses the app now. */
export async function current() {
  const id = localStorage.getItem(CURRENT);
  return (id && (await get(id))) || null;
}

/** Chooses who uses the app. */
export function choose(profile) {
  localStorage.setItem(CURRENT, profile.id);
}

/** A new person with a new device key. */
export async function create(name) {
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const { crv, kty, x, y } = await crypto.subtle.exportKey("jwk", keys.publicKey);
  // RFC 7638: these members, in this order, without spaces.
  const thumbprint = new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(JSON.stringify({ crv, kty, x, y }))));
  const id = base64url(crypto.getRandomValues(new Uint8Array(9)));
  return save({ id, name, made: Date.now(), key: keys.privateKey, jwk: { crv, kty, x, y }, thumbprint });
}

// ---------------------------------------------------------------- proofs

let nonce;

/** A DPoP proof for one request. */
export async function prove(profile, method, path, token) {
  const part = (value) => base64url(encoder.encode(JSON.stringify(value)));
  const payload = {
    jti: base64url(crypto.getRandomValues(new Uint8Array(12))),
    htm: method,
    htu: `${location.origin}${path.split(/[?#]/)[0]}`,
    iat: Math.floor(Date.now() / 1000),
  };
  if (nonce) payload.nonce = nonce;
  if (token) payload.ath = base64url(await crypto.subtle.digest("SHA-256", encoder.encode(token)));
  const signed = `${part({ typ: "dpop+jwt", alg: "ES256", jwk: profile.jwk })}.${part(payload)}`;
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, profile.key, encoder.encode(signed));
  return `${signed}.${base64url(signature)}`;
}

/** A request of this person. With `token`, of their unlocked wallet. */
export async function api(profile, path, { method = "GET", token, ...options } = {}) {
  const prepare = async () => ({ DPoP: await prove(profile, method, path, token), ...(token ? { Authorization: `DPoP ${token}` } : {}) });
  const seen = (answer) => (nonce = answer.headers.get("dpop-nonce") ?? nonce);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await request(path, { ...options, method, prepare, seen });
    } catch (error) {
      // The first request has no nonce, and an old one expires: the refusal brings the next.
      if (!(error instanceof Refused) || error.code !== "use_dpop_nonce" || attempt === 3) throw error;
    }
  }
}

/** Asks where a registration stands, and keeps the answer for when there is no network. */
export async function refresh(profile, options) {
  const { data } = await api(profile, `/v1/registrations/${profile.registration.registration_id}`, options);
  return keep(profile, data);
}

/** Keeps what the service said of a registration. */
export const keep = (profile, registration) => save(profile, { registration: { ...registration, seen: Date.now() } });
