// The resident's app: its frame, the addresses of its screens and the first of them. Every screen has an address of its
// own after the #, so the back button and a reload lead where people expect; what a screen needs is loaded when it is
// first shown.

import { button, el, fill, find, icon, mark, notice, toast } from "../shared/dom.js";
import { onNetwork, probe, showUncaught } from "../shared/http.js";
import { languageSwitch, onLanguage, start, t } from "../shared/i18n.js";
import { onUnkept } from "../shared/storage.js";
import { all, choose } from "./profiles.js";
import { beforeEach, go, here, instead, outlet, show, startRouter } from "./router.js";
import { heading, keepComplaint } from "./ui.js";

// Parts that follow each other come together: who has seen the card can show a QR although the network went meanwhile.
const STATUS = { status: () => import("./status.js"), amend: () => import("./amend.js") };
const ENROLMENT = {
  code: () => import("./code.js"),
  install: () => import("./install.js"),
  newPin: () => import("./new-pin.js"),
  // What comes after it: whoever loses the network at "Selesai!" still sees the keys.
  unlock: () => import("./unlock.js"),
};
const WALLET = {
  unlock: () => import("./unlock.js"),
  card: () => import("./card.js"),
  share: () => import("./share.js"),
  present: () => import("./present.js"),
  history: () => import("./history.js"),
  dispute: () => import("./dispute.js"),
  menu: () => import("./menu.js"),
  blockCode: () => import("./block-code.js"),
};
// What happens to a digital KTP beside being shown.
const EVENTS = {
  ended: () => import("./ended.js"),
  unlock: () => import("./unlock.js"),
  recovery: () => import("./recovery.js"),
  change: () => import("./pin-change.js"),
  transfer: () => import("./transfer.js"),
};
// What a resident says and the register does not.
const CASES = { cases: () => import("./corrections.js"), unlock: () => import("./unlock.js") };
// What holders may ask of what is kept about them.
const RIGHTS = {
  email: () => import("./email-change.js"),
  emailCounter: () => import("./email-counter.js"),
  changes: () => import("./changes.js"),
  copy: () => import("./own-copy.js"),
  closure: () => import("./closure.js"),
};
// Who is on this phone.
const PEOPLE = { people: () => import("./people.js") };

/**
 * Brings parts before they are wanted; what does not come now is asked for then. Not without a network: browsers
 * remember of a part that it failed.
 */
function bringAhead(parts) {
  const bring = () => Object.values(parts).forEach((load) => load().catch(() => {}));
  if (navigator.onLine) bring();
  else addEventListener("online", bring, { once: true });
}

/** A screen that the function `act` of one of these parts draws. */
const screen =
  (parts, part, act = part) =>
  async () => {
    const own = await parts[part]();
    bringAhead(parts);
    return own[act]();
  };

const SCREENS = {
  "": home,
  orang: home,
  "/aktivasi": () => import("./mail-link.js").then((m) => m.mailLink()),
  ketentuan: () => import("./register.js").then((m) => m.terms()),
  data: () => import("./register.js").then((m) => m.form()),
  swafoto: () => import("./selfie.js").then((m) => m.selfie()),
  status: screen(STATUS, "status"),
  surel: screen(STATUS, "amend", "contact"),
  perbaiki: screen(STATUS, "amend", "correct"),
  qr: () => import("./counter.js").then((m) => m.activationQr()),
  pindai: () => import("./counter.js").then((m) => m.counterScan()),
  kode: screen(ENROLMENT, "code"),
  simpan: screen(ENROLMENT, "install"),
  pin: screen(ENROLMENT, "newPin"),
  buka: screen(WALLET, "unlock"),
  kartu: screen(WALLET, "card"),
  bagikan: screen(WALLET, "share"),
  tunjukkan: screen(WALLET, "present"),
  riwayat: screen(WALLET, "history"),
  laporan: screen(WALLET, "dispute"),
  menu: screen(WALLET, "menu"),
  kodeblokir: screen(WALLET, "blockCode"),
  henti: screen(EVENTS, "ended"),
  bukablokir: screen(EVENTS, "unlock", "unblock"),
  lupa: screen(EVENTS, "recovery", "recover"),
  ubahpin: screen(EVENTS, "change", "changePin"),
  pindah: screen(EVENTS, "transfer", "takeOver"),
  pindahkan: screen(EVENTS, "transfer", "handOver"),
  gantisurel: screen(RIGHTS, "email", "underWay"),
  surelbaru: screen(RIGHTS, "email", "newAddress"),
  surelpin: screen(RIGHTS, "email", "withPin"),
  surelloket: screen(RIGHTS, "emailCounter", "atCounter"),
  perubahan: screen(RIGHTS, "changes"),
  pastikan: screen(RIGHTS, "changes", "confirm"),
  bukandata: screen(RIGHTS, "changes", "notMine"),
  kasus: screen(CASES, "cases", "ofRegistration"),
  datasalah: screen(CASES, "cases", "ofCard"),
  kasushenti: screen(CASES, "cases", "ofStopped"),
  kasuspin: screen(CASES, "cases", "objection"),
  salinan: screen(RIGHTS, "copy", "about"),
  salinanpin: screen(RIGHTS, "copy", "withPin"),
  salinansiap: screen(RIGHTS, "copy", "ready"),
  tutup: screen(RIGHTS, "closure", "about"),
  tutuppin: screen(RIGHTS, "closure", "withPin"),
  penuh: screen(PEOPLE, "people", "full"),
  lepas: screen(PEOPLE, "people", "leave"),
  bataltutup: screen(RIGHTS, "closure", "undo"),
};

