// Changes to a registration that was sent: another address or number, and what an officer asked to correct.

import { button, el, failNamed, field, icon } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { dateField, dayTrouble } from "../shared/date-field.js";
import { draft } from "./draft.js";
import { applicant } from "./person.js";
import { api, keep, registrationPath } from "./profiles.js";
import { going, instead } from "./router.js";
import { complain, heading, noEmail, working } from "./ui.js";

// What was typed into such a form outlives a reload and another language, and goes when it was sent.
const typed = (profile, form) => draft(["ikd.typed", form, profile.id].join("."));

// One form for changes that go to the service as a PATCH.
function amend(profile, { name: form, title, lead, step, fields, read, check, submitWords, beside }) {
  const go = going();
  const trouble = el("div", { class: "trouble", hidden: true });
  const submit = el("button", { type: "submit", class: "button wide" }, icon("check"), submitWords);
  const send = (event) => {
    event?.preventDefault();
    if (!check()) return;
    trouble.hidden = true;
    working(submit, t("form.sending"), async () => {
      try {
        const { data } = await api(profile, registrationPath(profile), {
          method: "PATCH",
          json: read(),
          again: true,
        });
        if (read().full_name) profile.name = read().full_name;
        if (read().birth_date) profile.birthDate = read().birth_date;
        await keep(profile, data);
        typed(profile, form).forget();
        go("status", { replace: true });
      } catch (error) {
        if (!failNamed(error, fields)) complain(trouble, error, error.isNetwork ? send : null);
      }
    });
  };
  const keepTyped = () => typed(profile, form).keep(read());
  return el(
    "div",
    { class: "stack-loose" },
    heading(title, step),
    el("p", { class: "lead" }, lead),
    el(
      "form",
      { class: "card stack-loose", novalidate: true, onsubmit: send, oninput: keepTyped, onchange: keepTyped },
      Object.values(fields),
      trouble,
      submit,
    ),
    beside,
    button(t("app.back"), () => go("status"), { kind: "quiet", picture: "back" }),
  );
}

export async function contact() {
  const profile = await applicant();
  const kept = typed(profile, "surel").read();
  const fields = {
    email: field({
      id: "email",
      label: t("contact.email"),
      hint: t("contact.email.hint", { email: profile.registration.email_hint ?? t("contact.none") }),
      type: "email",
      autocomplete: "email",
      maxlength: 254,
      value: kept.email,
    }),
    phone: field({
      id: "phone",
      label: t("contact.phone"),
      hint: t("contact.phone.hint"),
      type: "tel",
      autocomplete: "tel",
      maxlength: 40,
      value: kept.phone,
    }),
  };
  const { email_hint: hint, state } = profile.registration;
  // Once it is approved a code is on its way, and only another address can take the place of this one.
  if (hint && ["needs_selfie", "awaiting_officer", "needs_correction"].includes(state)) {
    const none = noEmail(kept.no_email, (chosen) => (fields.email.hidden = chosen));
    fields.email.hidden = none.input.checked;
    Object.assign(fields, { no_email: none });
  }
  const read = () => {
    const texts = ["email", "phone"].map((id) => [id, fields[id].input.value.trim()]).filter(([, text]) => text);
    const { email, ...rest } = Object.fromEntries(texts);
    if (fields.no_email?.input.checked) return { ...rest, no_email: true };
    return email ? { email, ...rest } : rest;
  };
  const check = () => {
    const { email, phone, no_email: none } = read();
    fields.email.fail(
      email && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)
        ? t("form.email.error")
        : !email && !phone && !none
          ? t("contact.empty")
          : null,
    );
    const wrong = fields.email.input.getAttribute("aria-invalid");
    if (wrong) fields.email.input.focus();
    return !wrong;
  };
  const sent = state === "code_sent";
  return amend(profile, {
    name: "surel",
    title: t("contact.title"),
    lead: t(sent ? "contact.lead.code" : "contact.lead"),
    fields,
    read,
    check,
    submitWords: t("contact.save"),
  });
}

export async function correct() {
  const go = going();
  const profile = await applicant();
  if (profile.registration.state !== "needs_correction") instead("status");
  const wanted = profile.registration.corrections ?? [];
  const kept = typed(profile, "perbaiki").read();
  const fields = {};
  if (!wanted.length || wanted.includes("full_name"))
    fields.full_name = field({
      id: "full_name",
      label: t("form.full_name"),
      hint: t("form.full_name.hint"),
      autocomplete: "name",
      autocapitalize: "characters",
      maxlength: 120,
      value: kept.full_name ?? profile.name,
    });
  if (!wanted.length || wanted.includes("birth_date"))
    fields.birth_date = dateField({
      id: "birth_date",
      label: t("form.birth_date"),
      hint: t("form.birth_date.hint"),
      value: kept.birth_date ?? profile.birthDate,
    });
  const read = () => ({
    ...(fields.full_name ? { full_name: fields.full_name.input.value.trim() } : {}),
    ...(fields.birth_date ? { birth_date: fields.birth_date.value } : {}),
  });
  const check = () => {
    const values = read();
    fields.full_name?.fail(values.full_name ? null : t("form.full_name.error"));
    fields.birth_date?.fail(dayTrouble(values.birth_date));
    return (!fields.full_name || values.full_name) && (!fields.birth_date || !dayTrouble(values.birth_date));
  };
  return amend(profile, {
    name: "perbaiki",
    title: t("correct.title"),
    lead: profile.registration.reason ?? t("correct.lead"),
    step: 4,
    fields,
    read,
    check,
    submitWords: t("correct.send"),
    beside: button(t("correct.contact"), () => go("surel"), { kind: "quiet", picture: "edit" }),
  });
}
