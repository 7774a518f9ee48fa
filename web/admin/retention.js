// How long things are kept: what two administrators decide, within which bounds, and what nobody decides.

import { button, el, field, notice } from "/web/shared/dom.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { askFor } from "./asking.js";
import { partScreen } from "./part.js";
import { periodWord } from "./words.js";

const fact = (label, ...values) => el("div", {}, el("dt", {}, label), el("dd", {}, values));
const days = (n) => t("retention.days", { n });

/** Shows them below `parts`. Gives a function that ends it. */
export function retentionScreen(main, session, parts) {
  const place = el("div", { class: "problem-place" });
  const may = session.who.permissions.includes("ask_proposals");

  async function ask(item) {
    const bounds = { least: item.least_days, most: item.most_days };
    const fields = {
      days: field({
        id: "days",
        label: t("retention.new"),
        hint: t("retention.bounds", bounds),
        type: "number",
        inputmode: "numeric",
        min: item.least_days,
        max: item.most_days,
        step: 1,
        required: true,
        value: String(item.days),
      }),
    };
    const words = [t("retention.change"), t("retention.change.lead", { what: periodWord(item.period) })];
    const body = ({ days: typed, reason }) => ({ days: Math.round(Number(typed)), reason });
    const options = { path: `/retention/${item.period}`, words: [...words, t("signing.send")], place, fields, body };
    if ((await askFor(session, options)) && !screen.isOver()) await screen.load();
  }

  function line(item) {
    const name = periodWord(item.period);
    return el(
      "li",
      { class: "entry request" },
      el("b", {}, name),
      el("p", {}, t(`retention.why.${item.period}`)),
      item.counts_at
        ? notice(
            "warning",
            t("retention.waits", { when: dateTime(item.counts_at) }),
            t("retention.waits.do", { before: days(item.counts) }),
          )
        : null,
      el(
        "dl",
        { class: "facts beside" },
        fact(t("retention.now"), days(item.days)),
        fact(t("retention.default"), days(item.default_days)),
        fact(t("retention.can_be"), t("retention.range", { least: item.least_days, most: item.most_days })),
      ),
      item.changed_at
        ? el(
            "p",
            { class: "muted small anywhere" },
            t("retention.since", { when: dateTime(item.changed_at), asked: item.asked_by, granted: item.granted_by }),
          )
        : el("p", { class: "muted small" }, t("retention.never")),
      may
        ? button(t("retention.change"), () => ask(item), {
            kind: "secondary",
            wide: false,
            picture: "edit",
            "aria-label": `${t("retention.change")}: ${name}`,
          })
        : null,
    );
  }

  const fixedLine = ({ name, days: n }) =>
    el("li", { class: "entry" }, el("p", {}, t(`retention.fixed.${name}`)), el("b", {}, days(n)));

  const page = ({ items, fixed }) =>
    el(
      "div",
      { class: "two to-left" },
      el(
        "section",
        { class: "card stack" },
        parts,
        el("h1", {}, t("retention.title")),
        el("p", { class: "lead" }, t("retention.lead")),
        place,
        el("ul", { class: "lines" }, items.map(line)),
      ),
      el(
        "section",
        { class: "card stack", "aria-labelledby": "fixed-title" },
        el("h2", { id: "fixed-title" }, t("retention.fixed")),
        el("p", {}, t("retention.fixed.lead")),
        el("ul", { class: "lines" }, fixed.map(fixedLine)),
        el("p", {}, t("retention.fixed.log")),
      ),
    );

  const screen = partScreen(main, { parts, title: t("retention.title"), look: () => session.call("/retention"), page });
  return screen.end;
}
