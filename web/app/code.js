// The activation code from the mail.

import { announce, button, el, field, icon, notice, toast } from "../shared/dom.js";
import { dateTime, t } from "../shared/i18n.js";
import { prepared } from "./captcha.js";
import { draft } from "./draft.js";
import { applicant } from "./person.js";
import { api, keep, refresh, registrationPath } from "./profiles.js";
import { every, going, instead } from "./router.js";
import { complain, heading, working } from "./ui.js";

const typed = draft("ikd.code");
const mailWords = ({ mail, mail_at: at, email_hint: email }) =>
  mail ? t(`code.mail.${mail}`, { email: email ?? "", when: at ? dateTime(at) : "" }) : "";

export async function code() {
  const go = going();
  const profile = await applicant();
  if (profile.registration.state === "needs_pin") instead("simpan");
  if (profile.registration.state !== "code_sent") {
    await refresh(profile).catch(() => {});
    if (profile.registration.state !== "code_sent") instead("status");
  }
  const captcha = prepared(profile);
  const kept = typed.read().code ?? "";
  const input = field({
    id: "code",
    label: t("code.label"),
    hint: t("code.hint"),
    inputmode: "numeric",
    autocomplete: "one-time-code",
    value: kept,
    maxlength: 200,
  });
  input.classList.add("code-field");
  // The whole link may be pasted, or the code with spaces.
  const read = () => /\.(\d{6})\s*$/.exec(input.input.value)?.[1] ?? input.input.value.replace(/\D/g, "");
  input.input.addEventListener("input", () => {
    const digits = read();
    if (digits.length === 6) input.input.value = `${digits.slice(0, 3)} ${digits.slice(3)}`;
    typed.keep({ code: input.input.value });
    input.fail(null);
  });
  if (/^\d{6}$/.test(kept)) input.input.value = `${kept.slice(0, 3)} ${kept.slice(3)}`;
  const trouble = el("div", { class: "trouble", hidden: true });
  const submit = el("button", { type: "submit", class: "button wide" }, icon("check"), t("code.send"));
  const send = (event) => {
    event?.preventDefault();
    const digits = read();
    if (digits.length !== 6) {
      input.fail(t("code.short", { n: digits.length }));
      input.input.focus();
      return;
    }
    trouble.hidden = true;
    working(submit, t("code.sending"), async () => {
      try {
        const solution = await captcha.take();
        await api(profile, registrationPath(profile, "activation-code"), {
          method: "POST",
          json: { code: digits, captcha: solution },
          again: false,
        });
        await done();
      } catch (error) {
        captcha.renew();
        if (error.isNetwork) {
          // The answer may be what got lost: look before asking again.
          await refresh(profile, { quiet: true, tries: 1 }).catch(() => {});
          if (profile.registration.state === "needs_pin") return done();
        }
        if (error.code === "wrong_state") return go("status", { replace: true });
        if (error.code === "code_wrong") {
          typed.forget();
          input.fail(`${t("code.wrong")} ${t("code.tries", { n: error.triesLeft ?? 0 })}`);
          input.input.select();
          announce(t("code.wrong"), true);
          return undefined;
        }
        complain(trouble, error, error.isNetwork ? send : null);
      }
    });
  };
  async function done() {
    typed.forget();
    await keep(profile, { ...profile.registration, state: "needs_pin" });
    go("simpan", { replace: true });
  }
  const resend = button(
    t("code.resend"),
    () =>
      working(resend, t("code.resending"), async () => {
        try {
          const { data: said } = await api(profile, registrationPath(profile, "activation-code/resend"), {
            method: "POST",
            json: {},
            again: false,
          });
          trouble.hidden = true;
          toast(said.mail === "held" ? mailWords({ ...profile.registration, ...said }) : t("code.resent"), 6);
        } catch (error) {
          complain(trouble, error);
        }
      }),
    { kind: "quiet", picture: "mail" },
  );
  const mail = el("p", { class: "muted", role: "status" });
  // Only what the service said is told: a mail that waits or was not sent is not said to be.
  const tell = () => (mail.textContent = mailWords(profile.registration));
  tell();
  every(5, async () => {
    await refresh(profile, { quiet: true, tries: 1 });
    tell();
  });
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("code.title"), 5),
    el("p", { class: "lead" }, t("code.lead")),
    mail,
    el(
      "form",
      { class: "card stack", novalidate: true, onsubmit: send },
      input,
      el("p", { class: "muted small keep" }, icon("shield", 18), t("code.captcha")),
      trouble,
      submit,
    ),
    notice("warning", t("code.secret")),
    el(
      "div",
      { class: "actions" },
      resend,
      button(t("code.other_address"), () => go("surel"), { kind: "quiet", picture: "edit" }),
      button(t("app.back"), () => go("status"), { kind: "quiet", picture: "back" }),
    ),
  );
}
