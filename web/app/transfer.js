// A new phone from the old one, without a counter: the new phone shows a QR, the old one scans it, both show the same
// number, the old one's PIN allows it, and the new one gets a PIN of its own.

import { announce, button, el, fill, icon, notice } from "../shared/dom.js";
import { explainQr } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { scanner } from "../shared/scanner.js";
import { look as lookAtLife, stopped } from "./life.js";
import { liveQr, stayAwake } from "./live-qr.js";
import { celebrate, never } from "./new-pin.js";
import { pinEntry } from "./pin-again.js";
import { enrolAt, pinChoice } from "./pin-choice.js";
import { api, choose, create, isFull, moving, note, save } from "./profiles.js";
import { every, going, instead, onGone, onLeave } from "./router.js";
import { stepList } from "./recovery.js";
import { complain, heading, working } from "./ui.js";
import { ask as askWallet, lock, open } from "./wallet.js";

const STEPS = [
  ["phone", "transfer.open"],
  ["scan", "transfer.scan"],
  ["check", "transfer.number"],
  ["lock", "transfer.pin"],
];

const both = (match) =>
  el(
    "div",
    { class: "card center stack" },
    el("p", {}, t("transfer.both")),
    el("p", { class: "match mono", "aria-label": [...match].join(" ") }, match),
  );

// ---------------------------------------------------------------- the new phone

const path = (transfer, part) => ["/v1/transfers", transfer.transfer_id, part].filter(Boolean).join("/");

// What must outlive drawing anew: that it is done here; on the old phone the number, and that it was allowed.
let finished = null;
let compared = null;
let given = null;

