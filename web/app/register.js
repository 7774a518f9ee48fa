// Terms and data: the first two steps.

import { button, el, failNamed, field, icon, toast } from "../shared/dom.js";
import { Refused, request } from "../shared/http.js";
import { language, t } from "../shared/i18n.js";
import { forget } from "../shared/storage.js";
import { solve } from "./captcha.js";
import { dateField, dayTrouble } from "../shared/date-field.js";
import { draft } from "./draft.js";
import * as profiles from "./profiles.js";
import { every, going, instead } from "./router.js";
import { complain, heading, noEmail, working } from "./ui.js";

// What was typed before anything was sent. Earlier versions kept it for good.
const typed = draft("ikd.draft");
forget("local", "ikd.draft");

export async function terms() {
  const go = going();
  if (await profiles.isFull()) instead("penuh");
  const { data } = await request("/v1/terms");
  const [title, ...paragraphs] = data.text
    .split(/\n\s*\n/)
    .map((text) => text.trim())
    .filter(Boolean);
  // A paragraph begins with its number and a short name: "3. Berapa lama disimpan. …"
  const section = (text) => {
    const found = /^\d+\.\s+([^.?]+[.?])\s+(.*)$/s.exec(text);
    return found
      ? el("section", { class: "stack-tight" }, el("h2", {}, found[1].replace(/\.$/, "")), el("p", {}, found[2]))
      : el("p", {}, el("b", {}, text));
  };
  const accept = button(
    t("terms.accept"),
    () => {
      typed.keep({ terms: { version: data.version, accepted: true } });
      go("data");
    },
    { picture: "check" },
  );
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("terms.title"), 1),
    el("p", { class: "lead" }, t("terms.lead")),
    el(
      "div",
      { class: "card stack terms", lang: data.language },
      el("p", { class: "muted" }, title),
      paragraphs.map(section),
    ),
    el(
      "div",
      { class: "actions" },
      accept,
      button(
        t("terms.decline"),
        () => {
          typed.forget();
          go("orang");
        },
        { kind: "quiet" },
      ),
    ),
  );
}

// The service judges for good; these catch slips of the finger at once.
const CHECKS = {
  nik: (text) => (/^\d{16}$/.test(text) ? null : text ? t("form.nik.error", { n: text.length }) : t("form.nik.empty")),
  full_name: (text) => (text.trim().length >= 1 ? null : t("form.full_name.error")),
  birth_date: (text, all) => {
    const trouble = dayTrouble(text);
    if (trouble) return trouble;
    const [year, month, day] = text.split("-");
    const written = /^\d{6}(\d{2})(\d{2})(\d{2})/.exec(all.nik);
    const agrees =
      !written ||
      (written[3] === year.slice(2) &&
        written[2] === month &&
        [Number(day), Number(day) + 40].includes(Number(written[1])));
    // Usually a slip of the finger, but corrected birth dates exist and the NIK never changes: asked once, then taken.
    return agrees || all.confirmed === `${all.nik} ${text}` ? null : t("form.birth_date.nik");
  },
  email: (text) => (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text.trim()) ? null : t("form.email.error")),
  phone: (text) => (text.replace(/\D/g, "").length >= 9 ? null : t("form.phone.error")),
};

