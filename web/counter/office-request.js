// A request of an office that may wait for days: one person asks with a NIK and a reason, a supervisor who sees what
// the first one saw and wrote grants it or not. `kind` says what it is about:
//   say(key, values)        its words; heading, templates, effects and known are words of it, too
//   ask, open, grant, refuse   what the service is asked; idOf(request) is its id
//   barred                  title and text for who may refuse it and not grant it
//   facts(view, fact), more(view)   what is told of the person; beside() stands beside the form

import { announce, button, el, field, fill, icon, notice } from "/web/shared/dom.js";
import { explain, newest } from "/web/shared/http.js";
import { dateTime, ktpDate, t } from "/web/shared/i18n.js";
import { arrive, failed } from "/web/staff/frame.js";
import { askReason } from "./ask-reason.js";
import { nikField } from "./nik-field.js";
import { asked, result, secondDecision } from "./second.js";
import { whenSent } from "./who-form.js";

const SHORTEST = 5;

/** What it does, said before both decisions. */
const effects = ({ say, effects: all }) =>
  notice(
    "warning",
    say("effects"),
    el(
      "ul",
      { class: "effects" },
      all.map((text) => el("li", {}, text)),
    ),
  );

/** Asks for one. `open(id)` shows the request, `waiting()` leads to what waits. Gives a function that ends it. */
export function askRequestScreen(main, kind, { open, waiting }) {
  const { say } = kind;
  let ended = false;
  const nik = nikField();
  const why = field({
    id: "request-why",
    label: t("second.reason"),
    hint: say("why.hint"),
    tag: "textarea",
    rows: 3,
    maxlength: 500,
  });
  const fields = { nik, reason: why };
  const place = el("div", { class: "problem-place" });
  const send = el("button", { type: "submit", class: "button danger wide" }, icon("block"), say("ask"));

  const submit = whenSent({
    fields,
    troubles: () => ({
      nik: nik.trouble(),
      reason: why.input.value.trim().length >= SHORTEST ? null : t("reason.short"),
    }),
    send,
    place,
    isOver: () => ended,
    act: async () => {
      const request = await kind.ask(nik.digits(), why.input.value.trim());
      if (!ended) open(kind.idOf(request));
    },
    fail: (at, error) => {
      const { title, detail } = explain(error);
      const list =
        error.code === "wrong_state" ? button(t("second.next"), waiting, { kind: "secondary", wide: false }) : null;
      fill(at, notice("danger", title, detail, list));
      at.scrollIntoView({ block: "nearest" });
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
        el("h1", {}, say("ask")),
        el("p", { class: "lead" }, say("lead")),
        effects(kind),
        el("form", { class: "stack", novalidate: true, onsubmit: submit }, Object.values(fields), place, send),
        button(t("second.next"), waiting, { kind: "quiet" }),
      ),
      el(
        "section",
        { class: "card stack", "aria-labelledby": "know" },
        el("h2", { id: "know" }, t("phone_block.know")),
        el(
          "ul",
          { class: "how" },
          kind.known.map((text) => el("li", {}, text)),
        ),
        kind.beside?.(),
      ),
    ),
  );
  arrive(main);
  return () => (ended = true);
}

const BADGES = { asked: ["wait", "clock"], granted: ["bad", "block"], refused: ["", "close"], lapsed: ["", "clock"] };

function person(kind, view) {
  const fact = (label, value) => value && el("div", {}, el("dt", {}, label), el("dd", {}, value));
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "data" },
    el("h2", { id: "data" }, kind.say("person")),
    el(
      "dl",
      { class: "rest" },
      fact(t("field.full_name"), view.full_name),
      fact("NIK", view.nik),
      fact(t("field.birth_date"), view.birth_date && ktpDate(view.birth_date)),
      fact(t("recovery.card"), t(`recovery.card.${view.card}`)),
      kind.facts(view, fact),
    ),
    view.full_name ? null : el("p", {}, kind.say("erased")),
    kind.more?.(view),
  );
}

