// An activation turned out to be wrongful: a supervisor asks that it be annulled, and the head of the office grants it
// or not.

import { el, icon } from "/web/shared/dom.js";
import { dateTime, t } from "/web/shared/i18n.js";

const EFFECTS = ["annulment.effect1", "annulment.effect2", "annulment.effect3", "annulment.effect4"];
const KNOWN = ["annulment.know1", "annulment.know2", "annulment.know3", "annulment.know4"];

/** A request of this kind, for `askRequestScreen` and `requestScreen`. */
export const annulments = (api) => ({
  say: (key, values) => t(`annulment.${key}`, values),
  heading: t("pending.annulment"),
  effects: EFFECTS.map((key) => t(key)),
  known: KNOWN.map((key) => t(key)),
  barred: [t("annulment.barred"), t("annulment.barred.do")],
  templates: ["annulment.template.owner", "annulment.template.wrong_nik"],
  idOf: (request) => request.annulment_id,
  ask: api.askAnnulment,
  open: api.annulment,
  grant: api.grantAnnulment,
  refuse: api.refuseAnnulment,
  beside: () =>
    el("p", {}, el("a", { class: "button secondary", href: "#blokir" }, icon("block"), t("phone_block.title"))),
  facts: (view, fact) => fact(t("annulment.activated"), dateTime(view.activated_at)),
  more: (view) =>
    el(
      "p",
      {},
      el("a", { href: `#warga/${view.registration_id}` }, t("annulment.registration")),
      " ",
      el("span", { class: "muted small" }, t("annulment.registration.how")),
    ),
});
