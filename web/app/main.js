// The resident's app: frame, routes and the first screen. Every screen has an address of its own after the #, so the
// back button and a reload lead where people expect; what a screen needs is loaded when it is first shown.

import { announce, button, el, fill, find, icon, mark, notice } from "../shared/dom.js";
import { asRefused, explain, onNetwork, probe, Refused, showUncaught, toast } from "../shared/http.js";
import { languageSwitch, onLanguage, start, t } from "../shared/i18n.js";
import { onUnkept } from "../shared/storage.js";
import * as profiles from "./profiles.js";

const SCREENS = {
  "": home,
  orang: home,
  ketentuan: () => import("./register.js").then((m) => m.terms()),
  data: () => import("./register.js").then((m) => m.form()),
  swafoto: () => import("./selfie.js").then((m) => m.selfie()),
  status: () => import("./status.js").then((m) => m.status()),
  surel: () => import("./status.js").then((m) => m.contact()),
  perbaiki: () => import("./status.js").then((m) => m.correct()),
  qr: () => import("./counter.js").then((m) => m.activationQr()),
  pindai: () => import("./counter.js").then((m) => m.counterScan()),
  kode: () => import("./activate.js").then((m) => m.code()),
  simpan: () => import("./activate.js").then((m) => m.keep()),
  pin: () => import("./activate.js").then((m) => m.newPin()),
  buka: () => import("./wallet.js").then((m) => m.unlock()),
  kartu: () => import("./wallet.js").then((m) => m.card()),
  bagikan: () => import("./wallet.js").then((m) => m.share()),
  tunjukkan: () => import("./wallet.js").then((m) => m.show()),
  riwayat: () => import("./wallet.js").then((m) => m.history()),
};

// Of `update.js`, which comes later.
let arriving = () => false;
const main = el("main", { id: "isi", tabindex: "-1" });
let leaving = [];
let turn = 0;

/** Goes to a screen. `replace` leaves no step to come back to. */
export function go(name, { replace = false } = {}) {
  const address = `${location.pathname === "/aktivasi" ? "/" : ""}#/${name}`;
  if (replace || location.pathname === "/aktivasi") {
    history.replaceState(null, "", address);
    show();
  } else if (location.hash === address) {
    show();
  } else {
    location.hash = address;
  }
}

/** Calls back when this screen is left. */
export function onLeave(act) {
  leaving.push(act);
}

/** The name of the screen that is shown. */
export const here = () => /^#\/(\w*)$/.exec(location.hash)?.[1] ?? "";

/** The person who uses the app; without one, the first screen. */
export async function person() {
  const profile = await profiles.current();
  if (!profile) {
    go("", { replace: true });
    throw new Elsewhere();
  }
  return profile;
}

/** Thrown by a screen that sent the person to another. */
export class Elsewhere extends Error {
  constructor() {
    super();
    this.name = "Elsewhere";
  }
}

/** Sends the person to another screen instead of this one. */
export function instead(name) {
  go(name, { replace: true });
  throw new Elsewhere();
}

/** The heading of a screen, with the steps of the way where it is one of them. */
export function heading(title, step) {
  const steps = 6;
  const way = step
    ? [
        el("p", { class: "muted small" }, t("steps.at", { step, steps })),
        el(
          "ol",
          { class: "steps", "aria-hidden": "true" },
          Array.from({ length: steps }, (_, i) =>
            el("li", { class: i + 1 < step ? "done" : null, "aria-current": i + 1 === step ? "step" : null }),
          ),
        ),
      ]
    : null;
  return el("header", { class: "stack-tight" }, way, el("h1", { tabindex: "-1" }, title));
}

// The last complaint, so that another language, in which the screen is drawn anew, does not swallow it.
let said = null;

