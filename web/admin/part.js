// A part of the settings that is drawn from one answer of the service.

import { el, fill } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { t } from "/web/shared/i18n.js";
import { arrive, failed } from "/web/staff/frame.js";

/**
 * Draws `page(found)` once `look()` has found it; until then that it is coming, and with a way on where it failed.
 * Gives `{isOver, load, end}`: whether nobody looks any more, looking again, and what ends it.
 */
export function partScreen(main, { parts, title, look, page }) {
  let ended = false;
  const asking = newest(() => ended);
  async function load() {
    const counts = asking();
    try {
      const found = await look();
      if (!counts()) return;
      fill(main, page(found));
    } catch (error) {
      if (!counts()) return;
      fill(main, el("section", { class: "card stack" }, parts, el("h1", {}, title), failed(error, load)));
    }
    arrive(main);
  }
  fill(main, el("h1", {}, title), el("p", { class: "muted" }, t("admin.loading")));
  load();
  return { isOver: () => ended, load, end: () => (ended = true) };
}
