// A village, found by its name: what is typed is looked for, and one of what was found is chosen.

import { el, field, fill } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";

const WAIT_MILLISECONDS = 300;
const SHORTEST = 3;

// What was chosen last, so that a form that is drawn anew knows the village by the name that is put back.
let last = null;

/** Field with `value`, the code of the village that was chosen, and `fail(text)`. `chosen` is `{code, name}`. */
export function villageField(api, chosen) {
  const search = field({
    id: "village",
    label: t("outreach.village"),
    hint: t("outreach.village.hint"),
    autocomplete: "off",
    spellcheck: "false",
    value: chosen?.name ?? "",
  });
  const found = el("div", { class: "stack-tight found", role: "group", "aria-label": t("outreach.village.found") });
  const said = el("p", { class: "muted small", role: "status" });
  let code = chosen?.code ?? "";
  let timer;
  let asked = 0;

  function choose(item) {
    code = item.code;
    last = item;
    search.input.value = item.name;
    search.fail(null);
    fill(found);
    said.textContent = "";
    search.input.focus();
  }

  async function look() {
    const mine = (asked += 1);
    const text = search.input.value.trim();
    if (text.length < SHORTEST) return fill(found);
    try {
      const { items } = await api.villages(text);
      if (mine !== asked || code) return null;
      said.textContent = items.length ? t("outreach.village.choose") : t("outreach.village.none");
      return fill(
        found,
        items.map((item) =>
          el("button", { type: "button", class: "template", onclick: () => choose(item) }, item.name),
        ),
      );
    } catch {
      // Whatever is typed next looks again.
      said.textContent = t("outreach.village.failed");
      return null;
    }
  }

  search.input.addEventListener("input", () => {
    code = search.input.value === last?.name ? last.code : "";
    clearTimeout(timer);
    if (!code) timer = setTimeout(look, WAIT_MILLISECONDS);
  });
  const node = el("div", { class: "stack-tight" }, search, said, found);
  Object.defineProperty(node, "value", { get: () => code });
  node.input = search.input;
  node.fail = search.fail;
  return node;
}
