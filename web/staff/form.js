// Forms of the desks: what is empty and must not be says so, what the service refuses stands at its field.

import { button, el, failNamed, fill } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { ask } from "./ask.js";
import { refused } from "./frame.js";

const given = (one) => (one.given ? one.given() : one.input.value.trim());
const isMissing = (one) => (one.isEmpty ? one.isEmpty() : one.input.required && !one.input.value.trim());

/**
 * A form of named fields. `send(values)` goes to the service, and `done` gets its answer. A field that is more than
 * one input says what is `given()`, and whether it `isEmpty()`.
 */
export function formOf(fields, { lead, label, kind, send, done }) {
  const place = el("div", { class: "problem-place" });
  const submit = button(label, null, { type: "submit", kind });
  const all = Object.values(fields);
  return el(
    "form",
    {
      class: "stack",
      novalidate: true,
      onsubmit: async (event) => {
        event.preventDefault();
        fill(place);
        for (const one of all) one.fail(null);
        const empty = all.filter(isMissing);
        for (const one of empty) one.fail(t("staff.required"));
        if (empty.length) return empty[0].input.focus();
        submit.disabled = true;
        try {
          const values = {};
          for (const [name, one] of Object.entries(fields)) {
            const value = given(one);
            if (value !== "" && value !== null) values[name] = value;
          }
          done(await send(values));
        } catch (error) {
          if (!failNamed(error, fields)) refused(place, error);
        } finally {
          submit.disabled = false;
        }
      },
    },
    lead ? el("p", {}, lead) : null,
    all,
    place,
    submit,
  );
}

/** The same in a dialog; resolves with the service's answer, or null when closed. */
export const askForm = (title, lead, fields, send, label, kind) =>
  ask(title, (done) => formOf(fields, { lead, label, kind, send, done }));
