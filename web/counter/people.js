// Whom an officer looks for who is not there: whether somebody has an active digital KTP, and the office's own
// registrations. Nothing is shown of anybody but what tells people apart; who is opened is opened with a reason.

import { announce, button, el, field, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, ktpDate, t } from "/web/shared/i18n.js";
import { shortId } from "/web/staff/act.js";
import { arrive, failed } from "/web/staff/frame.js";
import { badge } from "./badge.js";
import { nikField } from "./nik-field.js";
import { whenSent } from "./who-form.js";

/** Whether somebody is active: yes or no, and a day. */
function activePart(api, isOver) {
  const nik = nikField({ id: "active-nik" });
  const place = el("div", { class: "problem-place" });
  const answer = el("div", {});
  const send = el("button", { type: "submit", class: "button wide" }, icon("check"), t("people.active.send"));
  const submit = whenSent({
    fields: { nik },
    troubles: () => ({ nik: nik.trouble() }),
    send,
    place,
    isOver,
    act: async () => {
      fill(answer);
      const { active, since, until } = await api.askActive(nik.digits());
      if (isOver()) return;
      const title = t(active ? "people.active.yes" : "people.active.no");
      const day = since ?? until;
      const key = day ? (active ? "since" : "until") : "never";
      const words = t(`people.active.${key}`, { day: day && ktpDate(day) });
      fill(answer, notice(active ? "success" : "warning", title, words));
      announce(`${title} ${words}`);
      nik.input.select();
    },
  });
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "active" },
    el("h2", { id: "active" }, t("people.active")),
    el("p", {}, t("people.active.lead")),
    el("form", { class: "stack", novalidate: true, onsubmit: submit }, nik, place, send),
    answer,
  );
}

/** A registration that was found. */
const line = (item) =>
  el(
    "li",
    {},
    el(
      "a",
      { class: "line tall", href: `#warga/${item.registration_id}` },
      el("b", {}, item.initials, " ", el("span", { class: "mono small muted" }, shortId(item.registration_id))),
      badge(item.state),
      el("span", { class: "mono small" }, item.nik),
      item.card && item.card !== "active"
        ? el("span", { class: "badge bad" }, icon("block"), t(`people.card.${item.card}`))
        : null,
      el("span", { class: "muted small" }, t("queue.changed", { when: dateTime(item.updated_at) })),
    ),
  );

/** The office's registrations. */
function searchPart(api, isOver) {
  const query = field({
    id: "query",
    label: t("people.query"),
    hint: t("people.query.hint"),
    autocomplete: "off",
    spellcheck: "false",
    maxlength: 120,
    type: "search",
  });
  const place = el("div", { class: "problem-place" });
  const list = el("ul", { class: "lines" });
  const foot = el("div", {});
  const send = el("button", { type: "submit", class: "button wide" }, icon("list"), t("people.search"));

  const asking = newest(isOver);
  async function more(text, cursor) {
    const counts = asking();
    try {
      const page = await api.searchPeople(text, cursor);
      if (counts()) show(text, page);
    } catch (error) {
      if (counts()) fill(foot, failed(error, () => more(text, cursor)));
    }
  }

  function show(text, page, first) {
    if (first) fill(list);
    list.append(...page.items.map(line));
    const none = !list.children.length;
    if (none) {
      const words = ["people.none", "people.none.do"].map((key) => el("p", {}, t(key)));
      fill(list, el("li", { class: "empty" }, icon("info"), words));
    }
    const next = () => more(text, page.next);
    fill(foot, page.next ? button(t("queue.more"), next, { kind: "secondary", wide: false }) : null);
    if (first) announce(none ? t("people.none") : t("people.found", { n: page.items.length }));
  }

  const submit = whenSent({
    fields: { query },
    troubles: () => ({ query: query.input.value.trim() ? null : t("people.query.empty") }),
    send,
    place,
    isOver,
    act: async () => {
      fill(list);
      fill(foot);
      const text = query.input.value.trim();
      const counts = asking();
      const page = await api.searchPeople(text);
      if (counts()) show(text, page, true);
    },
  });
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "search" },
    el("h2", { id: "search" }, t("people.search.title")),
    el("p", {}, t("people.search.lead")),
    el("form", { class: "stack", novalidate: true, onsubmit: submit }, query, place, send),
    list,
    foot,
  );
}

/** Shows it; what there is, `may(permission)` says. Gives a function that ends it. */
export function peopleScreen(main, api, { may }) {
  let ended = false;
  const isOver = () => ended;
  fill(
    main,
    el(
      "div",
      { class: "stack-loose" },
      el("div", { class: "stack" }, el("h1", {}, t("people.title")), el("p", { class: "lead" }, t("people.lead"))),
      el(
        "div",
        { class: "two to-left" },
        may("search_people") ? searchPart(api, isOver) : null,
        activePart(api, isOver),
      ),
    ),
  );
  arrive(main);
  return () => (ended = true);
}
