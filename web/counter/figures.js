// The figures of the office: what was done here, and how many digital KTPs there are in its region. These are two
// views, which are never added up. Each chart has its sentence and its table.

import { el, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, known, ktpDate, language, t } from "/web/shared/i18n.js";
import { arrive, failed } from "/web/staff/frame.js";
import { bars, dailyChart, duration, number, part, percent, tileMap } from "/web/staff/charts.js";

const FLOW = ["scanned", "approved", "returned", "rejected", "code_sent"];
const COHORT = ["registered", "selfie", "scanned", "approved", "code_sent", "activated"];
const SPANS = ["month", "before", "days30", "days90", "year"];
const DAY = 86400000;

const iso = (day) => day.toISOString().slice(0, 10);
/** Today in Jakarta, as midnight in UTC. */
const today = () => new Date(Math.floor((Date.now() + 7 * 3600000) / DAY) * DAY);
const first = (day, months) => new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + months, 1));

/** From which day to which. */
function span(name) {
  const now = today();
  const back = (days) => [iso(new Date(now - days * DAY)), iso(now)];
  return {
    month: () => [iso(first(now, 0)), iso(now)],
    before: () => [iso(first(now, -1)), iso(new Date(first(now, 0) - DAY))],
    days30: () => back(29),
    days90: () => back(89),
    year: () => back(364),
  }[name]();
}

const sum = (counts, ...kinds) =>
  counts.filter((one) => kinds.includes(one.kind)).reduce((all, one) => all + one.count, 0);

/** Every day from one to another, with how many digital KTPs were activated. */
function activations(days, [from, to]) {
  const found = new Map(days.map((one) => [one.date, sum(one.counts, "activated_first", "activated_again")]));
  const all = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY) {
    const date = iso(new Date(at));
    all.push({ date, n: found.get(date) ?? 0 });
  }
  return all;
}

const shortDay = (date) =>
  new Intl.DateTimeFormat(language === "en" ? "en-GB" : "id-ID", {
    day: "numeric",
    month: "short",
    timeZone: "UTC",
  }).format(new Date(`${date}T00:00:00Z`));

function dailyPart(data, dates) {
  const days = activations(data.days, dates);
  const all = days.reduce((n, one) => n + one.n, 0);
  const best = days.reduce((most, one) => (one.n > most.n ? one : most), days[0]);
  const summary = all
    ? t("angka.daily.summary", { n: number(all), most: number(best.n), day: ktpDate(best.date) })
    : t("angka.daily.none");
  return part({
    title: t("angka.daily"),
    how: t("angka.daily.how"),
    summary,
    chart: all ? dailyChart(days, summary, shortDay) : null,
    heads: [t("angka.day"), t("angka.activated")],
    rows: days.map((one) => [ktpDate(one.date), number(one.n)]),
  });
}

function funnelPart(title, how, counts, none) {
  const [top] = counts;
  const rows = counts.map(({ name, n }) => [name, number(n), top.n ? percent((n / top.n) * 100) : "–"]);
  const last = counts[counts.length - 1];
  const summary = top.n
    ? t("angka.funnel.summary", { n: number(top.n), first: top.name, m: number(last.n), last: last.name })
    : none;
  return part({
    title,
    how,
    summary,
    chart: top.n
      ? bars(
          counts.map(({ name, n }) => ({ label: name, n, of: top.n, text: number(n) })),
          title,
        )
      : null,
    heads: [t("angka.step"), t("angka.count"), t("angka.share")],
    rows,
  });
}

const cohortPart = (data) =>
  funnelPart(
    t("angka.cohort"),
    t("angka.cohort.how", { region: data.region.name }),
    COHORT.map((kind) => ({ name: t(`angka.kind.${kind}`), n: sum(data.cohort, `cohort_${kind}`) })),
    t("angka.cohort.none"),
  );

const flowPart = (data) =>
  funnelPart(
    t("angka.flow"),
    t("angka.flow.how"),
    [
      ...FLOW.map((kind) => ({ name: t(`angka.kind.${kind}`), n: sum(data.flow, kind) })),
      { name: t("angka.kind.activated"), n: sum(data.flow, "activated_first", "activated_again") },
    ],
    t("angka.flow.none"),
  );

function targetParts(data) {
  const name = (one) => one.region.name ?? one.region.code;
  const { active, target } = data.total;
  const summary =
    target !== null
      ? t("angka.target.summary", { n: number(active), target: number(target), region: data.region.name })
      : t("angka.target.none", { n: number(active), region: data.region.name });
  const rows = data.regions.map((one) => [
    name(one),
    number(one.eligible),
    number(one.recorded),
    number(one.target),
    number(one.active),
    percent(one.percent_of_recorded),
    percent(one.percent_of_target),
  ]);
  const heads = ["region", "eligible", "recorded", "target", "active", "of_recorded", "of_target"];
  const shared = { heads: heads.map((head) => t(`angka.head.${head}`)), rows };
  return [
    part({
      title: t("angka.target"),
      how: t("angka.target.how"),
      summary,
      chart: bars(
        data.regions.map((one) => ({
          label: name(one),
          n: one.active,
          of: one.target ?? 0,
          text: one.target === null ? number(one.active) : `${number(one.active)} / ${number(one.target)}`,
        })),
        t("angka.target"),
      ),
      ...shared,
    }),
    part({
      title: t("angka.map"),
      how: t("angka.map.how"),
      summary: t("angka.map.summary", { n: number(data.regions.length) }),
      chart: tileMap(
        data.regions.map((one) => ({
          name: name(one),
          value: one.percent_of_target,
          lines: [
            t("angka.tile.active", { n: number(one.active), before: number(one.before) }),
            t("angka.tile.new", { n: number(one.activated_first), again: number(one.activated_again) }),
            t("angka.tile.ended", { n: number(one.ended) }),
            t("angka.tile.moved", { n: number(one.moved_in), m: number(one.moved_out) }),
            t("angka.tile.served", { n: number(one.served_here), m: number(one.served_elsewhere) }),
          ],
        })),
        t("angka.map"),
      ),
      heads: ["region", "before", "first", "again", "ended", "in", "out", "active"].map((head) =>
        t(`angka.head.${head}`),
      ),
      rows: data.regions.map((one) => [
        name(one),
        ...[one.before, one.activated_first, one.activated_again, one.ended, one.moved_in, one.moved_out].map(number),
        number(one.active),
      ]),
    }),
  ];
}