/** Shows a refusal in `place`, says it, and gives what can be repeated a button. */
export function complain(place, caught, again) {
  const error = asRefused(caught);
  const { title, detail } = explain(error);
  const kind = error instanceof Refused && !error.isNetwork && error.status < 500 ? "warning" : "danger";
  // An installed app has no button that loads it anew.
  const way = ["storage_lost", "part_missing"].includes(error.code)
    ? button(t("app.reload"), () => location.reload(), { kind: "secondary", wide: false })
    : again
      ? button(t("app.again"), again, { kind: "secondary", wide: false })
      : null;
  place.classList.add("trouble");
  said = { place, error };
  fill(place, notice(kind, title, detail, way));
  place.hidden = false;
  // A notice of danger is an alert already.
  if (kind === "warning") announce(`${title}. ${detail}`, true);
  place.scrollIntoView({ block: "nearest" });
}

/** Does something slow once: the button shows it, and the second press waits. */
export async function working(pressed, words, act) {
  if (pressed.getAttribute("aria-disabled") === "true") return undefined;
  const before = [...pressed.childNodes];
  pressed.setAttribute("aria-disabled", "true");
  fill(pressed, words);
  announce(words);
  try {
    return await act();
  } finally {
    pressed.removeAttribute("aria-disabled");
    fill(pressed, before);
  }
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

async function show({ keepFocus = false } = {}) {
  if (arriving(here())) return;
  const mine = (turn += 1);
  leaving.forEach((act) => act());
  leaving = [];
  document.querySelectorAll("dialog").forEach((dialog) => dialog.remove());
  const slow = setTimeout(
    () =>
      mine === turn &&
      fill(
        main,
        el("div", { class: "loading" }, el("div", { class: "spinner" }), el("h1", { class: "lead" }, t("app.loading"))),
      ),
    300,
  );
  let content;
  try {
    content = await (location.pathname === "/aktivasi" && !here() ? mailLink() : (SCREENS[here()] ?? home)());
  } catch (error) {
    clearTimeout(slow);
    if (error instanceof Elsewhere || mine !== turn) return;
    const place = el("div", {});
    content = el(
      "div",
      { class: "stack-loose" },
      heading(t("app.trouble")),
      place,
      button(t("app.start"), () => go("orang"), { kind: "quiet" }),
    );
    complain(place, error, () => show());
    // Some browsers remember that a module failed until the page is loaded anew.
    const missing = asRefused(error).code === "part_missing";
    if (missing) probe();
    let before;
    leaving.push(
      onNetwork((trouble) => {
        if (before && !trouble && mine === turn) missing ? location.reload() : show();
        before = trouble;
      }),
    );
  }
  clearTimeout(slow);
  if (mine !== turn) return;
  fill(main, content);
  const title = find("h1", main);
  document.title = `${title?.textContent ?? ""} · IKD`;
  if (!keepFocus) {
    scrollTo(0, 0);
    title?.focus({ preventScroll: true });
  }
}

// ---------------------------------------------------------------- the first screen

async function home() {
  const people = await profiles.all();
  if (!people.length) return welcome();
  if (people.length === 1 && !here()) {
    profiles.choose(people[0]);
    instead(people[0].active ? "buka" : "status");
  }
  const entry = (profile) =>
    el(
      "li",
      {},
      el(
        "button",
        {
          type: "button",
          class: "person",
          onclick: () => {
            profiles.choose(profile);
            go(profile.active ? "buka" : "status");
          },
        },
        icon(profile.blocked ? "block" : profile.active ? "card" : "clock"),
        el(
          "span",
          {},
          el("b", {}, profile.name),
          el("small", {}, t(profile.blocked ? "home.blocked" : profile.active ? "home.active" : "home.waiting")),
        ),
        icon("arrow"),
      ),
    );
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("home.who")),
    el("ul", { class: "people" }, people.map(entry)),
    button(t("home.add"), () => go("ketentuan"), { kind: "secondary", picture: "plus" }),
    aside(),
  );
}

function welcome() {
  const point = (picture, key) =>
    el("li", {}, icon(picture), el("div", {}, el("b", {}, t(`welcome.${key}`)), el("p", {}, t(`welcome.${key}.why`))));
  return el(
    "div",
    { class: "stack-loose" },
    el("div", { class: "hero" }, heading(t("welcome.title")), el("p", { class: "lead" }, t("welcome.lead"))),
    button(t("welcome.register"), () => go("ketentuan"), { picture: "user" }),
    el("ol", { class: "points card" }, point("edit", "fill"), point("office", "visit"), point("lock", "pin")),
    notice("warning", t("welcome.fake"), t("welcome.fake.do")),
    aside(),
  );
}

