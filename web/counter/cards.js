// Printed cards for residents without a phone: the form with which one begins, and the cards that this office issued.

import { button, el, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, ktpDate, t } from "/web/shared/i18n.js";
import { arrive, failed } from "/web/staff/frame.js";
import { helperFact, helperPart, helperWarning } from "./helper.js";
import { whenSent, whoFields } from "./who-form.js";

const STEPS = ["cards.know1", "cards.know2", "cards.know3", "cards.know4"];
const BADGES = { good: ["good", "check"], void: ["bad", "block"], expired: ["", "clock"] };

/** How a card stands, as a badge. */
export const standingBadge = (standing) =>
  el(
    "span",
    { class: `badge ${BADGES[standing][0]}` },
    icon(BADGES[standing][1]),
    t(`card.standing.${standing}`),
  );

/** The cards that were issued here, with a button for earlier ones. */
function issuedList(api, isOver) {
  const list = el("ul", { class: "lines" }, el("li", { class: "empty" }, t("queue.loading")));
  const foot = el("div", {});
  const line = (item) =>
    el(
      "li",
      {},
      el(
        "a",
        { class: "line tall", href: `#kartu/${item.card_id}` },
        el("b", {}, item.reference),
        standingBadge(item.standing),
        el(
          "span",
          { class: "muted small" },
          t(item.standing === "void" ? "cards.line.void" : "cards.line", {
            issued: dateTime(item.issued_at),
            until: dateTime(item.expires_at),
          }),
        ),
      ),
    );
  const asking = newest(isOver);
  async function load(cursor) {
    const counts = asking();
    try {
      const { items, next } = await api.issuedCards(cursor);
      if (!counts()) return;
      if (!cursor) fill(list, items.length ? null : el("li", { class: "empty" }, t("cards.none")));
      list.append(...items.map(line));
      fill(foot, next ? button(t("cards.more"), () => load(next), { kind: "quiet" }) : null);
    } catch (error) {
      if (!counts()) return;
      if (!cursor) fill(list);
      fill(
        foot,
        failed(error, () => load(cursor)),
      );
    }
  }
  load();
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "issued" },
    el("h2", { id: "issued" }, t("cards.issued")),
    list,
    foot,
  );
}

/** Begins one. `open(id)` shows the card. Gives a function that ends it. */
export function cardsScreen(main, api, { open }) {
  let ended = false;
  const who = whoFields();
  const helper = helperPart();
  const place = el("div", { class: "problem-place" });
  const send = el("button", { type: "submit", class: "button wide" }, icon("arrow"), t("cards.prepare"));

  const submit = whenSent({
    ...who,
    others: helper.fields,
    send,
    place,
    isOver: () => ended,
    act: async () => {
      const card = await api.prepareCard({ ...who.value(), helper: helper.value() });
      if (!ended) open(card.card_id);
    },
  });

  fill(
    main,
    el(
      "div",
      { class: "two to-left" },
      el(
        "section",
        { class: "card stack" },
        el("h1", {}, t("cards.title")),
        el("p", { class: "lead" }, t("cards.lead")),
        el(
          "form",
          { class: "stack", novalidate: true, onsubmit: submit },
          Object.values(who.fields),
          helper.node,
          place,
          send,
        ),
      ),
      el(
        "div",
        { class: "stack-loose" },
        el(
          "section",
          { class: "card stack", "aria-labelledby": "steps" },
          el("h2", { id: "steps" }, t("cards.know")),
          el(
            "ol",
            { class: "how" },
            STEPS.map((key) => el("li", {}, t(key))),
          ),
        ),
        el(
          "section",
          { class: "card stack", "aria-labelledby": "no-phone" },
          el("h2", { id: "no-phone" }, t("walk_ins.door")),
          el("p", {}, t("walk_ins.door.do")),
          el("p", {}, el("a", { class: "button secondary", href: "#tanpaponsel" }, icon("user"), t("walk_ins.open"))),
        ),
        issuedList(api, () => ended),
      ),
    ),
  );
  arrive(main);
  return () => (ended = true);
}

/** What is typed, as it is read back. */
export function personFacts(view) {
  const fact = (label, value) => value && el("div", {}, el("dt", {}, label), el("dd", {}, value));
  const other = view.registered_name && view.registered_name !== view.full_name ? view.registered_name : null;
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "data" },
    el("h2", { id: "data" }, t("card.person")),
    el(
      "dl",
      { class: "rest" },
      fact(t("field.full_name"), view.full_name),
      fact(t("card.registered"), other),
      fact("NIK", view.nik),
      fact(t("field.birth_date"), ktpDate(view.birth_date)),
      fact(t("card.number"), view.reference),
      fact(t("witness.short"), view.witness),
      helperFact(view.helper),
    ),
    helperWarning(view.helper),
    view.on_phone ? notice("info", t("card.on_phone"), t("card.on_phone.do")) : null,
    view.stopped && view.state !== "granted" ? notice("warning", t("card.blocked"), t("card.blocked.do")) : null,
    view.good_cards ? notice("warning", t("card.former"), t("card.former.do")) : null,
  );
}
