// Trying the sandbox out: an invented person's QR, for the organisation's own scanner, and what its last checks
// answered. Nothing here is of anybody, and every picture says so.

import { el, field, fill, icon, notice } from "/web/shared/dom.js";
import { ring, stopwatch } from "/web/shared/countdown.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { drawQr } from "/web/shared/qr.js";
import { arrive, failed } from "/web/staff/frame.js";

const POLL_MILLISECONDS = 4000;
// A screen that nobody minds should not go on showing QRs, nor keep the session awake.
const UNMINDED_SECONDS = 600;
const SHARES = ["full", "basic", "age"];

// What was chosen stays so when the screen is drawn anew, in the other language say.
const chosen = { person: null, share: SHARES[0] };

/** Watches whether somebody minds the screen. `mind()` says so, `idle()` whether nobody did for long. */
function attention(onBack) {
  let minded = stopwatch();
  const mind = () => {
    minded = stopwatch();
    onBack();
  };
  const events = ["keydown", "pointerdown"];
  for (const event of events) addEventListener(event, mind);
  return {
    idle: () => minded() > UNMINDED_SECONDS,
    end: () => events.forEach((event) => removeEventListener(event, mind)),
  };
}

/** A QR that renews itself. `ask()` gives `{token}` or nothing while there is nobody to show. */
function liveQr(ask, idle) {
  const picture = el("div", { class: "qr" });
  const trouble = el("div", {});
  const say = el("p", { class: "muted", role: "status" });
  const timer = ring({ seconds: 90, renewAt: 60, onRenew: renew, onEnd: over, label: t("partner.test.left") });
  let ended = false;
  // The newest question: an answer to an older one comes too late.
  let asked = 0;

  function over() {
    fill(picture, el("div", { class: "test-over" }, icon("clock", 48), el("p", {}, t("partner.test.over"))));
    say.textContent = "";
  }

  async function renew() {
    if (ended || idle()) return;
    asked += 1;
    const mine = asked;
    try {
      const shown = await ask();
      if (ended || mine !== asked) return;
      fill(trouble);
      fill(picture, drawQr(shown.token, t("partner.test.qr", { person: shown.person })));
      say.textContent = t("partner.test.renews");
      timer.restart();
    } catch (error) {
      if (ended || mine !== asked) return;
      if (!picture.firstChild) over();
      fill(trouble, failed(error, renew));
    }
  }

  const node = el(
    "div",
    { class: "stack test-qr" },
    el("p", { class: "test-band" }, t("partner.test.band")),
    picture,
    el("div", { class: "row test-foot" }, timer, say),
    trouble,
  );
  node.renew = renew;
  node.isOver = () => picture.querySelector(".test-over") !== null;
  node.stop = () => {
    ended = true;
    timer.stop();
  };
  return node;
}

function checkLine(check) {
  const valid = check.result === "valid";
  const [kind, picture] = valid ? ["good", "check"] : ["bad", "close"];
  const who = check.person ?? t("partner.test.stranger");
  const shown = check.disclosed.map((name) => t(`attribute.${name}`)).join(", ");
  return el(
    "li",
    { class: "line tall" },
    el("b", { class: "mono" }, who),
    el("span", { class: `badge ${kind}` }, icon(picture), t(valid ? "partner.test.valid" : "partner.test.invalid")),
    valid
      ? el("span", { class: "small whole" }, t("partner.test.disclosed", { what: shown || t("partner.test.nothing") }))
      : el("span", { class: "small whole" }, el("span", { class: "mono" }, check.reason), ": ", check.text),
    el("span", { class: "muted small whole" }, dateTime(check.verified_at), " · ", check.purpose),
  );
}

/** Shows it. Gives a function that ends it. */
export function sandboxScreen(main, call) {
  let ended = false;
  let people = [];
  let known = "";
  const chooser = el("div", { class: "stack" });
  const list = el("ul", { class: "lines" });
  const about = el("p", { id: "test-about", role: "status" });
  const share = field({
    id: "test-share",
    tag: "select",
    label: t("partner.test.share"),
    options: SHARES.map((name) => [name, t(`partner.test.share.${name}`)]),
    value: chosen.share,
    onchange: tell,
  });
  let person;

  const look = attention(() => {
    if (!ended && qr.isOver()) qr.renew();
  });
  const qr = liveQr(
    () =>
      call("/test-presentations", {
        method: "POST",
        json: chosen,
        again: true,
        unattended: true,
      }),
    look.idle,
  );

  function tell() {
    Object.assign(chosen, { person: person.input.value, share: share.input.value });
    about.textContent = people.find((one) => one.person === chosen.person)?.about ?? "";
    qr.renew();
  }

  async function choose() {
    try {
      ({ items: people } = await call("/v1/people", { at: "/sandbox" }));
      if (ended) return;
    } catch (error) {
      if (!ended) fill(chooser, failed(error, choose));
      return;
    }
    person = field({
      id: "test-person",
      tag: "select",
      label: t("partner.test.person"),
      hint: t("partner.test.person.hint"),
      options: people.map((one) => [one.person, `${one.person} · ${one.full_name}`]),
      value: chosen.person ?? people[0].person,
      onchange: tell,
    });
    fill(chooser, person, about, share, qr);
    tell();
  }

  async function load() {
    try {
      const { items } = await call("/test-checks", { quiet: true });
      if (ended) return;
      // What is the same stays: whoever reads or points there is not disturbed.
      const text = items.map((one) => one.verification_id).join();
      if (text === known && list.firstChild) return;
      known = text;
      const none = el("li", { class: "empty" }, icon("scan"), el("p", {}, t("partner.test.none")));
      fill(list, items.length ? items.map(checkLine) : none);
    } catch (error) {
      if (!ended) fill(list, el("li", {}, failed(error, load)));
    }
  }

  const timer = setInterval(() => look.idle() || load(), POLL_MILLISECONDS);

  fill(
    main,
    el(
      "div",
      { class: "stack" },
      el("h1", {}, t("partner.test.title")),
      el("p", { class: "lead" }, t("partner.test.lead")),
      notice("warning", t("partner.test.notice"), t("partner.test.notice.do")),
      el(
        "p",
        {},
        el("a", { class: "button secondary", href: "#kunci-uji" }, icon("lock"), t("partner.testkeys.title")),
      ),
      el(
        "div",
        { class: "two" },
        el(
          "section",
          { class: "card stack", "aria-labelledby": "test-show" },
          el("h2", { id: "test-show" }, t("partner.test.show")),
          chooser,
        ),
        el(
          "section",
          { class: "card stack", "aria-labelledby": "test-last" },
          el("h2", { id: "test-last" }, t("partner.test.last")),
          el("p", { class: "muted" }, t("partner.test.last.what")),
          list,
        ),
      ),
    ),
  );
  arrive(main);
  choose();
  load();
  return () => {
    ended = true;
    clearInterval(timer);
    look.end();
    qr.stop();
  };
}
