// A supervisor passes a resident on to a colleague who is on duty: chosen in a dialog.

import { el, fill, icon } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { ask } from "/web/staff/ask.js";

/** Asks to whom; gives the colleague's id, or null. */
export async function askColleague(api, { initials, received_by_id: from }) {
  const { items } = await api.colleagues();
  const free = items.filter((one) => one.on_duty && one.serves && one.officer_id !== from);
  return ask(t("pass_on.title"), (done) => {
    const choice = (one) =>
      el(
        "li",
        {},
        el(
          "button",
          { type: "button", class: "button secondary wide", onclick: () => done(one.officer_id) },
          icon("user"),
          `${one.username} · ${one.full_name}`,
        ),
      );
    const list = el("ul", { class: "plain stack-tight" });
    fill(list, free.map(choice));
    const words = t(free.length ? "pass_on.lead" : "pass_on.none", { initials });
    return el("div", { class: "stack" }, el("p", {}, words), list);
  });
}
