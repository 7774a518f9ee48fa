// The other direction: the resident scans the officer's screen, gets a number and reads it out; the officer types it.
// The number never comes to this screen: only who stands here can say it.

import { announce, button, el, fill, notice } from "/web/shared/dom.js";
import { ring, stopwatch } from "/web/shared/countdown.js";
import { explain, newest } from "/web/shared/http.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { drawQr } from "/web/shared/qr.js";
import { arrive, failed } from "/web/staff/frame.js";
import { remember } from "./recent.js";

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
  const asking = newest(() => ended);
  let known = "";
  const lines = new Map();
  let minded = stopwatch();
  let polling = false;
  // Whoever comes back finds the list alive, whatever became of the QR meanwhile.
  const mind = () => {
    minded = stopwatch();
    if (!polling && !ended) poll();
  };
  addEventListener("keydown", mind);
  addEventListener("pointerdown", mind);

  async function renew() {
    if (ended) return;
    if (minded() > UNMINDED_SECONDS) {
      timer.stop();
      fill(
        picture,
        el(
          "div",
          { class: "paused stack" },
          el("p", {}, t("counter_qr.paused")),
          button(
            t("counter_qr.resume"),
            () => {
              mind();
              renew();
            },
            { wide: false },
          ),
        ),
      );
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

  /** A line of its own for each, kept while it is typed in. */
  function line(item) {
    const id = `match-${item.registration_id}`;
    const say = el("p", { class: "error", id: `${id}-say`, role: "alert", hidden: true });
    const input = el("input", {
      id,
      class: "input mono two-digits",
      inputmode: "numeric",
      autocomplete: "off",
      maxlength: 2,
      pattern: "[0-9]{2}",
      "data-digits": "",
      "aria-describedby": `${id}-say`,
    });
    const send = button(t("matches.confirm"), null, { type: "submit", wide: false });
    const complain = (text) => {
      say.textContent = text;
      say.hidden = !text;
      input.setAttribute("aria-invalid", String(Boolean(text)));
      input.select();
      input.focus();
    };
    return el(
      "li",
      {},
      el(
        "form",
        {
          class: "match stack-tight",
          novalidate: true,
          onsubmit: async (event) => {
            event.preventDefault();
            const digits = input.value.normalize("NFKC").replace(/\D/g, "");
            if (digits.length !== 2) return complain(t("matches.two_digits"));
            send.disabled = true;
            try {
              remember(await api.confirmMatch(item.registration_id, Number(digits)));
              open(item.registration_id);
            } catch (error) {
              if (ended) return;
              const { title, detail } = explain(error);
              if (error.code === "invalid_field") complain(t("matches.wrong", { n: error.triesLeft ?? 0 }));
              else {
                fill(problem, notice("danger", title, detail));
                problem.scrollIntoView({ block: "nearest" });
                look();
              }
            } finally {
              send.disabled = false;
            }
          },
        },
        el(
          "label",
          { for: id },
          t("matches.number_of", { who: item.initials }),
          " ",
          el("span", { class: "muted small" }, t("matches.since", { when: dateTime(item.scanned_at) })),
        ),
        el("div", { class: "row" }, input, send),
        say,
      ),
    );
  }

  function show(items) {
    const now = items.map((item) => item.registration_id + item.scanned_at);
    if (now.join() === known) return;
    const fresh = now.filter((key) => !lines.has(key)).length;
    known = now.join();
    none.hidden = items.length > 0;
    for (const [key, node] of lines) {
      if (!now.includes(key)) {
        node.remove();
        lines.delete(key);
      }
    }
    // Newest first; what is there already is not moved, so that nothing is lost under a hand.
    [...items].reverse().forEach((item) => {
      const key = item.registration_id + item.scanned_at;
      if (lines.has(key)) return;
      lines.set(key, line(item));
      waiting.prepend(lines.get(key));
    });
    if (fresh) announce(t("matches.waiting", { n: items.length }));
  }

  async function look() {
    const counts = asking();
    try {
      const { items } = await api.matches();
      if (counts()) show(items);
    } catch {
      /* the next round tells */
    }
  }

  async function poll() {
    polling = !ended && minded() <= UNMINDED_SECONDS;
    if (!polling) return;
    if (!document.hidden) await look();
    setTimeout(poll, POLL_MILLISECONDS);
  }

  fill(
    main,
    el(
      "div",
      { class: "two" },
      el(
        "section",
        { class: "card stack center" },
        el("h1", {}, t("counter_qr.title")),
        el("p", { class: "lead" }, t("counter_qr.lead")),
        picture,
        el("div", { class: "row qr-foot" }, timer, el("span", { class: "muted" }, t("counter_qr.renews"))),
        problem,
      ),
      el(
        "section",
        { class: "card stack", "aria-labelledby": "matches" },
        el("h2", { id: "matches" }, t("matches.title")),
        el("p", {}, t("matches.lead")),
        none,
        waiting,
      ),
    ),
  );
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
