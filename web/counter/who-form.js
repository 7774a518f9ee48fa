// Who somebody says they are, typed at the counter: NIK, name and birth date, and the form in which they stand.

import { failNamed, field, fill } from "/web/shared/dom.js";
import { dateField, dayTrouble } from "/web/shared/date-field.js";
import { t } from "/web/shared/i18n.js";
import { refused } from "/web/staff/frame.js";
import { nikField } from "./nik-field.js";

/**
 * NIK, name and birth date: `fields` by the service's names, `troubles()` says what is wrong with each or null,
 * `value()` is what the service is told. `name` adds to how the name is typed.
 */
export function whoFields(name = {}) {
  const nik = nikField();
  const full = field({
    id: "full-name",
    label: t("field.full_name"),
    hint: t("phone_block.name.hint"),
    autocomplete: "off",
    spellcheck: "false",
    maxlength: 120,
    ...name,
  });
  const birth = dateField({ id: "birth", label: t("field.birth_date"), hint: t("phone_block.birth.hint") });
  // It is not the officer's own.
  for (const part of birth.querySelectorAll("[autocomplete]")) part.setAttribute("autocomplete", "off");
  return {
    fields: { nik, full_name: full, birth_date: birth },
    troubles: () => ({
      nik: nik.trouble(),
      full_name: full.input.value.trim() ? null : t("staff.required"),
      birth_date: dayTrouble(birth.value),
    }),
    value: () => ({ nik: nik.digits(), full_name: full.input.value.trim(), birth_date: birth.value }),
  };
}

/**
 * What a form does when it is sent. The first field that is wrong by `troubles()` is gone to; otherwise `act(form)` is
 * done, and while it is, `send` rests. A refusal is told at the field that it names, one of `fields` or `others`, else
 * by `fail(place, error)`; nothing is told once the screen `isOver()`.
 */
export function whenSent({ fields, others = {}, troubles, send, place, act, isOver, fail = refused }) {
  return async (event) => {
    event.preventDefault();
    const wrong = troubles();
    for (const [key, one] of Object.entries(fields)) one.fail(wrong[key]);
    const first = Object.keys(fields).find((key) => wrong[key]);
    if (first) {
      fields[first].input.focus();
      return;
    }
    send.disabled = true;
    fill(place);
    try {
      await act(event.target);
    } catch (error) {
      if (!isOver() && !failNamed(error, { ...fields, ...others })) fail(place, error);
    } finally {
      send.disabled = false;
    }
  };
}
