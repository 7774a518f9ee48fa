// The months that the office sends upward: a supervisor asks, the head signs, everybody of the office reads and takes
// them away as files.

import { announce, button, el, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, language, t } from "/web/shared/i18n.js";
import { arrive, failed, refused } from "/web/staff/frame.js";
import { askReason } from "./ask-reason.js";
import { number, percent, table } from "/web/staff/charts.js";

const BADGES = { asked: ["wait", "clock"], signed: ["good", "check"], refused: ["bad", "close"], open: ["", "edit"] };

const monthName = (month) =>
  new Intl.DateTimeFormat(language === "en" ? "en-GB" : "id-ID", {
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  }).format(new Date(`${month}-01T00:00:00Z`));

function badge(state) {
  const [colour, picture] = BADGES[state ?? "open"];
  return el("span", { class: `badge ${colour}` }, icon(picture), t(`rekap.state.${state ?? "open"}`));
}

/** Who asked and who signed, and when. */
function said(one) {
  if (one.signed_at) return t("rekap.signed", { who: one.signed_by ?? "–", when: dateTime(one.signed_at) });
  if (one.asked_at) return t("rekap.asked", { who: one.asked_by ?? "–", when: dateTime(one.asked_at) });
  return t("rekap.open");
}

/** The months. Gives a function that ends it. */
export function recapsScreen(main, api, { address, figures }) {
  let ended = false;
  const asking = newest(() => ended);
  const list = el("ul", { class: "lines" }, el("li", { class: "empty" }, t("rekap.loading")));
  const line = (one) =>
    el(
      "li",
      {},
      el(
        "a",
        { class: "line", href: address(one.month) },
        el("b", {}, monthName(one.month)),
        badge(one.state),
        el("span", { class: "muted small" }, said(one)),
      ),
    );
  async function load() {
    const counts = asking();
    try {
      const { items } = await api.recaps();
      if (counts()) fill(list, items.map(line));
    } catch (error) {
      if (counts()) fill(list, el("li", {}, failed(error, load)));
    }
  }
  fill(
    main,
    el(
      "section",
      { class: "card stack" },
      el("h1", {}, t("rekap.title")),
      el("p", { class: "lead" }, t("rekap.lead")),
      list,
      el("a", { class: "button quiet", href: figures }, icon("back"), t("rekap.to_figures")),
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}

const HEADS = ["region", "recorded", "target", "before", "first", "again", "ended", "in", "out", "active", "of_target"];

function row(one) {
  const name = one.region.name ?? one.region.code;
  return [
    one.correction ? t("rekap.correction", { region: name }) : name,
    number(one.recorded),
    number(one.target),
    ...[one.before, one.activated_first, one.activated_again, one.ended, one.moved_in, one.moved_out].map(number),
    number(one.active),
    percent(one.percent_of_target),
  ];
}

/** One month. Gives a function that ends it. */
export function recapScreen(main, api, month, { list }) {
  let ended = false;
  const asking = newest(() => ended);
  const place = el("div", { class: "problem-place" });
  const shown = el("div", { class: "stack" }, el("p", { class: "empty", role: "status" }, t("rekap.loading")));

  /** Does something to the month and shows it anew. */
  async function act(work, done) {
    fill(place);
    try {
      await work();
      if (ended) return;
      announce(done);
    } catch (error) {
      if (ended) return;
      refused(place, error);
    }
    await load();
    main.querySelector("h1")?.focus();
  }

  async function refuse(recap) {
    const reason = await askReason({
      title: t("rekap.refuse"),
      lead: t("rekap.refuse.lead"),
      label: t("rekap.refuse.reason"),
      hint: t("rekap.refuse.hint"),
      send: t("rekap.refuse.send"),
      templates: ["rekap.template.people", "rekap.template.check"],
      kind: "danger",
      picture: "close",
    });
    if (!reason || ended) return;
    await act(() => api.refuseRecap(month, recap.version, reason), t("rekap.refused.now"));
  }

  function actions({ recap }) {
    const ask = () => act(() => api.askRecap(month), t("rekap.asked.now"));
    const sign = () => act(() => api.signRecap(month, recap.version), t("rekap.signed.now"));
    const file = (form, label) =>
      el("a", { class: "button secondary", href: api.recapFile(month, form), download: true }, icon("download"), label);
    return el(
      "div",
      { class: "row" },
      recap.may_ask ? button(t("rekap.ask"), ask, { wide: false, picture: "arrow" }) : null,
      recap.may_sign ? button(t("rekap.sign"), sign, { wide: false, picture: "check" }) : null,
      recap.may_sign ? button(t("rekap.refuse"), () => refuse(recap), { kind: "danger-quiet", wide: false }) : null,
      file("workbook", t("rekap.xlsx")),
      file("rows", t("rekap.csv")),
    );
  }

  function show(data) {
    const { recap, total } = data;
    const rows = data.districts.map(row);
    rows.push([t("rekap.total"), ...row(total).slice(1)]);
    fill(
      shown,
      el("div", { class: "row" }, badge(recap.state), el("span", { class: "muted" }, said(recap))),
      recap.refusal ? notice("warning", t("rekap.refusal"), el("q", {}, recap.refusal)) : null,
      el(
        "p",
        {},
        t("rekap.balance", {
          last: number(total.before),
          plus: number(total.activated_first + total.activated_again + total.moved_in),
          minus: number(total.ended + total.moved_out),
          now: number(total.active),
        }),
        " ",
        t("rekap.outsiders", { n: number(data.outsiders) }),
      ),
      actions(data),
      table(
        t("rekap.table", { month: monthName(month) }),
        HEADS.map((head) => t(`angka.head.${head}`)),
        rows,
      ),
      el("p", { class: "muted small" }, t("rekap.as_of", { when: dateTime(data.as_of), n: number(data.villages) })),
    );
  }

  async function load() {
    const counts = asking();
    try {
      const data = await api.recap(month);
      if (counts()) show(data);
    } catch (error) {
      if (counts()) fill(shown, failed(error, load));
    }
  }

  fill(
    main,
    el(
      "section",
      { class: "card stack" },
      el("h1", {}, t("rekap.of", { month: monthName(month) })),
      place,
      shown,
      el("a", { class: "button quiet", href: list }, icon("back"), t("rekap.all")),
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}
