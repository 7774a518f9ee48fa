// How many questions the organisation put in a month, and what became of them: counts, of nobody.

import { el, field, fill, icon } from "/web/shared/dom.js";
import { ktpDate, language, t } from "/web/shared/i18n.js";
import { arrive, failed } from "/web/staff/frame.js";

const MONTHS = 12;

/** This month and those before it, the newest first: `[code, name]`. */
function months() {
  const now = new Date(Date.now() + 7 * 3600000);
  const named = new Intl.DateTimeFormat(language === "en" ? "en-GB" : "id-ID", {
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  });
  return Array.from({ length: MONTHS }, (_, before) => {
    const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - before, 1));
    return [first.toISOString().slice(0, 7), named.format(first)];
  });
}

const number = (n) => new Intl.NumberFormat(language === "en" ? "en-GB" : "id-ID").format(n);
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
  return table(
    t("partner.figures.month"),
    [
      head(t("partner.figures.outcome")),
      head(t("partner.figures.kind")),
      head(t("partner.figures.questions"), "number"),
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
  const heads = KINDS.map((kind) => head(t(`partner.figures.kind.${kind}`), "number"));
  return table(t("partner.figures.days"), [head(t("partner.figures.day")), ...heads], rows);
}

const head = (text, kind = "") => el("th", { scope: "col", class: kind }, text);

function table(caption, heads, rows) {
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
  let asked = 0;
  const shown = el("div", { class: "stack", "aria-live": "polite" });
  const month = field({
    id: "month",
    label: t("partner.figures.which"),
    tag: "select",
    options: months(),
    onchange: () => load(),
  });

  async function load() {
    const mine = (asked += 1);
    try {
      const found = await call(`/usage?month=${month.input.value}`);
      if (ended || mine !== asked) return;
      const none = el("div", { class: "empty" }, icon("list"), el("p", {}, t("partner.figures.none")));
      fill(shown, found.total.length ? [total(found), days(found)] : none);
    } catch (error) {
      if (!ended && mine === asked) fill(shown, failed(error, load));
    }
  }

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
  load();
  return () => (ended = true);
}
