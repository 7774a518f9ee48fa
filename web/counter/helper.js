// Who helps a resident at the counter: typed where a request begins, shown where it is judged.

import { el, field, notice } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { nikField } from "./nik-field.js";

const words = (id, label, hint, longest) =>
  field({ id, label, hint, autocomplete: "off", spellcheck: "false", maxlength: longest });

/** Who helps, if anybody does; what is left empty is nobody. `kept` outlives drawing anew. */
export function helperPart(kept = {}) {
  const name = words("helper-name", t("cards.helper.name"), t("phone_block.name.hint"), 120);
  const relation = words("helper-relation", t("cards.helper.relation"), t("cards.helper.relation.hint"), 60);
  const nik = nikField({ id: "helper-nik", label: t("cards.helper.nik") });
  const node = el(
    "details",
    { class: "helper" },
    el("summary", {}, t("cards.helper")),
    el("div", { class: "stack" }, el("p", { class: "muted" }, t("cards.helper.do")), name, relation, nik),
  );
  // What was typed is in sight, and what is wrong with it.
  for (const one of [name, relation, nik]) {
    const { input, fail } = one;
    one.fail = (message) => {
      fail(message);
      if (message) node.open = true;
    };
    input.value = kept[input.id] ?? "";
    if (input.value) node.open = true;
    input.addEventListener("input", () => {
      kept[input.id] = input.value;
      if (input.value) node.open = true;
    });
  }
  const typed = () => ({
    nik: nik.digits(),
    full_name: name.input.value.trim(),
    relation: relation.input.value.trim(),
  });
  return {
    node,
    fields: { "helper.nik": nik, "helper.full_name": name, "helper.relation": relation },
    value: () => (Object.values(typed()).some(Boolean) ? typed() : undefined),
    /** Says what is missing of somebody who was typed; gives the first field that is wrong. */
    check: () => {
      const { nik: digits, full_name: full, relation: what } = typed();
      const none = !digits && !full && !what;
      nik.fail(none ? null : nik.trouble());
      name.fail(none || full ? null : t("staff.required"));
      relation.fail(none || what.length > 1 ? null : t("cards.helper.relation.error"));
      if (none) return null;
      return digits.length !== 16 ? nik.input : !full ? name.input : what.length < 2 ? relation.input : null;
    },
  };
}

/** Who helps as a fact of a list. */
export const helperFact = (helper) =>
  helper &&
  el(
    "div",
    {},
    el("dt", {}, t("cards.helper.short")),
    el("dd", {}, `${helper.full_name} (${helper.relation})`),
  );

/** Whoever helped three others already is marked: what they do here, a supervisor looks at. */
export const helperWarning = (helper) =>
  helper?.people >= 3
    ? notice("warning", t("cards.helper.many", { n: helper.people }), t("cards.helper.many.do"))
    : null;
