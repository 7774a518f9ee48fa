// How many people one phone holds, and how one of them leaves it: never without a word about the digital KTP.

import { button, el, icon, notice } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { isFull, MOST_PEOPLE } from "./profiles.js";
import { stepList } from "./recovery.js";
import { going, instead } from "./router.js";
import { stopCard } from "./stop.js";
import { heading } from "./ui.js";
import { open, tabs } from "./wallet.js";

const WAYS = [
  ["user", "full.leave"],
  ["phone", "full.other"],
  ["office", "full.card"],
];

/** There are as many people on this phone as it takes. */
export async function full() {
  const go = going();
  if (!(await isFull())) instead("ketentuan");
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("full.title", { n: MOST_PEOPLE })),
    el("p", { class: "lead" }, t("full.lead")),
    stepList(WAYS),
    el(
      "div",
      { class: "actions" },
      button(t("full.people"), () => go("orang"), { picture: "user" }),
      el("a", { class: "button quiet wide", href: "/bantuan" }, icon("help"), t("app.help")),
    ),
  );
}

/** A digital KTP is taken off this phone: to another one, blocked, or closed. */
export async function leave() {
  const go = going();
  const wallet = await open();
  const way = (screen, picture, key) =>
    el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: "person", onclick: () => go(screen) },
        icon(picture),
        el("span", {}, el("b", {}, t(`leave.${key}`)), el("small", {}, t(`leave.${key}.why`))),
        icon("arrow"),
      ),
    );
  return el(
    "div",
    { class: "stack-loose wallet" },
    heading(t("leave.title")),
    el("p", { class: "lead" }, t("leave.lead")),
    el("ul", { class: "people" }, way("pindahkan", "phone", "move"), way("tutup", "close", "close")),
    stopCard(wallet),
    notice("warning", t("leave.silent"), t("leave.silent.do")),
    button(t("menu.back"), () => go("menu"), { kind: "quiet", picture: "back" }),
    tabs("menu"),
  );
}
