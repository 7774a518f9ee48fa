// Reporting somebody who said to be of an office: the form, and what it led to.

import { button, el, field, failNamed, fill, icon, notice } from "/web/shared/dom.js";
import { explain } from "/web/shared/http.js";
import { t } from "/web/shared/i18n.js";
import { officeField } from "/web/shared/office-field.js";

/**
 * The form. `office` is whose officer was shown, where one was; `send(body)` sends, `done(answer)` goes on, `back()`
 * leaves.
 */
export function reportForm({ code, office, send, done, back }) {
  const what = field({
    id: "what",
    label: t("report.what"),
    hint: t("report.what.hint"),
    tag: "textarea",
    rows: 5,
    maxlength: 2000,
  });
  const place = field({ id: "place", label: t("report.place"), hint: t("report.place.hint"), maxlength: 160 });
  const contact = field({
    id: "contact",
    label: t("report.contact"),
    hint: t("report.contact.hint"),
    maxlength: 120,
    autocomplete: "off",
  });
  const which = officeField({ id: "office", label: t("report.office"), hint: t("report.office.hint") });
  const trouble = el("div", { class: "trouble" });
  const submit = el("button", { type: "submit", class: "button danger wide" }, icon("warning"), t("report.send"));

  async function onsubmit(event) {
    event.preventDefault();
    fill(trouble);
    const short = what.input.value.trim().length < 10;
    what.fail(short ? t("report.what.short") : null);
    place.fail(place.input.value.trim() ? null : t("report.place.empty"));
    const chosen = office ? office.id : which.value;
    which.fail(chosen ? null : t("report.office.empty"));
    const first = [short && what, !place.input.value.trim() && place, !chosen && which].find(Boolean);
    if (first) return first.input.focus();
    submit.disabled = true;
    try {
      const given = contact.input.value.trim();
      return done(
        await send({
          office_id: chosen,
          what: what.input.value,
          place: place.input.value,
          ...(given ? { contact: given } : {}),
          ...(code ? { code: code.slice(0, 120) } : {}),
        }),
      );
    } catch (error) {
      if (failNamed(error, { what, place, contact, office_id: which })) return null;
      const { title, detail } = explain(error);
      fill(trouble, notice("danger", title, detail));
      return trouble.scrollIntoView({ block: "nearest" });
    } finally {
      submit.disabled = false;
    }
  }

  return [
    el(
      "header",
      { class: "stack-tight" },
      el("h1", { tabindex: "-1" }, t("report.title")),
      el("p", { class: "lead" }, t("report.lead")),
    ),
    el(
      "form",
      { class: "card stack-loose", novalidate: true, onsubmit },
      office ? el("p", {}, t("report.for", { office: office.name })) : which,
      what,
      place,
      contact,
      trouble,
      submit,
      button(t("report.back"), back, { kind: "quiet" }),
    ),
    notice("info", t("report.danger"), t("report.danger.do")),
  ];
}

/** That it was kept. */
export const reported = (reference) =>
  el(
    "section",
    { class: "card center stack verdict", "aria-labelledby": "reported" },
    el("span", { class: "sign" }, icon("check")),
    el("h1", { id: "reported", tabindex: "-1" }, t("report.done")),
    el("p", { class: "muted" }, t("report.reference")),
    el("p", { class: "reference mono" }, reference),
    el("p", { class: "muted" }, t("report.done.do")),
  );
