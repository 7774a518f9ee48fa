// A change of address at the counter, of which officers see two letters.

import { el, notice } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { recallVisit } from "./recent.js";

/** A request of this kind, for `visitScreen`. */
export const contactVisits = (api) => ({
  say: (key) => t(`visit.${key}`),
  templates: ["visit.template.lost", "visit.template.stolen"],
  scanned: recallVisit,
  open: api.contactVisit,
  ask: api.askContactVisit,
  grant: api.grantContactVisit,
  refuse: api.refuseContactVisit,
  picture: api.contactVisitPicture,
  facts: (view, fact) => [
    fact(t("visit.email.present"), view.present_email ?? t("visit.email.none")),
    fact(t("visit.email.new"), view.new_email),
  ],
  more: (view) => [
    view.card.state === "blocked" ? notice("warning", t("visit.blocked"), t("visit.blocked.do")) : null,
    el("p", { class: "muted small" }, t("visit.email.why")),
  ],
});
