// What waits for a second person: digital KTPs that are to make way for a new registration, approvals without an e-mail
// address or without comparing the face, recoveries, changes of address, printed cards, holders without their phones,
// people who left, and for supervisors activations to annul.

import { announce, button, el, fill, icon } from "/web/shared/dom.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { arrive, failed } from "/web/staff/frame.js";
import { callBackSection } from "./call-backs.js";
import { looking } from "./looks.js";
import { pausedSection } from "./paused.js";

const REFRESH_MILLISECONDS = 5000;
const PLACES = {
  recovery: "pemulihan",
  contact: "surel",
  departure: "kepergian",
  annulment: "pembatalan",
  card: "kartu",
  walk_in: "tanpaponsel",
};

/** All kinds as lines, the one that waits longest first. */
async function waiting(api, may) {
  const [releases, recoveries, visits, cards, walkIns, departures, annulments] = await Promise.all([
    api.releases(),
    api.recoveries(),
    api.contactVisits(),
    api.cardsWaiting(),
    api.walkIns(),
    api.departures(),
    may("work_annulments") ? api.annulments() : { items: [] },
  ]);
  return [
    ...releases.items.map((item) => ({ ...item, id: item.registration_id })),
    ...recoveries.items.map((item) => ({ ...item, kind: "recovery", id: item.recovery_id })),
    ...visits.items.map((item) => ({ ...item, kind: "contact", id: item.visit_id })),
    ...cards.items.map((item) => ({ ...item, kind: "card", id: item.card_id })),
    ...walkIns.items.map((item) => ({ ...item, kind: "walk_in", what: item.kind, id: item.walk_in_id })),
    ...departures.items.map((item) => ({ ...item, kind: "departure", id: item.departure_id })),
    ...annulments.items.map((item) => ({ ...item, kind: "annulment", id: item.annulment_id })),
  ].sort((a, b) => a.asked_at.localeCompare(b.asked_at));
}

/**
 * What became of the officer's own requests and others' is opened from here; what else there is, `may(permission)`
 * says. Gives a function that ends it.
 */
export function pendingScreen(main, api, { may }) {
  let ended = false;
  const look = looking(load, REFRESH_MILLISECONDS);
  let known = null;
  const list = el("ul", { class: "lines" }, el("li", { class: "empty" }, t("queue.loading")));
  const foot = el("div", {});

  // One's own release is followed where it was asked for.
  const address = ({ kind, own, id }) =>
    PLACES[kind] ? `#${PLACES[kind]}/${id}` : own ? `#warga/${id}` : `#pelepasan/${id}`;
  const lapses = ({ kind, expires_at: end }) =>
    ["annulment", "departure"].includes(kind) ? ` ${t("annulment.lapses", { when: dateTime(end) })}` : null;
  const line = (item) =>
    el(
      "li",
      {},
      el(
        "a",
        { class: "line tall", href: address(item) },
        el("b", {}, t(`pending.${item.kind}`), item.what ? `: ${t(`walk_in.kind.${item.what}`)}` : null),
        item.own
          ? el("span", { class: "badge" }, icon("user"), t("pending.own"))
          : el("span", { class: "badge wait" }, icon("clock"), t("pending.open")),
        el(
          "span",
          { class: "muted small" },
          t("pending.asked", { who: item.asked_by, when: dateTime(item.asked_at) }),
          lapses(item) && [".", lapses(item)],
        ),
      ),
    );

  async function load(quiet) {
    look.begin(quiet);
    try {
      const items = await waiting(api, may);
      if (ended) return;
      const now = JSON.stringify(items);
      if (now !== known) {
        const more = known !== null && items.length > JSON.parse(known).length;
        const focus = document.activeElement?.getAttribute("href");
        known = now;
        fill(
          list,
          items.length ? items.map(line) : el("li", { class: "empty" }, icon("check"), el("p", {}, t("pending.none"))),
        );
        if (focus) list.querySelector(`a[href="${focus}"]`)?.focus();
        if (more) announce(t("pending.more", { n: items.length }));
      }
      fill(foot);
    } catch (error) {
      if (ended) return;
      if (!quiet) fill(list);
      fill(
        foot,
        failed(error, () => load(false)),
      );
    }
    look.again();
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
      ),
      may("ask_releases") ? left() : null,
      may("ask_annulments") ? annul() : null,
      may("review_fraud") ? frauds() : null,
      may("review_blocks") ? [calls(), helpers()] : null,
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
