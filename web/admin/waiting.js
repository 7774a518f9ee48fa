// How much waits for this person: a number beside the place's name.

import { el } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";

const MOST = 99;

/** Writes it into the bar. Where it cannot be had, nothing is said: the list itself says what is wrong. */
export async function markWaiting(session) {
  if (!session.who.permissions.includes("read_proposals")) return;
  let waiting;
  try {
    ({ waiting } = await session.call("/proposals/count"));
  } catch {
    return;
  }
  const place = document.querySelector('.places a[href="#persetujuan"]');
  if (!place) return;
  place.querySelector(".count")?.remove();
  if (!waiting) return;
  const shown = waiting > MOST ? `${MOST}+` : String(waiting);
  place.append(
    el(
      "span",
      { class: "count" },
      el("span", { "aria-hidden": "true" }, shown),
      el("span", { class: "sr-only" }, t("proposal.count", { n: shown })),
    ),
  );
}
