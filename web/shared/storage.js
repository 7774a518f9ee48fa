// What a page keeps in the browser. Storage may be full, forbidden (private windows) or lost; nothing here throws: what
// cannot be kept lives in memory until the page closes, and the person is told once.

const memory = new Map();
let told = () => {};

/** Calls back, once, when something could not be kept. */
export function onUnkept(listener) {
  told = listener;
}

function area(name) {
  // Where storage is forbidden, reading the property throws already.
  return name === "session" ? window.sessionStorage : window.localStorage;
}

/** What is kept under a key, or null. `where` is `local` (stays) or `session` (ends with the tab). */
export function read(where, key) {
  const place = `${where} ${key}`;
  if (memory.has(place)) return memory.get(place);
  try {
    return area(where).getItem(key);
  } catch {
    return null;
  }
}

/** Keeps text under a key. Gives whether it outlives this page. */
export function keep(where, key, text) {
  try {
    area(where).setItem(key, text);
    memory.delete(`${where} ${key}`);
    return true;
  } catch {
    memory.set(`${where} ${key}`, text);
    const tell = told;
    told = () => {};
    tell();
    return false;
  }
}

/** Forgets a key. */
export function forget(where, key) {
  memory.delete(`${where} ${key}`);
  try {
    area(where).removeItem(key);
  } catch {
    /* nothing was kept there */
  }
}

/** Forgets everything of the tab. */
export function forgetSession() {
  for (const place of [...memory.keys()]) if (place.startsWith("session ")) memory.delete(place);
  try {
    area("session").clear();
  } catch {
    /* nothing was kept there */
  }
}

/** An object that was kept as JSON; empty where there is none. */
export function readObject(where, key) {
  try {
    return JSON.parse(read(where, key)) ?? {};
  } catch {
    return {};
  }
}
