// The state of a registration, as a badge.

import { el, icon } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";

const BAD = ["rejected", "expired", "cancelled"];
const GOOD = ["code_sent", "needs_pin", "active"];

/** A state as a badge: words, a picture, a colour. */
export function badge(state) {
  const [kind, picture] = GOOD.includes(state)
    ? ["good", "check"]
    : BAD.includes(state)
      ? ["bad", "block"]
      : ["wait", "clock"];
  return el("span", { class: `badge ${kind}` }, icon(picture), t(`state.${state}`));
}
