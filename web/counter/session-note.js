// Says at the scanner in which session of outreach one works: whoever is scanned is counted in it.

import { el, fill, notice } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { whereOf } from "./duty.js";

/** A place that stays empty where one works at the office. */
export function sessionNote(api) {
  const node = el("div", { class: "problem-place" });
  api.duty().then(
    ({ session, works_in_session: works }) => {
      if (session && works) fill(node, notice("info", t("outreach.working"), whereOf(session)));
    },
    // Scanning works without it.
    () => {},
  );
  return node;
}
