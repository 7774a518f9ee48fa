// Somebody at the counter who showed the QR of their phone, their portrait, and the request that a second person agrees
// to. `kind` says what it is about:
//   say(key)                            its words; templates are names of words
//   open, ask, grant, refuse, picture   what the service is asked; scanned(id) is the view that scanning gave
//   facts(view, fact), more(view)       what is told of the person beside the usual

import { announce, button, el, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, ktpDate, t } from "/web/shared/i18n.js";
import { arrive, failed, refused } from "/web/staff/frame.js";
import { askReason } from "./ask-reason.js";
import { picturePair } from "./faces.js";
import { looking } from "./looks.js";
import { asked, result, secondDecision } from "./second.js";

const REFRESH_MILLISECONDS = 3000;
const LIVE = ["at_counter", "waiting_for_second_person"];

function person(kind, view) {
  const fact = (label, value) => value && el("div", {}, el("dt", {}, label), el("dd", {}, value));
  const { card } = view;
  const since = card.since ? t("recovery.since", { when: dateTime(card.since) }) : "";
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "data" },
    el("h2", { id: "data" }, kind.say("person")),
    el(
      "dl",
      { class: "rest" },
      fact(t("field.full_name"), view.full_name),
      fact("NIK", view.nik),
      fact(t("field.birth_date"), ktpDate(view.birth_date)),
      kind.facts?.(view, fact),
      fact(t("recovery.card"), `${t(`recovery.card.${card.state}`)} ${since}`.trim()),
      fact(t("recovery.why_blocked"), card.reason ? t(`recovery.reason.${card.reason}`) : null),
    ),
    kind.more?.(view),
    el("p", { class: "muted small" }, t("recovery.compare_ktp")),
  );
}

