// Relying parties: who verifies, and under what contract. One administrator asks that one come, another grants it.

import { announce, button, el, field, fill, icon } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
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

const WAIT_MILLISECONDS = 300;

/** Shows them. Gives a function that ends it. */
export function partiesScreen(main, session) {
  let ended = false;
  const asking = newest(() => ended);
  let timer;
  const list = el("ul", { class: "lines" });
  const more = el("div", {}, el("p", { class: "muted" }, t("admin.loading")));
  const search = field({
    id: "party-find",
    label: t("parties.find"),
    hint: t("parties.find.hint"),
    type: "search",
    autocomplete: "off",
    maxlength: 100,
  });
  search.input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => load(), WAIT_MILLISECONDS);
  });

  async function load(cursor) {
    const counts = asking();
    const words = search.input.value.trim();
    try {
      const query = new URLSearchParams({ limit: 50, ...(words ? { words } : {}), ...(cursor ? { cursor } : {}) });
      const { items, next } = await session.call(`/parties?${query}`);
      if (!counts()) return;
      if (!cursor) fill(list);
      list.append(...items.map(line));
      const none = el("p", {}, t(words ? "parties.nothing" : "parties.none"));
      if (!list.children.length) fill(list, el("li", { class: "empty" }, icon("shield"), none));
      if (words && !cursor) announce(t("parties.found", { n: next ? `${items.length}+` : items.length }));
      fill(more, next ? button(t("admin.more"), () => load(next), { kind: "secondary", wide: false }) : null);
    } catch (error) {
      if (counts()) fill(more, failed(error, () => load(cursor)));
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
      el(
        "div",
        { class: "row" },
        may ? el("a", { class: "button", href: "#lembaga/baru" }, icon("plus"), t("parties.add")) : null,
        el("a", { class: "button secondary", href: "#lembaga/laporan" }, icon("list"), t("reported.title")),
      ),
      search,
      list,
      more,
    ),
  );
  arrive(main);
  load();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
