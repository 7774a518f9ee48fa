// The PIN once more, for what needs more than an open digital KTP.

import { button, el, fill } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { pinUsedUp } from "./life.js";
import { keyOf, signed } from "./pin-choice.js";
import { pinPad } from "./pin-pad.js";
import { onLeave } from "./router.js";
import { heading } from "./ui.js";
import { isUsedUp, opening, pinRefused } from "./unlock.js";
import { lock } from "./wallet.js";

/**
 * The PIN's keys, and the place above them for what is said: `{pad, trouble}`. `send(proof)` sends the PIN's signature
 * and gives the answer, `doing` is said meanwhile, `done(data)` is what follows. After a lost answer `lost()` may say
 * that it was done all the same. `go` is the screen's own.
 */
export function pinEntry(profile, { go, doing, send, done, lost = async () => false }) {
  const trouble = el("div", { class: "stack", "aria-live": "polite" });
  const pad = pinPad({ label: t("pin.pad"), onPin: tried });
  let stopWaiting = () => {};
  let left = false;
  onLeave(() => {
    left = true;
    stopWaiting();
  });

  async function tried(pin) {
    // Keys pressed on the screen that came in place of this one are not meant.
    if (!pad.isConnected) return;
    pad.wait();
    fill(trouble, opening(doing));
    try {
      const key = await keyOf(profile, pin);
      // A challenge counts once, and each try at the PIN counts: nothing is repeated by itself.
      const attempt = async () => send(await signed(profile, key, "change"));
      const { data } = await attempt().catch((error) =>
        error.code === "challenge_invalid" ? attempt() : Promise.reject(error),
      );
      await done(data);
    } catch (error) {
      await refused(error);
    }
  }

  async function refused(error) {
    if (isUsedUp(error)) {
      await pinUsedUp(profile);
      lock({ tell: false });
      go("henti", { replace: true });
      return;
    }
    // The way to the PIN that opens it was taken already.
    if (left || error.code === "session_ended") return;
    if (error.isNetwork && (await lost())) return;
    if (left) return;
    // Which field is wrong is said here, for it stands on another screen.
    if (error.fields?.length) error.detail = error.fields[0].message;
    stopWaiting();
    stopWaiting = pinRefused(error, { pad, trouble });
  }
  return { pad, trouble };
}

/** A screen for it: `title`, what is said above the keys (`lead`), and the screen `before` to go back to. */
export function pinAgain(profile, { title, lead, before, ...how }) {
  const { pad, trouble } = pinEntry(profile, how);
  return el(
    "div",
    { class: "stack-loose" },
    heading(title),
    lead,
    trouble,
    el("div", { class: "card" }, pad),
    el("p", { class: "muted small" }, t("change.why")),
    button(t("recover.back"), () => how.go(before), { kind: "quiet", picture: "back" }),
  );
}