// ---------------------------------------------------------------- the first screen

/** The first name alone: others look over the shoulder. With the next one's initial where two people have the same. */
function firstName({ name }, people) {
  if (!name) return t("transfer.unnamed");
  const [first, next] = name.trim().split(/\s+/);
  const same = people.filter((one) => one.name?.trim().toUpperCase().startsWith(`${first.toUpperCase()} `)).length > 1;
  const shown = first.charAt(0).toUpperCase() + first.slice(1).toLowerCase();
  return same && next ? `${shown} ${next.charAt(0).toUpperCase()}.` : shown;
}

async function home() {
  const people = await all();
  if (!people.length) return welcome();
  // Who comes for the first time does not wait for it.
  const { inShort, stopped } = await import("./life.js");
  const first = (profile) => (profile.active ? (stopped(profile) ? "henti" : "buka") : "status");
  if (people.length === 1 && !here()) {
    choose(people[0]);
    instead(first(people[0]));
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
            choose(profile);
            go(first(profile));
          },
        },
        icon(stopped(profile) ? "block" : profile.active ? "card" : "clock"),
        el("span", {}, el("b", {}, firstName(profile, people)), el("small", {}, inShort(profile))),
        icon("arrow"),
      ),
    );
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("home.who")),
    el("ul", { class: "people" }, people.map(entry)),
    el(
      "div",
      { class: "actions" },
      button(t("home.add"), () => go("ketentuan"), { kind: "secondary", picture: "plus" }),
      button(t("welcome.move"), () => go("pindah"), { kind: "quiet", picture: "phone" }),
    ),
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
    el(
      "div",
      { class: "actions" },
      button(t("welcome.register"), () => go("ketentuan"), { picture: "user" }),
      button(t("welcome.move"), () => go("pindah"), { kind: "secondary", picture: "phone" }),
    ),
    el("ol", { class: "points card" }, point("edit", "fill"), point("office", "visit"), point("lock", "pin")),
    notice("warning", t("welcome.fake"), t("welcome.fake.do")),
    aside(),
  );
}

function aside() {
  return el(
    "nav",
    { class: "aside", "aria-label": t("app.more") },
    el("a", { href: "/blokir" }, icon("block", 22), t("app.block")),
    el("a", { href: "/loket" }, icon("office", 22), t("app.offices")),
    el("a", { href: "/bantuan" }, icon("help", 22), t("app.help")),
    el("a", { href: "/mulai" }, icon("user", 22), t("app.others")),
  );
}

// ---------------------------------------------------------------- the frame

async function begin() {
  await start("app");
  const offline = el("div", { class: "offline", role: "status", hidden: true });
  const brand = el("a", { class: "brand", href: "/#/orang" });
  const skip = el("a", {
    class: "skip",
    href: "#isi",
    onclick: (event) => {
      event.preventDefault();
      outlet.focus();
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
    outlet,
  );
  onLanguage(async () => {
    words();
    await keepComplaint(outlet, () => show({ keepFocus: true }));
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
  await startRouter(SCREENS);
  // At the first visit keeping the app on the phone waits, so that it takes nothing from the way to the first screen;
  // where the phone cannot keep it, it is loaded each time.
  setTimeout(
    () =>
      import("./update.js")
        .then((update) => {
          beforeEach(update.arriving);
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
