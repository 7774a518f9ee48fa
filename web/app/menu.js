// What can be done with a digital KTP beside showing it, and blocking it.

import { button, el, icon } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { go } from "./router.js";
import { stopCard } from "./stop.js";
import { heading } from "./ui.js";
import { close, open, tabs } from "./wallet.js";

export async function menu() {
  const wallet = await open();
  const entry = (screen, picture, key) =>
    el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: "person", onclick: () => go(screen) },
        icon(picture),
        el("span", {}, el("b", {}, t(`menu.${key}`)), el("small", {}, t(`menu.${key}.why`))),
        icon("arrow"),
      ),
    );
  return el(
    "div",
    { class: "stack-loose wallet" },
    heading(t("menu.title")),
    el(
      "ul",
      { class: "people" },
      entry("kodeblokir", "shield", "code"),
      entry("ubahpin", "lock", "pin"),
      entry("pindahkan", "phone", "move"),
    ),
    stopCard(wallet),
    el(
      "section",
      { class: "stack", "aria-labelledby": "rights" },
      el("h2", { id: "rights" }, t("menu.rights")),
      el(
        "ul",
        { class: "people" },
        entry("gantisurel", "mail", "email"),
        entry("perubahan", "history", "changes"),
        entry("datasalah", "edit", "wrong"),
        entry("salinan", "download", "copy"),
        entry("tutup", "close", "close"),
        entry("lepas", "delete", "leave"),
      ),
    ),
    button(t("card.lock"), () => close(), { kind: "secondary", picture: "lock" }),
    el(
      "nav",
      { class: "aside", "aria-label": t("app.more") },
      el("a", { href: "/terima" }, icon("card", 22), t("app.accept")),
      el("a", { href: "/bantuan" }, icon("help", 22), t("app.help")),
    ),
    tabs("menu"),
  );
}
