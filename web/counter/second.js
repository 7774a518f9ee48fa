// The second person: sees what the first one saw, and agrees or not.

import { announce, button, el, fill, icon, notice } from "/web/shared/dom.js";
import { dateTime, t } from "/web/shared/i18n.js";

/** Why the first person asked. */
export const asked = (who, when, reason) =>
  el(
    "figure",
    { class: "asked" },
    el("figcaption", {}, t("pending.asked", { who, when: dateTime(when) })),
    el("blockquote", {}, reason ?? "–"),
  );

/**
 * The part with the second decision. `grant()` and `refuse()`, where there is one, send it; `check` says what has to
 * be looked at first, `looked` what is ticked, `first` what is said to whoever did not.
 */
export function secondDecision({
  check,
  lead,
  grant,
  refuse,
  label,
  leave,
  looked: title = t("second.looked"),
  first = t("second.check_first"),
}) {
  const place = el("div", { class: "problem-place" });
  const looked = el("input", { type: "checkbox", id: "looked" });
  const act = () => {
    if (looked.checked) return grant(place);
    fill(place, notice("warning", t("decision.check_first"), first));
    announce(t("decision.check_first"), true);
    return looked.focus();
  };
  return [
    el("p", {}, lead),
    el(
      "label",
      { class: "check" },
      looked,
      el("span", {}, el("b", {}, title), el("span", { class: "muted small" }, check)),
    ),
    place,
    el(
      "div",
      { class: "actions" },
      button(label, act, { picture: "check" }),
      refuse ? button(t("second.refuse"), () => refuse(place), { kind: "danger-quiet", picture: "block" }) : null,
      button(t("second.leave"), leave, { kind: "quiet" }),
    ),
  ];
}

/** A result, with the way on. */
export const result = (kind, title, text, next, label) =>
  el(
    "section",
    { class: `card stack outcome ${kind}` },
    el("div", { class: "sign" }, icon(kind === "good" ? "check" : "block")),
    el("h1", {}, title),
    el("p", { class: "lead" }, text),
    el("p", {}, button(label, next, { wide: false })),
  );
