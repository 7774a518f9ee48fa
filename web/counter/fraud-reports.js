// What people report who met somebody that said to be of this office, for supervisors and the head.

import { announce, button, el, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, dayOf, t } from "/web/shared/i18n.js";
import { arrive, failed, refused } from "/web/staff/frame.js";
import { askReason } from "./ask-reason.js";

const STATES = ["open", "closed"];

/** Gives a function that ends it. */
export function fraudReportsScreen(main, api, { back }) {
  let ended = false;
  const asking = newest(() => ended);
  let state = "open";
  const list = el("ul", { class: "lines" });
  const foot = el("div", {});
  const place = el("div", { class: "problem-place" });
  const tabs = el("div", { class: "row", role: "group", "aria-label": t("fraud.which") });

  async function close(item) {
    const reason = await askReason({
      title: t("fraud.close"),
      lead: t("fraud.close.lead", { reference: item.reference }),
      label: t("calls.look.reason"),
      hint: t("fraud.close.hint"),
      send: t("fraud.close.send"),
      templates: ["fraud.template.police", "fraud.template.ours", "fraud.template.warned"],
    });
    if (!reason || ended) return;
    fill(place);
    try {
      await api.closeFraudReport(item.report_id, reason);
      if (ended) return;
      announce(t("fraud.closed.now", { reference: item.reference }));
    } catch (error) {
      if (ended) return;
      refused(place, error);
    }
    await load();
    main.querySelector("h1")?.focus();
  }

  const fact = (label, value) => value && el("div", {}, el("dt", {}, label), el("dd", {}, value));
  const line = (item) =>
    el(
      "li",
      { class: "entry stack-tight" },
      el(
        "div",
        { class: "row spread" },
        el("b", { class: "mono" }, item.reference),
        el("span", { class: "muted small" }, dayOf(item.reported_on)),
      ),
      item.about
        ? el("p", { class: "badge bad" }, icon("warning"), t("fraud.about", { who: item.about }))
        : item.code
          ? el("p", { class: "badge" }, icon("info"), t(item.code_known ? "fraud.other_office" : "fraud.unknown_code"))
          : null,
      el("p", { class: "said" }, item.what),
      el(
        "dl",
        { class: "rest" },
        fact(t("fraud.place"), item.place),
        fact(t("fraud.contact"), item.contact),
        fact(t("fraud.code"), item.code),
        fact(
          t("fraud.closed"),
          item.closed_at && t("fraud.closed.by", { who: item.closed_by ?? "–", when: dateTime(item.closed_at) }),
        ),
        fact(t("fraud.words"), item.words),
      ),
      item.state === "open"
        ? button(t("fraud.close"), () => close(item), { kind: "secondary", wide: false, picture: "check" })
        : null,
    );

  async function load(cursor) {
    const counts = asking();
    try {
      const page = await api.fraudReports(state, cursor);
      if (!counts()) return;
      if (!cursor) {
        const none = el("li", { class: "empty" }, icon("check"), el("p", {}, t(`fraud.none.${state}`)));
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

  function choose(next) {
    state = next;
    for (const tab of tabs.children) tab.setAttribute("aria-pressed", String(tab.dataset.state === state));
    fill(list, el("li", { class: "empty" }, t("queue.loading")));
    load();
  }
  fill(
    tabs,
    STATES.map((one) =>
      button(t(`fraud.state.${one}`), () => choose(one), { kind: "secondary", wide: false, "data-state": one }),
    ),
  );

  fill(
    main,
    el(
      "section",
      { class: "card stack" },
      el("h1", {}, t("fraud.title")),
      el("p", { class: "lead" }, t("fraud.lead")),
      notice("info", t("fraud.know"), t("fraud.know.do")),
      tabs,
      place,
      list,
      foot,
      button(t("second.next"), back, { kind: "quiet" }),
    ),
  );
  arrive(main);
  choose(state);
  return () => (ended = true);
}
