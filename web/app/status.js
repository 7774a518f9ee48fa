// CEK STATUS: where the registration stands and what the person does now. Also changing the address, correcting,
// ending.

import { announce, button, el, field, fill, icon, notice, openDialog } from "../shared/dom.js";
import { toast } from "../shared/http.js";
import { dateTime, t } from "../shared/i18n.js";
import { draft } from "./draft.js";
import { complain, every, go, heading, instead, person, working } from "./main.js";
import * as profiles from "./profiles.js";
import { dateField, dayTrouble } from "./register.js";

const PICTURES = {
  needs_selfie: "camera",
  awaiting_officer: "office",
  needs_correction: "edit",
  approved_pending_register: "clock",
  code_sent: "mail",
  needs_pin: "lock",
  active: "check",
  rejected: "block",
  expired: "clock",
  cancelled: "close",
};
const STEPS = {
  needs_selfie: 3,
  awaiting_officer: 4,
  needs_correction: 4,
  approved_pending_register: 4,
  code_sent: 5,
  needs_pin: 6,
  active: 6,
};
const TONES = {
  needs_correction: "warning",
  rejected: "danger",
  expired: "warning",
  cancelled: "warning",
  active: "success",
};
const WAITS = ["awaiting_officer", "approved_pending_register", "code_sent"];
const ENDED = ["rejected", "expired", "cancelled"];

export async function status() {
  const profile = await person();
  const place = el("div", { class: "stack-loose" });
  const trouble = el("div", { class: "trouble", hidden: true });
  let shown;

  const draw = () => {
    const now = JSON.stringify([
      profile.registration.state,
      profile.registration.mail,
      profile.registration.mail_at,
      profile.registration.reason,
    ]);
    if (now === shown) return;
    const first = shown === undefined;
    shown = now;
    fill(place, screen(profile, trouble, look));
    if (!first) announce(t(`state.${profile.registration.state}`));
  };
  async function look(options) {
    await profiles.refresh(profile, options);
    if (profile.registration.state === "active" && !profile.active) await profiles.note(profile, { active: true });
    draw();
  }
  try {
    await look({ timeout: 8000, tries: 2 });
  } catch (error) {
    draw();
    if (error.code === "not_found") {
      fill(
        place,
        heading(t("status.gone")),
        el("p", { class: "lead" }, t("status.gone.why")),
        button(t("status.forget"), () => forget(profile)),
      );
    } else {
      complain(trouble, error, () => go("status"));
    }
  }
  if (WAITS.includes(profile.registration.state)) every(6, () => look({ quiet: true, tries: 1 }));
  return place;
}

async function forget(profile) {
  await profiles.remove(profile);
  go("orang", { replace: true });
}

function screen(profile, trouble, look) {
  const { state, reason, corrections = [], email_hint: hint, mail, expires_at: expires, seen } = profile.registration;
  const actions = el("div", { class: "actions" });
  const more = [];
  const add = (key, name, options = {}) => actions.append(button(t(key), () => go(name), options));
  if (state === "needs_selfie") add("status.do.selfie", "swafoto", { picture: "camera" });
  if (state === "awaiting_officer") {
    add("status.do.qr", "qr", { picture: "qr" });
    add("status.do.scan", "pindai", { kind: "secondary", picture: "scan" });
    more.push(button(t("status.do.selfie_again"), () => go("swafoto"), { kind: "quiet" }));
  }
  if (state === "needs_correction") add("status.do.correct", "perbaiki", { picture: "edit" });
  if (state === "code_sent") {
    add("status.do.code", "kode", { picture: "mail" });
    if (mail === "not_sent")
      more.push(
        notice(
          "warning",
          t("status.mail.not_sent"),
          t("status.mail.not_sent.do", { when: dateTime(profile.registration.mail_at) }),
        ),
      );
    if (mail === "failed") more.push(notice("warning", t("status.mail.failed"), t("status.mail.failed.do")));
  }
  if (state === "needs_pin") add("status.do.pin", "simpan", { picture: "lock" });
  if (state === "active") add("status.do.unlock", "buka", { picture: "card" });
  if (ENDED.includes(state)) {
    actions.append(
      button(
        t("status.do.again"),
        async () => {
          await profiles.remove(profile);
          go("ketentuan");
        },
        { picture: "user" },
      ),
    );
    more.push(button(t("status.forget"), () => forget(profile), { kind: "quiet" }));
  }
  const check = button(
    t("status.check"),
    () =>
      working(check, t("status.checking"), async () => {
        trouble.hidden = true;
        try {
          await look();
          toast(t("status.checked"), 3);
        } catch (error) {
          complain(trouble, error);
        }
      }),
    { kind: "secondary", picture: "history" },
  );
  if (!ENDED.includes(state) && state !== "active") actions.append(check);

  const live = !ENDED.includes(state) && state !== "active";
  const facts = el(
    "dl",
    { class: "facts" },
    el("div", {}, el("dt", {}, t("status.name")), el("dd", {}, profile.name)),
    hint ? el("div", {}, el("dt", {}, t("status.email")), el("dd", {}, hint)) : null,
    live ? el("div", {}, el("dt", {}, t("status.until")), el("dd", {}, dateTime(expires))) : null,
    el("div", {}, el("dt", {}, t("status.seen")), el("dd", {}, dateTime(seen))),
  );
  const changeable = [
    "needs_selfie",
    "awaiting_officer",
    "needs_correction",
    "approved_pending_register",
    "code_sent",
  ].includes(state);
  // A selfie that an officer returned was there: it is not missing.
  const words = state === "needs_selfie" && reason ? "state.needs_selfie.again" : `state.${state}`;
  return [
    heading(t(words), STEPS[state]),
    el(
      "div",
      { class: `card state ${TONES[state] ?? "info"}` },
      el("span", { class: "picture" }, icon(PICTURES[state])),
      el(
        "div",
        { class: "stack-tight" },
        el("p", {}, t(`${words}.why`)),
        el("p", { class: "next" }, el("b", {}, t("status.next")), " ", t(`state.${state}.next`, { email: hint ?? "" })),
      ),
    ),
    reason
      ? el(
          "figure",
          { class: "card quote" },
          el("figcaption", {}, t("status.reason")),
          el("blockquote", {}, reason),
          corrections.length
            ? el("p", {}, t("status.corrections", { fields: corrections.map((name) => t(`form.${name}`)).join(", ") }))
            : null,
        )
      : null,
    trouble,
    actions,
    more,
    el("div", { class: "card" }, facts),
    live
      ? el(
          "div",
          { class: "actions" },
          changeable ? button(t("status.change"), () => go("surel"), { kind: "quiet", picture: "edit" }) : null,
          button(t("status.cancel"), () => cancel(profile, trouble), { kind: "danger-quiet", picture: "close" }),
        )
      : null,
  ];
}

