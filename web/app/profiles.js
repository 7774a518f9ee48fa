// The people who use this phone. Each has a device key of their own that cannot be read out (WebCrypto, P-256), and
// every request of theirs carries a proof made with it (DPoP, RFC 9449).

import { toast } from "../shared/dom.js";
import { base64url, explain, Refused, request } from "../shared/http.js";
import { forget, keep as keepText, read } from "../shared/storage.js";

const CURRENT = "ikd.profile";
const encoder = new TextEncoder();

// ---------------------------------------------------------------- what is kept

const STORE = "profiles";
// Some browsers never answer when they have lost their database (WebKit bug 226547).
const PATIENCE_MILLISECONDS = 5000;

let opened;
function database() {
  opened =
    opened ??
    new Promise((resolve, reject) => {
      const asked = window.indexedDB.open("ikd", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "id" });
      asked.onsuccess = () => {
        // iOS drops the connection of an app that slept, another tab may need a newer version: the next use opens it
        // anew.
        asked.result.onclose = letGo;
        asked.result.onversionchange = letGo;
        resolve(asked.result);
      };
      asked.onerror = () => reject(asked.error);
    });
  return opened;
}

function letGo() {
  opened?.then(
    (connection) => connection.close(),
    () => {},
  );
  opened = undefined;
}

async function once(mode, act) {
  const transaction = (await database()).transaction(STORE, mode, mode === "readwrite" ? { durability: "strict" } : {});
  const asked = act(transaction.objectStore(STORE));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(asked.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? asked.error);
  });
}

const inTime = (work) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the database does not answer")), PATIENCE_MILLISECONDS);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });

/** What is in the way of keeping, as a refusal that has words. */
function unkept(error) {
  console.warn("the phone's storage:", error);
  const said = `${error?.name} ${error?.message}`;
  if (/quota|full disk|disk full/i.test(said)) return new Refused("storage_full");
  if (!window.indexedDB || /SecurityError|NotAllowedError|DataCloneError/.test(said))
    return new Refused("storage_forbidden");
  return new Refused("storage_lost");
}

/** One transaction. A lost connection is opened anew once: an installed app has no button that reloads it. */
async function inStore(mode, act) {
  try {
    return await inTime(once(mode, act));
  } catch {
    letGo();
  }
  try {
    return await inTime(once(mode, act));
  } catch (error) {
    letGo();
    throw unkept(error);
  }
}

// What the phone could not keep lives here until the page closes.
const unsaved = new Map();
const newest = (profile) => unsaved.get(profile?.id) ?? profile;

const stored = async () => (await inStore("readonly", (store) => store.getAll())).map(newest);

/**
 * All people on this phone, the first one first. One whose data was never taken by the service, or whose digital KTP
 * is not yet here, is not yet one of them.
 */
export const all = async () =>
  (await stored()).filter((profile) => profile.registration || profile.active).sort((a, b) => a.made - b.made);

/** People that one phone holds at most: a family, and no office. */
export const MOST_PEOPLE = 5;
const OVER = ["rejected", "expired", "cancelled"];
const isOver = ({ active, life, registration }) =>
  active ? life?.state === "deactivated" : OVER.includes(registration?.state);

/** Whether it holds as many; whose digital KTP or registration has ended does not count. */
export const isFull = async () => (await all()).filter((profile) => !isOver(profile)).length >= MOST_PEOPLE;

/** Who is taking a digital KTP over from another phone, or null. */
export const moving = async () => (await stored()).find((profile) => profile.transfer && !profile.active) ?? null;

/** One of them. */
export const get = async (id) => newest(await inStore("readonly", (store) => store.get(id)));

/** Keeps what changed. Rejects when the phone could not: for what must not be lost. */
export async function save(profile, changes = {}) {
  await inStore("readwrite", (store) => store.put({ ...profile, ...changes }));
  Object.assign(profile, changes);
  unsaved.delete(profile.id);
  return profile;
}

/**
 * As `save`, for what the service knows too: where the phone cannot keep it, the work goes on and the person is told.
 */
export async function note(profile, changes = {}) {
  Object.assign(profile, changes);
  await save(profile).catch((error) => {
    unsaved.set(profile.id, profile);
    const { title, detail } = explain(error);
    toast(`${title}. ${detail}`, 12);
  });
  return profile;
}

