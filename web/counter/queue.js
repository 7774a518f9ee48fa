// Registrations that were scanned at this office, by state. They are named when opened, for who has the resident
// there or a reason.

import { button, el, fill, icon } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { shortId } from "/web/staff/act.js";
import { arrive, failed } from "/web/staff/frame.js";
import { badge } from "./badge.js";

const STATES = [
  "awaiting_officer",
  "approved_pending_register",
  "code_sent",
  "needs_pin",
  "needs_selfie",
  "needs_correction",
  "active",
  "rejected",
  "expired",
  "cancelled",
];

/** The queue. `filter(state)` is told when another state is chosen. */
export function queueScreen(main, api, state, { open, filter }) {
  let chosen = STATES.includes(state) ? state : STATES[0];
  let ended = false;
  const asking = newest(() => ended);
  const list = el("ul", { class: "lines" });
  const foot = el("div", {});
  const select = el(
    "select",
    {
      id: "state",
      onchange: () => {
        chosen = select.value;
        filter(chosen);
        load();
      },
    },
    STATES.map((one) => el("option", { value: one, selected: one === chosen }, t(`state.${one}`))),
  );

  function line(item) {
    return el(
      "li",
      {},
      el(
        "a",
        {
          class: "line",
          href: `#warga/${item.registration_id}`,
          onclick: (event) => {
            event.preventDefault();
            open(item.registration_id);
          },
        },
        el("b", {}, item.initials, " ", el("span", { class: "mono small muted" }, shortId(item.registration_id))),
        badge(item.state),
        el("span", { class: "muted small" }, t("queue.changed", { when: dateTime(item.updated_at) })),
      ),
    );
  }

  async function load(cursor) {
    const counts = asking();
    if (!cursor) fill(list, el("li", { class: "empty" }, t("queue.loading")));
    fill(foot);
    try {
      const page = await api.queue(chosen, cursor);
      if (!counts()) return;
      if (!cursor) fill(list);
      list.append(...page.items.map(line));
      if (!list.children.length) fill(list, el("li", { class: "empty" }, icon("check"), el("p", {}, t("queue.empty"))));
      if (page.next)
        fill(
          foot,
          button(t("queue.more"), () => load(page.next), { kind: "secondary", wide: false }),
        );
    } catch (error) {
      if (!counts()) return;
      if (!cursor) fill(list);
      fill(
        foot,
        failed(error, () => load(cursor)),
      );
    }
  }

  fill(
    main,
    el(
      "section",
      { class: "card stack" },
      el(
        "div",
        { class: "row spread" },
        el("h1", {}, t("queue.title")),
        button(t("queue.reload"), () => load(), { kind: "secondary", wide: false, picture: "history" }),
      ),
      el("div", { class: "field narrow" }, el("label", { for: "state" }, t("queue.state")), select),
      list,
      foot,
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}