/** Asks before something that cannot be undone. Resolves with true or false. */
export function confirm({ title, text, yes, no }) {
  return new Promise((done) => {
    const dialog = el(
      "dialog",
      { "aria-labelledby": "ask-title", class: "stack" },
      el("h2", { id: "ask-title" }, title),
      el("p", {}, text),
      el(
        "div",
        { class: "actions" },
        button(yes, () => dialog.close("yes"), { kind: "danger" }),
        button(no, () => dialog.close(), { kind: "secondary", autofocus: true }),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      done(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    openDialog(dialog);
  });
}

async function cancel(profile, trouble) {
  const sure = await confirm({
    title: t("cancel.title"),
    text: t("cancel.text"),
    yes: t("cancel.yes"),
    no: t("cancel.no"),
  });
  if (!sure) return;
  try {
    const { data } = await profiles.api(profile, `/v1/registrations/${profile.registration.registration_id}`, {
      method: "DELETE",
      again: true,
    });
    await profiles.keep(profile, data);
    go("status");
  } catch (error) {
    complain(trouble, error);
  }
}

// What was typed into such a form outlives a reload and another language, and goes when it was sent.
const typed = (profile, form) => draft(["ikd.typed", form, profile.id].join("."));

// One form for changes that go to the service as a PATCH.
function amend(profile, { name: form, title, lead, step, fields, read, check, submitWords, beside }) {
  const trouble = el("div", { class: "trouble", hidden: true });
  const submit = el("button", { type: "submit", class: "button wide" }, icon("check"), submitWords);
  const send = (event) => {
    event?.preventDefault();
    if (!check()) return;
    trouble.hidden = true;
    working(submit, t("form.sending"), async () => {
      try {
        const { data } = await profiles.api(profile, `/v1/registrations/${profile.registration.registration_id}`, {
          method: "PATCH",
          json: read(),
          again: true,
        });
        if (read().full_name) profile.name = read().full_name;
        if (read().birth_date) profile.birthDate = read().birth_date;
        await profiles.keep(profile, data);
        typed(profile, form).forget();
        go("status", { replace: true });
      } catch (error) {
        const named = (error.fields ?? []).filter(({ field: name }) => fields[name]);
        named.forEach(({ field: name, message }) => fields[name].fail(message));
        if (named.length) fields[named[0].field].input.focus();
        else complain(trouble, error, error.isNetwork ? send : null);
      }
    });
  };
  const keep = () => typed(profile, form).keep(read());
  return el(
    "div",
    { class: "stack-loose" },
    heading(title, step),
    el("p", { class: "lead" }, lead),
    el(
      "form",
      { class: "card stack-loose", novalidate: true, onsubmit: send, oninput: keep, onchange: keep },
      Object.values(fields),
      trouble,
      submit,
    ),
    beside,
    button(t("app.back"), () => go("status"), { kind: "quiet", picture: "back" }),
  );
}

export async function contact() {
  const profile = await person();
  const kept = typed(profile, "surel").read();
  const fields = {
    email: field({
      id: "email",
      label: t("contact.email"),
      hint: t("contact.email.hint", { email: profile.registration.email_hint ?? "" }),
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
  const read = () =>
    Object.fromEntries(
      Object.entries(fields)
        .map(([id, node]) => [id, node.input.value.trim()])
        .filter(([, text]) => text),
    );
  const check = () => {
    const { email, phone } = read();
    fields.email.fail(
      email && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)
        ? t("form.email.error")
        : !email && !phone
          ? t("contact.empty")
          : null,
    );
    const wrong = fields.email.input.getAttribute("aria-invalid");
    if (wrong) fields.email.input.focus();
    return !wrong;
  };
  const sent = profile.registration.state === "code_sent";
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
  const profile = await person();
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
