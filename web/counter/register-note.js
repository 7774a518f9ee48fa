// Says at the scanner that the population register does not answer: who is approved now waits, and nobody has to ask
// why.

import { el, fill, notice } from "/web/shared/dom.js";
import { request } from "/web/shared/http.js";
import { dateTime, t } from "/web/shared/i18n.js";

const EVERY_MILLISECONDS = 30000;

/**
 * `{node, stop}`: a place that stays empty while the register answers. What is asked is public, and no officer's work.
 */
export function registerNote() {
  const node = el("div", { class: "problem-place" });
  let shown = "";
  async function look() {
    if (document.hidden) return;
    let down = "";
    try {
      const { register } = (await request("/v1/status", { quiet: true })).data;
      if (!register.answers) down = register.since ? t("register.down.since", { when: dateTime(register.since) }) : "-";
    } catch {
      // Scanning says by itself when the service does not answer.
      return;
    }
    if (down === shown) return;
    shown = down;
    const since = down === "-" ? null : el("p", { class: "muted" }, down);
    fill(node, down ? notice("warning", t("register.down"), t("register.down.do"), since) : null);
  }
  look();
  const timer = setInterval(look, EVERY_MILLISECONDS);
  return { node, stop: () => clearInterval(timer) };
}
