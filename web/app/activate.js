// The code from the mail, keeping the app, and the PIN.

import { announce, button, el, field, fill, icon, notice } from "../shared/dom.js";
import { toast } from "../shared/http.js";
import { dateTime, t } from "../shared/i18n.js";
import { prepared } from "./captcha.js";
import { draft } from "./draft.js";
import { complain, every, go, heading, instead, onLeave, person, working } from "./main.js";
import { answer, pinKey, weakness } from "./pin.js";
import { all, api, keep as keepRegistration, note, refresh, remove, save } from "./profiles.js";

const typed = draft("ikd.code");
const mailWords = ({ mail, mail_at: at, email_hint: email }) =>
  mail ? t(`code.mail.${mail}`, { email: email ?? "", when: at ? dateTime(at) : "" }) : "";
const pathOf = (profile, rest) => `/v1/registrations/${profile.registration.registration_id}/${rest}`;

export async function code() {
  const profile = await person();
  if (["needs_pin"].includes(profile.registration.state)) instead("simpan");
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
        await api(profile, pathOf(profile, "activation-code"), {
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
    await keepRegistration(profile, { ...profile.registration, state: "needs_pin" });
    go("simpan", { replace: true });
  }
  const resend = button(
    t("code.resend"),
    () =>
      working(resend, t("code.resending"), async () => {
        try {
          const { data: said } = await api(profile, pathOf(profile, "activation-code/resend"), {
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

/** Before the PIN: the browser is asked not to throw the keys away, and the app gets its place on the phone. */
export async function keep() {
  const profile = await person();
  if (profile.registration.state !== "needs_pin") instead("status");
  const kept = await navigator.storage?.persist?.().catch(() => false);
  const installed = matchMedia("(display-mode: standalone)").matches;
  const offer = window.ikdInstall;
  const next = () => go("pin");
  const install =
    offer && !installed
      ? button(
          t("keep.install"),
          async () => {
            await offer.prompt();
            window.ikdInstall = undefined;
            next();
          },
          { picture: "phone" },
        )
      : null;
  const steps = ["menu", "add"].map((key, i) =>
    el(
      "li",
      {},
      icon(i ? "plus" : "list"),
      el("div", {}, el("b", {}, t(`keep.${key}`)), el("p", {}, t(`keep.${key}.how`))),
    ),
  );
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("keep.title"), 6),
    el("p", { class: "lead" }, t("keep.lead")),
    installed ? notice("success", t("keep.done")) : el("ol", { class: "card points" }, steps),
    notice(
      kept ? "success" : "info",
      t(kept ? "keep.safe" : "keep.unsafe"),
      t(kept ? "keep.safe.why" : "keep.unsafe.do"),
    ),
    el(
      "div",
      { class: "actions" },
      install,
      button(t("keep.next"), next, { kind: install ? "secondary" : "", picture: "arrow" }),
    ),
  );
}

/** Six dots and ten keys; a keyboard works too. `onPin(pin)` is called with six digits. */
export function pinPad({ label, onPin }) {
  let pin = "";
  let open = true;
  const dots = Array.from({ length: 6 }, () => el("i", {}));
  const shown = el("div", { class: "dots", role: "img" }, dots);
  const draw = () => {
    dots.forEach((dot, i) => dot.classList.toggle("full", i < pin.length));
    shown.setAttribute("aria-label", t("pin.entered", { n: pin.length }));
  };
  const press = (key) => {
    if (!open) return;
    pin = key === "delete" ? pin.slice(0, -1) : (pin + key).slice(0, 6);
    draw();
    if (key === "delete" || pin.length < 6) return;
    open = false;
    const whole = pin;
    // The last dot is seen before the next screen comes.
    setTimeout(() => onPin(whole), 120);
  };
  const key = (digit) => el("button", { type: "button", class: "key", onclick: () => press(digit) }, digit);
  const pad = el(
    "div",
    { class: "pad", role: "group", "aria-label": label },
    ["1", "2", "3", "4", "5", "6", "7", "8", "9"].map(key),
    el("span", {}),
    key("0"),
    el(
      "button",
      { type: "button", class: "key", "aria-label": t("pin.delete"), onclick: () => press("delete") },
      icon("delete", 28),
    ),
  );
  const typed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("input, textarea, select")) return;
    if (/^\d$/.test(event.key)) press(event.key);
    else if (event.key === "Backspace") press("delete");
    else return;
    event.preventDefault();
  };
  document.addEventListener("keydown", typed);
  onLeave(() => document.removeEventListener("keydown", typed));
  const node = el("div", { class: "stack pin" }, shown, pad);
  node.clear = () => {
    pin = "";
    open = true;
    node.removeAttribute("inert");
    draw();
  };
  node.wait = () => {
    open = false;
    node.setAttribute("inert", "");
  };
  draw();
  return node;
}

export async function newPin() {
  const profile = await person();
  if (profile.registration.state !== "needs_pin") instead("status");
  const title = heading(t("pin.title"), 6);
  const lead = el("p", { class: "lead" }, t("pin.lead"));
  const trouble = el("div", { "aria-live": "polite" });
  let first = null;
  const pad = pinPad({ label: t("pin.pad"), onPin: chosen });
  function again(words, notes) {
    lead.textContent = words;
    fill(trouble, notes);
    pad.clear();
    announce(words);
  }
  async function chosen(pin) {
    if (first === null) {
      const weak = weakness(pin, profile.birthDate);
      if (weak) return again(t("pin.lead"), notice("warning", t("pin.weak"), t(`pin.weak.${weak}`)));
      first = pin;
      return again(t("pin.repeat"), null);
    }
    if (pin !== first) {
      first = null;
      return again(t("pin.lead"), notice("warning", t("pin.differs"), t("pin.differs.do")));
    }
    await enrol(pin);
  }
  async function enrol(pin) {
    pad.wait();
    lead.textContent = t("pin.making");
    announce(t("pin.making"));
    fill(trouble, el("div", { class: "spinner" }));
    try {
      // The salt is kept before anything is sent, so that a lost answer can be asked for again with the same key.
      if (!profile.salt) await save(profile, { salt: crypto.getRandomValues(new Uint8Array(16)) });
      const key = await pinKey(pin, profile.salt);
      const send = async () => {
        const { data } = await api(profile, "/v1/challenges", { method: "POST", json: {}, again: true });
        const signature = await answer(key, "enrol", data.challenge, profile.thumbprint);
        return api(profile, pathOf(profile, "pin"), {
          method: "POST",
          json: { pin_public_key: key.publicKey, challenge: data.challenge, signature },
          again: false,
        });
      };
      await send().catch((error) => {
        if (error.code === "challenge_invalid" || error.isNetwork) return send();
        throw error;
      });
      // The birth date was kept only to refuse it as a PIN.
      delete profile.birthDate;
      await note(profile, { active: true });
      await keepRegistration(profile, { ...profile.registration, state: "active" });
      // It takes the place of one whose PIN is used up (docs/adr/0004): that can never be opened again.
      const name = (one) => one.name.trim().toUpperCase();
      for (const old of await all())
        if (old.blocked && old.id !== profile.id && name(old) === name(profile)) await remove(old);
      done(profile);
    } catch (error) {
      first = null;
      pad.clear();
      lead.textContent = t("pin.lead");
      const place = el("div", {});
      fill(trouble, place);
      complain(place, error, error.isNetwork ? () => enrol(pin) : null);
    }
  }
  const screen = el(
    "div",
    { class: "stack-loose" },
    title,
    lead,
    trouble,
    el("div", { class: "card" }, pad),
    el("p", { class: "muted small keep" }, icon("shield", 18), t("pin.never")),
  );
  function done() {
    fill(
      screen,
      el(
        "div",
        { class: "card center stack celebrate" },
        icon("check", 64),
        el("h1", { tabindex: "-1" }, t("done.title")),
        el("p", { class: "lead" }, t("done.lead")),
      ),
      button(t("done.open"), () => go("buka", { replace: true }), { picture: "card" }),
    );
    screen.querySelector("h1").focus();
  }
  return screen;
}