/** Shows one. `waiting()` leads back to what waits. Gives a function that ends it. */
export function requestScreen(main, kind, id, { waiting }) {
  const { say } = kind;
  let ended = false;
  const asking = newest(() => ended);
  let sending = false;
  let shown = null;

  /** Sends a decision; `led` names what it led to. */
  async function send(place, act, look, led) {
    if (sending) return;
    sending = true;
    fill(place);
    const done = () => {
      fill(main, result(look, say(led), say(`${led}.text`), waiting, t("second.next")));
      announce(say(led));
      arrive(main, ".outcome .button");
    };
    try {
      await act();
      if (!ended) done();
    } catch (error) {
      if (ended) return;
      const { title, detail } = explain(error);
      let at = place;
      // Decided meanwhile, or by this very request whose answer was lost: what the service knows counts.
      if (error.isNetwork || error.code === "wrong_state") {
        const view = await kind.open(id, { quiet: true }).catch(() => null);
        if (ended) return;
        if (error.isNetwork && view?.state === (led === "granted" ? "granted" : "refused")) {
          done();
          return;
        }
        if (view && view.version !== shown.version) at = draw(view);
      }
      fill(at, notice("danger", title, detail));
      at.scrollIntoView({ block: "nearest" });
    } finally {
      sending = false;
    }
  }

  /** Refuses, or takes the own request back. */
  async function refuse(view, place) {
    const act = view.own ? t("second.withdraw") : say("refuse");
    const reason = await askReason({
      title: act,
      lead: say(view.own ? "withdraw.lead" : "refuse.lead"),
      label: say("refuse.why"),
      hint: say("refuse.hint"),
      send: act,
      templates: kind.templates,
      kind: "danger",
      picture: "block",
    });
    const led = view.own ? "withdrawn" : "refused";
    if (reason) send(place, () => kind.refuse(id, view.version, reason), "plain", led);
  }

  function part(view, place) {
    const lapses = el("p", { class: "muted small" }, say("lapses", { when: dateTime(view.expires_at) }));
    if (view.state !== "asked") {
      const said = el("blockquote", {}, view.reason);
      const ways = button(t("second.next"), waiting, { kind: "secondary" });
      const look = view.state === "granted" ? "success" : "info";
      return [
        notice(look, say(`state.${view.state}`), say(`state.${view.state}.do`)),
        view.state === "refused"
          ? el("figure", { class: "asked" }, el("figcaption", {}, say("refused.why")), said)
          : asked(view.asked_by, view.asked_at, view.reason),
        place,
        ways,
      ];
    }
    const first = asked(view.asked_by, view.asked_at, view.reason);
    if (view.own)
      return [
        first,
        notice("info", t("second.own"), t("second.own.do")),
        lapses,
        place,
        el(
          "div",
          { class: "actions" },
          button(t("second.next"), waiting, { kind: "secondary" }),
          button(t("second.withdraw"), () => refuse(view, place), { kind: "danger-quiet", picture: "close" }),
        ),
      ];
    if (!view.may_grant) {
      const [title, text] = kind.barred ?? [t("second.barred"), t("second.barred.do")];
      const away = kind.barred && button(say("refuse"), () => refuse(view, place), { kind: "danger-quiet" });
      return [first, notice("info", title, text), lapses, place, away];
    }
    return [
      first,
      effects(kind),
      secondDecision({
        lead: say("grant.lead"),
        check: say("check"),
        label: say("grant"),
        grant: (problem) => send(problem, () => kind.grant(id, view.version), "good", "granted"),
        refuse: (problem) => refuse(view, problem),
        leave: waiting,
        looked: t("decision.checks"),
        first: say("check_first"),
      }),
      lapses,
    ];
  }

  /** Gives the place for what goes wrong. */
  function draw(view) {
    shown = view;
    const place = el("div", { class: "problem-place" });
    const [colour, picture] = BADGES[view.state] ?? ["", "info"];
    fill(
      main,
      el(
        "div",
        { class: "stack" },
        el(
          "div",
          { class: "row person" },
          el("h1", {}, view.full_name ?? say("nobody")),
          el("span", { class: `badge ${colour}` }, icon(picture), say(`badge.${view.state}`)),
        ),
        el(
          "div",
          { class: "two to-left" },
          person(kind, view),
          el(
            "section",
            { class: "card stack decision", "aria-labelledby": "decision" },
            el("h2", { id: "decision" }, kind.heading),
            part(view, place),
          ),
        ),
      ),
    );
    arrive(main);
    return place;
  }

  async function load() {
    const counts = asking();
    fill(main, el("h1", {}, t("person.loading")));
    try {
      const view = await kind.open(id);
      if (counts()) draw(view);
    } catch (error) {
      if (!counts()) return;
      const over = error.code === "not_found";
      fill(
        main,
        el(
          "section",
          { class: "card stack door" },
          el("h1", {}, kind.heading),
          over ? notice("info", t("second.over"), t("second.over.do")) : failed(error, load),
          el("p", {}, button(t("second.next"), waiting, { kind: "secondary", wide: false })),
        ),
      );
      arrive(main);
    }
  }
  load();
  return () => (ended = true);
}
