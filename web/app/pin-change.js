// Another PIN for the digital KTP: the old one, then the new one twice.

import { announce, button, el, fill } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { pinUsedUp } from "./life.js";
import { celebrate, never } from "./new-pin.js";
import { person } from "./person.js";
import { keyOf, pinChoice, signed } from "./pin-choice.js";
import { answer } from "./pin.js";
import { pinPad } from "./pin-pad.js";
import { going, onGone, onLeave } from "./router.js";
import { heading } from "./ui.js";
import { isUsedUp, pinRefused } from "./unlock.js";
import { ask, lock, openWithCard } from "./wallet.js";

// Whose PIN was just changed: the session is over, and the screen that says so may be drawn anew.
let changed = null;

export async function changePin() {
  const go = going();
  onGone(() => (changed = null));
  if (changed && changed === (await person()).id)
    return el("div", { class: "stack-loose" }, celebrate(t("change.done"), t("change.done.lead"), t("done.open")));
  const wallet = await openWithCard();
  const { profile } = wallet;
  const screen = el("div", { class: "stack-loose" });
  const back = () => button(t("menu.back"), () => go("menu"), { kind: "quiet", picture: "back" });
  let stopWaiting = () => {};
  onLeave(() => stopWaiting());

  /** Sends both. The old PIN is judged by the service, so a wrong one shows only now. */
  async function change(old, fresh) {
    const [oldKey, newKey] = await Promise.all([keyOf(profile, old), keyOf(profile, fresh)]);
    const send = async () => {
      const { challenge, signature } = await signed(profile, oldKey, "change");
      const newSignature = await answer(newKey, "enrol", challenge, profile.thumbprint);
      return ask("/v1/me/pin", {
        method: "POST",
        json: { challenge, signature, pin_public_key: newKey.publicKey, new_signature: newSignature },
        again: false,
      });
    };
    try {
      await send().catch((error) => (error.code === "challenge_invalid" ? send() : Promise.reject(error)));
    } catch (error) {
      if (isUsedUp(error)) {
        await pinUsedUp(profile);
        lock({ tell: false });
        return go("henti", { replace: true });
      }
      if (["pin_wrong", "pin_wait"].includes(error.code)) return askOld(error);
      throw error;
    }
    // The session ended with the old PIN.
    lock({ tell: false });
    changed = profile.id;
    fill(screen, celebrate(t("change.done"), t("change.done.lead"), t("done.open")));
    screen.querySelector("h1").focus();
    return undefined;
  }

  function askNew(old) {
    const refuse = (pin) => (pin === old ? { title: t("change.same"), detail: t("change.same.do") } : null);
    const birthDate = wallet.card.attributes.birth_date;
    fill(
      screen,
      heading(t("change.title"), 2, 2),
      pinChoice({ lead: t("change.new"), birthDate, refuse, enrol: (fresh) => change(old, fresh) }),
      never(),
      back(),
    );
    screen.querySelector("h1").focus();
    announce(t("change.new"));
  }

  function askOld(refused) {
    const trouble = el("div", { class: "stack", "aria-live": "polite" });
    const pad = pinPad({ label: t("pin.pad"), onPin: askNew });
    fill(
      screen,
      heading(t("change.title"), 1, 2),
      el("p", { class: "lead" }, t("change.old")),
      trouble,
      el("div", { class: "card" }, pad),
      el("p", { class: "muted small" }, t("change.why")),
      back(),
    );
    if (!refused) return undefined;
    screen.querySelector("h1").focus();
    stopWaiting = pinRefused(refused, { pad, trouble });
    return undefined;
  }
  askOld();
  return screen;
}
