// How many questions the organisation put in a month, and what became of them: counts, of nobody.

import { el, fill, icon } from "/web/shared/dom.js";
import { ktpDate, language, t } from "/web/shared/i18n.js";
import { arrive } from "/web/staff/frame.js";
import { monthAsked } from "/web/staff/month-asked.js";

/** A number as people write it. */
export const number = (n) => new Intl.NumberFormat(language === "en" ? "en-GB" : "id-ID").format(n);
const sum = (items, kind) => items.filter((one) => one.kind === kind).reduce((all, one) => all + one.questions, 0);
const KINDS = ["valid", "invalid", "error"];

function total(month) {
  const rows = month.total.map((one) =>
    el(
      "tr",
      {},
      el(
        "th",
        { scope: "row" },
        one.text ?? t("partner.figures.valid"),
        " ",
        el("code", { class: "small" }, one.outcome),
      ),
      el("td", {}, t(`partner.figures.kind.${one.kind}`)),
      el("td", { class: "number" }, number(one.questions)),
    ),
  );
  return figureTable(
    t("partner.figures.month"),
    [
      figureHead(t("partner.figures.outcome")),
      figureHead(t("partner.figures.kind")),
      figureHead(t("partner.figures.questions"), "number"),
    ],
    rows,
  );
}

function days(month) {
  const rows = month.days.map((one) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, ktpDate(one.day)),
      KINDS.map((kind) => el("td", { class: "number" }, number(sum(one.items, kind)))),
    ),
  );
  const heads = KINDS.map((kind) => figureHead(t(`partner.figures.kind.${kind}`), "number"));
  return figureTable(t("partner.figures.days"), [figureHead(t("partner.figures.day")), ...heads], rows);
}

/** The head of a column. */
export const figureHead = (text, kind = "") => el("th", { scope: "col", class: kind }, text);

/** A table of figures that can be scrolled. */
export function figureTable(caption, heads, rows) {
  return el(
    "div",
    { class: "table-place", tabindex: "0", role: "region", "aria-label": caption },
    el(
      "table",
      { class: "figures" },
      el("caption", {}, caption),
      el("thead", {}, el("tr", {}, heads)),
      el("tbody", {}, rows),
    ),
  );
}

/** Shows them. Gives a function that ends it. */
export function figuresScreen(main, call) {
  let ended = false;
  const none = () => el("div", { class: "empty" }, icon("list"), el("p", {}, t("partner.figures.none")));
  const { month, shown } = monthAsked({
    id: "month",
    label: t("partner.figures.which"),
    read: (chosen) => call(`/usage?month=${chosen}`),
    draw: (found) => (found.total.length ? [total(found), days(found)] : none()),
    isOver: () => ended,
  });

  fill(
    main,
    el(
      "section",
      { class: "card stack" },
      el("h1", {}, t("partner.figures.title")),
      el("p", { class: "lead" }, t("partner.figures.lead")),
      month,
      shown,
    ),
  );
  arrive(main);
  return () => (ended = true);
}
