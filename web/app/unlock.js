// The PIN opens the digital KTP.

import { announce, button, el, fill, icon, notice } from "../shared/dom.js";
import { duration } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { person } from "./person.js";
import { answer, pinKey } from "./pin.js";
import { pinPad } from "./pin-pad.js";
import { api, note } from "./profiles.js";
import { go, instead, onLeave } from "./router.js";
import { complain, heading } from "./ui.js";
import { admit, endSession, isOpen } from "./wallet.js";

export async function unlock() {
  const profile = await person();
  if (isOpen(profile)) instead("kartu");
  if (!profile.active) instead("status");
  const trouble = el("div", { class: "stack", "aria-live": "polite" });
  const pad = pinPad({ label: t("pin.pad"), onPin: tried });
  let waiting;
  let left = false;
  onLeave(() => {
    left = true;
    clearInterval(waiting);
  });

  async function tried(pin) {
    pad.wait();
    fill(
      trouble,
      el("div", { class: "row opening" }, el("div", { class: "spinner" }), el("p", {}, t("unlock.opening"))),
    );
    try {
      const key = await pinKey(pin, profile.salt);
      // A challenge counts once, and an unlock is never repeated by itself: each counts as a try.
      const attempt = async () => {
        const { data } = await api(profile, "/v1/challenges", { method: "POST", json: {}, again: true });
        const signature = await answer(key, "unlock", data.challenge, profile.thumbprint);
        return api(profile, "/v1/sessions", {
          method: "POST",
          json: { challenge: data.challenge, signature },
          again: false,
        });
      };
      const { data } = await attempt().catch((error) =>
        error.code === "challenge_invalid" ? attempt() : Promise.reject(error),
      );
      // Whoever went elsewhere meanwhile is not pulled back, and nothing stays open behind them.
      if (left) endSession(profile, data.access_token);
      else admit(profile, data.access_token);
    } catch (error) {
      if (!left) refused(error);
    }
  }
  function refused(error) {
    pad.clear();
    const usedUp = error.code === "pin_wrong" && error.triesLeft === 0;
    if (error.code === "pin_wait" || (usedUp && error.retryAfter)) {
      pad.wait();
      let left = error.retryAfter ?? 60;
      const words = el("p", {});
      const tick = () => {
        words.textContent = t("unlock.wait", { time: duration(left) });
        if (left <= 0) {
          clearInterval(waiting);
          fill(trouble, notice("info", t("unlock.now")));
          pad.clear();
        }
        left -= 1;
      };
      fill(trouble, notice("warning", t(usedUp ? "problem.pin_wrong" : "problem.pin_wait"), words));
      clearInterval(waiting);
      tick();
      waiting = setInterval(tick, 1000);
      announce(t("unlock.wait", { time: duration(left) }), true);
      return;
    }
    const blocked = error.code === "pin_blocked" || usedUp;
    if (blocked) {
      note(profile, { blocked: true });
      pad.wait();
      error.code = "pin_blocked";
    }
    const place = el("div", {});
    fill(trouble, place);
    complain(place, error);
    if (blocked) {
      // There is nothing left to enter here, only a way on.
      trouble.append(button(t("unlock.again"), () => go("ketentuan"), { picture: "user" }));
      pad.parentElement.hidden = true;
      forgotten.hidden = true;
    }
  }
  const forgotten = el(
    "details",
    { class: "card" },
    el("summary", {}, t("unlock.forgotten")),
    el(
      "div",
      { class: "stack" },
      el("p", {}, t("unlock.forgotten.why")),
      el(
        "ol",
        {},
        ["try", "register", "counter"].map((key) => el("li", {}, t(`unlock.forgotten.${key}`))),
      ),
    ),
  );
  return el(
    "div",
    { class: "stack-loose" },
    el(
      "div",
      { class: "center stack-tight" },
      el("p", { class: "avatar" }, icon("user", 36)),
      heading(t("unlock.title")),
      el("p", { class: "lead" }, profile.name),
    ),
    trouble,
    el("div", { class: "card" }, pad),
    forgotten,
    button(t("unlock.others"), () => go("orang"), { kind: "quiet", picture: "user" }),
  );
}
