// What all screens about correction cases share: words and looks.

import { el, icon } from "/web/shared/dom.js";
import { dayOf, known, t } from "/web/shared/i18n.js";

const BADGES = {
  opened: ["wait", "clock"],
  waiting_resident: ["wait", "user"],
  in_register: ["", "office"],
  resolved: ["good", "check"],
  refused: ["bad", "close"],
  withdrawn: ["", "back"],
  lapsed: ["", "clock"],
};
/** States of a case that goes on. */
export const LIVE = ["opened", "waiting_resident", "in_register"];

/** A case's state. */
export function badge(state) {
  const [colour, picture] = BADGES[state] ?? ["", "info"];
  return el("span", { class: `badge ${colour}` }, icon(picture), t(`correction.state.${state}`));
}

/** A line of facts. */
export const fact = (label, value) => value && el("div", {}, el("dt", {}, label), el("dd", {}, value));
/** An element of the KTP-el, in words. */
export const named = (name) => (known(`field.${name}`) ? t(`field.${name}`) : t("correction.portrait"));
/** The day on which a step is expected to be done. */
export const due = (text) => dayOf(new Date(new Date(text) - 1));
