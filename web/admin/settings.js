// How the service is set: its parts, of which one is shown.

import { el } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { keysScreen } from "./keys.js";
import { mailsScreen } from "./mails.js";
import { retentionScreen } from "./retention.js";

const PARTS = [
  { part: "kunci", label: "signing.title", show: keysScreen },
  { part: "simpan", label: "retention.title", show: retentionScreen },
  { part: "surel", label: "mails.title", show: mailsScreen },
];

/** The parts as links, the shown one marked. */
function parts(here) {
  const link = ({ part, label }) =>
    el(
      "li",
      {},
      el("a", { href: `#pengaturan/${part}`, "aria-current": part === here ? "page" : null }, t(label)),
    );
  return el("nav", { class: "parts", "aria-label": t("settings.nav") }, el("ul", {}, PARTS.map(link)));
}

/** Shows a part. Gives a function that ends it. */
export function settingsScreen(main, session, asked) {
  const shown = PARTS.find(({ part }) => part === asked) ?? PARTS[0];
  return shown.show(main, session, parts(shown.part));
}
