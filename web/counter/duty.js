// Proof that one is an officer on duty here: a QR that changes every few minutes, and the day's code for the poster.
// Whoever doubts scans it, or types the code at `/cek`.

import { announce, button, el, field, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { ring, stopwatch } from "/web/shared/countdown.js";
import { exactTime, t } from "/web/shared/i18n.js";
import { drawQr } from "/web/shared/qr.js";
import { arrive, failed, refused } from "/web/staff/frame.js";

// A screen that nobody minds for so long stops renewing: it should not keep the session awake for ever.
const UNMINDED_SECONDS = 3600;
const HOURS = [1, 2, 3, 4, 6, 8, 10, 12];

/** The hour of a moment in one's own zone, without seconds. */
export const hour = (moment) => exactTime(moment).replace(/[.:]\d\d(?= )/, "");

/** Where a session takes place, in words. */
export const whereOf = (session) => [session.place ?? t("outreach.kind.home_visit"), session.village].join(" · ");

/** `office` is where one is without a session; `photos`, where one may take them, leads there. */
export function dutyScreen(main, api, { office, photos }) {
  let ended = false;
  const asking = newest(() => ended);
  let stop = () => {};
  const place = el(
    "div",
    { class: "stack-loose" },
    el("section", { class: "card stack" }, el("h1", {}, t("duty.title")), el("p", {}, t("queue.loading"))),
  );

  async function load() {
    const counts = asking();
    stop();
    stop = () => {};
    try {
      const view = await api.duty();
      if (counts()) show(view);
    } catch (error) {
      if (counts()) fill(place, failed(error, load));
    }
  }

  function show(view) {
    if (view.duty) stop = onDuty(place, api, view, { office, again: load });
    else fill(place, view.has_photo ? beginPart(api, view, { office, show }) : withoutPhoto());
    arrive(place.querySelector("h1") ? place : main);
  }

  const withoutPhoto = () =>
    el(
      "section",
      { class: "card stack" },
      el("h1", {}, t("duty.title")),
      notice("warning", t("duty.no_photo"), t("duty.no_photo.do")),
      button(t("queue.reload"), load, { kind: "secondary", wide: false, picture: "history" }),
    );

  fill(
    main,
    el(
      "div",
      { class: "stack-loose" },
      place,
      photos
        ? el(
            "section",
            { class: "card stack", "aria-labelledby": "photos" },
            el("h2", { id: "photos" }, t("photos.title")),
            el("p", {}, t("photos.door")),
            el("p", {}, el("a", { class: "button secondary", href: photos }, icon("camera"), t("photos.open"))),
          )
        : null,
    ),
  );
  load();
  return () => {
    ended = true;
    stop();
  };
}

/** Saying where one is on duty. */
function beginPart(api, view, { office, show }) {
  const { session } = view;
  const choice = (value, name, text, checked) =>
    el(
      "label",
      { class: "check" },
      el("input", { type: "radio", name: "where", id: `where-${name}`, value, checked }),
      el("span", {}, el("b", {}, text), el("span", { class: "muted small" }, t(`duty.where.${name}`))),
    );
  const latest = new Date(view.latest_end).getTime();
  const ends = HOURS.map((n) => Date.now() + n * 3600000).filter((end) => end < latest);
  const options = [...ends, latest].map((end) => {
    const moment = new Date(end);
    return [moment.toISOString(), hour(moment)];
  });
  const until = field({ id: "until", label: t("duty.until"), hint: t("duty.until.hint"), tag: "select", options });
  until.input.value = options[Math.min(4, options.length - 1)][0];
  const located = el("p", { class: "muted small", role: "status" });
  let position = null;
  const locate = button(t("duty.locate"), takePosition, { kind: "quiet", picture: "scan" });
  function takePosition() {
    const miss = () => (located.textContent = t("duty.locate.failed"));
    if (!navigator.geolocation) return miss();
    located.textContent = t("duty.locate.asking");
    return navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        position = { latitude: coords.latitude, longitude: coords.longitude };
        located.textContent = t("duty.locate.known");
      },
      miss,
      { timeout: 20000, maximumAge: 60000 },
    );
  }
  const trouble = el("div", { class: "problem-place" });
  const send = el("button", { type: "submit", class: "button wide" }, icon("shield"), t("duty.begin"));
  async function onsubmit(event) {
    event.preventDefault();
    const where = new FormData(event.target).get("where");
    fill(trouble);
    send.disabled = true;
    try {
      const body = { until: until.input.value, ...(where ? { outreach_id: where } : {}) };
      show(await api.beginDuty(position ? { ...body, position } : body));
    } catch (error) {
      refused(trouble, error);
    } finally {
      send.disabled = false;
    }
  }
  return el(
    "section",
    { class: "card stack" },
    el("h1", {}, t("duty.title")),
    el("p", { class: "lead" }, t("duty.lead")),
    el(
      "form",
      { class: "stack", novalidate: true, onsubmit },
      el(
        "fieldset",
        { class: "stack-tight" },
        el("legend", { class: "legend" }, t("duty.where")),
        session ? choice(session.outreach_id, "session", whereOf(session), true) : null,
        choice("", "office", office, !session),
      ),
      until,
      locate,
      located,
      trouble,
      send,
    ),
  );
}

