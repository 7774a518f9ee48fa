// Somebody on the telephone, or at the counter without a phone, wants a digital KTP blocked: NIK, name and birth date.
// The answer is the same whether there is such a person or not, and whether it is the first such call or not.

import { button, el, failNamed, field, fill, icon, notice } from "/web/shared/dom.js";
import { dateField, dayTrouble } from "/web/shared/date-field.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { arrive, refused } from "/web/staff/frame.js";
import { nikField } from "./nik-field.js";

const SHORTEST = 5;
const KNOW = [1, 2, 3, 4, 5].map((number) => `phone_block.know${number}`);

/** Shows the form. Gives a function that ends it. */
export function phoneBlockScreen(main, api, { again, home }) {
  let ended = false;
  const nik = nikField();
  const name = field({
    id: "full-name",
    label: t("field.full_name"),
    hint: t("phone_block.name.hint"),
    autocomplete: "off",
    autocapitalize: "characters",
    spellcheck: "false",
    maxlength: 120,
  });
  const birth = dateField({ id: "birth", label: t("field.birth_date"), hint: t("phone_block.birth.hint") });
  const why = field({
    id: "block-why",
    label: t("phone_block.why"),
    hint: t("phone_block.why.hint"),
    tag: "textarea",
    rows: 2,
    maxlength: 500,
  });
  // The birth date of the caller is not the officer's own.
  for (const part of birth.querySelectorAll("[autocomplete]")) part.setAttribute("autocomplete", "off");
  const label = el("span", {}, t("phone_block.send"));
  // Who is here is blocked for good: the button says what it does.
  const here = el("input", {
    type: "checkbox",
    id: "present",
    onchange: () => (label.textContent = t(here.checked ? "phone_block.send.present" : "phone_block.send")),
  });
  const present = el(
    "label",
    { class: "check" },
    here,
    el(
      "span",
      {},
      el("b", {}, t("phone_block.present")),
      el("span", { class: "muted small" }, t("phone_block.present.do")),
    ),
  );
  const place = el("div", { class: "problem-place" });
  const send = el("button", { type: "submit", class: "button danger wide" }, icon("block"), label);
  const fields = { nik, full_name: name, birth_date: birth, reason: why };

  function check() {
    const wrong = {
      nik: nik.trouble(),
      full_name: name.input.value.trim() ? null : t("staff.required"),
      birth_date: dayTrouble(birth.value),
      reason: why.input.value.trim().length >= SHORTEST ? null : t("reason.short"),
    };
    for (const [key, one] of Object.entries(fields)) one.fail(wrong[key]);
    return Object.keys(fields).find((key) => wrong[key]);
  }

  function done({ until, hours, call_back_days: days, left_today: left }) {
    const called = [
      el("p", { class: "lead" }, t("phone_block.done.text", { until: until && dateTime(until), hours })),
      notice("info", t("phone_block.again_soon", { days }), t("phone_block.again_soon.do")),
      notice("info", t("phone_block.tell"), t("phone_block.tell.do")),
    ];
    fill(
      main,
      el(
        "section",
        { class: "card stack outcome plain" },
        el("div", { class: "sign" }, icon("block")),
        el("h1", {}, t("phone_block.done")),
        until ? called : el("p", { class: "lead" }, t("phone_block.done.present")),
        el("p", { class: "muted" }, t("phone_block.left", { n: left })),
        el("p", {}, button(t("phone_block.home"), home, { wide: false })),
        el("p", {}, button(t("phone_block.again"), again, { kind: "quiet", wide: false })),
      ),
    );
    arrive(main);
  }

  async function submit(event) {
    event.preventDefault();
    const first = check();
    if (first) return fields[first].input.focus();
    send.disabled = true;
    fill(place);
    try {
      // Each counts, so none is repeated by itself.
      const answer = await api.block({
        nik: nik.digits(),
        full_name: name.input.value.trim(),
        birth_date: birth.value,
        reason: why.input.value.trim(),
        present: here.checked,
      });
      if (!ended) done(answer);
    } catch (error) {
      if (ended) return undefined;
      if (failNamed(error, fields)) return undefined;
      refused(place, error);
    } finally {
      send.disabled = false;
    }
    return undefined;
  }

  fill(
    main,
    el(
      "div",
      { class: "two to-left" },
      el(
        "section",
        { class: "card stack" },
        el("h1", {}, t("phone_block.title")),
        el("p", { class: "lead" }, t("phone_block.lead")),
        el("form", { class: "stack", novalidate: true, onsubmit: submit }, Object.values(fields), present, place, send),
      ),
      el(
        "section",
        { class: "card stack", "aria-labelledby": "steps" },
        el("h2", { id: "steps" }, t("phone_block.know")),
        el(
          "ol",
          { class: "how" },
          KNOW.map((key) => el("li", {}, t(key))),
        ),
      ),
    ),
  );
  arrive(main);
  return () => (ended = true);
}
