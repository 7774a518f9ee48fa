// The link in the activation mail: on the phone that registered it fills in the code, on another device it shows it.

import { el, icon, notice } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { draft } from "./draft.js";
import { all, choose } from "./profiles.js";
import { instead } from "./router.js";
import { heading } from "./ui.js";

export async function mailLink() {
  // What readers and scanners of mails add behind a link (a bracket, a tracker) is no part of it.
  const found = /^#\/?([0-9a-f-]{36})(?:\.|%2e)(\d{6})(?!\d)/.exec(location.hash.toLowerCase());
  if (!found) instead("");
  const [, id, digits] = found;
  const mine = (await all()).find((profile) => profile.registration?.registration_id === id);
  if (mine) {
    choose(mine);
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
