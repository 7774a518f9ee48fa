// A holder without their phone: the digital KTP ends, or a copy of the own data is printed.

import { button, el, icon, notice } from "/web/shared/dom.js";
import { dateTime, ktpDate, language, t } from "/web/shared/i18n.js";
import { helperFact, helperWarning } from "./helper.js";
import { showsPhoto } from "./photo-request.js";

/** What is told of the person, and of what follows. */
function facts(view) {
  const fact = (label, value) => value && el("div", {}, el("dt", {}, label), el("dd", {}, value));
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "data" },
    el("h2", { id: "data" }, t("walk_in.person")),
    el(
      "dl",
      { class: "rest" },
      fact("NIK", view.nik),
      fact(t("field.birth_date"), view.birth_date && ktpDate(view.birth_date)),
      fact(t("recovery.card"), t(`recovery.card.${view.card}`)),
      fact(t("walk_in.on_phone"), t(view.on_phone ? "walk_in.on_phone.yes" : "walk_in.on_phone.no")),
      fact(t("witness.short"), view.witness),
      helperFact(view.helper),
    ),
    helperWarning(view.helper),
    ["prepared", "asked"].includes(view.state)
      ? notice("warning", t("walk_in.follows"), t(`walk_in.follows.${view.kind}`))
      : null,
  );
}

/** What there is once it was granted. */
function granted(api, view, { id, another }) {
  const printable = view.print_until && new Date(view.print_until) > new Date();
  const over = view.kind === "copy" && !printable;
  return [
    notice(
      over ? "info" : "success",
      t(over ? "walk_in.done.copy_over" : `walk_in.done.${view.kind}`),
      t(over ? "walk_in.done.copy_over.do" : `walk_in.done.${view.kind}.do${printable && view.own ? ".own" : ""}`),
    ),
    printable
      ? [
          el(
            "a",
            { class: "button wide", href: api.walkInCopy(id, language), target: "_blank", rel: "noopener" },
            icon("download"),
            t("walk_in.print"),
          ),
          el("p", { class: "muted small" }, t("walk_in.print.do", { when: dateTime(view.print_until) })),
        ]
      : null,
    button(t("walk_ins.another"), another, { kind: "secondary" }),
  ];
}

/** Requests without the phone, for `photoRequestScreen`. */
export const walkIns = (api) => ({
  say: (key, values) => t(`walk_in.${key}`, values),
  heading: (view) => t(`walk_in.kind.${view.kind}`),
  anotherLabel: t("walk_ins.another"),
  templates: ["card.template.face", "card.template.left", "walk_in.template.typed"],
  open: api.walkIn,
  photograph: api.photographForWalkIn,
  ask: api.askWalkIn,
  grant: api.grantWalkIn,
  refuse: api.refuseWalkIn,
  picture: api.walkInPicture,
  // The portrait is the second person's: who asks has the resident before them.
  pictures: (view) => [
    ...(showsPhoto(view) ? [["photo", view.has_photo, t("card.photo")]] : []),
    ...(view.may_grant ? [["portrait", true, t("faces.portrait")]] : []),
  ],
  readOut: (view) => t(`walk_in.read_out.${view.kind}`),
  lead: (view) => t("walk_in.grant.lead", { who: view.asked_by }),
  grantLabel: (view) => t(`walk_in.grant.${view.kind}`),
  granted_key: (view) => `done.${view.kind}`,
  facts,
  granted: (view, tools) => granted(api, view, tools),
});
