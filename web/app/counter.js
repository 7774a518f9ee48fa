// At the counter: show the activation QR, or scan the officer's.

import { announce, button, el, fill, icon, notice } from "../shared/dom.js";
import { explainQr } from "../shared/http.js";
import { ring } from "../shared/countdown.js";
import { t } from "../shared/i18n.js";
import { drawQr } from "../shared/qr.js";
import { scanner } from "../shared/scanner.js";
import { complain, every, go, heading, instead, onLeave, person } from "./main.js";
import { api, refresh } from "./profiles.js";

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

function watch(profile) {
  every(3, async () => {
    await refresh(profile, { quiet: true, tries: 1 });
    if (profile.registration.state !== "awaiting_officer") {
      announce(t("counter.decided"));
      go("status", { replace: true });
    }
  });
}

export async function activationQr() {
  const profile = await person();
  if (profile.registration.state !== "awaiting_officer") instead("status");
  stayAwake();
  const ask = async () =>
    (
      await api(profile, `/v1/registrations/${profile.registration.registration_id}/activation-token`, {
        method: "POST",
        again: true,
      })
    ).data.token;
  const qr = liveQr({ ask, label: t("counter.qr") });
  watch(profile);
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("counter.title"), 4),
    el("p", { class: "lead" }, t("counter.lead")),
    el("div", { class: "card code" }, qr),
    el("p", { class: "keep" }, icon("sun", 22), t("qr.bright")),
    el(
      "div",
      { class: "actions" },
      button(t("counter.scan_instead"), () => go("pindai"), { kind: "secondary", picture: "scan" }),
      button(t("app.back"), () => go("status"), { kind: "quiet", picture: "back" }),
    ),
    notice("warning", t("counter.never"), t("counter.never.do")),
  );
}

export async function counterScan() {
  const profile = await person();
  if (profile.registration.state !== "awaiting_officer") instead("status");
  const place = el("div", { class: "stack" });
  let sending = false;
  const camera = scanner({
    hint: t("counter.scan_hint"),
    onText: async (text) => {
      if (sending) return null;
      sending = true;
      try {
        const { data } = await api(profile, `/v1/registrations/${profile.registration.registration_id}/counter-scan`, {
          method: "POST",
          json: { token: text },
          again: true,
        });
        camera.stop();
        const number = String(data.match_number).padStart(2, "0");
        fill(
          place,
          el(
            "div",
            { class: "card center stack" },
            el("p", {}, t("counter.number")),
            el("p", { class: "match mono", "aria-label": [...number].join(" ") }, number),
            el("p", { class: "muted" }, t("counter.number.do")),
          ),
        );
        announce(`${t("counter.number")} ${[...number].join(" ")}`);
        return null;
      } catch (error) {
        sending = false;
        return explainQr(error);
      }
    },
  });
  onLeave(() => camera.stop());
  fill(place, camera);
  watch(profile);
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("counter.scan_title"), 4),
    el("p", { class: "lead" }, t("counter.scan_lead")),
    place,
    el(
      "div",
      { class: "actions" },
      button(t("counter.show_instead"), () => go("qr"), { kind: "secondary", picture: "qr" }),
      button(t("app.back"), () => go("status"), { kind: "quiet", picture: "back" }),
    ),
  );
}
