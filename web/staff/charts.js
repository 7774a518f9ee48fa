// Charts of figures, drawn by hand: a line, bars, a funnel and a map of tiles are less code than a library, load
// nothing and obey the page's policy. What a chart shows, a sentence and a table beside it say too.

import { el, fill, svg } from "/web/shared/dom.js";
import { language, t } from "/web/shared/i18n.js";

const tag = () => (language === "en" ? "en-GB" : "id-ID");

/** A number as people read it; what is unknown is a dash. */
export const number = (n) => (n === null || n === undefined ? "–" : new Intl.NumberFormat(tag()).format(n));

/** A percentage with two digits. */
export const percent = (n) =>
  n === null || n === undefined
    ? "–"
    : `${new Intl.NumberFormat(tag(), { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(n)} %`;

/** Minutes as people say them. */
export function duration(minutes) {
  if (minutes === null || minutes === undefined) return "–";
  if (minutes < 120) return t("angka.minutes", { n: number(minutes) });
  if (minutes < 2880) return t("angka.hours", { n: number(Math.round(minutes / 6) / 10) });
  return t("angka.days", { n: number(Math.round(minutes / 144) / 10) });
}

const line = ([first, ...cells], attributes = {}) =>
  el(
    "tr",
    attributes,
    el("th", { scope: "row" }, first),
    cells.map((cell) => el("td", {}, cell)),
  );

/** A table: `heads` are words, `rows` and their `sum` are lists of cells, the first of which is the row's head. */
export function table(caption, heads, rows, sum = null) {
  return el(
    "div",
    { class: "table-place", role: "region", tabindex: "0", "aria-label": caption },
    el(
      "table",
      { class: "figure-table" },
      el("caption", { class: "sr-only" }, caption),
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          heads.map((head) => el("th", { scope: "col" }, head)),
        ),
      ),
      el(
        "tbody",
        {},
        rows.map((row) => line(row)),
        sum ? line(sum, { class: "sum" }) : null,
      ),
    ),
  );
}

/** A part of the page: what it is, in a sentence what it shows, the chart, and the same as a table. */
export function part({ title, how, summary, chart, heads, rows, sum = null, open = false }) {
  return el(
    "section",
    { class: "card stack-tight figure-part" },
    el("h2", {}, title),
    how ? el("p", { class: "muted small" }, how) : null,
    el("p", {}, summary),
    chart,
    rows.length
      ? el("details", { open }, el("summary", {}, t("angka.table")), table(title, heads, rows, sum))
      : null,
  );
}

/** The mean of a day and the six before it. */
export const sevenDays = (values) =>
  values.map((_, at) => {
    const last = values.slice(Math.max(0, at - 6), at + 1);
    return last.reduce((sum, n) => sum + n, 0) / last.length;
  });

const HIGH = 220;
const LEFT = 44;
const FOOT = 26;
// Letters keep their size on a phone: there the drawing is narrower.
const wide = () => (matchMedia("(max-width: 40rem)").matches ? 300 : 900);

