// Somebody on the telephone, or at the counter without a phone, wants a digital KTP blocked: NIK, name and birth date.
// The answer is the same whether there is such a person or not, and whether it is the first such call or not.

import { button, el, field, fill, icon, notice } from "/web/shared/dom.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { arrive } from "/web/staff/frame.js";
import { whenSent, whoFields } from "./who-form.js";

const SHORTEST = 5;
const KNOW = [1, 2, 3, 4, 5].map((number) => `phone_block.know${number}`);

/** Shows the form. Gives a function that ends it. */
export function phoneBlockScreen(main, api, { again, home }) {
  let ended = false;
  const who = whoFields({ autocapitalize: "characters" });
  const why = field({
    id: "block-why",
    label: t("phone_block.why"),
    hint: t("phone_block.why.hint"),
    tag: "textarea",
    rows: 2,
    maxlength: 500,
  });
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
  const fields = { ...who.fields, reason: why };

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

  const submit = whenSent({
    fields,
    troubles: () => ({
      ...who.troubles(),
      reason: why.input.value.trim().length >= SHORTEST ? null : t("reason.short"),
    }),
    send,
    place,
    isOver: () => ended,
    act: async () => {
      // Each counts, so none is repeated by itself.
      const answer = await api.block({ ...who.value(), reason: why.input.value.trim(), present: here.checked });
      if (!ended) done(answer);
    },
  });

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
