// Relying parties: who verifies, and under what contract. One administrator asks that one come, another grants it.

import { button, el, field, fill, icon } from "/web/shared/dom.js";
import { ktpDate, t } from "/web/shared/i18n.js";
import { arrive, failed } from "/web/staff/frame.js";

/** How a party stands, as a badge. */
export function standing({ suspended, contract }) {
  const [kind, picture, key] = suspended
    ? ["bad", "block", "suspended"]
    : !contract
      ? ["", "info", "no_contract"]
      : { in_force: ["good", "check", "in_force"], not_begun: ["wait", "clock", "not_begun"] }[contract.standing] ?? [
          "wait",
          "clock",
          "ended",
        ];
  return el("span", { class: `badge ${kind}` }, icon(picture), t(`parties.standing.${key}`));
}

/** The fields of a contract. */
export const contractFields = (contract, required) => ({
  number: field({
    id: "number",
    label: t("parties.contract.number"),
    autocomplete: "off",
    maxlength: 100,
    required,
    value: contract?.number ?? "",
  }),
  from: field({ id: "from", label: t("parties.contract.from"), type: "date", required, value: contract?.from ?? "" }),
  until: field({
    id: "until",
    label: t("parties.contract.until"),
    hint: t("parties.contract.until.hint"),
    type: "date",
    required,
    value: contract?.until ?? "",
  }),
});

function line(party) {
  const { contract } = party;
  const last = contract ? t("parties.until", { number: contract.number, day: ktpDate(contract.until) }) : "";
  return el(
    "li",
    {},
    el(
      "a",
      { class: "line", href: `#lembaga/${party.party_id}` },
      el("b", {}, party.name),
      standing(party),
      el("span", { class: "muted small" }, last),
    ),
  );
}

/** Shows them. Gives a function that ends it. */
export function partiesScreen(main, session) {
  let ended = false;
  const list = el("ul", { class: "lines" });
  const more = el("div", {}, el("p", { class: "muted" }, t("admin.loading")));

  async function load(cursor) {
    try {
      const rest = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
      const { items, next } = await session.call(`/parties?limit=50${rest}`);
      if (ended) return;
      list.append(...items.map(line));
      const none = el("li", { class: "empty" }, icon("shield"), el("p", {}, t("parties.none")));
      if (!list.children.length) fill(list, none);
      fill(more, next ? button(t("admin.more"), () => load(next), { kind: "secondary", wide: false }) : null);
    } catch (error) {
      if (!ended) fill(more, failed(error, () => load(cursor)));
    }
  }

  const may = session.who.permissions.includes("ask_proposals");
  fill(
    main,
    el(
      "section",
      { class: "card stack" },
      el("h1", {}, t("parties.title")),
      el("p", { class: "lead" }, t("parties.lead")),
      may ? el("a", { class: "button", href: "#lembaga/baru" }, icon("plus"), t("parties.add")) : null,
      list,
      more,
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}
