// An A4 poster for the wall of an office: `/poster?kantor=…`.

import { el, fill, icon, mark } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { appQr, office, printBar, typed } from "./paper.js";
import { begin } from "./page.js";

const STEPS = [
  ["phone", "step.register"],
  ["face", "step.selfie"],
  ["office", "step.counter"],
  ["mail", "step.code"],
  ["lock", "step.pin"],
];

begin(
  "paper.poster",
  (main) =>
    fill(
      main,
      printBar(),
      el(
        "article",
        { class: "paper poster" },
        el("header", {}, mark(), el("p", { class: "paper-office" }, office() || t("paper.office"))),
        el("h1", {}, t("poster.title")),
        el("p", { class: "paper-lead" }, t("poster.lead")),
        el(
          "div",
          { class: "poster-middle" },
          el("div", {}, appQr(), el("p", { class: "paper-address" }, typed())),
          el(
            "ol",
            { class: "pictured" },
            STEPS.map(([picture, key], index) =>
              el(
                "li",
                {},
                el("span", { class: "number", "aria-hidden": "true" }, index + 1),
                icon(picture),
                el("span", {}, t(key)),
              ),
            ),
          ),
        ),
        el("p", { class: "paper-strong" }, icon("shield"), el("span", {}, t("poster.free"))),
        el("footer", {}, t("poster.bring")),
      ),
    ),
  { wide: true },
);
