// The resident is not here: a reason opens the data for a while, and is recorded.

import { button, el, field, fill, notice } from "/web/shared/dom.js";
import { explain } from "/web/shared/http.js";
import { t } from "/web/shared/i18n.js";
import { arrive } from "/web/staff/frame.js";

const SHORTEST = 5;

/** Asks for it in `main`. `open(reason)` shows the data, or rejects; `isEnded()` says whether the screen was left. */
export function askWhy(main, { open, next, isEnded }) {
  const why = field({ id: "why", label: t("why.label"), hint: t("why.hint"), maxlength: 500, required: true });
  const place = el("div", { class: "problem-place" });
  const send = button(t("why.open"), null, { type: "submit", kind: "secondary", wide: false });
  const submit = async (event) => {
    event.preventDefault();
    const reason = why.input.value.trim();
    const short = reason.length < SHORTEST;
    why.fail(short ? t("why.short") : "");
    if (short) return why.input.focus();
    send.disabled = true;
    try {
      return await open(reason);
    } catch (error) {
      if (isEnded()) return undefined;
      const { title, detail } = explain(error);
      return fill(place, notice("danger", title, detail));
    } finally {
      send.disabled = false;
    }
  };
  fill(
    main,
    el(
      "section",
      { class: "card stack door" },
      el("h1", {}, t("why.title")),
      el("p", { class: "lead" }, t("why.lead")),
      el("p", {}, button(t("counter.scan"), next, { picture: "scan" })),
      el("form", { class: "stack", novalidate: true, onsubmit: submit }, why, place, send),
    ),
  );
  arrive(main);
}
