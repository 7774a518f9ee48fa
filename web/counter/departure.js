// The register says that somebody is no citizen any more and moved abroad: one person of the office asks that the
// digital KTP end, a supervisor grants it or not. Until then the register can take it back.

import { dateTime, t } from "/web/shared/i18n.js";

/** A request of this kind, for `askRequestScreen` and `requestScreen`. */
export const departures = (api) => ({
  say: (key, values) => t(`departure.${key}`, values),
  heading: t("pending.departure"),
  effects: ["departure.effect1", "departure.effect2", "departure.effect3"].map((key) => t(key)),
  known: ["departure.know1", "departure.know2", "departure.know3", "departure.know4"].map((key) => t(key)),
  templates: ["departure.template.owner", "departure.template.wrong_nik"],
  idOf: (request) => request.departure_id,
  ask: api.askDeparture,
  open: api.departure,
  grant: api.grantDeparture,
  refuse: api.refuseDeparture,
  facts: (view, fact) => [
    fact(t("recovery.why_blocked"), view.stopped_for ? t(`recovery.reason.${view.stopped_for}`) : null),
    fact(t("departure.since"), view.stopped_at ? dateTime(view.stopped_at) : null),
  ],
});
