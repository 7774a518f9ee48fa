// What the register changed on the digital KTP. What tells who the holder is waits for their word: looked at with the
// PIN, and confirmed with it.

import { button, el, icon, notice, toast } from "../shared/dom.js";
import { dayOf, known, ktpDate, t } from "../shared/i18n.js";
import { shown } from "./attributes.js";
import { look, stopped, waitsForWord, works } from "./life.js";
import { person } from "./person.js";
import { fromBase64url } from "../shared/http.js";
import { stepList } from "./recovery.js";
import { go as goNow, going, here, instead, onLeave } from "./router.js";
import { heading } from "./ui.js";
import { entry } from "./unlock.js";
import { admit, ask, open } from "./wallet.js";

const SCREENS = ["perubahan", "pastikan", "bukandata"];
const COUNTER = [
  ["office", "changes.way.counter"],
  ["card", "changes.way.bring"],
];
const IN_TIME = [...COUNTER, ["edit", "changes.way.register"], ["clock", "changes.way.days"]];
const LATE = [...COUNTER, ["edit", "changes.late.register"]];

// What was looked at with the PIN: in memory only, while these screens are shown.
let seen = null;

document.addEventListener("visibilitychange", () => {
  if (!document.hidden || !seen) return;
  seen = null;
  if (["perubahan", "pastikan"].includes(here())) goNow("perubahan", { replace: true });
});

const keepSeen = () => onLeave(() => SCREENS.includes(here()) || (seen = null));

export async function changes() {
  const go = going();
  const profile = await person();
  if (!waitsForWord(profile)) return stopped(profile) ? instead("henti") : updated(go);
  keepSeen();
  if (seen?.id === profile.id) return compare(seen.data, go);
  return entry(profile, {
    path: "/v1/me/changes",
    title: t("changes.look"),
    lead: el("p", { class: "center" }, t("changes.look.lead")),
    back: button(t("recover.back"), () => go("henti"), { kind: "quiet", picture: "back" }),
    opens: async (data) => {
      seen = { id: profile.id, data };
      go("perubahan");
    },
    refused: (error) => nothingWaits(profile, error, go),
  });
}

/** Nothing waits any more, or something else does. */
async function nothingWaits(profile, error, go) {
  if (error.code !== "wrong_state") return false;
  seen = null;
  await look(profile);
  if (waitsForWord(profile)) toast(t("changes.more"), 8);
  go(waitsForWord(profile) ? "perubahan" : stopped(profile) ? "henti" : "buka", { replace: true });
  return true;
}

/** A value as the card shows it. */
function said(field, value) {
  if (value === null || value === undefined || value === "") return "-";
  if (field === "issued_on") return ktpDate(value);
  if (field === "vital_status") return known(`changes.vital.${value}`) ? t(`changes.vital.${value}`) : value;
  return shown(field, value);
}

const named = (field) =>
  [`changes.field.${field}`, `attribute.${field}`].filter(known).map((key) => t(key))[0] ?? field;

/** The portrait that the register holds now. */
function portrait(data) {
  if (!data.portrait) return null;
  const picture = new Blob([fromBase64url(data.portrait)], { type: "image/jpeg" });
  const address = URL.createObjectURL(picture);
  onLeave(() => URL.revokeObjectURL(address));
  return el("img", { src: address, alt: t("card.portrait"), class: "portrait-now" });
}

/** Each element that changed: before, now, and since when the register says so. */
function list(data) {
  const date = dayOf(data.as_of);
  const fact = (key, value) => el("div", {}, el("dt", {}, t(key)), el("dd", {}, value));
  return el(
    "ul",
    { class: "history" },
    data.changes.map(({ field, before, after }) =>
      el(
        "li",
        { class: "card" },
        el("h2", {}, named(field)),
        field === "portrait"
          ? el("div", { class: "stack-tight" }, el("p", {}, t("changes.portrait")), portrait(data))
          : el(
              "dl",
              { class: "facts" },
              fact("changes.before", said(field, before)),
              fact("changes.now", said(field, after)),
            ),
        el("p", { class: "muted small" }, t("changes.source", { date })),
      ),
    ),
  );
}

function compare(data, go) {
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("changes.title")),
    data.changes.length
      ? [el("p", { class: "lead" }, t("changes.lead")), list(data)]
      : notice("info", t("changes.undone"), t("changes.undone.do", { date: dayOf(data.as_of) })),
    el(
      "div",
      { class: "actions" },
      button(t("changes.mine"), () => go("pastikan"), { picture: "check" }),
      button(t("changes.not_mine"), () => go("bukandata"), { kind: "danger-quiet", picture: "close" }),
      button(t("recover.back"), () => go("henti"), { kind: "quiet", picture: "back" }),
    ),
    notice("info", t("changes.paused"), t("changes.paused.do")),
  );
}

/** The holder says that what they saw is right. */
export async function confirm() {
  const go = going();
  const profile = await person();
  if (!waitsForWord(profile) || seen?.id !== profile.id) instead("perubahan");
  keepSeen();
  return entry(profile, {
    path: "/v1/me/unblock",
    more: { seen: seen.data.version },
    title: t("changes.mine"),
    lead: el("p", { class: "center" }, t("changes.mine.lead")),
    back: button(t("changes.back"), () => go("perubahan"), { kind: "quiet", picture: "back" }),
    opens: async ({ access_token: token }) => {
      await works(profile);
      // What was confirmed is on the card, the portrait, too.
      admit(profile, token, { to: "kartu" });
      toast(t("changes.done"), 8);
    },
    refused: (error) => nothingWaits(profile, error, go),
  });
}

/** These are somebody else's data, or wrong: only a counter helps. */
export async function notMine() {
  const go = going();
  const profile = await person();
  if (stopped(profile)?.reason !== "register_changed") instead(stopped(profile) ? "henti" : "perubahan");
  keepSeen();
  const inTime = waitsForWord(profile);
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("changes.not_mine")),
    el("p", { class: "lead" }, t(inTime ? "changes.not_mine.lead" : "changes.late.lead")),
    stepList(inTime ? IN_TIME : LATE),
    el("p", { class: "keep" }, icon("shield", 22), t("changes.paused.do")),
    el(
      "div",
      { class: "actions" },
      button(t("case.stopped.open"), () => go("kasushenti"), { picture: "edit" }),
      inTime ? button(t("changes.back"), () => go("perubahan"), { kind: "secondary", picture: "back" }) : null,
      button(t("recover.back"), () => go("henti"), { kind: "quiet", picture: "back" }),
    ),
  );
}

/** What changed on a digital KTP that goes on. */
async function updated(go) {
  await open();
  const { data } = await ask("/v1/me/changes");
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("changes.title")),
    el("p", { class: "lead" }, t("changes.updated")),
    data.changes.length
      ? list(data)
      : el("div", { class: "card center stack empty" }, icon("edit", 56), el("p", {}, t("changes.none"))),
    notice(
      "info",
      t("changes.wrong"),
      t("changes.wrong.do"),
      button(t("menu.wrong"), () => go("datasalah"), { kind: "secondary", wide: false }),
    ),
    button(t("menu.back"), () => go("menu"), { kind: "quiet", picture: "back" }),
  );
}
