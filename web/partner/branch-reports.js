// What people report of the organisation's places: how often in a month, and each report until it was dealt with.

import { announce, button, el, field, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, ktpDate, t } from "/web/shared/i18n.js";
import { arrive, failed, refused } from "/web/staff/frame.js";
import { monthAsked } from "/web/staff/month-asked.js";
import { figureHead as head, figureTable, number } from "./figures.js";

const STATES = ["open", "closed"];

/** How often the places were reported in a month. */
function countsPart(call, isOver) {
  const row = (one) =>
    el(
      "tr",
      {},
      el("th", { scope: "row", class: "anywhere" }, one.name),
      el("td", { class: "number" }, number(one.photocopy)),
      el("td", { class: "number" }, number(one.refused)),
    );
  const heads = () => [
    head(t("partner.report.branch")),
    head(t("partner.report.column.photocopy"), "number"),
    head(t("partner.report.column.refused"), "number"),
  ];
  const none = () => el("p", { class: "muted" }, t("partner.report.counts.none"));
  const { month, shown } = monthAsked({
    id: "report-month",
    label: t("partner.report.month"),
    read: (chosen) => call(`/branch-counts?month=${chosen}`),
    draw: ({ items }, name) => (items.length ? figureTable(name, heads(), items.map(row)) : none()),
    isOver,
  });
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "counts-title" },
    el("h2", { id: "counts-title" }, t("partner.report.counts")),
    month,
    shown,
  );
}

/** Shows it. Gives a function that ends it. */
export function branchReportsScreen(main, call) {
  let ended = false;
  const asking = newest(() => ended);
  const list = el("ul", { class: "lines", id: "reports" });
  const foot = el("div", {});
  const place = el("div", { class: "problem-place" });
  const which = field({
    id: "report-state",
    label: t("partner.report.which"),
    tag: "select",
    options: STATES.map((state) => [state, t(`partner.report.${state}`)]),
    onchange: () => load(),
  });

  async function close(report) {
    fill(place);
    try {
      await call(`/branch-reports/${report.report_id}/close`, { method: "POST", again: true });
      if (ended) return;
      const text = t("partner.report.done", { name: report.branch });
      fill(place, notice("success", text));
      announce(text);
      document.getElementById(`report-${report.report_id}`)?.remove();
      if (!list.children.length) load();
      (list.querySelector("button") ?? which.input).focus();
    } catch (error) {
      if (!ended) refused(place, error);
    }
  }

  function line(report) {
    const day = t("partner.report.day", { day: ktpDate(report.day) });
    const closed = report.closed_at ? t("partner.report.closed_at", { when: dateTime(report.closed_at) }) : null;
    const name = `${t("partner.report.close")}: ${report.branch}, ${day}`;
    return el(
      "li",
      { class: "line tall", id: `report-${report.report_id}` },
      el("b", {}, report.branch),
      el("span", { class: "badge wait" }, icon("warning"), t(`partner.report.${report.what}`)),
      report.words
        ? el("q", { class: "whole anywhere" }, report.words)
        : el("span", { class: "muted whole" }, t("partner.report.wordless")),
      el("span", { class: "muted small whole" }, [day, closed].filter(Boolean).join(" · ")),
      report.state === "open"
        ? button(t("partner.report.close"), () => close(report), {
            kind: "secondary",
            wide: false,
            picture: "check",
            "aria-label": name,
          })
        : null,
    );
  }

  async function load(cursor) {
    const counts = asking();
    const state = which.input.value;
    const after = cursor ? { cursor } : {};
    try {
      const page = await call(`/branch-reports?${new URLSearchParams({ state, limit: 20, ...after })}`);
      if (!counts()) return;
      if (!cursor) fill(list);
      list.append(...page.items.map(line));
      const none = el("div", { class: "empty" }, icon("check"), el("p", {}, t(`partner.report.none.${state}`)));
      const more = () => load(page.next);
      fill(foot, page.next ? button(t("partner.more"), more, { kind: "secondary", wide: false }) : null);
      if (!list.children.length) fill(foot, none);
    } catch (error) {
      if (counts()) fill(foot, failed(error, () => load(cursor)));
    }
  }

  fill(
    main,
    el(
      "div",
      { class: "stack-loose" },
      el(
        "section",
        { class: "card stack" },
        el("a", { class: "back", href: "#tempat" }, icon("back"), t("partner.branch.title")),
        el("h1", {}, t("partner.report.title")),
        el("p", { class: "lead" }, t("partner.report.lead")),
        which,
        place,
        list,
        foot,
      ),
      countsPart(call, () => ended),
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}
