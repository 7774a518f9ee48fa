// The PIN opens the digital KTP, and lifts a block that was not the holder's own.

import { announce, button, el, fill, icon, notice } from "../shared/dom.js";
import { duration } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { look, pinUsedUp, stopped, waitsForWord, works } from "./life.js";
import { person } from "./person.js";
import { pinPad } from "./pin-pad.js";
import { keyOf, signed } from "./pin-choice.js";
import { api } from "./profiles.js";
import { go, instead, onLeave } from "./router.js";
import { complain, heading } from "./ui.js";
import { admit, endSession, isOpen } from "./wallet.js";

/** What a PIN was refused for, in `trouble`, below which `pad` waits. Gives a function that ends the waiting. */
export function pinRefused(error, { pad, trouble }) {
  pad.clear();
  const usedUp = error.code === "pin_wrong" && error.triesLeft === 0;
  if (error.code !== "pin_wait" && !(usedUp && error.retryAfter)) {
    const place = el("div", {});
    fill(trouble, place);
    complain(place, error);
    return () => {};
  }
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
  const waiting = setInterval(tick, 1000);
  tick();
  announce(t("unlock.wait", { time: duration(left) }), true);
  return () => clearInterval(waiting);
}

/** Whether a refusal says that the PIN is used up for good. */
export const isUsedUp = (error) =>
  error.code === "pin_blocked" || (error.code === "pin_wrong" && error.triesLeft === 0 && !error.retryAfter);

const tokenOf = ({ access_token: token, session }) => token ?? session?.access_token;

/** Shows that something is being done with the PIN. */
export const opening = (words) =>
  el("div", { class: "row opening" }, el("div", { class: "spinner" }), el("p", {}, words));

/**
 * A screen with the PIN's keys. `path` takes the signature, and what is in `more`; `opens(data)` is what follows.
 * `refused` may take a refusal that is not about the PIN, and says whether it did; `usedUp` is for a PIN that can never
 * be tried again.
 */
export function entry(profile, { path, more, title, lead, opens, refused, forgotten, back, usedUp = pinUsedUp }) {
  const trouble = el("div", { class: "stack", "aria-live": "polite" });
  const pad = pinPad({ label: t("pin.pad"), onPin: tried });
  let stopWaiting = () => {};
  let left = false;
  onLeave(() => {
    left = true;
    stopWaiting();
  });

  async function tried(pin) {
    pad.wait();
    fill(trouble, opening(t("unlock.opening")));
    try {
      const key = await keyOf(profile, pin);
      // A challenge counts once, and an unlock is never repeated by itself: each counts as a try.
      const attempt = async () => {
        const json = { ...more, ...(await signed(profile, key, "unlock")) };
        return api(profile, path, { method: "POST", json, again: false });
      };
      const { data } = await attempt().catch((error) =>
        error.code === "challenge_invalid" ? attempt() : Promise.reject(error),
      );
      // Whoever went elsewhere meanwhile is not pulled back, and nothing stays open behind them.
      if (!left) await opens(data);
      else if (tokenOf(data)) endSession(profile, tokenOf(data));
    } catch (error) {
      if (!left) await no(error);
    }
  }
  async function no(error) {
    if (isUsedUp(error)) {
      await usedUp(profile);
      go("henti", { replace: true });
    } else if (!(await refused(error))) {
      stopWaiting();
      stopWaiting = pinRefused(error, { pad, trouble });
    }
  }
  return el(
    "div",
    { class: "stack-loose" },
    el(
      "div",
      { class: "center stack-tight" },
      el("p", { class: "avatar" }, icon("user", 36)),
      heading(title),
      el("p", { class: "lead" }, profile.name ?? t("transfer.unnamed")),
    ),
    lead,
    trouble,
    el("div", { class: "card" }, pad),
    back,
    forgotten ? button(t("unlock.forgotten"), () => go("lupa"), { kind: "secondary", picture: "help" }) : null,
    button(t("unlock.others"), () => go("orang"), { kind: "quiet", picture: "user" }),
  );
}

export async function unlock() {
  const profile = await person();
  if (isOpen(profile)) instead("kartu");
  if (!profile.active) instead("status");
  if (stopped(profile)) instead("henti");
  let left = false;
  onLeave(() => (left = true));
  // Asked beside the PIN: whoever has no network sees the keys at once.
  const status = look(profile, { quiet: true, tries: 1, timeout: 8000 });
  status.then(
    () => !left && stopped(profile) && go("henti", { replace: true }),
    () => {},
  );
  return entry(profile, {
    path: "/v1/sessions",
    title: t("unlock.title"),
    forgotten: true,
    opens: async ({ access_token: token }) => {
      // The first time what is there is not known yet; later it is what was kept.
      if (!profile.life) await Promise.race([status.catch(() => {}), new Promise((late) => setTimeout(late, 1500))]);
      // A block code is made once the digital KTP is there, or when one was shown and not noted.
      const due = profile.codeDue || profile.life?.block_code_set === false;
      admit(profile, token, { first: due && !profile.codeLater ? "kodeblokir" : "kartu" });
    },
    async refused(error) {
      if (error.code !== "blocked") return false;
      await look(profile);
      if (!stopped(profile)) return false;
      go("henti", { replace: true });
      return true;
    },
  });
}

/** Lifts a provisional block. */
export async function unblock() {
  const profile = await person();
  if (waitsForWord(profile)) instead("perubahan");
  if (stopped(profile)?.lift !== "pin") instead("buka");
  return entry(profile, {
    path: "/v1/me/unblock",
    title: t("unblock.title"),
    lead: el("p", { class: "center" }, t("unblock.lead")),
    opens: async ({ access_token: token }) => {
      await works(profile);
      admit(profile, token);
    },
    async refused(error) {
      if (error.code !== "wrong_state") return false;
      await look(profile);
      go(stopped(profile) ? "henti" : "buka", { replace: true });
      return true;
    },
  });
}
