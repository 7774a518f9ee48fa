// An act of the audit log, as offices and auditors read it.

import { el } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";

/** The end of an id, by which people speak of it: it names nobody, and tells those on a screen apart. */
export const shortId = (id) => id.slice(-6).toUpperCase();

/** From where an act came, by these of its members: what stands for them tells which acts belong together. */
export function originPart(act, names) {
  const known = names.filter((name) => act[name]);
  if (!known.length) return null;
  const words = known.map((name) => t(`act.from.${name}`, { id: shortId(act[name]) }));
  return el("span", { class: "muted small" }, words.join(" · "));
}
