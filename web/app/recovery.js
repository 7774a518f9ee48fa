// The PIN forgotten or used up, or the digital KTP blocked: a counter compares the face, a second person agrees, and
// the same phone gets a new PIN.

import { confirm } from "../shared/dialog.js";
import { announce, button, el, fill, icon, notice } from "../shared/dom.js";
import { dateTime, t } from "../shared/i18n.js";
import { stopped, works } from "./life.js";
import { liveQr, stayAwake } from "./live-qr.js";
import { celebrate, never } from "./new-pin.js";
import { person } from "./person.js";
import { enrolAt, pinChoice } from "./pin-choice.js";
import { api, note } from "./profiles.js";
import { every, going, instead, onGone, onLeave } from "./router.js";
import { complain, heading, working } from "./ui.js";

const STEPS = [
  ["qr", "recover.show"],
  ["face", "recover.compare"],
  ["user", "recover.second"],
  ["lock", "recover.pin"],
];
const OVER = ["done", "refused", "lapsed"];

const path = (recovery, part) => ["/v1/recoveries", recovery.recovery_id, part].filter(Boolean).join("/");

/** The way as steps: a picture and the key of its words each. */
export function stepList(steps) {
  return el(
    "ol",
    { class: "card points" },
    steps.map(([picture, key]) =>
      el("li", {}, icon(picture), el("div", {}, el("b", {}, t(key)), el("p", {}, t(`${key}.do`)))),
    ),
  );
}

// Whose recovery was just done: the screen that says so may be drawn anew.
let finished = null;

