// The office's sessions of outreach (jemput bola): what comes, what is open, what was.

import { button, el, fill, icon } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dayOf, t } from "/web/shared/i18n.js";
import { arrive, failed } from "/web/staff/frame.js";
import { hour } from "./duty.js";

const BADGES = {
  asked: ["wait", "clock"],
  planned: ["", "clock"],
  open: ["good", "check"],
  closed: ["wait", "edit"],
  reported: ["good", "lock"],
  cancelled: ["bad", "close"],
};

/** Where a session stands, as a badge. */
export function outreachBadge(state) {
  const [colour, picture] = BADGES[state] ?? ["", "info"];
  return el("span", { class: `badge ${colour}` }, icon(picture), t(`outreach.state.${state}`));
}

/** Day and hours of a session in words. */
export const whenOf = ({ starts_at: from, ends_at: to }) =>
  `${dayOf(from)}, ${hour(from).replace(/ .*$/, "")}–${hour(to)}`;

/** `plan`, where one may, leads to the form. Gives a function that ends it. */
export function outreachesScreen(main, api, { plan }) {
  let ended = false;
  const asking = newest(() => ended);
  const list = el("ul", { class: "lines" }, el("li", { class: "empty" }, t("queue.loading")));
  const foot = el("div", {});

  const line = (item) =>
    el(
      "li",
      {},
      el(
        "a",
        { class: "line tall", href: `#jemputbola/${item.outreach_id}` },
        el("b", {}, item.place ?? t(`outreach.kind.${item.kind}`)),
        outreachBadge(item.state),
        el("span", { class: "muted small" }, `${whenOf(item)} · ${item.village}`),
      ),
    );

  async function load(cursor) {
    const counts = asking();
    try {
      const page = await api.outreaches(cursor);
      if (!counts()) return;
      if (!cursor) {
        const none = el("li", { class: "empty" }, icon("list"), el("p", {}, t("outreach.none")));
        fill(list, page.items.length ? null : none);
      }
      list.append(...page.items.map(line));
      fill(foot, page.next ? button(t("calls.more"), () => load(page.next), { kind: "quiet" }) : null);
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
      el("h1", {}, t("outreach.title")),
      el("p", { class: "lead" }, t("outreach.lead")),
      plan ? el("p", {}, el("a", { class: "button", href: plan }, icon("plus"), t("outreach.plan"))) : null,
      list,
      foot,
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}
