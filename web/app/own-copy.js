// A copy of everything that is kept about the holder, after the PIN: signed, and the same as PDF.

import { button, el, icon, notice } from "../shared/dom.js";
import { dateTime, t } from "../shared/i18n.js";
import { pinAgain } from "./pin-again.js";
import { fromBase64url } from "../shared/http.js";
import { stepList } from "./recovery.js";
import { going, instead, onGone } from "./router.js";
import { heading } from "./ui.js";
import { ask, open } from "./wallet.js";

const CONTENT = [
  ["card", "copy.has.data"],
  ["mail", "copy.has.contact"],
  ["history", "copy.has.events"],
  ["scan", "copy.has.checks"],
  ["user", "copy.has.staff"],
  ["clock", "copy.has.terms"],
];
const CHECK = [
  ["download", "copy.check.whole"],
  ["shield", "copy.check.key"],
  ["block", "copy.check.changed"],
];

// The copy on the screen: `{wallet, signed, pdf, document}`. Never kept on the phone by this app.
let copy = null;

export async function about() {
  const go = going();
  await open();
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("copy.title")),
    el("p", { class: "lead" }, t("copy.lead")),
    el(
      "section",
      { class: "card stack", "aria-labelledby": "has" },
      el("h2", { id: "has" }, t("copy.has")),
      el(
        "ul",
        { class: "tips" },
        CONTENT.map(([picture, key]) => el("li", {}, icon(picture, 22), el("span", {}, t(key)))),
      ),
    ),
    notice("warning", t("copy.care"), t("copy.care.do")),
    button(t("copy.make"), () => go("salinanpin"), { picture: "lock" }),
    el("p", { class: "muted small" }, t("copy.often")),
    button(t("menu.back"), () => go("menu"), { kind: "quiet", picture: "back" }),
  );
}

export async function withPin() {
  const go = going();
  const wallet = await open();
  return pinAgain(wallet.profile, {
    go,
    title: t("copy.pin"),
    lead: el("p", { class: "lead" }, t("copy.pin.lead")),
    doing: t("copy.making"),
    send: (proof) =>
      ask("/v1/me/export", { method: "POST", json: { ...proof, pdf: true }, again: false, timeout: 60000 }),
    done: ({ pdf, ...signed }) => {
      const content = JSON.parse(new TextDecoder().decode(fromBase64url(signed.payload)));
      copy = { wallet, signed, pdf: fromBase64url(pdf), document: content };
      go("salinansiap", { replace: true });
    },
    before: "salinan",
  });
}

export async function ready() {
  const go = going();
  const wallet = await open();
  // Of an earlier unlock, or of somebody else: gone.
  if (copy && copy.wallet !== wallet) copy = null;
  if (!copy) instead("salinan");
  onGone(() => (copy = null));
  const { signed, pdf, document: content } = copy;
  const day = content.made_at.slice(0, 10);
  const fact = (key, value) => el("div", {}, el("dt", {}, t(key)), el("dd", {}, value));
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("copy.ready")),
    notice("warning", t("copy.saved_not"), t("copy.saved_not.do")),
    el(
      "dl",
      { class: "card facts" },
      fact("copy.made", dateTime(content.made_at)),
      fact("copy.of", content.data.attributes.full_name),
      fact("copy.as_of", dateTime(content.data.as_of)),
      fact("copy.checks", t("history.times", { n: content.checks.length })),
      fact("copy.events", content.events.length),
      fact("copy.staff", t("history.times", { n: content.staff_views.length })),
    ),
    el(
      "div",
      { class: "actions" },
      button(t("copy.read"), () => save(pdf, "application/pdf", `ikd-salinan-${day}.pdf`), { picture: "download" }),
      el("p", { class: "muted small" }, t("copy.read.why")),
      button(
        t("copy.save"),
        () => save(JSON.stringify(signed, null, 2), "application/json", `ikd-salinan-${day}.jws.json`),
        { kind: "secondary", picture: "download" },
      ),
      el("p", { class: "muted small" }, t("copy.save.why")),
    ),
    el(
      "section",
      { class: "stack", "aria-labelledby": "check" },
      el("h2", { id: "check" }, t("copy.check")),
      stepList(CHECK),
      el("p", { class: "anywhere" }, t("copy.keys"), " ", el("b", {}, `${location.origin}/.well-known/jwks.json`)),
    ),
    button(t("menu.back"), () => go("menu"), { kind: "quiet", picture: "back" }),
  );
}

function save(content, type, name) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