export async function recover() {
  const go = going();
  const profile = await person();
  if (!profile.active) instead("status");
  onGone(() => (finished = null));
  const screen = el("div", { class: "stack-loose" });
  let recovery = finished?.id === profile.id ? finished.recovery : (profile.recovery ?? null);
  let shown;
  // The QR of an earlier state must not go on asking for tokens.
  let endQr = () => {};
  onLeave(() => endQr());

  async function keep(data) {
    recovery = data;
    // What became of one that is over is said until the next begins.
    await note(profile, { recovery: data });
    draw();
  }
  const ask = (options) => api(profile, path(recovery), options);
  async function look(options) {
    if (!recovery || OVER.includes(recovery.state)) return;
    try {
      await keep((await ask(options)).data);
    } catch (error) {
      // What is not known any more has lapsed.
      if (error.code !== "not_found") throw error;
      await keep({ ...recovery, state: "lapsed" });
    }
  }
  const back = () =>
    button(t("recover.back"), () => go(stopped(profile) ? "henti" : "buka"), { kind: "quiet", picture: "back" });

  // ------------------------------------------------------------ what is shown

  function begin(lead) {
    const forgotten = (stopped(profile)?.reason ?? "pin_exhausted") === "pin_exhausted";
    const trouble = el("div", { class: "trouble", hidden: true });
    const start = button(
      t("recover.start"),
      () =>
        working(start, t("recover.starting"), async () => {
          trouble.hidden = true;
          try {
            await keep((await api(profile, "/v1/recoveries", { method: "POST", json: {}, again: true })).data);
          } catch (error) {
            complain(trouble, error);
          }
        }),
      { picture: "qr" },
    );
    return [
      heading(t("recover.title")),
      lead,
      el("p", { class: "lead" }, t(forgotten ? "recover.lead" : "recover.lead.blocked")),
      stepList(STEPS),
      el("p", { class: "keep" }, icon("info", 22), t("recover.bring")),
      trouble,
      el("div", { class: "actions" }, start, back()),
      notice("warning", t("recover.never"), t("recover.never.do")),
    ];
  }

  const giveUp = (trouble) =>
    button(
      t("recover.cancel"),
      async () => {
        const sure = await confirm({
          title: t("recover.cancel.title"),
          text: t("recover.cancel.text"),
          yes: t("recover.cancel.yes"),
          no: t("recover.cancel.no"),
        });
        if (!sure) return;
        try {
          await ask({ method: "DELETE", again: true });
        } catch (error) {
          if (error.code !== "not_found") return complain(trouble, error);
        }
        await note(profile, { recovery: null });
        return go(stopped(profile) ? "henti" : "buka", { replace: true });
      },
      { kind: "danger-quiet", picture: "close" },
    );

  function qr() {
    stayAwake();
    const trouble = el("div", { class: "trouble", hidden: true });
    const askToken = async () =>
      (await api(profile, path(recovery, "token"), { method: "POST", again: true })).data.token;
    const code = liveQr({ ask: askToken, label: t("recover.qr") });
    endQr = code.stop;
    return [
      heading(t("recover.show"), 1, 4),
      el("p", { class: "lead" }, t("recover.show.do")),
      el("div", { class: "card code" }, code),
      el("p", { class: "keep" }, icon("sun", 22), t("qr.bright")),
      trouble,
      el("div", { class: "actions" }, giveUp(trouble), back()),
      notice("warning", t("counter.never"), t("counter.never.do")),
    ];
  }

  function waits(state, step) {
    const trouble = el("div", { class: "trouble", hidden: true });
    return [
      heading(t(`recover.${state}`), step, 4),
      el(
        "div",
        { class: "card state info" },
        el("span", { class: "picture" }, icon(STEPS[step - 1][0])),
        el(
          "div",
          { class: "stack-tight" },
          el("p", {}, t(`recover.${state}.why`)),
          el("p", { class: "next" }, el("b", {}, t("status.next")), " ", t(`recover.${state}.next`)),
        ),
      ),
      el("p", { class: "row keep" }, el("span", { class: "spinner" }), el("span", {}, t("recover.follows"))),
      el("p", { class: "muted small" }, t("recover.until", { when: dateTime(recovery.expires_at) })),
      trouble,
      el("div", { class: "actions" }, giveUp(trouble), back()),
    ];
  }

  function choose() {
    async function enrol(pin) {
      try {
        const { data } = await enrolAt(profile, path(recovery, "pin"), pin);
        recovery = data;
      } catch (error) {
        // The answer may be what got lost: it is done then.
        if (error.code !== "wrong_state") throw error;
        recovery = (await ask()).data;
        if (recovery.state !== "done") return draw();
      }
      await note(profile, { recovery: null });
      await works(profile);
      finished = { id: profile.id, recovery };
      return draw();
    }
    return [
      heading(t("recover.pin"), 4, 4),
      notice("success", t("recover.granted")),
      pinChoice({ lead: t("pin.lead"), birthDate: profile.birthDate, enrol }),
      never(),
    ];
  }

  const SCREENS = {
    waiting_for_scan: qr,
    at_counter: () => waits("at_counter", 2),
    waiting_for_second_person: () => waits("second_wait", 3),
    granted: choose,
    done: () => celebrate(t("recover.done"), t("recover.done.lead"), t("done.open")),
    refused: () =>
      begin(
        el(
          "div",
          { class: "stack" },
          notice("warning", t("recover.refused"), t("recover.refused.do")),
          recovery.reason
            ? el(
                "figure",
                { class: "card quote" },
                el("figcaption", {}, t("status.reason")),
                el("blockquote", {}, recovery.reason),
              )
            : null,
        ),
      ),
    lapsed: () => begin(notice("warning", t("recover.lapsed"), t("recover.lapsed.do"))),
  };

  function draw() {
    const state = recovery?.state ?? "begin";
    if (state === shown) return;
    const first = shown === undefined;
    shown = state;
    endQr();
    fill(screen, (SCREENS[state] ?? (() => begin(null)))());
    if (first) return;
    const title = screen.querySelector("h1");
    scrollTo(0, 0);
    title.focus({ preventScroll: true });
    announce(title.textContent);
  }

  try {
    await look({ timeout: 8000, tries: 2 });
  } catch (error) {
    draw();
    const place = el("div", { class: "trouble" });
    screen.append(place);
    complain(place, error, () => go("lupa"));
  }
  draw();
  every(3, () => look({ quiet: true, tries: 1 }));
  return screen;
}
