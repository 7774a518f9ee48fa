// What waits for a person of the office, in one list: what colleagues ask a second person for, and what a supervisor
// is to look at. Below it the own requests, which others decide.

import { announce, button, el, fill, icon } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { arrive, failed } from "/web/staff/frame.js";
import { callBackSection } from "./call-backs.js";
import { looking } from "./looks.js";
import { pausedSection } from "./paused.js";

const REFRESH_MILLISECONDS = 5000;
// Where each leads; what has no place of its own is looked at in a list.
const PLACES = {
  recovery: (id) => `#pemulihan/${id}`,
  contact: (id) => `#surel/${id}`,
  departure: (id) => `#kepergian/${id}`,
  annulment: (id) => `#pembatalan/${id}`,
  card: (id) => `#kartu/${id}`,
  walk_in: (id) => `#tanpaponsel/${id}`,
  correction: (id) => `#kasus/${id}`,
  call_back: (id) => `#warga/${id}`,
  call: () => "#blokirtelepon",
  helper: () => "#pembantu",
  searches: () => "#pencarian",
};

// What is looked at, and asked for by nobody.
const LOOKS = ["call_back", "call", "helper", "searches"];

/** How long something waits. */
function age(since) {
  const minutes = Math.max(0, Math.floor((Date.now() - new Date(since)) / 60000));
  if (minutes < 60) return t("inbox.minutes", { n: minutes });
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? t("inbox.hours", { n: hours }) : t("inbox.days", { n: Math.floor(hours / 24) });
}

/**
 * What became of the officer's own requests and others' is opened from here; what else there is, `may(permission)`
 * says. Gives a function that ends it.
 */