/** Shows one. `next()` goes on to the next person, `waiting()` to what waits. Gives a function that ends it. */
export function visitScreen(main, kind, id, { next, waiting }) {
  const { say } = kind;
  let ended = false;
  const asking = newest(() => ended);
  const look = looking(load, REFRESH_MILLISECONDS);
  let sending = false;
  let known = null;

  async function send(place, act, after) {
    if (sending) return;
    sending = true;
    try {
      await act();
      if (!ended) await after();
    } catch (error) {
      if (ended) return;
      refused(place, error);
    } finally {
      sending = false;
    }
  }

  const over = (colour, key) => {
    look.stop();
    known = null;
    fill(main, result(colour, say(key), say(`${key}.text`), waiting, t("second.next")));
    announce(say(key));
    arrive(main, ".outcome .button");
  };

  /** The first person asks. */
  function askFor(view) {
    const place = el("div", { class: "problem-place" });
    const act = async () => {
      const reason = await askReason({
        title: say("ask"),
        lead: say("ask.lead"),
        label: t("second.reason"),
        hint: t("second.reason.hint"),
        send: t("second.send"),
        templates: kind.templates,
      });
      if (reason)
        send(
          place,
          () => kind.ask(id, view.version, reason),
          () => load(false),
        );
    };
    return [
      el("p", {}, say("first")),
      place,
      el(
        "div",
        { class: "actions" },
        button(say("ask"), act, { picture: "user" }),
        button(say("refuse"), () => refuse(view, place), { kind: "danger-quiet", picture: "block" }),
        button(t("decision.leave"), next, { kind: "quiet" }),
      ),
    ];
  }

  /** Refuses, or takes the own request back. */
  async function refuse(view, place, own = false) {
    const act = own ? t("second.withdraw") : say("refuse");
    const reason = await askReason({
      title: act,
      lead: say("refuse.lead"),
      label: t("reason.label"),
      hint: t("reason.hint"),
      send: act,
      templates: ["reason.other_person", "reason.no_document", "reason.asked"],
      kind: "danger",
      picture: "block",
    });
    const done = () => over("plain", own ? "withdrawn" : "refused");
    if (reason) send(place, () => kind.refuse(id, view.version, reason), done);
  }

  function waits(view) {
    const place = el("div", { class: "problem-place" });
    return [
      asked(view.asked_by, view.asked_at, view.asked_reason),
      notice("info", t("second.waits"), t("second.waits.do")),
      place,
      el(
        "div",
        { class: "actions" },
        button(t("done.next"), next, { picture: "scan" }),
        button(t("second.withdraw"), () => refuse(view, place, true), { kind: "danger-quiet", picture: "close" }),
      ),
    ];
  }

  function agree(view) {
    const done = () => over("good", "granted");
    return [
      asked(view.asked_by, view.asked_at, view.asked_reason),
      secondDecision({
        lead: say("grant.lead"),
        check: say("check"),
        label: say("grant"),
        grant: (place) => send(place, () => kind.grant(id, view.version), done),
        refuse: (place) => refuse(view, place),
        leave: waiting,
      }),
    ];
  }

  function part(view) {
    if (view.state === "at_counter" && view.may_decide) return askFor(view);
    if (view.state === "waiting_for_second_person" && view.own) return waits(view);
    if (view.state === "waiting_for_second_person" && view.may_decide) return agree(view);
    const key = LIVE.includes(view.state) ? (view.state === "at_counter" ? "scan" : "barred") : "over";
    return [
      view.asked_by ? asked(view.asked_by, view.asked_at, view.asked_reason) : null,
      notice("info", say(key), say(`${key}.do`)),
      button(t("done.next"), next, { picture: "scan" }),
    ];
  }

  function draw(view) {
    const first = known === null;
    known = JSON.stringify(view);
    const picture = {
      kind: "portrait",
      there: view.has_portrait,
      label: t("faces.portrait"),
      src: view.has_portrait ? kind.picture(id) : null,
    };
    fill(
      main,
      el(
        "div",
        { class: "stack" },
        el(
          "div",
          { class: "row person" },
          el("h1", {}, view.full_name),
          el("span", { class: "badge wait" }, icon("clock"), say(`state.${view.state}`)),
        ),
        el(
          "div",
          { class: "two to-left" },
          el("div", { class: "stack" }, picturePair([picture]), person(kind, view)),
          el(
            "section",
            { class: "card stack decision", "aria-labelledby": "decision" },
            el("h2", { id: "decision" }, say("title")),
            part(view),
          ),
        ),
      ),
    );
    if (first) arrive(main);
    else announce(say(`state.${view.state}`));
  }

  async function load(quiet) {
    const counts = asking();
    look.begin(quiet);
    try {
      const view = await kind.open(id, { quiet });
      if (!counts()) return undefined;
      if (sending) return lookAgain(view);
      // A dialog over the screen is answered first.
      if (JSON.stringify(view) !== known && !document.querySelector("dialog[open]")) draw(view);
      lookAgain(view);
    } catch (error) {
      if (!counts()) return undefined;
      if (quiet && (error.isNetwork || error.status >= 500 || error.status === 429))
        return lookAgain({ state: "at_counter" });
      known = null;
      fill(
        main,
        el(
          "section",
          { class: "card stack door" },
          el("h1", {}, t("person.not_shown")),
          error.code === "not_found"
            ? notice("info", t("second.over"), t("second.over.do"))
            : failed(error, () => load(false)),
          el("p", {}, button(t("done.next"), next, { kind: "secondary", wide: false })),
        ),
      );
    }
    return undefined;
  }

  function lookAgain(view) {
    look.stop();
    if (ended || !LIVE.includes(view.state)) return;
    look.again();
  }

  const scanned = kind.scanned(id);
  if (scanned) {
    draw(scanned);
    lookAgain(scanned);
  } else {
    fill(main, el("h1", {}, t("person.loading")));
    load(false);
  }
  return () => {
    ended = true;
    look.stop();
  };
}