export async function takeOver() {
  const go = going();
  onGone(() => (finished = null));
  let profile = await moving();
  let transfer = finished ?? profile?.transfer ?? null;
  if (!transfer && (await isFull())) instead("penuh");
  const screen = el("div", { class: "stack-loose" });
  let shown;
  let endQr = () => {};
  onLeave(() => endQr());

  async function keep(data) {
    transfer = data;
    await note(profile, { transfer: data });
    draw();
  }
  async function look(options) {
    if (!transfer || ["done", "lapsed"].includes(transfer.state)) return;
    try {
      await keep((await api(profile, path(transfer), options)).data);
    } catch (error) {
      if (error.code !== "not_found") throw error;
      await keep({ ...transfer, state: "lapsed" });
    }
  }
  const back = () => button(t("transfer.back"), () => go("orang"), { kind: "quiet", picture: "back" });

  function begin(lead) {
    const trouble = el("div", { class: "trouble", hidden: true });
    const start = button(
      t("transfer.start"),
      () =>
        working(start, t("recover.starting"), async () => {
          trouble.hidden = true;
          try {
            profile = profile ?? (await create());
            await keep((await api(profile, "/v1/transfers", { method: "POST", json: {}, again: true })).data);
          } catch (error) {
            complain(trouble, error);
          }
        }),
      { picture: "qr" },
    );
    return [
      heading(t("transfer.title")),
      lead,
      el("p", { class: "lead" }, t("transfer.lead")),
      stepList(STEPS),
      trouble,
      el("div", { class: "actions" }, start, back()),
      notice("info", t("transfer.no_old"), t("transfer.no_old.do")),
    ];
  }

  function qr() {
    stayAwake();
    const ask = async () => (await api(profile, path(transfer, "token"), { method: "POST", again: true })).data.token;
    const code = liveQr({ ask, label: t("transfer.qr") });
    endQr = code.stop;
    return [
      heading(t("transfer.show"), 1, 3),
      el("p", { class: "lead" }, t("transfer.show.do")),
      el("div", { class: "card code" }, code),
      el("p", { class: "keep" }, icon("sun", 22), t("qr.bright")),
      back(),
    ];
  }

  const number = () => [
    heading(t("transfer.compare"), 2, 3),
    transfer.match ? both(transfer.match) : null,
    el("p", { class: "lead" }, t("transfer.compare.new")),
    el("p", { class: "row keep" }, el("span", { class: "spinner" }), el("span", {}, t("recover.follows"))),
    notice("warning", t("transfer.other"), t("transfer.other.new")),
    back(),
  ];

  function pin() {
    async function enrol(chosen) {
      try {
        transfer = (await enrolAt(profile, path(transfer, "pin"), chosen)).data;
      } catch (error) {
        // The answer may be what got lost: it is done then.
        if (error.code !== "wrong_state") throw error;
        transfer = (await api(profile, path(transfer))).data;
        if (transfer.state !== "done") return draw();
      }
      await save(profile, { active: true, transfer: null });
      choose(profile);
      finished = transfer;
      return draw();
    }
    return [
      heading(t("transfer.new_pin"), 3, 3),
      notice("success", t("transfer.allowed")),
      pinChoice({ lead: t("pin.lead"), enrol }),
      never(),
    ];
  }

  const SCREENS = {
    waiting_for_scan: qr,
    waiting_for_pin: number,
    allowed: pin,
    done: () => celebrate(t("transfer.done"), t("transfer.done.lead"), t("done.open")),
    lapsed: () => begin(notice("warning", t("transfer.lapsed"), t("transfer.lapsed.do"))),
  };

  function draw() {
    const state = transfer?.state ?? "begin";
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

  await look({ timeout: 8000, tries: 2 }).catch(() => {});
  draw();
  every(2, () => look({ quiet: true, tries: 1 }));
  return screen;
}

// ---------------------------------------------------------------- the old phone

export async function handOver() {
  const go = going();
  onGone(() => (compared = given = null));
  const profile = given ?? (await open()).profile;
  const screen = el("div", { class: "stack-loose" });
  const back = () => button(t("menu.back"), () => go("menu"), { kind: "quiet", picture: "back" });
  let camera = null;
  onLeave(() => camera?.stop());
  const arrive = (...content) => {
    fill(screen, ...content);
    scrollTo(0, 0);
    screen.querySelector("h1").focus({ preventScroll: true });
  };

  function scan() {
    let sending = false;
    camera = scanner({
      hint: t("transfer.scan_hint"),
      onText: async (token) => {
        if (sending) return null;
        sending = true;
        try {
          const { data } = await askWallet("/v1/me/transfers", { method: "POST", json: { token }, again: true });
          camera.stop();
          compared = { id: profile.id, data };
          compare(data);
          return null;
        } catch (error) {
          sending = false;
          return explainQr(error);
        }
      },
    });
    fill(
      screen,
      heading(t("transfer.out"), 1, 3),
      el("p", { class: "lead" }, t("transfer.out.lead")),
      notice("warning", t("transfer.own"), t("transfer.own.do")),
      camera,
      back(),
    );
  }

  function compare({ transfer_id: id, match }) {
    arrive(
      heading(t("transfer.compare"), 2, 3),
      both(String(match)),
      el("p", { class: "lead" }, t("transfer.compare.old")),
      el(
        "div",
        { class: "actions" },
        button(t("transfer.same"), () => allow(id), { picture: "check" }),
        button(t("transfer.differs"), () => differs(), { kind: "danger-quiet", picture: "close" }),
      ),
    );
    announce(`${t("transfer.both")} ${[...String(match)].join(" ")}`);
  }

  function differs() {
    compared = null;
    arrive(heading(t("transfer.stopped")), notice("warning", t("transfer.other"), t("transfer.other.old")), back());
  }

  function allow(id) {
    const { pad, trouble } = pinEntry(profile, {
      go,
      doing: t("transfer.allowing"),
      send: (proof) =>
        askWallet(`/v1/me/transfers/${encodeURIComponent(id)}/allow`, { method: "POST", json: proof, again: false }),
      done: () => {
        lock({ tell: false });
        given = profile;
        over();
      },
    });
    arrive(
      heading(t("transfer.old_pin"), 3, 3),
      el("p", { class: "lead" }, t("transfer.old_pin.lead")),
      trouble,
      el("div", { class: "card" }, pad),
      back(),
    );
  }

  function over() {
    arrive(
      heading(t("transfer.given")),
      el("p", { class: "lead" }, t("transfer.given.lead")),
      el("p", { class: "row keep" }, el("span", { class: "spinner" }), el("span", {}, t("recover.follows"))),
      button(t("unlock.others"), () => go("orang"), { kind: "quiet", picture: "user" }),
    );
    every(3, async () => {
      await lookAtLife(profile, { quiet: true, tries: 1 });
      if (stopped(profile)) go("henti", { replace: true });
    });
  }

  if (given) over();
  else if (compared?.id === profile.id) compare(compared.data);
  else scan();
  return screen;
}