export function pendingScreen(main, api, { may }) {
  let ended = false;
  const asking = newest(() => ended);
  const look = looking(load, REFRESH_MILLISECONDS);
  let known = null;
  let count = 0;
  const list = el("ul", { class: "lines" }, el("li", { class: "empty" }, t("queue.loading")));
  const foot = el("div", {});
  const own = el("div", { class: "stack" });

  // One's own request is followed where it was asked for.
  const address = ({ matter, id }, own) => PLACES[matter]?.(id) ?? (own ? `#warga/${id}` : `#pelepasan/${id}`);
  const words = ({ matter, by, since, until }) =>
    [
      t(LOOKS.includes(matter) ? "inbox.since" : "pending.asked", { who: by ?? "–", when: dateTime(since) }),
      ["annulment", "departure"].includes(matter) ? t("annulment.lapses", { when: dateTime(until) }) : null,
    ]
      .filter(Boolean)
      .join(". ");
  const line = (item, own) =>
    el(
      "li",
      {},
      el(
        "a",
        { class: "line tall", href: address(item, own) },
        el("b", {}, t(`pending.${item.matter}`)),
        own
          ? el("span", { class: "badge" }, icon("user"), t("pending.own"))
          : el("span", { class: "badge wait" }, icon("clock"), age(item.since)),
        el("span", { class: "muted small" }, words(item)),
      ),
    );

  async function load(quiet) {
    const counts = asking();
    look.begin(quiet);
    try {
      const page = await api.inbox();
      if (!counts()) return;
      const now = JSON.stringify([page.items.map((item) => [item, age(item.since)]), page.own]);
      if (now !== known) {
        const more = known !== null && page.items.length > count;
        const focus = document.activeElement?.getAttribute("href");
        known = now;
        count = page.items.length;
        const none = el("li", { class: "empty" }, icon("check"), el("p", {}, t("pending.none")));
        fill(list, count ? page.items.map((item) => line(item, false)) : none);
        fill(own, page.own.length ? [el("h2", {}, t("inbox.own")), ownList(page.own)] : null);
        if (focus) main.querySelector(`a[href="${focus}"]`)?.focus();
        if (more) announce(t("pending.more", { n: count }));
        next(page.next);
      } else {
        next(page.next);
      }
    } catch (error) {
      if (!counts()) return;
      if (!quiet) fill(list);
      fill(
        foot,
        failed(error, () => load(false)),
      );
    }
    look.again();
  }

  const ownList = (items) =>
    el(
      "ul",
      { class: "lines" },
      items.map((item) => line(item, true)),
    );

  /** A further page stays until the list is loaded anew: it looks again by itself no more. */
  function next(cursor) {
    fill(foot, cursor ? button(t("queue.more"), () => further(cursor), { kind: "secondary", wide: false }) : null);
  }

  async function further(cursor) {
    const counts = asking();
    look.stop();
    try {
      const page = await api.inbox(cursor);
      if (!counts()) return;
      list.append(...page.items.map((item) => line(item, false)));
      next(page.next);
    } catch (error) {
      if (counts()) fill(foot, failed(error, () => further(cursor)));
    }
  }

  const paused = may("restore_rights") ? pausedSection(api) : null;
  const drawn = may("call_back") ? callBackSection(api) : null;
  const annul = () =>
    el(
      "section",
      { class: "card stack", "aria-labelledby": "annul" },
      el("h2", { id: "annul" }, t("annulment.door")),
      el("p", {}, t("annulment.door.do")),
      el("p", {}, el("a", { class: "button secondary", href: "#pembatalan" }, icon("block"), t("annulment.ask"))),
    );
  const left = () =>
    el(
      "section",
      { class: "card stack", "aria-labelledby": "left" },
      el("h2", { id: "left" }, t("departure.door")),
      el("p", {}, t("departure.door.do")),
      el("p", {}, el("a", { class: "button secondary", href: "#kepergian" }, icon("block"), t("departure.ask"))),
    );
  const calls = () =>
    el(
      "section",
      { class: "card stack", "aria-labelledby": "calls" },
      el("h2", { id: "calls" }, t("calls.title")),
      el("p", {}, t("calls.door")),
      el("p", {}, el("a", { class: "button secondary", href: "#blokirtelepon" }, icon("list"), t("calls.open"))),
    );
  const frauds = () =>
    el(
      "section",
      { class: "card stack", "aria-labelledby": "frauds" },
      el("h2", { id: "frauds" }, t("fraud.title")),
      el("p", {}, t("fraud.door")),
      el("p", {}, el("a", { class: "button secondary", href: "#laporan" }, icon("warning"), t("fraud.open"))),
    );
  const helpers = () =>
    el(
      "section",
      { class: "card stack", "aria-labelledby": "helpers" },
      el("h2", { id: "helpers" }, t("helpers.title")),
      el("p", {}, t("helpers.door")),
      el("p", {}, el("a", { class: "button secondary", href: "#pembantu" }, icon("list"), t("helpers.open"))),
    );
  const door = (id, title, words, open, picture) =>
    el(
      "section",
      { class: "card stack", "aria-labelledby": `door-${id}` },
      el("h2", { id: `door-${id}` }, title),
      el("p", {}, words),
      el("p", {}, el("a", { class: "button secondary", href: `#${id}` }, icon(picture), open)),
    );
  fill(
    main,
    el(
      "div",
      { class: "stack-loose" },
      el(
        "section",
        { class: "card stack" },
        el(
          "div",
          { class: "row spread" },
          el("h1", {}, t("pending.title")),
          button(t("queue.reload"), () => load(false), { kind: "secondary", wide: false, picture: "history" }),
        ),
        el("p", { class: "lead" }, t("pending.lead")),
        list,
        foot,
        own,
      ),
      may("ask_releases") ? left() : null,
      may("ask_annulments") ? annul() : null,
      may("review_fraud") ? frauds() : null,
      may("review_blocks") ? [calls(), helpers()] : null,
      may("review_searches")
        ? door("pencarian", t("searches.title"), t("searches.door"), t("searches.open"), "list")
        : null,
      may("read_own_audit") ? door("catatan", t("log.title"), t("log.door"), t("log.open"), "shield") : null,
      drawn?.node,
      paused?.node,
    ),
  );
  arrive(main);
  load(false);
  paused?.load();
  drawn?.load();
  return () => {
    ended = true;
    look.stop();
  };
}
