// The other direction: the resident scans the officer's screen, both see a number, and the officer confirms it.

import { announce, button, el, fill, icon, notice } from "/web/shared/dom.js";
import { ring, stopwatch } from "/web/shared/countdown.js";
import { explain } from "/web/shared/http.js";
import { t } from "/web/shared/i18n.js";
import { drawQr } from "/web/shared/qr.js";
import { arrive, failed } from "/web/staff/frame.js";
import { remember } from "./review.js";

const POLL_MILLISECONDS = 2000;
// A screen that nobody minds should not go on showing a QR, nor keep the session awake.
const UNMINDED_SECONDS = 600;

/** Shows the QR and who waits. Gives a function that ends it. */
export function counterQrScreen(main, api, { open }) {
  const picture = el("div", { class: "qr" });
  const problem = el("div", {});
  const waiting = el("ul", { class: "matches" });
  const none = el("p", { class: "muted" }, t("matches.none"));
  const timer = ring({ seconds: 90, renewAt: 60, onRenew: renew, label: t("counter_qr.left") });
  let ended = false;
  let known = "";
  let minded = stopwatch();
  const mind = () => (minded = stopwatch());
  addEventListener("keydown", mind);
  addEventListener("pointerdown", mind);

  async function renew() {
    if (ended) return;
    if (minded() > UNMINDED_SECONDS) {
      timer.stop();
      fill(picture, el("div", { class: "paused stack" }, el("p", {}, t("counter_qr.paused")), button(t("counter_qr.resume"), () => { mind(); renew(); poll(); }, { wide: false })));
      return;
    }
    try {
      const { token } = await api.counterToken();
      if (ended) return;
      fill(picture, drawQr(token, t("counter_qr.picture")));
      fill(problem);
      timer.restart();
    } catch (error) {
      if (!ended) fill(problem, failed(error, renew));
    }
  }

  async function confirm(item) {
    try {
      remember(await api.confirmMatch(item.registration_id, item.match_number));
      open(item.registration_id);
    } catch (error) {
      const { title, detail } = explain(error);
      fill(problem, notice("danger", title, detail));
    }
  }

  async function poll() {
    if (ended || minded() > UNMINDED_SECONDS) return;
    if (!document.hidden) {
      try {
        const { items } = await api.matches();
        const now = items.map((item) => item.registration_id + item.match_number).join();
        if (!ended && now !== known) {
          known = now;
          none.hidden = items.length > 0;
          fill(waiting, items.map((item) => el("li", {}, el("button", { type: "button", class: "match", onclick: () => confirm(item) },
            el("b", {}, String(item.match_number).padStart(2, "0")), el("span", {}, t("matches.same"), icon("arrow"))))));
          if (items.length) announce(t("matches.waiting", { n: items.length }));
        }
      } catch { /* the next round tells */ }
    }
    if (!ended) setTimeout(poll, POLL_MILLISECONDS);
  }

  fill(main, el("div", { class: "two" },
    el("section", { class: "card stack center" }, el("h1", {}, t("counter_qr.title")), el("p", { class: "lead" }, t("counter_qr.lead")), picture,
      el("div", { class: "row qr-foot" }, timer, el("span", { class: "muted" }, t("counter_qr.renews"))), problem),
    el("section", { class: "card stack", "aria-labelledby": "matches" }, el("h2", { id: "matches" }, t("matches.title")), el("p", {}, t("matches.lead")), none, waiting)));
  arrive(main);
  renew();
  poll();
  return () => {
    ended = true;
    timer.stop();
    removeEventListener("keydown", mind);
    removeEventListener("pointerdown", mind);
  };
}
