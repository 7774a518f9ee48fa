// Figures of a month that is chosen: asked anew with each choice; what comes late does not replace what came since.

import { el, field, fill } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { failed } from "./frame.js";
import { months } from "./months.js";

/**
 * Gives `{month, shown}`, the field and the place of the answer. `read(month)` asks, `draw(found, name)` gives what is
 * shown of the answer. It asks for the newest month at once.
 */
export function monthAsked({ id, label, read, draw, isOver }) {
  const asking = newest(isOver);
  const shown = el("div", { class: "stack", "aria-live": "polite" });
  const month = field({ id, label, tag: "select", options: months(), onchange: () => load() });

  async function load() {
    const counts = asking();
    const [chosen] = month.input.selectedOptions;
    try {
      const found = await read(chosen.value);
      if (counts()) fill(shown, draw(found, chosen.textContent));
    } catch (error) {
      if (counts()) fill(shown, failed(error, load));
    }
  }

  load();
  return { month, shown };
}
