// Choosing the PIN: twice the same, and none that is easily guessed. Its key is made here, and the digital KTP is
// active.

import { announce, button, el, fill, icon, notice } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { person } from "./person.js";
import { answer, pinKey, weakness } from "./pin.js";
import { pinPad } from "./pin-pad.js";
import { all, api, keep, note, registrationPath, remove, save } from "./profiles.js";
import { go, instead } from "./router.js";
import { complain, heading } from "./ui.js";

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
        return api(profile, registrationPath(profile, "pin"), {
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
      await keep(profile, { ...profile.registration, state: "active" });
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
