// Lines of a relying party's page: keys, people, the quota.

import { el, icon } from "/web/shared/dom.js";
import { dateTime, ktpDate, language, t } from "/web/shared/i18n.js";

/** A number as people write it. */
export const number = (n) => new Intl.NumberFormat(language === "en" ? "en-GB" : "id-ID").format(n);

/** An API key, without its secret. */
export function keyLine(key) {
  const state = key.revoked_at ? "revoked" : key.live ? "live" : "expired";
  const [kind, picture] = { live: ["good", "check"], expired: ["wait", "clock"], revoked: ["", "close"] }[state];
  const last = key.last_day ? t("parties.key.until", { day: ktpDate(key.last_day) }) : t("parties.key.endless");
  const used = key.last_used_at
    ? t("parties.key.used", { when: dateTime(key.last_used_at) })
    : t("parties.key.unused");
  return el(
    "li",
    { class: "line" },
    el("b", {}, key.label ?? t("parties.key.unnamed")),
    el("span", { class: `badge ${kind}` }, icon(picture), t(`parties.key.${state}`)),
    el("span", { class: "muted small whole" }, `${last} ${used}`),
  );
}

/** Somebody who looks after the party, with what `acts(person)` can be done about them. */
export function personLine(person, acts) {
  const seen = person.logged_in_at
    ? t("parties.people.seen", { when: dateTime(person.logged_in_at) })
    : t("parties.people.never");
  const [kind, picture, key] = person.active ? ["good", "check", "active"] : ["", "block", "inactive"];
  return el(
    "li",
    { class: "line" },
    el("b", {}, person.full_name),
    el("span", { class: `badge ${kind}` }, icon(picture), t(`parties.people.${key}`)),
    el("span", { class: "muted small whole" }, `${person.username} · ${seen}`),
    person.stopped_at
      ? el(
          "span",
          { class: "small whole anywhere" },
          t("parties.people.stopped", { when: dateTime(person.stopped_at), reason: person.stopped_reason }),
        )
      : null,
    acts(person),
  );
}

/** What the contract allows, and what of today's is used. */
export function quotaWords({ quota, default_quota: usual, used_today: used }) {
  const most = (key, own, other) => {
    if (own === null && other === null) return null;
    const words = t(`parties.quota.${key}`, { n: number(own ?? other) });
    return own === null ? t("parties.quota.usual", { words }) : words;
  };
  const day = quota.per_day ?? usual.per_day;
  const parts = [most("minute", quota.per_minute, usual.per_minute), most("day", quota.per_day, usual.per_day)];
  const said = parts.filter(Boolean);
  const today = day === null ? "" : ` ${t("parties.quota.used", { n: number(Math.min(used, day)) })}`;
  return said.length ? said.join(", ") + today : t("parties.quota.none");
}

/** That there is nothing of a kind. */
export const none = (key) => el("li", { class: "muted" }, t(key));
