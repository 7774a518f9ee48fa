// The start page sends each kind of user to the right door: `/mulai`.

import { el, fill, icon } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { begin, DOORS } from "./page.js";

begin(
  "start.title",
  (main) =>
    fill(
      main,
      el(
        "div",
        { class: "stack-loose" },
        el("div", { class: "stack" }, el("h1", {}, t("start.title")), el("p", { class: "lead" }, t("start.lead"))),
        el(
          "ul",
          { class: "doors" },
          DOORS.map((door) =>
            el(
              "li",
              {},
              el(
                "a",
                { class: "door-link card", href: door.address },
                el("span", { class: "door-picture" }, icon(door.picture)),
                el(
                  "span",
                  {},
                  el("b", {}, t(`door.${door.key}`)),
                  el("span", { class: "muted" }, t(`door.${door.key}.text`)),
                ),
                icon("arrow"),
              ),
            ),
          ),
        ),
      ),
    ),
  { doors: false },
);