/** Forgets a person: key and all. */
export async function remove(profile) {
  await inStore("readwrite", (store) => store.delete(profile.id));
  unsaved.delete(profile.id);
  if (read("local", CURRENT) === profile.id) forget("local", CURRENT);
}

/** Forgets keys that were made for a registration which the service never took. */
export async function sweep() {
  for (const profile of await stored())
    if (!profile.registration && !profile.transfer && !profile.active) await remove(profile);
}

/** Who uses the app now. */
export async function current() {
  const id = read("local", CURRENT);
  return (id && (await get(id))) || null;
}

/** Chooses who uses the app. */
export function choose(profile) {
  keepText("local", CURRENT, profile.id);
}

/** A new person with a new device key. Who they are is written down only when the service has taken their data. */
export async function create() {
  if (!window.crypto?.subtle) throw new Refused("insecure");
  if (await isFull()) throw new Refused("phone_full");
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const { crv, kty, x, y } = await crypto.subtle.exportKey("jwk", keys.publicKey);
  // RFC 7638: these members, in this order, without spaces.
  const thumbprint = new Uint8Array(
    await crypto.subtle.digest("SHA-256", encoder.encode(JSON.stringify({ crv, kty, x, y }))),
  );
  const id = base64url(crypto.getRandomValues(new Uint8Array(9)));
  return save({ id, made: Date.now(), key: keys.privateKey, jwk: { crv, kty, x, y }, thumbprint });
}

// ---------------------------------------------------------------- proofs

let nonce;

const digest = async (bytes) => base64url(await crypto.subtle.digest("SHA-256", bytes));

/** The bytes of what `fetch` is given as a body. */
const bytesOf = (body) => (typeof body === "string" ? encoder.encode(body) : new Response(body).arrayBuffer());

/** A DPoP proof for one request with this body. It works once: each try needs a new one. */
export async function prove(profile, method, path, { token, body } = {}) {
  const part = (value) => base64url(encoder.encode(JSON.stringify(value)));
  const [address, query] = path.split("#")[0].split(/\?(.*)/s);
  const payload = {
    jti: base64url(crypto.getRandomValues(new Uint8Array(12))),
    htm: method,
    htu: `${location.origin}${address}`,
    iat: Math.floor(Date.now() / 1000),
  };
  if (nonce) payload.nonce = nonce;
  if (token) payload.ath = await digest(encoder.encode(token));
  if (query) payload.ikd_query = await digest(encoder.encode(query));
  if (body !== undefined) payload.ikd_body = await digest(await bytesOf(body));
  const signed = `${part({ typ: "dpop+jwt", alg: "ES256", jwk: profile.jwk })}.${part(payload)}`;
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, profile.key, encoder.encode(signed));
  return `${signed}.${base64url(signature)}`;
}

/** A request of this person. With `token`, of their unlocked wallet. */
export async function api(profile, path, { method = "GET", token, ...options } = {}) {
  // What is proven are the bytes that are sent, so both are made here, once.
  if (options.json !== undefined) {
    const { json, ...rest } = options;
    options = { ...rest, body: JSON.stringify(json), headers: { ...rest.headers, "Content-Type": "application/json" } };
  }
  const prepare = async () => ({
    DPoP: await prove(profile, method, path, { token, body: options.body }),
    ...(token ? { Authorization: `DPoP ${token}` } : {}),
  });
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

/** Where the service keeps a person's registration, or a part of it. */
export const registrationPath = (profile, part) =>
  ["/v1/registrations", profile.registration.registration_id, part].filter(Boolean).join("/");

// Questions and answers in their order, and how new what each profile keeps is.
let order = 0;
const keptAt = new Map();

/**
 * Asks where a registration stands, and keeps the answer for when there is no network; not where something newer was
 * kept meanwhile, as by a code that was accepted while the question was on its way.
 */
export async function refresh(profile, options) {
  const mine = (order += 1);
  const { data } = await api(profile, registrationPath(profile), options);
  return mine < (keptAt.get(profile.id) ?? 0) ? undefined : keep(profile, data, mine);
}

/** Keeps what the service said of a registration. */
export function keep(profile, registration, place = (order += 1)) {
  // The birth date is kept for corrections and to refuse it as a PIN, so only as long as these may come.
  if (OVER.includes(registration.state)) delete profile.birthDate;
  keptAt.set(profile.id, place);
  return note(profile, { registration: { ...registration, seen: Date.now() } });
}
