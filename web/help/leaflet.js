// An A4 leaflet to take home: `/selebaran?kantor=…`.

import { el, fill, icon, mark } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { appQr, office, printBar, typed } from "./paper.js";
import { begin, todo } from "./page.js";

const SAFE = [
  ["lock", "safe.phone"],
  ["shield", "safe.choice"],
  ["history", "safe.history"],
  ["block", "safe.never"],
];
const WHEN = ["no_mail", "pin_forgotten", "lost", "fake"];
const STEPS = ["step.register", "step.selfie", "step.counter", "step.code", "step.pin"];

begin(
  "paper.leaflet",
  (main) =>
    fill(
      main,
      printBar(),
      el(
        "article",
        { class: "paper leaflet" },
        el("header", {}, mark(), el("p", { class: "paper-office" }, office() || t("paper.office"))),
        el("h1", {}, t("leaflet.title")),
        el("p", {}, t("what.text")),
        el(
          "div",
          { class: "leaflet-columns" },
          el(
            "section",
            {},
            el("h2", {}, t("how.title")),
            el(
              "ol",
              {},
              STEPS.map((key) => el("li", {}, t(key))),
            ),
            el("p", {}, el("b", {}, t("how.bring")), " ", t("how.bring.text")),
          ),
          el("section", { class: "center" }, appQr(), el("p", { class: "paper-address" }, typed())),
          el(
            "section",
            {},
            el("h2", {}, t("safe.title")),
            el(
              "ul",
              { class: "pictured" },
              SAFE.map(([picture, key]) => el("li", {}, icon(picture), el("span", {}, t(key)))),
            ),
          ),
          el(
            "section",
            {},
            el("h2", {}, t("when.title")),
            WHEN.map((key) => [el("h3", {}, t(`when.${key}`)), el("p", {}, todo(key))]),
          ),
        ),
      ),
    ),
  { wide: true },
);
