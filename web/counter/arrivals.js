// Residents whom somebody of the office received: who receives scans their QR, and whoever serves calls them.

import { announce, button, el, fill, icon, notice } from "/web/shared/dom.js";
import { explainQr, newest } from "/web/shared/http.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { arrive, failed, refused } from "/web/staff/frame.js";
import { intake } from "/web/staff/intake.js";
import { looking } from "./looks.js";
import { sessionNote } from "./session-note.js";
import { askColleague } from "./pass-on.js";

const REFRESH_MILLISECONDS = 5000;

/**
 * The list of who waits to be called: `{node, load, stop}`. `serve(view)`, where there is one, shows whom one took
 * over; who `passesOn` hands them to a colleague; `place` is for what goes wrong.
 */
export function arrivalsPart(api, { serve, passesOn, place }) {
  const list = el("ul", { class: "lines" }, el("li", { class: "empty" }, t("queue.loading")));
  const look = looking(load, REFRESH_MILLISECONDS);
  let ended = false;
  const asking = newest(() => ended);
  let known = null;

  async function take(id, send) {
    send.disabled = true;
    fill(place);
    try {
      const view = await api.takeOver(id);
      if (!ended) serve(view);
    } catch (error) {
      if (ended) return;
      refused(place, error);
      load(false);
    } finally {
      send.disabled = false;
    }
  }

  async function pass(item) {
    fill(place);
    try {
      const to = await askColleague(api, item);
      if (!to || ended) return;
      await api.passOn(item.registration_id, item.received_by_id, to);
      if (ended) return;
      announce(t("pass_on.done", { initials: item.initials }));
    } catch (error) {
      if (ended) return;
      refused(place, error);
    }
    load(true);
  }

  function line(item) {
    const send = serve && button(t("arrivals.serve"), () => take(item.registration_id, send), { wide: false });
    return el(
      "li",
      { class: "line tall" },
      el("b", {}, named(item)),
      el("span", { class: "badge wait" }, icon("clock"), t("arrivals.waits", { n: minutes(item.received_at) })),
      el(
        "span",
        { class: "muted small" },
        t("arrivals.by", { who: item.received_by, when: dateTime(item.received_at) }),
      ),
      send || null,
      passesOn ? button(t("pass_on"), () => pass(item), { kind: "quiet", wide: false, picture: "user" }) : null,
    );
  }

  async function load(quiet) {
    const counts = asking();
    look.begin(quiet);
    try {
      const { items } = await api.arrivals();
      if (!counts()) return;
      const shown = (item) => [item.registration_id, item.received_by, minutes(item.received_at)];
      const now = JSON.stringify(items.map(shown));
      if (now !== known) {
        known = now;
        const none = el("li", { class: "empty" }, icon("check"), el("p", {}, t("arrivals.none")));
        fill(list, items.length ? items.map(line) : none);
      }
    } catch (error) {
      if (!counts()) return;
      if (!quiet) {
        fill(list);
        fill(
          place,
          failed(error, () => load(false)),
        );
      }
    }
    look.again();
  }

  return {
    node: list,
    load,
    stop: () => {
      ended = true;
      look.stop();
    },
  };
}

/** The number with which somebody is called, and the initials. */
const named = ({ number, initials }) => (number ? `${t("arrivals.number", { n: number })} · ${initials}` : initials);

/** Whole minutes since a time. */
const minutes = (time) => Math.max(0, Math.floor((Date.now() - new Date(time)) / 60000));

/** The page for the screen in an office's hall. */
export const hallOf = (code) => `/antrean?loket=${encodeURIComponent(code)}`;

/** Receiving, for who serves nobody; `hall` is the page for the screen in the hall. Gives a function that ends it. */
export function receiveScreen(main, api, { hall }) {
  const place = el("div", { class: "problem-place" });
  const done = el("div", {});
  const part = arrivalsPart(api, { place });
  const way = intake({
    hint: t("scan.hint"),
    onText: async (token) => {
      fill(done);
      try {
        const { initials, state, number } = await api.receive(token);
        part.load(true);
        const ready = state === "awaiting_officer";
        const said = t(ready ? "arrivals.received" : "arrivals.not_ready", { initials, n: number });
        fill(done, notice(ready ? "success" : "warning", said));
        announce(said);
        return null;
      } catch (error) {
        return explainQr(error);
      }
    },
  });
  fill(
    main,
    el(
      "div",
      { class: "two to-left" },
      el(
        "section",
        { class: "card stack" },
        el("h1", {}, t("arrivals.title")),
        el("p", { class: "lead" }, t("arrivals.lead")),
        sessionNote(api),
        done,
        way,
      ),
      el(
        "section",
        { class: "card stack", "aria-labelledby": "waiting" },
        el("h2", { id: "waiting" }, t("arrivals.waiting")),
        place,
        part.node,
        el("p", {}, el("a", { href: hall, target: "_blank", rel: "noopener" }, t("arrivals.hall"))),
      ),
    ),
  );
  arrive(main);
  part.load(false);
  return () => {
    way.stop();
    part.stop();
  };
}
