// Choosing a PIN: twice the same, and none that is easily guessed. And the key that is made of it.

import { announce, el, fill, notice } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { answer, pinKey, weakness } from "./pin.js";
import { pinPad } from "./pin-pad.js";
import { api, save } from "./profiles.js";
import { complain } from "./ui.js";

/**
 * Asks for a new PIN, and enrols it with `enrol(pin)`, which may reject. `refuse(pin)` may give `{title, detail}` why
 * one is not taken. `lead` is what is said first.
 */
export function pinChoice({ lead, birthDate, refuse, enrol }) {
  const words = el("p", { class: "lead" }, lead);
  const trouble = el("div", { "aria-live": "polite" });
  let first = null;
  const pad = pinPad({ label: t("pin.pad"), onPin: chosen });
  function again(said, notes) {
    words.textContent = said;
    fill(trouble, notes);
    pad.clear();
    announce(said);
  }
  async function chosen(pin) {
    if (first === null) {
      const weak = weakness(pin, birthDate);
      const refused = weak ? { title: t("pin.weak"), detail: t(`pin.weak.${weak}`) } : refuse?.(pin);
      if (refused) return again(lead, notice("warning", refused.title, refused.detail));
      first = pin;
      return again(t("pin.repeat"), null);
    }
    if (pin !== first) {
      first = null;
      return again(lead, notice("warning", t("pin.differs"), t("pin.differs.do")));
    }
    return make(pin);
  }
  async function make(pin) {
    pad.wait();
    words.textContent = t("pin.making");
    announce(t("pin.making"));
    fill(trouble, el("div", { class: "spinner" }));
    try {
      await enrol(pin);
    } catch (error) {
      first = null;
      pad.clear();
      words.textContent = lead;
      const place = el("div", {});
      fill(trouble, place);
      complain(place, error, error.isNetwork ? () => make(pin) : null);
    }
  }
  return el("div", { class: "stack-loose" }, words, trouble, el("div", { class: "card" }, pad));
}

/**
 * The key of a PIN on this phone. The salt is kept before anything is sent, so that a lost answer can be asked for
 * again with the same key; it stays the same for the next PIN, so whichever of the two the service holds opens.
 */
export async function keyOf(profile, pin) {
  if (!profile.salt) await save(profile, { salt: crypto.getRandomValues(new Uint8Array(16)) });
  return pinKey(pin, profile.salt);
}

/** Asks for a challenge; gives it with its signature by `key` for a purpose. */
export async function signed(profile, key, purpose) {
  const { data } = await api(profile, "/v1/challenges", { method: "POST", json: {}, again: true });
  return { challenge: data.challenge, signature: await answer(key, purpose, data.challenge, profile.thumbprint) };
}

/** Enrols a PIN at `path`: gives the service's answer. */
export async function enrolAt(profile, path, pin) {
  const key = await keyOf(profile, pin);
  const send = async () =>
    api(profile, path, {
      method: "POST",
      json: { pin_public_key: key.publicKey, ...(await signed(profile, key, "enrol")) },
      again: false,
    });
  return send().catch((error) => {
    if (error.code === "challenge_invalid" || error.isNetwork) return send();
    throw error;
  });
}
