// One of many, found by its name: what is typed is looked for, and one of what was found is chosen.

import { el, field, fill } from "./dom.js";
import { newest } from "./http.js";

const WAIT_MILLISECONDS = 300;
const SHORTEST = 3;

/**
 * Field with `value`, the key of what was chosen, and `fail(text)`. `look(text)` gives `[{key, name, told}]`, `chosen`
 * is one of them, `known` one whose name counts if it is typed or put back, `onChoose(item)` is told; `words` are said:
 * `{label, hint, found, choose, none, failed}`.
 */
export function pickField({ id, words, look, chosen, known, onChoose }) {
  const search = field({
    id,
    label: words.label,
    hint: words.hint,
    autocomplete: "off",
    spellcheck: "false",
    value: chosen?.name ?? "",
  });
  const found = el("div", { class: "stack-tight found", role: "group", "aria-label": words.found });
  const said = el("p", { class: "muted small", role: "status" });
  let last = known ?? chosen ?? null;
  let key = chosen?.key ?? "";
  let timer;
  const asking = newest();

  function choose(item) {
    key = item.key;
    last = item;
    search.input.value = item.name;
    search.fail(null);
    fill(found);
    said.textContent = "";
    search.input.focus();
    onChoose?.(item);
  }

  async function show() {
    const counts = asking();
    const text = search.input.value.trim();
    if (text.length < SHORTEST) {
      said.textContent = "";
      return fill(found);
    }
    try {
      const items = await look(text);
      if (!counts() || key) return null;
      said.textContent = items.length ? words.choose : words.none;
      return fill(
        found,
        items.map((item) =>
          el(
            "button",
            { type: "button", class: "template", onclick: () => choose(item) },
            item.told ? [el("b", {}, item.name), " ", el("span", { class: "muted small" }, item.told)] : item.name,
          ),
        ),
      );
    } catch {
      // Whatever is typed next looks again.
      said.textContent = words.failed;
      return null;
    }
  }

  search.input.addEventListener("input", () => {
    key = search.input.value === last?.name ? last.key : "";
    clearTimeout(timer);
    if (!key) timer = setTimeout(show, WAIT_MILLISECONDS);
  });
  const node = el("div", { class: "stack-tight" }, search, said, found);
  Object.defineProperty(node, "value", { get: () => key });
  node.input = search.input;
  node.fail = search.fail;
  return node;
}