function aside() {
  return el(
    "nav",
    { class: "aside", "aria-label": t("app.more") },
    el("a", { href: "/bantuan" }, icon("help", 22), t("app.help")),
    el("a", { href: "/mulai" }, icon("office", 22), t("app.others")),
  );
}

// ---------------------------------------------------------------- the link in the mail

async function mailLink() {
  // What readers and scanners of mails add behind a link (a bracket, a tracker) is no part of it.
  const found = /^#\/?([0-9a-f-]{36})(?:\.|%2e)(\d{6})(?!\d)/.exec(location.hash.toLowerCase());
  if (!found) instead("");
  const [, id, digits] = found;
  const mine = (await profiles.all()).find((profile) => profile.registration?.registration_id === id);
  if (mine) {
    profiles.choose(mine);
    const { draft } = await import("./draft.js");
    draft("ikd.code").keep({ code: digits });
    instead("kode");
  }
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("link.title")),
    el("p", { class: "lead" }, t("link.lead")),
    el(
      "p",
      { class: "card center big-code mono", "aria-label": [...digits].join(" ") },
      `${digits.slice(0, 3)} ${digits.slice(3)}`,
    ),
    el(
      "ol",
      { class: "card points" },
      ["open", "enter"].map((key, i) =>
        el(
          "li",
          {},
          icon(i ? "edit" : "phone"),
          el("div", {}, el("b", {}, t(`link.${key}`)), el("p", {}, t(`link.${key}.how`))),
        ),
      ),
    ),
    notice("warning", t("link.secret")),
  );
}

// ---------------------------------------------------------------- the frame

async function begin() {
  await start(["/web/shared", "/web/app"]);
  const offline = el("div", { class: "offline", role: "status", hidden: true });
  const brand = el("a", { class: "brand", href: "/#/orang" });
  const skip = el("a", {
    class: "skip",
    href: "#isi",
    onclick: (event) => {
      event.preventDefault();
      main.focus();
    },
  });
  const words = () => {
    fill(brand, mark(), el("span", {}, "IKD", el("small", {}, t("app.name"))));
    fill(skip, t("app.skip"));
    if (trouble) fill(offline, icon("cloud", 22), el("span", {}, t(`app.${trouble}`)));
  };
  let trouble = null;
  words();
  find("#unready")?.remove();
  document.body.prepend(
    skip,
    find(".busy-line"),
    el("header", { class: "bar" }, el("div", { class: "bar-inner" }, brand, languageSwitch())),
    offline,
    main,
  );
  onLanguage(async () => {
    words();
    const complaint = said?.place.isConnected && !said.place.hidden ? said.error : null;
    await show({ keepFocus: true });
    const place = find(".trouble", main);
    if (complaint && place?.hidden) complain(place, complaint);
  });
  onNetwork((now) => {
    trouble = now;
    words();
    offline.hidden = !now;
  });
  showUncaught();
  onUnkept(() => toast(t("problem.storage_full"), 12));
  // A page that comes from this phone says nothing about the network.
  if (navigator.serviceWorker?.controller) probe();
  addEventListener("hashchange", () => show());
  await show({ keepFocus: true });
  // At the first visit keeping the app on the phone waits, so that it takes nothing from the way to the first screen;
  // where the phone cannot keep it, it is loaded each time.
  setTimeout(
    () =>
      import("./update.js")
        .then((update) => {
          ({ arriving } = update);
          return update.keepUpToDate(here);
        })
        .catch(() => {}),
    navigator.serviceWorker?.controller ? 0 : 2000,
  );
}

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  window.ikdInstall = event;
});

begin().catch((error) => {
  console.error(error);
  // What stands in the HTML says what to do; it need not wait any longer.
  find("#unready")?.classList.add("now");
});
