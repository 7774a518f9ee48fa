// What the audit log says: of the own acts for supervisors and heads, of the office for heads, who say why they
// search. It names no resident; a registration is opened from here as from anywhere, with a reason.

import { announce, button, el, field, fill, icon, notice } from "/web/shared/dom.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { originPart, shortId } from "/web/staff/act.js";
import { arrive, failed, refused } from "/web/staff/frame.js";
import { whenSent } from "./who-form.js";

const SHORTEST = 5;

/** How an act ended, in words. */
function outcome(text) {
  const [word, rest = ""] = text.split(":");
  const [, times] = rest.split("*");
  const [kind, picture] = word === "done" ? ["good", "check"] : ["bad", "block"];
  const words = t(`log.outcome.${word}`);
  return el("span", { class: `badge ${kind}` }, icon(picture), times ? t("log.times", { words, n: times }) : words);
}

/** An act. */
const line = (item) =>
  el(
    "li",
    { class: "line tall" },
    el("b", {}, item.title),
    outcome(item.outcome),
    el(
      "span",
      { class: "muted small" },
      t("log.line", { who: item.actor ?? t(`log.actor.${item.actor_kind}`), when: dateTime(item.at), n: item.seq }),
    ),
    originPart(item, ["session", "network"]),
    item.subject || item.subject_id
      ? el(
          "span",
          { class: "muted small" },
          t("log.about"),
          " ",
          item.subject ?? el("a", { class: "mono", href: `#catatan/${item.subject_id}` }, shortId(item.subject_id)),
        )
      : null,
    item.reason ? el("span", { class: "small" }, el("q", {}, item.reason)) : null,
  );

/** A list of acts in pages: `{node, show(load), fail(error, again)}`. */
function actsPart(isOver) {
  const list = el("ul", { class: "lines" });
  const foot = el("div", {});
  async function show(load, cursor) {
    fill(foot);
    if (!cursor) fill(list, el("li", { class: "empty" }, t("queue.loading")));
    let page;
    try {
      page = await load(cursor);
    } catch (error) {
      if (isOver()) return;
      if (!cursor) fill(list);
      throw error;
    }
    if (isOver()) return;
    if (!cursor) fill(list);
    list.append(...page.items.map(line));
    if (!list.children.length) fill(list, el("li", { class: "empty" }, icon("info"), el("p", {}, t("log.none"))));
    if (!page.next) return;
    const more = () => show(load, page.next).catch((error) => !isOver() && fill(foot, failed(error, more)));
    fill(foot, button(t("queue.more"), more, { kind: "secondary", wide: false }));
  }
  return { node: el("div", { class: "stack" }, list, foot), show, foot };
}

/** The own acts. */
function ownPart(api, isOver) {
  const acts = actsPart(isOver);
  const load = () => acts.show(api.ownActs).catch((error) => !isOver() && fill(acts.foot, failed(error, load)));
  load();
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "own" },
    el("h2", { id: "own" }, t("log.own")),
    el("p", {}, t("log.own.lead")),
    acts.node,
  );
}

/** Whether the end of the office's chain is sound. */
function checkPart(api, isOver) {
  const place = el("div", { class: "problem-place" });
  async function check() {
    send.disabled = true;
    fill(place);
    try {
      const { sound, first, entries, unfinished, faults } = await api.checkLog();
      if (isOver()) return;
      const words = [
        t("log.check.read", { n: entries, first }),
        unfinished ? t("log.check.unfinished", { n: unfinished }) : null,
        t(sound ? "log.check.all" : "log.check.do"),
      ];
      const title = sound ? t("log.check.sound") : t("log.check.unsound", { n: faults });
      fill(place, notice(sound ? "success" : "danger", title, ...words.filter(Boolean)));
      announce(title, !sound);
    } catch (error) {
      if (!isOver()) refused(place, error);
    } finally {
      send.disabled = false;
    }
  }
  const send = button(t("log.check"), check, { kind: "secondary", wide: false, picture: "shield" });
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "check" },
    el("h2", { id: "check" }, t("log.check.title")),
    el("p", {}, t("log.check.lead")),
    el("p", {}, send),
    place,
  );
}

/** All acts of the office; `about` is whom or what they are to be about. */
function searchPart(api, isOver, about) {
  const acts = actsPart(isOver);
  const any = ["", t("log.any")];
  const select = (id, label, options) => field({ id, label, tag: "select", options });
  const why = field({
    id: "log-why",
    label: t("log.why"),
    hint: t("log.why.hint"),
    tag: "textarea",
    rows: 2,
    maxlength: 500,
  });
  const who = select("log-who", t("log.who"), [any]);
  const what = select("log-what", t("log.what"), [any]);
  const how = select("log-how", t("log.how"), [any, ["refused", t("log.how.refused")]]);
  const first = field({ id: "log-first", label: t("log.first"), type: "date" });
  const last = field({ id: "log-last", label: t("log.last"), type: "date" });
  const place = el("div", { class: "problem-place" });
  const send = el("button", { type: "submit", class: "button wide" }, icon("list"), t("log.search"));
  const option = ([value, text]) => el("option", { value }, text);
  Promise.all([api.colleagues(), api.auditedActions()]).then(
    ([people, actions]) => {
      who.input.append(...people.items.map((one) => option([one.officer_id, `${one.username} · ${one.full_name}`])));
      what.input.append(...actions.items.map((one) => option([one.action, one.title])));
    },
    (error) => !isOver() && fill(place, failed(error)),
  );
  const submit = whenSent({
    fields: { reason: why, first_day: first, last_day: last },
    troubles: () => ({ reason: why.input.value.trim().length >= SHORTEST ? null : t("reason.short") }),
    send,
    place,
    isOver,
    act: () => {
      const wanted = {
        reason: why.input.value.trim(),
        actor_id: who.input.value || undefined,
        action: what.input.value || undefined,
        refused: how.input.value === "refused",
        first_day: first.input.value || undefined,
        last_day: last.input.value || undefined,
        subject_id: about || undefined,
      };
      return acts.show((cursor) => api.searchActs({ ...wanted, cursor }));
    },
  });
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "office-log" },
    el("h2", { id: "office-log" }, t("log.office")),
    el("p", {}, t("log.office.lead")),
    about
      ? el(
          "p",
          {},
          t("log.only_about"),
          " ",
          el("b", { class: "mono" }, shortId(about)),
          " · ",
          el("a", { href: `#warga/${about}` }, t("log.see")),
          " · ",
          el("a", { href: "#catatan" }, t("log.all")),
        )
      : null,
    el("form", { class: "stack", novalidate: true, onsubmit: submit }, why, who, what, how, first, last, place, send),
    acts.node,
  );
}

/** Shows it; what there is, `may(permission)` says. Gives a function that ends it. */
export function logScreen(main, api, about, { may, back }) {
  let ended = false;
  const isOver = () => ended;
  const office = may("read_office_audit");
  fill(
    main,
    el(
      "div",
      { class: "stack-loose" },
      el("div", { class: "stack" }, el("h1", {}, t("log.title")), el("p", { class: "lead" }, t("log.lead"))),
      office ? searchPart(api, isOver, about) : null,
      office ? checkPart(api, isOver) : null,
      ownPart(api, isOver),
      el("p", {}, button(t("second.next"), back, { kind: "quiet", wide: false })),
    ),
  );
  arrive(main);
  return () => (ended = true);
}
