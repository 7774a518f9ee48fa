// A QR on the screen that renews itself.

import { ring } from "../shared/countdown.js";
import { el, fill, icon } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { drawQr } from "../shared/qr.js";
import { onLeave } from "./router.js";
import { complain } from "./ui.js";

/** Keeps the screen on while a QR is shown. */
export function stayAwake() {
  let lock;
  navigator.wakeLock?.request("screen").then(
    (held) => (lock = held),
    () => {},
  );
  onLeave(() => lock?.release().catch(() => {}));
}

/**
 * A QR with its ring that renews itself: `ask()` gives the token; `renew()` of the element does it at once, `stop()`
 * ends it. When it cannot be renewed the old one is shown as long as it lives, then hidden. `onToken()` is told of
 * each, `onGone()` of the end. While `held()` says so the QR is used in another way, and is renewed at its end only:
 * the next one voids it.
 */
export function liveQr({ ask, label, onToken, onGone, held }) {
  const view = el("div", { class: "qr" });
  const say = el("p", { class: "muted center", role: "status" });
  const trouble = el("div", { class: "trouble", hidden: true });
  const clock = ring({
    seconds: 90,
    renewAt: 60,
    label: t("qr.left"),
    onRenew: () => held?.() || renew(),
    onEnd: () => {
      const late = held?.();
      ended();
      if (late) renew();
    },
  });
  let stopped = false;
  const stop = () => {
    stopped = true;
    clock.stop();
  };
  onLeave(stop);
  function ended() {
    fill(view, el("div", { class: "gone" }, icon("clock", 48), el("p", {}, t("qr.ended"))));
    say.textContent = "";
    onGone?.();
  }
  async function renew() {
    try {
      const token = await ask();
      if (stopped) return;
      trouble.hidden = true;
      fill(view, drawQr(token, label));
      say.textContent = t("qr.renews");
      clock.restart();
      onToken?.(token);
    } catch (error) {
      if (stopped) return;
      if (!view.firstChild) ended();
      complain(trouble, error, renew);
    }
  }
  const node = el("div", { class: "stack" }, view, el("div", { class: "row ring-row" }, clock, say), trouble);
  node.renew = renew;
  node.stop = stop;
  node.ready = renew();
  return node;
}
