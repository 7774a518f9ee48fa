// What others read of regions: months that are public, the country by province, a province by regency, a regency by
// district. A number that is not told is "<5", wherever it stands; of such no percentage is told either.

import { el, fill, icon } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { known, language, t } from "/web/shared/i18n.js";
import { bars, number, part, percent, tileMap } from "./charts.js";
import { arrive, failed } from "./frame.js";

const told = (n) => (n === null ? "<5" : number(n));

const monthName = (month) =>
  new Intl.DateTimeFormat(language === "en" ? "en-GB" : "id-ID", {
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  }).format(new Date(`${month}-01T00:00:00Z`));

/** All months from one to another, the newest first. */
function months(oldest, newest) {
  const all = [];
  const day = new Date(`${newest}-01T00:00:00Z`);
  for (let name = newest; name >= oldest; name = day.toISOString().slice(0, 7)) {
    all.push(name);
    day.setUTCMonth(day.getUTCMonth() - 1);
  }
  return all;
}

// What regions are called that were seen; of others the code stands.
const names = new Map();

/** Whether there is more below: a province, a regency. */
const hasParts = (code) => code.length <= 5;

const nameOf = (region) => (region ? region.name ?? region.code : t("wilayah.rest"));

/** Where one is: the country, the province, the regency, as far as one may read them. */
function crumbs(data, { own, address }) {
  const all = [];
  if (!own) all.push(["", t("wilayah.country")]);
  if (data.region) {
    const [province] = data.region.code.split(".");
    if (data.region.code !== province) all.push([province, names.get(province) ?? province]);
    all.push([data.region.code, nameOf(data.region)]);
  }
  return el(
    "nav",
    { "aria-label": t("wilayah.path") },
    el(
      "ol",
      { class: "crumbs" },
      all.map(([code, name], at) =>
        el(
          "li",
          {},
          at === all.length - 1
            ? el("b", { "aria-current": "page" }, name)
            : el("a", { href: address(code) }, name),
        ),
      ),
    ),
  );
}

function targetPart(data, name, link) {
  const cells = (one) => [
    number(one.eligible),
    number(one.recorded),
    number(one.unserved),
    number(one.target),
    told(one.active_now),
    percent(one.coverage),
    percent(one.attainment),
  ];
  const { active_now: n, target, attainment } = data.total;
  const words = { n: told(n), region: name, target: number(target), percent: percent(attainment) };
  const heads = ["region", "eligible", "recorded", "unserved", "target", "active", "of_recorded", "of_target"];
  return part({
    title: t("angka.target"),
    how: t("angka.target.how"),
    summary: t(target === null ? "wilayah.summary.no_target" : "wilayah.summary", words),
    chart: bars(
      data.rows.map((one) => ({
        label: nameOf(one.region),
        n: one.active_now ?? 0,
        of: one.target ?? 0,
        text: [told(one.active_now), one.target === null ? "" : ` / ${number(one.target)}`].join(""),
      })),
      t("angka.target"),
    ),
    heads: heads.map(headOf),
    rows: data.rows.map((one) => [link(one), ...cells(one)]),
    sum: [t("wilayah.total"), ...cells(data.total)],
    open: true,
  });
}

const headOf = (head) => t(known(`angka.head.${head}`) ? `angka.head.${head}` : `wilayah.head.${head}`);

function flowPart(data, link) {
  const kinds = ["before", "activated_first", "activated_again", "ended", "moved_in", "moved_out", "active_now"];
  const cells = (one) => kinds.map((kind) => told(one[kind]));
  const { activated_first: n, ended: m } = data.total;
  return part({
    title: t("wilayah.flow"),
    how: t("wilayah.flow.how"),
    summary: t("wilayah.flow.summary", { n: told(n), m: told(m) }),
    chart: null,
    heads: ["region", "before", "first", "again", "ended", "in", "out", "active"].map(headOf),
    rows: data.rows.map((one) => [link(one), ...cells(one)]),
    sum: [t("wilayah.total"), ...cells(data.total)],
    open: true,
  });
}

const mapPart = (data) =>
  part({
    title: t("wilayah.map"),
    how: t("wilayah.map.how"),
    summary: t("wilayah.map.summary", { n: number(data.rows.length) }),
    chart: tileMap(
      data.rows.map((one) => ({
        name: nameOf(one.region),
        value: one.attainment,
        none: one.target === null ? t("angka.unknown") : t("wilayah.hidden"),
        lines: [
          t("angka.tile.active", { n: told(one.active_now), before: told(one.before) }),
          t("angka.tile.new", { n: told(one.activated_first), again: told(one.activated_again) }),
          t("angka.tile.ended", { n: told(one.ended) }),
          t("angka.tile.moved", { n: told(one.moved_in), m: told(one.moved_out) }),
        ],
      })),
      t("wilayah.map"),
    ),
    heads: [],
    rows: [],
  });

/** The figures of a region, by its code; of all that may be read without one. Gives a function that ends it. */
export function publishedScreen(main, source, code) {
  let ended = false;
  const asking = newest(() => ended);
  let query = new URLSearchParams(code ? { region: code } : {});
  const place = el("div", { class: "stack" });
  const controls = el("div", {});

  function choose(data) {
    const all = months(data.oldest, data.newest);
    const select = (id, chosen) =>
      el(
        "select",
        { id },
        all.map((one) => el("option", { value: one, selected: one === chosen }, monthName(one))),
      );
    const [from, to] = [select("month-from", data.from), select("month-to", data.to)];
    const labelled = (node, label) =>
      el("div", { class: "field narrow" }, el("label", { for: node.id }, t(label)), node);
    const save = t("wilayah.file");
    const submit = (event) => {
      event.preventDefault();
      query = new URLSearchParams({ ...(code ? { region: code } : {}), from: from.value, to: to.value });
      load();
    };
    fill(
      controls,
      el(
        "form",
        { class: "row", novalidate: true, onsubmit: submit },
        labelled(from, "wilayah.from"),
        labelled(to, "wilayah.to"),
        el("button", { type: "submit", class: "button secondary" }, t("wilayah.show")),
        source.file
          ? el("a", { class: "button secondary", href: source.file(query), download: true }, icon("download"), save)
          : null,
      ),
    );
  }

  function show(data) {
    for (const region of [source.own, data.region, ...data.rows.map((one) => one.region)]) {
      if (region) names.set(region.code, nameOf(region));
    }
    const name = data.region ? nameOf(data.region) : t("wilayah.country");
    const link = (one) =>
      one.region && hasParts(one.region.code)
        ? el("a", { href: source.address(one.region.code) }, nameOf(one.region))
        : nameOf(one.region);
    const [first, last] = [monthName(data.from), monthName(data.to)];
    const period = first === last ? last : t("wilayah.period", { from: first, to: last });
    choose(data);
    fill(
      place,
      crumbs(data, source),
      el("h2", {}, name, " · ", period),
      el("p", { class: "muted small" }, t("wilayah.small")),
      targetPart(data, name, link),
      flowPart(data, link),
      mapPart(data),
    );
  }

  async function load() {
    const counts = asking();
    fill(place, el("p", { class: "empty", role: "status" }, t("angka.loading")));
    try {
      const data = await source.read(query);
      if (counts()) show(data);
    } catch (error) {
      if (counts()) fill(place, failed(error, load));
    }
  }

  fill(
    main,
    el(
      "div",
      { class: "stack figure-page" },
      el(
        "section",
        { class: "card stack" },
        el("h1", {}, t("wilayah.title")),
        el("p", { class: "lead" }, t("wilayah.lead")),
        controls,
      ),
      place,
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}
