// A reason that a colleague reads: asked in a dialog.

import { button, el, field, fill, icon } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { ask } from "/web/staff/ask.js";

const SHORTEST = 5;

/**
 * Asks for a reason; gives it, or null. `templates` are keys of sentences that can be taken and changed; `fields` are
 * words for title, lead, label, hint and button.
 */
export function askReason({ title, lead, label, hint, send, templates = [], kind = "", picture = "arrow" }) {
  return ask(title, (done) => {
    const why = field({ id: "why", label, hint, tag: "textarea", rows: 3, maxlength: 500, autofocus: true });
    const list = el("div", { class: "templates row", role: "group", "aria-label": t("reason.templates") });
    fill(
      list,
      templates.map((one) =>
        el(
          "button",
          {
            type: "button",
            class: "template",
            onclick: () => {
              why.input.value = t(one);
              why.input.focus();
            },
          },
          t(one),
        ),
      ),
    );
    const submit = (event) => {
      event.preventDefault();
      const reason = why.input.value.trim();
      const short = reason.length < SHORTEST;
      why.fail(short ? t("reason.short") : null);
      if (short) return why.input.focus();
      return done(reason);
    };
    return el(
      "form",
      { class: "stack", novalidate: true, onsubmit: submit },
      el("p", {}, lead),
      templates.length ? list : null,
      why,
      el("button", { type: "submit", class: `button wide ${kind}` }, icon(picture), send),
    );
  });
}
