// Returning and rejecting: reasons that the resident will read, from templates that can be changed.

import { button, el, fill, icon } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { ask } from "/web/staff/ask.js";

const SHORTEST = 5;
const TEMPLATES = {
  selfie: ["reason.blurred", "reason.dark", "reason.covered", "reason.not_alone"],
  data: ["reason.name", "reason.birth_date", "reason.contact"],
  reject: ["reason.other_person", "reason.no_document", "reason.asked"],
};

// What figures count each template as.
const CODES = {
  "reason.blurred": "photo_blurred",
  "reason.dark": "photo_dark",
  "reason.covered": "covered",
  "reason.not_alone": "not_alone",
  "reason.name": "name",
  "reason.birth_date": "birth_date",
  "reason.contact": "contact",
  "reason.other_person": "other_person",
  "reason.no_document": "no_document",
};

/** A reason with templates. `input` holds it; `fail()` says what is missing; `offer(kind)` changes the templates. */
function reasonField() {
  const input = el("textarea", {
    id: "reason",
    rows: 3,
    maxlength: 500,
    "aria-describedby": "reason-hint reason-error",
  });
  const error = el("p", { class: "error", id: "reason-error", hidden: true });
  const list = el("div", { class: "templates row", role: "group", "aria-label": t("reason.templates") });
  const node = el(
    "div",
    { class: "stack-tight" },
    list,
    el(
      "div",
      { class: "field" },
      el("label", { for: "reason" }, t("reason.label")),
      el("p", { class: "hint", id: "reason-hint" }, t("reason.hint")),
      input,
      error,
    ),
  );
  let offered = "";
  let taken = null;
  // The template that was taken last, though its words were changed; nobody's words are looked at.
  node.code = () => (input.value && TEMPLATES[offered]?.includes(taken) ? CODES[taken] : undefined);
  node.input = input;
  node.offer = (kind) => {
    // A template that nobody changed goes with its kind; own words stay.
    if (TEMPLATES[offered]?.some((one) => t(one) === input.value)) input.value = "";
    offered = kind;
    fill(
      list,
      TEMPLATES[kind].map((one) =>
        el(
          "button",
          {
            type: "button",
            class: "template",
            onclick: () => {
              taken = one;
              input.value = t(one);
              input.focus();
            },
          },
          t(one),
        ),
      ),
    );
  };
  node.fail = () => {
    const short = input.value.trim().length < SHORTEST;
    error.hidden = !short;
    input.toggleAttribute("aria-invalid", false);
    if (short) {
      fill(error, icon("warning"), el("span", {}, t("reason.short")));
      input.setAttribute("aria-invalid", "true");
      input.focus();
    }
    return short;
  };
  return node;
}

/** Asks where a registration goes back to and why: `{to, reason, release}`, or null. */
export function askReturn(view) {
  return ask(t("return.title"), (done) => {
    const reason = reasonField();
    const release = view.differences.map((one) => {
      const input = el("input", { type: "checkbox", name: "release", value: one.field });
      return el(
        "label",
        { class: "check" },
        input,
        el(
          "span",
          {},
          el("b", {}, t(`field.${one.field}`)),
          el("span", { class: "muted small" }, t("return.release.how")),
        ),
      );
    });
    const opened = el(
      "fieldset",
      { class: "stack-tight", hidden: true },
      el("legend", { class: "legend" }, t("return.release")),
      release,
    );
    const choose = (to) => {
      reason.offer(to);
      opened.hidden = to !== "data" || release.length === 0;
    };
    const first = view.differences.length ? "data" : "selfie";
    const kinds = ["selfie", "data"].map((to) => {
      const input = el("input", {
        type: "radio",
        name: "to",
        value: to,
        autofocus: to === first,
        onchange: () => choose(to),
      });
      input.checked = to === first;
      return el(
        "label",
        { class: "check" },
        input,
        el("span", {}, el("b", {}, t(`return.${to}`)), el("span", { class: "muted small" }, t(`return.${to}.how`))),
      );
    });
    const form = el(
      "form",
      {
        class: "stack",
        onsubmit: (event) => {
          event.preventDefault();
          if (reason.fail()) return;
          const to = new FormData(form).get("to");
          done({
            to,
            reason: reason.input.value.trim(),
            release: to === "data" ? new FormData(form).getAll("release") : [],
            code: reason.code(),
          });
        },
      },
      el("fieldset", { class: "stack-tight" }, el("legend", { class: "legend" }, t("return.to")), kinds),
      reason,
      opened,
      button(t("return.send"), null, { type: "submit", picture: "back" }),
    );
    choose(first);
    return form;
  });
}

/** Asks for the reason of a rejection: `{reason, note}`, or null. */
export function askReject() {
  return ask(t("reject.title"), (done) => {
    const reason = reasonField();
    reason.offer("reject");
    reason.input.setAttribute("autofocus", "");
    const note = el("textarea", { id: "reject-note", rows: 2, maxlength: 500 });
    return el(
      "form",
      {
        class: "stack",
        onsubmit: (event) => {
          event.preventDefault();
          if (!reason.fail()) done({ reason: reason.input.value.trim(), note: note.value.trim(), code: reason.code() });
        },
      },
      el("p", {}, t("reject.lead")),
      reason,
      el("div", { class: "field" }, el("label", { for: "reject-note" }, t("decision.note")), note),
      button(t("reject.send"), null, { type: "submit", kind: "danger", picture: "block" }),
    );
  });
}
