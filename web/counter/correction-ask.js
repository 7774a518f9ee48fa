// A correction case from the screen of a registration: the one that it has, and a new one.

import { button, el, field, fill, icon, notice } from "/web/shared/dom.js";
import { explain } from "/web/shared/http.js";
import { t } from "/web/shared/i18n.js";
import { ask } from "/web/staff/ask.js";
import { LIVE, named } from "./correction-words.js";

const SHORTEST = 5;

/** That the registration on the screen has a case that goes on, with the way to it; null when it has none. */
export function caseNotice(view, api) {
  const one = view.correction;
  if (!one || !LIVE.includes(one.state) || api.practice) return null;
  const place = el("div", {});
  const open = async () => {
    try {
      // The resident stands here: a case that no office has is this one's now.
      const { case: taken } = await api.takeCorrection(view.submitted.nik, one.reference);
      location.hash = `#kasus/${taken.correction_id}`;
    } catch (error) {
      const { title, detail } = explain(error);
      fill(place, notice("danger", title, detail));
    }
  };
  return notice(
    "warning",
    t("correction.there"),
    `${one.guide.title} · ${t(`correction.state.${one.state}`)}. `,
    one.spelling_agreed ? t("correction.agreed") : t("correction.there.do"),
    button(t("correction.see"), open, { kind: "secondary", wide: false }),
    place,
  );
}

/** Asks what is wrong and what the resident reads: `{kind, fields, reason}`, or null. `guides` are the kinds. */
export function askCorrection(guides, view) {
  const differs = view.differences.map((one) => one.field);
  return ask(t("correction.open"), (done) => {
    const place = el("div", { class: "stack-tight" });
    const why = field({
      id: "why",
      label: t("correction.words"),
      hint: t("correction.words.hint"),
      tag: "textarea",
      rows: 3,
      maxlength: 500,
    });
    const error = el("p", { class: "error", role: "alert", hidden: true });
    let chosen = null;
    const choose = (guide) => {
      chosen = guide;
      error.hidden = true;
      if (!why.input.value || guides.some((one) => one.act === why.input.value)) why.input.value = guide.act;
      fill(
        place,
        guide.fields.length > 1
          ? el(
              "fieldset",
              { class: "stack-tight" },
              el("legend", { class: "legend" }, t("correction.fields")),
              guide.fields.map((name) => {
                const input = el("input", { type: "checkbox", name: "field", value: name });
                input.checked = differs.includes(name);
                return el("label", { class: "check" }, input, el("span", {}, named(name)));
              }),
            )
          : null,
        el("p", { class: "muted small" }, t("correction.brings", { documents: guide.documents.join("; ") })),
      );
    };
    const kinds = el("select", {
      id: "kind",
      onchange: () => choose(guides.find((one) => one.kind === kinds.value)),
    });
    fill(
      kinds,
      el("option", { value: "" }, t("correction.kind.choose")),
      guides.map((one) => el("option", { value: one.kind }, one.title)),
    );
    const wrong = (key, input) => {
      fill(error, icon("warning"), el("span", {}, t(key))).hidden = false;
      input?.focus();
    };
    const submit = (event) => {
      event.preventDefault();
      if (!chosen) return wrong("correction.kind.choose", kinds);
      const ticked = [...form.querySelectorAll("input[name=field]:checked")].map((input) => input.value);
      const fields = chosen.fields.length > 1 ? ticked : chosen.fields;
      if (!fields.length && chosen.fields.length)
        return wrong("correction.fields.choose", form.querySelector("input[name=field]"));
      const reason = why.input.value.trim();
      why.fail(reason.length < SHORTEST ? t("reason.short") : null);
      if (reason.length < SHORTEST) return why.input.focus();
      return done({ kind: chosen.kind, fields, reason });
    };
    const form = el(
      "form",
      { class: "stack", novalidate: true, onsubmit: submit },
      el("p", {}, t("correction.open.lead")),
      el("div", { class: "field" }, el("label", { for: "kind" }, t("correction.kind")), kinds),
      place,
      el("div", { class: "field" }, error),
      why,
      el("button", { type: "submit", class: "button wide" }, icon("check"), t("correction.open")),
    );
    return form;
  });
}