/** A line by day with its mean of seven days. `days` are `{date, n}`. */
export function dailyChart(days, label, dateOf) {
  const values = days.map((one) => one.n);
  const WIDE = wide();
  const top = Math.max(4, ...values);
  const x = (at) => LEFT + (days.length < 2 ? 0 : (at * (WIDE - LEFT - 8)) / (days.length - 1));
  const y = (n) => 10 + (HIGH - FOOT - 10) * (1 - n / top);
  const points = (list) => list.map((n, at) => `${x(at).toFixed(1)},${y(n).toFixed(1)}`).join(" ");
  const ticks = [0, Math.round(top / 2), top];
  const named = [...new Set([0, Math.floor((days.length - 1) / 2), days.length - 1])];
  const anchor = (at) => (at === 0 ? "start" : at === days.length - 1 ? "end" : "middle");
  return el(
    "figure",
    { class: "chart" },
    svg(
      "svg",
      { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": label },
      ticks.map((n) => [
        svg("line", { x1: LEFT, x2: WIDE - 8, y1: y(n), y2: y(n), class: "grid" }),
        svg("text", { x: LEFT - 6, y: y(n) + 5, "text-anchor": "end" }, number(n)),
      ]),
      named.map((at) => svg("text", { x: x(at), y: HIGH - 6, "text-anchor": anchor(at) }, dateOf(days[at].date))),
      svg("polyline", { points: points(values), class: "line-day" }),
      svg("polyline", { points: points(sevenDays(values)), class: "line-mean" }),
    ),
    el(
      "figcaption",
      { class: "legend-row small" },
      el("span", { class: "key-day" }, t("angka.per_day")),
      el("span", { class: "key-mean" }, t("angka.mean")),
    ),
  );
}

/** Bars, one a line: `items` are `{label, n, of, text}`; a bar is as long as `n` is of `of`. */
export function bars(items, label) {
  const bar = ({ label: name, n, of, text }) => {
    const share = of > 0 ? Math.min(1, Math.max(0, n / of)) : 0;
    return el(
      "li",
      { class: "bar-line" },
      el("span", { class: "bar-name" }, name),
      el("b", { class: "bar-number" }, text),
      svg(
        "svg",
        { viewBox: "0 0 100 6", preserveAspectRatio: "none", class: "bar-track", "aria-hidden": "true" },
        svg("rect", { x: 0, y: 0, width: 100, height: 6, class: "bar-all" }),
        svg("rect", { x: 0, y: 0, width: (share * 100).toFixed(2), height: 6, class: "bar-part" }),
      ),
    );
  };
  return el("ul", { class: "bars", "aria-label": label }, items.map(bar));
}

// From how many percent of the target on a tile has which shade.
const SHADES = [0, 5, 10, 20, 40, 70, 100];

/** Which shade a percentage has, from 0; none of what is unknown. */
export const shade = (value) =>
  value === null || value === undefined ? "none" : SHADES.filter((from) => value >= from).length - 1;

/**
 * A map of tiles, one a region, in the order of their codes: no borders are needed, and each is reached with the
 * keyboard. `items` are `{name, value, none, lines}`; whichever is chosen is told below.
 */
export function tileMap(items, label) {
  const told = el("div", { class: "tile-told", role: "status" }, t("angka.tiles.how"));
  const tiles = items.map((item) => {
    const node = el(
      "button",
      {
        type: "button",
        class: `tile shade-${shade(item.value)}`,
        "aria-pressed": "false",
        onclick: () => {
          for (const one of tiles) one.setAttribute("aria-pressed", String(one === node));
          fill(
            told,
            el("b", {}, item.name),
            el(
              "ul",
              {},
              item.lines.map((line) => el("li", {}, line)),
            ),
          );
        },
      },
      el("span", { class: "tile-name" }, item.name, " "),
      item.value === null
        ? el("span", { class: "tile-value small" }, item.none ?? t("angka.unknown"))
        : el("span", { class: "tile-value" }, percent(item.value)),
    );
    return node;
  });
  // Arrows go from tile to tile, as on a map.
  const move = (event) => {
    const at = tiles.indexOf(document.activeElement);
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -at, End: tiles.length - 1 - at }[event.key];
    if (at < 0 || step === undefined) return;
    event.preventDefault();
    tiles[Math.min(tiles.length - 1, Math.max(0, at + step))].focus();
  };
  return el(
    "div",
    { class: "stack-tight" },
    el("div", { class: "tiles", role: "group", "aria-label": label, onkeydown: move }, tiles),
    el(
      "p",
      { class: "legend-row small", "aria-hidden": "true" },
      SHADES.map((from, at) => el("span", { class: `key-tile shade-${at}` }, `≥ ${from} %`)),
    ),
    told,
  );
}
