// The post's home: scan a resident's QR, see the day's figures. And the same for practice, with invented people.

import { el, fill, icon, toast } from "/web/shared/dom.js";
import { explainQr } from "/web/shared/http.js";
import { t } from "/web/shared/i18n.js";
import { arrive, failed } from "/web/staff/frame.js";
import { intake } from "/web/staff/intake.js";
import { arrivalsPart } from "./arrivals.js";
import { registerNote } from "./register-note.js";
import { sessionNote } from "./session-note.js";
import { remember, rememberRecovery, rememberVisit } from "./recent.js";

const SHOWN = [
  ["awaiting_officer"],
  ["code_sent", "needs_pin"],
  ["active"],
  ["needs_selfie", "needs_correction"],
  ["rejected"],
  ["approved_pending_register"],
];

function figures({ items, wait }) {
  const count = (states, which) =>
    items.filter((item) => states.includes(item.state)).reduce((sum, item) => sum + item[which], 0);
  const mine = items.reduce((sum, item) => sum + item.mine, 0);
  const name = (states) => t(`figure.${states[0]}`);
  return [
    el("p", { class: "mine" }, el("b", {}, mine), " ", t("figures.mine")),
    el(
      "dl",
      { class: "figures" },
      SHOWN.map((states) => el("div", {}, el("dt", {}, name(states)), el("dd", {}, count(states, "office")))),
    ),
    wait ? el("p", {}, t("figures.wait", { minutes: wait.median_minutes, people: wait.people })) : null,
  ];
}

/**
 * Scanning. `open(id)` shows the person, `recover(id)` a recovery, `readdress(id)` a change of address: their QRs come
 * to the same scanner. Who `passesOn` hands residents who wait to a colleague. Gives a function that ends it.
 */
export function scanScreen(main, api, { open, recover, readdress, passesOn }) {
  const place = el("div", { class: "stack" }, el("p", { class: "muted" }, t("figures.loading")));
  let opened = false;
  async function recovery(token) {
    try {
      const view = await api.scanRecovery(token);
      opened = true;
      rememberRecovery(view);
      recover(view.recovery_id);
      return null;
    } catch (error) {
      return error.code === "other_qr" ? visit(token) : explainQr(error);
    }
  }
  async function visit(token) {
    try {
      const view = await api.scanContactVisit(token);
      opened = true;
      rememberVisit(view);
      readdress(view.visit_id);
      return null;
    } catch (error) {
      return explainQr(error);
    }
  }
  const way = intake({
    hint: t("scan.hint"),
    onText: async (token) => {
      // The next screen comes a moment later; whatever is scanned until then is for no screen.
      if (opened) {
        toast(t("staff.scan.screen"), 8);
        return null;
      }
      try {
        const view = await api.scan(token);
        opened = true;
        remember(view);
        open(view.registration_id);
        return null;
      } catch (error) {
        return error.code === "other_qr" ? recovery(token) : explainQr(error);
      }
    },
  });
  const wrong = el("div", { class: "problem-place" });
  const register = registerNote();
  const arrived = arrivalsPart(api, {
    place: wrong,
    passesOn,
    serve: (view) => {
      opened = true;
      remember(view);
      open(view.registration_id);
    },
  });
  fill(
    main,
    el(
      "div",
      { class: "two to-left" },
      el("section", { class: "card stack" }, el("h1", {}, t("scan.title")), register.node, sessionNote(api), way),
      el(
        "div",
        { class: "stack" },
        el(
          "section",
          { class: "card stack", "aria-labelledby": "waiting" },
          el("h2", { id: "waiting" }, t("arrivals.waiting")),
          wrong,
          arrived.node,
        ),
        el(
          "section",
          { class: "card stack", "aria-labelledby": "today" },
          el("h2", { id: "today" }, t("figures.title")),
          place,
        ),
        el(
          "section",
          { class: "card stack", "aria-labelledby": "steps" },
          el("h2", { id: "steps" }, t("scan.steps")),
          el(
            "ol",
            { class: "how" },
            ["scan.step1", "scan.step2", "scan.step3"].map((key) => el("li", {}, t(key))),
          ),
        ),
        el(
          "section",
          { class: "card stack", "aria-labelledby": "lost" },
          el("h2", { id: "lost" }, t("scan.lost")),
          el("p", {}, t("scan.lost.do")),
          el("p", {}, el("a", { class: "button secondary", href: "#blokir" }, icon("block"), t("phone_block.title"))),
        ),
      ),
    ),
  );
  arrive(main);
  arrived.load(false);
  api.figures().then(
    (data) => fill(place, figures(data)),
    (error) => fill(place, failed(error)),
  );
  return () => {
    way.stop();
    register.stop();
    arrived.stop();
  };
}

/** Practice: who comes to the counter. */
export function practiceScreen(main, api, { open, back, loggedIn }) {
  fill(
    main,
    el(
      "div",
      { class: "stack-loose" },
      el("div", { class: "stack" }, el("h1", {}, t("practice.title")), el("p", { class: "lead" }, t("practice.lead"))),
      el(
        "ul",
        { class: "visitors" },
        api
          .people()
          .map((one, index) =>
            el(
              "li",
              {},
              el(
                "button",
                { type: "button", class: "visitor card", onclick: () => open(one.id) },
                el("img", { src: one.face, alt: "", width: 72, height: 72 }),
                el(
                  "span",
                  {},
                  el("b", {}, t("practice.visitor", { n: index + 1 })),
                  el("span", { class: "muted" }, t(one.done ? `practice.done.${one.done}` : "practice.scan_this")),
                ),
                icon(one.done ? "check" : "scan"),
              ),
            ),
          ),
      ),
      el(
        "p",
        {},
        el(
          "button",
          { type: "button", class: "button secondary", onclick: back },
          icon("back"),
          t(loggedIn ? "practice.leave" : "practice.log_in"),
        ),
      ),
    ),
  );
  arrive(main);
  return null;
}
