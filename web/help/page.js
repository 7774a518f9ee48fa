// The frame of the public pages: bar with language, content, foot with the other doors.

import { el, fillPage, icon, mark } from "/web/shared/dom.js";
import { languageSwitch, onLanguage, start, t } from "/web/shared/i18n.js";

export const DOORS = [
  { key: "resident", address: "/", picture: "phone" },
  { key: "officer", address: "/petugas", picture: "office" },
  { key: "teller", address: "/verifikasi", picture: "scan" },
  { key: "offices", address: "/loket", picture: "office" },
  { key: "accept", address: "/terima", picture: "card" },
  { key: "status", address: "/status", picture: "info" },
  { key: "block", address: "/blokir", picture: "block" },
  { key: "check", address: "/cek", picture: "shield" },
  { key: "help", address: "/bantuan", picture: "help" },
];

/** What to do when something is so; where it can be done stands in it as people type it. */
export const todo = (key) =>
  t(`when.${key}.do`, {
    address: `${location.host}/blokir`,
    check: `${location.host}/cek`,
    accept: `${location.host}/terima`,
  });

/** Loads the words, then draws now and after each change of language. `draw(main)` fills the page. */
export async function begin(title, draw, { wide = false, doors = true } = {}) {
  await start("help");
  const show = () => {
    document.title = `${t(title)} · IKD`;
    const main = el("main", { id: "main", class: wide ? "wide" : null, tabindex: "-1" });
    fillPage(
      el("div", { class: "busy-line", "aria-hidden": "true" }),
      el("a", { class: "skip", href: "#main" }, t("help.skip")),
      el(
        "header",
        { class: "bar" },
        el(
          "div",
          { class: "bar-inner" },
          el("a", { class: "brand", href: "/" }, mark(), el("span", {}, "IKD", el("small", {}, t("help.brand")))),
          languageSwitch(),
        ),
      ),
      main,
      el(
        "footer",
        { class: "foot no-print" },
        el(
          "nav",
          { "aria-label": t("help.doors") },
          doors && DOORS.map((door) => el("a", { href: door.address }, icon(door.picture), t(`door.${door.key}`))),
          el("a", { href: "/docs" }, icon("list"), t("door.developers")),
        ),
      ),
    );
    draw(main);
  };
  show();
  onLanguage(() => {
    show();
    document.querySelector(".languages [aria-pressed=true]")?.focus();
  });
}
