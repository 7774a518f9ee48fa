// The screens of the app by address: which one is shown, the ways between them, and what ends when one is left. It
// knows no screen by itself: `main.js` hands them over, and each of them may use this module.

import { button, el, fill, find } from "../shared/dom.js";
import { asRefused, onNetwork, probe } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { keep, readObject } from "../shared/storage.js";
import { complain, heading } from "./ui.js";

// Where the link of the activation mail leads, which carries no screen's name.
const MAIL_LINK = "/aktivasi";

/** Where screens are drawn. */
export const outlet = el("main", { id: "isi", tabindex: "-1" });

let screens = {};
let guard = () => false;
let leaving = [];
let turn = 0;

// A screen's name, and for some what it is about: `#/laporan/0198…`.
const parts = () => /^#\/(\w*)(?:\/([\w-]+))?$/.exec(location.hash) ?? [];

/** The name of the screen that is shown. */
export const here = () => parts()[1] ?? "";

/** What the screen is about, as its address says; null for most. */
export const about = () => parts()[2] ?? null;

// What the address asks for: a screen, or the link of a mail.
const asked = () => (location.pathname === MAIL_LINK && !here() ? MAIL_LINK : here());

/** Goes to a screen. `replace` leaves no step to come back to. */
export function go(name, { replace = false } = {}) {
  const address = `${location.pathname === MAIL_LINK ? "/" : ""}#/${name}`;
  if (replace || location.pathname === MAIL_LINK) {
    history.replaceState(null, "", address);
    show();
  } else if (location.hash === address) {
    show();
  } else {
    location.hash = address;
  }
}

/**
 * As `go`, for what a screen does after waiting: whoever left it meanwhile stays where they are. To be asked for before
 * the first `await`, when the address is this screen's own.
 */
export function going() {
  const mine = here();
  return (name, options) => here() === mine && go(name, options);
}

/** Thrown by a screen that sends the person to another. */
class Elsewhere extends Error {
  constructor(screen) {
    super();
    this.name = "Elsewhere";
    this.screen = screen;
  }
}

/**
 * Sends the person to another screen instead of this one. Only `show` goes there: it knows whether this one was left
 * while it was being made, and then another screen's step must not be replaced.
 */
export function instead(name) {
  throw new Elsewhere(name);
}

/** Calls back when this screen is left. */
export function onLeave(act) {
  leaving.push(act);
}

/** Calls back when this screen is left for another, not when it is drawn anew. */
export function onGone(act) {
  const mine = here();
  onLeave(() => here() !== mine && act());
}

/** Repeats while the screen is shown; the first time after `seconds`. */
export function every(seconds, act) {
  let busy = false;
  const timer = setInterval(async () => {
    if (busy || document.hidden) return;
    busy = true;
    await act().catch(() => {});
    busy = false;
  }, seconds * 1000);
  onLeave(() => clearInterval(timer));
  return () => clearInterval(timer);
}

// Once a minute at most: a part that is missing for good must not load the page for ever.
const RELOADED = "ikd.reloaded";
const RELOAD_MILLISECONDS = 60000;

function mayReload() {
  const now = Date.now();
  if (now - (readObject("session", RELOADED).at ?? 0) < RELOAD_MILLISECONDS) return false;
  keep("session", RELOADED, JSON.stringify({ at: now }));
  // Where nothing can be kept, nobody would know that it was tried.
  return readObject("session", RELOADED).at === now;
}

/** Draws the screen of the present address. `keepFocus` leaves the focus where it is. */
export async function show({ keepFocus = false } = {}) {
  if (guard(here())) return;
  const mine = (turn += 1);
  const at = asked();
  leaving.forEach((act) => act());
  leaving = [];
  document.querySelectorAll("dialog").forEach((dialog) => dialog.remove());
  const slow = setTimeout(
    () =>
      mine === turn &&
      fill(
        outlet,
        el("div", { class: "loading" }, el("div", { class: "spinner" }), el("h1", { class: "lead" }, t("app.loading"))),
      ),
    300,
  );
  let content;
  try {
    content = await (screens[asked()] ?? screens[""])();
  } catch (error) {
    clearTimeout(slow);
    // The address may be another's already, before the browser says so.
    if (mine !== turn || asked() !== at) return;
    if (error instanceof Elsewhere) return go(error.screen, { replace: true });
    const place = el("div", {});
    content = el(
      "div",
      { class: "stack-loose" },
      heading(t("app.trouble")),
      place,
      button(t("app.start"), () => go("orang"), { kind: "quiet" }),
    );
    complain(place, error, () => show());
    // Browsers remember that a module failed until the page is loaded anew.
    const missing = asRefused(error).code === "part_missing";
    let before;
    leaving.push(
      onNetwork((trouble) => {
        if (before && !trouble && mine === turn) missing ? location.reload() : show();
        before = trouble;
      }),
    );
    // The network may be back already: then nobody has to say so.
    if (missing) probe().then(() => mine === turn && before === null && mayReload() && location.reload());
  }
  clearTimeout(slow);
  if (mine !== turn) return;
  fill(outlet, content);
  const title = find("h1", outlet);
  document.title = `${title?.textContent ?? ""} · IKD`;
  if (!keepFocus) {
    scrollTo(0, 0);
    title?.focus({ preventScroll: true });
  }
}

/**
 * Shows the screens of `table`, functions that give an element, or its promise: by the name behind the `#/` of the
 * address, and by `/aktivasi` for the link of a mail.
 */
export async function startRouter(table) {
  screens = table;
  addEventListener("hashchange", () => show());
  await show({ keepFocus: true });
}

/**
 * Calls `act(screen)` before each screen; where it gives true, the page is about to be replaced and nothing is drawn.
 */
export function beforeEach(act) {
  guard = act;
}
