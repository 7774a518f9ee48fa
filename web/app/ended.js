// A digital KTP that is blocked or has ended: why, since when, and the ways on.

import { confirm } from "../shared/dialog.js";
import { button, el, fill, icon, notice, toast } from "../shared/dom.js";
import { dateTime, dayOf, exactTime, language, t } from "../shared/i18n.js";
import { becomes } from "./closure.js";
import { isForOffice, look, stopped, undoUntil, waitsForWord, wordOf } from "./life.js";
import { person } from "./person.js";
import { remove } from "./profiles.js";
import { every, go, instead } from "./router.js";
import { complain, findOffice, heading, working } from "./ui.js";

async function forget(profile) {
  const sure = await confirm({
    title: t("ended.forget.title"),
    text: t(undoUntil(profile) ? "ended.forget.undo" : "ended.forget.text"),
    yes: t("ended.forget"),
    no: t("ended.forget.no"),
  });
  if (!sure) return;
  await remove(profile);
  go("orang", { replace: true });
}

/** What can be done, the first one first. */
function ways(profile, life) {
  const anew = (options) => button(t("ended.anew"), () => go("ketentuan"), { picture: "user", ...options });
  if (life.reason === "register_deceased")
    return [button(t("case.stopped.title"), () => go("kasushenti"), { kind: "secondary", picture: "help" })];
  if (isForOffice(life)) return [];
  // Another one is in use: nothing is to be done here.
  if (["transferred", "superseded"].includes(life.reason)) return [];
  if (undoUntil(profile))
    return [
      button(t("ended.undo"), () => go("bataltutup"), { picture: "back" }),
      el("p", { class: "muted small" }, t("ended.undo.until", { until: dateTime(life.undo_until) })),
      anew({ kind: "quiet" }),
    ];
  if (life.state === "deactivated") return [anew()];
  const counter = (options) => button(t("ended.counter"), () => go("lupa"), { picture: "office", ...options });
  if (life.reason === "register_changed") {
    const notMine = button(t("changes.not_mine"), () => go("bukandata"), { kind: "secondary", picture: "help" });
    const first = waitsForWord(profile)
      ? button(t("ended.changes"), () => go("perubahan"), { picture: "edit" })
      : counter();
    return [first, notMine];
  }
  if (life.lift === "pin")
    return [button(t("ended.pin"), () => go("bukablokir"), { picture: "lock" }), counter({ kind: "secondary" })];
  const address = button(t("email.counter.door"), () => go("surelloket"), { kind: "quiet", picture: "mail" });
  return [counter(), address, anew({ kind: "quiet" })];
}

/** Somebody else may have moved it or had it replaced: the code from the paper blocks it wherever it is now. */
const strange = (life) =>
  ["transferred", "superseded"].includes(life.reason)
    ? el("a", { class: "button danger-quiet wide", href: "/blokir" }, icon("block"), t("ended.strange"))
    : null;

function screen(profile, life, trouble, asked) {
  const word = wordOf(life);
  const over = life.state === "deactivated";
  const paused = life.reason === "register_changed";
  const fact = (key, value) => value && el("div", {}, el("dt", {}, t(key)), el("dd", {}, value));
  const check = button(
    t("ended.check"),
    () =>
      working(check, t("status.checking"), async () => {
        trouble.hidden = true;
        try {
          await asked();
          toast(t("status.checked"), 3);
        } catch (error) {
          complain(trouble, error);
        }
      }),
    { kind: "quiet", picture: "history" },
  );
  return [
    heading(t(`ended.${word}`)),
    el(
      "div",
      { class: `card state ${over || paused ? "warning" : "danger"}` },
      el("span", { class: "picture" }, icon(paused ? "clock" : over ? "info" : "block")),
      el(
        "div",
        { class: "stack-tight" },
        el("p", {}, t(`ended.${word}.why`)),
        el(
          "p",
          { class: "next" },
          el("b", {}, t("status.next")),
          " ",
          t(`ended.${word}.next`, { until: life.until ? dateTime(life.until) : "" }),
        ),
      ),
    ),
    trouble,
    el("div", { class: "actions" }, ways(profile, life), strange(life), findOffice()),
    el(
      "div",
      { class: "card" },
      el(
        "dl",
        { class: "facts" },
        fact("status.name", profile.name),
        fact(
          paused ? "ended.paused_since" : over ? "ended.since" : "ended.blocked_since",
          life.since && `${dayOf(life.since)}, ${exactTime(life.since)}`,
        ),
        fact("ended.until", life.until && dateTime(life.until)),
        fact("ended.undo_until", undoUntil(profile) && dateTime(life.undo_until)),
        fact("ended.erased_by", life.erased_by && dateTime(life.erased_by)),
        fact("ended.reference", life.reference),
      ),
    ),
    // Said again after it was done, as the service said it before.
    life.becomes?.[language]
      ? [becomes(life.becomes[language]), notice("info", t("close.phone"), t("close.phone.do"))]
      : null,
    paused ? notice("info", t("changes.paused"), t("changes.paused.do")) : null,
    over || paused ? null : notice("info", t("ended.refused"), t("ended.refused.why")),
    el(
      "div",
      { class: "actions" },
      check,
      button(t("unlock.others"), () => go("orang"), { kind: "quiet", picture: "user" }),
      over && !isForOffice(life)
        ? button(t("status.forget"), () => forget(profile), { kind: "danger-quiet", picture: "delete" })
        : null,
    ),
  ];
}

export async function ended() {
  const profile = await person();
  if (!profile.active) instead("status");
  if (!stopped(profile)) instead("buka");
  const place = el("div", { class: "stack-loose" });
  const trouble = el("div", { class: "trouble", hidden: true });
  let shown;
  const draw = () => {
    const life = stopped(profile);
    if (!life) return go("buka", { replace: true });
    const now = JSON.stringify([life, undoUntil(profile)]);
    if (now !== shown) fill(place, screen(profile, life, trouble, asked));
    shown = now;
    return undefined;
  };
  async function asked(options) {
    await look(profile, options);
    draw();
  }
  draw();
  asked({ quiet: true, tries: 1, timeout: 8000 }).catch(() => {});
  every(20, () => asked({ quiet: true, tries: 1 }));
  return place;
}
