// Help, short enough to be read at a counter: `/bantuan`.

import { el, fill, icon } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { begin, todo } from "./page.js";

const SAFE = [
  ["lock", "safe.phone"],
  ["shield", "safe.choice"],
  ["history", "safe.history"],
  ["block", "safe.never"],
];
const WHEN = [
  "no_mail",
  "no_email",
  "code_wrong",
  "qr_expired",
  "pin_forgotten",
  "pin_blocked",
  "lost",
  "new_phone",
  "blocked",
  "code_lost",
  "unknown_check",
  "not_me",
  "data_wrong",
  "new_email",
  "own_data",
  "no_phone",
  "old_phone",
  "family",
  "offline",
  "photocopy",
  "fake",
  "officer",
];
const STEPS = [
  ["phone", "step.register"],
  ["face", "step.selfie"],
  ["office", "step.counter"],
  ["mail", "step.code"],
  ["lock", "step.pin"],
];

begin("help.title", (main) =>
  fill(
    main,
    el(
      "div",
      { class: "stack-loose" },
      el("div", { class: "stack" }, el("h1", {}, t("help.title")), el("p", { class: "lead" }, t("help.lead"))),
      el(
        "section",
        { class: "card stack", "aria-labelledby": "what" },
        el("h2", { id: "what" }, t("what.title")),
        el("p", {}, t("what.text")),
        el("p", {}, t("what.valid")),
      ),
      el(
        "section",
        { class: "card stack", "aria-labelledby": "how" },
        el("h2", { id: "how" }, t("how.title")),
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
        el("p", {}, el("b", {}, t("how.bring")), " ", t("how.bring.text")),
      ),
      el(
        "section",
        { class: "card stack", "aria-labelledby": "safe" },
        el("h2", { id: "safe" }, t("safe.title")),
        el(
          "ul",
          { class: "pictured" },
          SAFE.map(([picture, key]) => el("li", {}, icon(picture), el("span", {}, t(key)))),
        ),
      ),
      el(
        "section",
        { class: "card stack", "aria-labelledby": "when" },
        el("h2", { id: "when" }, t("when.title")),
        el(
          "div",
          {},
          WHEN.map((key) =>
            el(
              "details",
              {},
              el("summary", {}, t(`when.${key}`)),
              el("p", {}, todo(key)),
              key === "photocopy"
                ? el("p", {}, el("a", { class: "button secondary", href: "/terima" }, t("when.photocopy.go")))
                : null,
              key === "lost"
                ? el("p", {}, el("a", { class: "button danger", href: "/blokir" }, icon("block"), t("when.lost.go")))
                : null,
            ),
          ),
        ),
      ),
      el(
        "section",
        { class: "card stack", "aria-labelledby": "print" },
        el("h2", { id: "print" }, t("print.title")),
        el("p", {}, t("print.text")),
        el(
          "form",
          {
            class: "stack",
            action: "/poster",
            method: "get",
            onsubmit: (event) => {
              event.preventDefault();
              const office = new FormData(event.target).get("kantor").trim();
              const where = event.submitter?.value === "leaflet" ? "/selebaran" : "/poster";
              location.href = office ? `${where}?kantor=${encodeURIComponent(office)}` : where;
            },
          },
          el(
            "div",
            { class: "field" },
            el("label", { for: "kantor" }, t("print.office")),
            el("input", { id: "kantor", name: "kantor", maxlength: 80, autocomplete: "organization" }),
          ),
          el(
            "div",
            { class: "row" },
            el("button", { type: "submit", class: "button", value: "poster" }, icon("download"), t("print.poster")),
            el(
              "button",
              { type: "submit", class: "button secondary", value: "leaflet" },
              icon("download"),
              t("print.leaflet"),
            ),
          ),
        ),
      ),
    ),
  ),
);