function waitsPart(data) {
  const waits = data.waits.filter((one) => one.count > 0);
  const longest = Math.max(1, ...waits.map((one) => one.p90_minutes));
  const words = (one) => t("angka.wait.text", { median: duration(one.median_minutes), p90: duration(one.p90_minutes) });
  return part({
    title: t("angka.waits"),
    how: t("angka.waits.how"),
    summary: waits.length
      ? waits.map((one) => `${t(`angka.wait.${one.wait}`)}: ${words(one)}.`).join(" ")
      : t("angka.waits.none"),
    chart: waits.length
      ? bars(
          waits.map((one) => ({
            label: t(`angka.wait.${one.wait}`),
            n: one.median_minutes,
            of: longest,
            text: words(one),
          })),
          t("angka.waits"),
        )
      : null,
    heads: [t("angka.wait"), t("angka.count"), t("angka.median"), t("angka.p90")],
    rows: waits.map((one) => [
      t(`angka.wait.${one.wait}`),
      number(one.count),
      duration(one.median_minutes),
      duration(one.p90_minutes),
    ]),
  });
}

function reasonsPart(data) {
  const why = (reason) => (known(`angka.why.${reason || "other"}`) ? t(`angka.why.${reason || "other"}`) : reason);
  const rows = data.reasons.map((one) => [t(`angka.kind.${one.kind}`), why(one.reason), number(one.count)]);
  const most = Math.max(1, ...data.reasons.map((one) => one.count));
  return part({
    title: t("angka.reasons"),
    summary: rows.length
      ? t("angka.reasons.summary", { n: number(sum(data.reasons, "returned", "rejected", "ended")) })
      : t("angka.reasons.none"),
    chart: rows.length
      ? bars(
          data.reasons.map((one) => ({
            label: `${t(`angka.kind.${one.kind}`)}: ${why(one.reason)}`,
            n: one.count,
            of: most,
            text: number(one.count),
          })),
          t("angka.reasons"),
        )
      : null,
    heads: [t("angka.decision"), t("angka.why"), t("angka.count")],
    rows,
  });
}

/** The figures. `filter(span)` is told when other days are chosen. Gives a function that ends it. */
export function figuresScreen(main, api, chosen, { filter, recaps, others }) {
  let asked = SPANS.includes(chosen) ? chosen : "days30";
  let ended = false;
  const asking = newest(() => ended);
  const place = el("div", { class: "stack" });
  const select = el(
    "select",
    {
      id: "span",
      onchange: () => {
        asked = select.value;
        filter(asked);
        load();
      },
    },
    SPANS.map((one) => el("option", { value: one, selected: one === asked }, t(`angka.span.${one}`))),
  );

  function show(data, dates) {
    const noRegion = notice("info", t("angka.no_region"), t("angka.no_region.do"));
    fill(
      place,
      el(
        "p",
        { class: "muted small" },
        t("angka.as_of", { when: dateTime(data.as_of), from: ktpDate(dates[0]), to: ktpDate(dates[1]) }),
      ),
      el("h2", { class: "figure-side" }, icon("office"), t("angka.here")),
      dailyPart(data, dates),
      flowPart(data),
      waitsPart(data),
      reasonsPart(data),
      data.outsiders === null
        ? null
        : notice("info", t("angka.outsiders", { n: number(data.outsiders) }), t("angka.outsiders.how")),
      el(
        "h2",
        { class: "figure-side" },
        icon("user"),
        data.region ? t("angka.home", { region: data.region.name }) : t("angka.home.none"),
      ),
      data.region ? [...targetParts(data), cohortPart(data)] : noRegion,
    );
  }

  async function load() {
    const counts = asking();
    const mine = asked;
    fill(place, el("p", { class: "empty", role: "status" }, t("angka.loading")));
    try {
      const dates = span(mine);
      const data = await api.officeFigures(...dates);
      if (!counts()) return;
      show(data, dates);
    } catch (error) {
      if (!counts()) return;
      fill(place, failed(error, load));
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
        el("h1", {}, t("angka.title")),
        el("p", { class: "lead" }, t("angka.lead")),
        el(
          "div",
          { class: "row spread" },
          el("div", { class: "field narrow" }, el("label", { for: "span" }, t("angka.span")), select),
          el("a", { class: "button secondary", href: recaps }, icon("list"), t("rekap.nav")),
          others ? el("a", { class: "button secondary", href: others }, icon("list"), t("wilayah.title")) : null,
        ),
      ),
      place,
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}