export async function form() {
  const go = going();
  const over = typed.expired();
  const kept = typed.read();
  if (!kept.terms?.accepted) {
    if (over) toast(t("form.over"), 12);
    instead("ketentuan");
  }
  // Nor does it stay on a screen that somebody left open.
  every(5, async () => typed.expired() && go("data", { replace: true }));
  const make = (id, props) =>
    field({ id, label: t(`form.${id}`), hint: t(`form.${id}.hint`), value: kept[id] ?? "", ...props });
  const fields = {
    nik: make("nik", { inputmode: "numeric", autocomplete: "off", maxlength: 24 }),
    full_name: make("full_name", {
      autocomplete: "name",
      autocapitalize: "characters",
      spellcheck: "false",
      maxlength: 120,
    }),
    birth_date: dateField({
      id: "birth_date",
      label: t("form.birth_date"),
      hint: t("form.birth_date.hint"),
      value: kept.birth_date,
      onchange: (value) => typed.keep({ birth_date: value }),
    }),
    email: make("email", { type: "email", autocomplete: "email", maxlength: 254 }),
    phone: make("phone", { type: "tel", autocomplete: "tel", maxlength: 40 }),
  };
  const none = noEmail(kept.no_email, (chosen) => {
    typed.keep({ no_email: chosen });
    fields.email.hidden = chosen;
    fields.email.fail(null);
  });
  fields.email.hidden = none.input.checked;
  const read = (id) =>
    id === "birth_date"
      ? fields[id].value
      : id === "nik"
        ? fields[id].input.value.replace(/\D/g, "")
        : fields[id].input.value.trim();
  const asked = () => Object.keys(fields).filter((id) => id !== "email" || !none.input.checked);
  const values = () => ({
    ...Object.fromEntries(asked().map((id) => [id, read(id)])),
    ...(none.input.checked ? { no_email: true } : {}),
  });
  // The NIK and birth date that were sent although they differ.
  let confirmed = "";
  const check = (id) => {
    const wrong = CHECKS[id](read(id), { ...values(), confirmed });
    fields[id].fail(wrong);
    return !wrong;
  };
  for (const id of Object.keys(fields)) {
    const node = fields[id];
    if (id !== "birth_date") node.input.addEventListener("input", () => typed.keep({ [id]: node.input.value }));
    // A mended field is forgiven at once; a wrong one is named when the person has left it with something in it. That
    // waits a moment, and the button judges by itself: a sentence that appears while a finger is down would move the
    // button away. Leaving takes no sentence back: it may be the service's, which came meanwhile.
    node.addEventListener("input", () => {
      if (node.querySelector("[aria-invalid]") && !CHECKS[id](read(id), { ...values(), confirmed })) node.fail(null);
    });
    node.addEventListener("focusout", (event) => {
      if (node.contains(event.relatedTarget) || event.relatedTarget?.type === "submit") return;
      setTimeout(
        () => node.isConnected && read(id) && CHECKS[id](read(id), { ...values(), confirmed }) && check(id),
        250,
      );
    });
  }
  const trouble = el("div", { class: "trouble", hidden: true });

  async function send(event) {
    event?.preventDefault();
    const wrong = asked().filter((id) => !check(id));
    confirmed = `${read("nik")} ${read("birth_date")}`;
    if (wrong.length) {
      fields[wrong[0]].input.focus();
      return;
    }
    trouble.hidden = true;
    await working(submit, t("form.sending"), async () => {
      try {
        await register(values());
        go("swafoto", { replace: true });
      } catch (error) {
        if (failNamed(error, fields)) return;
        if (error instanceof Refused && error.fields.some(({ field: name }) => name.startsWith("terms"))) {
          typed.keep({ terms: null });
          go("ketentuan", { replace: true });
          return;
        }
        complain(trouble, error, error.isNetwork ? () => send() : null);
      }
    });
  }
  const erase = () => {
    typed.forget();
    toast(t("form.erased"));
    go("orang", { replace: true });
  };
  const submit = el("button", { type: "submit", class: "button wide" }, icon("arrow"), t("form.send"));
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("form.title"), 2),
    el("p", { class: "lead" }, t("form.lead")),
    el(
      "form",
      { class: "card stack-loose", novalidate: true, onsubmit: send },
      ["nik", "full_name", "birth_date", "email"].map((id) => fields[id]),
      none,
      fields.phone,
      trouble,
      submit,
    ),
    el("p", { class: "muted small keep" }, icon("lock", 18), t("form.kept")),
    button(t("form.erase"), erase, { kind: "quiet", picture: "delete" }),
  );
}

async function register(values) {
  const kept = typed.read();
  // The same key again when the first answer was lost: then it is the same registration.
  let profile = kept.profile && (await profiles.get(kept.profile));
  if (!profile) {
    await profiles.sweep();
    profile = await profiles.create();
    typed.keep({ profile: profile.id });
  }
  const body = { ...values, terms: kept.terms, locale: language };
  const send = (captcha) =>
    profiles.api(profile, "/v1/registrations", {
      method: "POST",
      json: captcha ? { ...body, captcha } : body,
      again: true,
    });
  let answer;
  try {
    answer = await send();
  } catch (error) {
    if (!(error instanceof Refused) || !["captcha_required", "captcha_invalid"].includes(error.code)) throw error;
    answer = await send(await solve(profile));
  }
  profile.name = values.full_name;
  profile.birthDate = values.birth_date;
  await profiles.keep(profile, answer.data);
  profiles.choose(profile);
  typed.forget();
}