/** The QR and the code. Gives a function that ends it. */
function onDuty(place, api, view, { office, again }) {
  const { duty, session } = view;
  const picture = el("div", { class: "qr proof-qr" });
  const trouble = el("div", { class: "problem-place" });
  const outside = duty.outreach_id && session ? session : null;
  const where = outside ? (outside.place ?? t("outreach.kind.home_visit")) : office;
  let ended = false;
  let timer = null;
  let ending;
  let minded = stopwatch();
  const mind = () => (minded = stopwatch());
  addEventListener("keydown", mind);
  addEventListener("pointerdown", mind);

  function rest() {
    fill(
      picture,
      el(
        "div",
        { class: "paused stack" },
        el("p", {}, t("counter_qr.paused")),
        button(t("counter_qr.resume"), () => (mind(), renew()), { wide: false }),
      ),
    );
  }

  async function renew() {
    if (ended) return;
    timer?.stop();
    if (minded() > UNMINDED_SECONDS) return rest();
    try {
      const { address, expires_in: seconds, renew_in: renewAt } = await api.dutyToken();
      if (ended) return;
      timer = timer ?? ring({ seconds, renewAt, onRenew: renew, label: t("duty.qr.left") });
      sayWhere(new URL(address).host);
      fill(picture, drawQr(address, t("duty.qr.picture")), el("div", { class: "row qr-foot" }, timer));
      fill(trouble);
      timer.restart();
    } catch (error) {
      if (ended) return;
      // What is on the screen may be worth nothing by now.
      fill(picture);
      if (error.code === "wrong_state") again();
      else fill(trouble, failed(error, renew));
    }
  }

  async function leave() {
    try {
      await api.endDuty();
      announce(t("duty.ended"));
      again();
    } catch (error) {
      refused(trouble, error);
    }
  }

  const full = () => (document.fullscreenElement ? document.exitFullscreen() : card.requestFullscreen?.());
  // Residents open it under their own name, which the QR has.
  const byHand = el("p", {});
  const sayWhere = (host) => fill(byHand, t("duty.qr.do", { address: `${host}/cek` }));
  sayWhere(location.host);
  const card = el(
    "section",
    { class: "card center stack proof" },
    el("h1", {}, t("duty.title")),
    el("p", { class: "proof-where" }, where),
    outside ? el("p", {}, outside.village) : null,
    el("p", { class: "lead" }, t("duty.now", { until: hour(duty.ends_at) })),
    picture,
    trouble,
    byHand,
    el("p", { class: "muted" }, t("duty.code")),
    el("p", { class: "proof-code mono" }, duty.code),
    el(
      "div",
      { class: "row proof-actions" },
      fullScreenButton(full),
      el(
        "a",
        {
          class: "button secondary",
          href: `/poster-cek#${[duty.code, where].map(encodeURIComponent).join("/")}`,
          target: "_blank",
          rel: "noopener",
        },
        icon("download"),
        t("duty.poster"),
      ),
      button(t("duty.end"), leave, { kind: "danger-quiet", wide: false }),
    ),
  );
  fill(
    place,
    card,
    el(
      "section",
      { class: "card stack", "aria-labelledby": "rules" },
      el("h2", { id: "rules" }, t("duty.rules")),
      el(
        "ol",
        { class: "how" },
        ["duty.rule1", "duty.rule2", "duty.rule3"].map((key) => el("li", {}, t(key))),
      ),
    ),
  );
  // At the end the screen says so by itself.
  ending = setTimeout(again, Math.max(1000, new Date(duty.ends_at) - Date.now()));
  renew();
  return () => {
    ended = true;
    clearTimeout(ending);
    timer?.stop();
    removeEventListener("keydown", mind);
    removeEventListener("pointerdown", mind);
  };
}

const fullScreenButton = (full) =>
  document.fullscreenEnabled ? button(t("duty.full"), full, { kind: "secondary", wide: false, picture: "qr" }) : null;
