// What a relying party is shown, and what for: the two fields of the forms that ask for it.

import { button, el, fill, icon } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { ATTRIBUTES } from "/web/app/attributes.js";

const PARTS = ["code", "text_id", "text_en"];
// How many purposes stand in the form of an address: drawn anew in another language, as many stand there again.
const counts = {};

/** A group of inputs that says what is wrong with it, as a field does. */
function group(id, label, hint, ...content) {
  const error = el("p", { class: "error", id: `${id}-error`, hidden: true });
  const node = el(
    "fieldset",
    { class: "field", "aria-describedby": `${id}-hint ${id}-error` },
    el("legend", {}, label),
    el("p", { class: "hint", id: `${id}-hint` }, hint),
    content,
    error,
  );
  node.fail = (text) => {
    fill(error, text ? [icon("warning"), el("span", {}, text)] : null).hidden = !text;
  };
  return node;
}

function attributesField(chosen) {
  const boxes = ATTRIBUTES.map((name) =>
    el("input", { type: "checkbox", id: `attribute-${name}`, value: name, checked: chosen.includes(name) }),
  );
  const labels = boxes.map((box, at) =>
    el("label", { class: "check", for: box.id }, box, el("span", {}, t(`attribute.${ATTRIBUTES[at]}`))),
  );
  const list = el("div", { class: "choices" }, labels);
  const node = group("attributes", t("parties.attributes"), t("parties.attributes.hint"), list);
  node.input = boxes[0];
  node.given = () => boxes.filter((box) => box.checked).map((box) => box.value);
  node.isEmpty = () => !node.given().length;
  return node;
}

function purposesField(purposes, address) {
  const list = el("div", { class: "stack" });
  const rows = [];

  function add(purpose = {}) {
    const number = rows.length + 1;
    const inputs = PARTS.map((part) =>
      el("input", {
        id: `purpose-${number}-${part}`,
        autocomplete: "off",
        maxlength: part === "code" ? 64 : 200,
        value: purpose[part] ?? "",
        lang: { text_id: "id", text_en: "en" }[part],
        spellcheck: part === "code" ? "false" : null,
        autocapitalize: part === "code" ? "none" : null,
      }),
    );
    const labelled = inputs.map((input, at) =>
      el("div", { class: "field" }, el("label", { for: input.id }, t(`parties.purpose.${PARTS[at]}`)), input),
    );
    rows.push(inputs);
    counts[address] = rows.length;
    const name = t("parties.purpose", { n: number });
    list.append(el("div", { class: "purpose", role: "group", "aria-label": name }, labelled));
    return inputs;
  }

  const more = button(t("parties.purpose.more"), () => add()[0].focus(), {
    kind: "secondary",
    wide: false,
    picture: "plus",
  });
  const before = counts[address] ?? 1;
  for (const purpose of purposes) add(purpose);
  while (rows.length < before) add();
  const node = group("purposes", t("parties.purposes"), t("parties.purposes.hint"), list, more);
  node.input = rows[0][0];
  // A row that is empty says nothing: so a purpose is taken away.
  node.given = () =>
    rows
      .map((inputs) => inputs.map((input) => input.value.trim()))
      .filter((texts) => texts.some(Boolean))
      .map(([code, text_id, text_en]) => ({ code, text_id, text_en }));
  node.isEmpty = () => !node.given().length;
  return node;
}

/** Both, with what is so now. `address` is where the form stands. */
export const entitlementFields = ({ attributes, purposes }, address) => ({
  attributes: attributesField(attributes),
  purposes: purposesField(purposes, address),
});
