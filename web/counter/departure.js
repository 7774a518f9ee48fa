// The register says that somebody is no citizen any more and moved abroad: one person of the office asks that the
// digital KTP end, a supervisor grants it or not. Days may lie between, and until then the register can take it back.

import { announce, button, el, failNamed, field, fill, icon, notice } from "/web/shared/dom.js";
import { explain } from "/web/shared/http.js";
import { dateTime, ktpDate, t } from "/web/shared/i18n.js";
import { arrive, failed } from "/web/staff/frame.js";
import { askReason } from "./ask-reason.js";
import { nikField } from "./nik-field.js";
import { asked, result, secondDecision } from "./second.js";

const SHORTEST = 5;
const KNOW = ["departure.know1", "departure.know2", "departure.know3", "departure.know4"];

/** What it does, said before both decisions. */
const effects = () =>
  notice(
    "warning",
    t("departure.effects"),
    el(
      "ul",
      { class: "effects" },
      ["departure.effect1", "departure.effect2", "departure.effect3"].map((key) => el("li", {}, t(key))),
    ),
  );

/** Asks for one. `open(id)` shows the request, `waiting()` leads to what waits. Gives a function that ends it. */
export function askDepartureScreen(main, api, { open, waiting }) {
  let ended = false;
  const nik = nikField();
  const why = field({
    id: "departure-why",
    label: t("second.reason"),
    hint: t("departure.why.hint"),
    tag: "textarea",
    rows: 3,
    maxlength: 500,
  });
  const fields = { nik, reason: why };
  const place = el("div", { class: "problem-place" });
  const send = el("button", { type: "submit", class: "button danger wide" }, icon("block"), t("departure.ask"));

  function check() {
    const wrong = {
      nik: nik.trouble(),
      reason: why.input.value.trim().length >= SHORTEST ? null : t("reason.short"),
    };
    for (const [key, one] of Object.entries(fields)) one.fail(wrong[key]);
    return Object.keys(fields).find((key) => wrong[key]);
  }

  async function submit(event) {
    event.preventDefault();
    const first = check();
    if (first) return fields[first].input.focus();
    send.disabled = true;
    fill(place);
    try {
      const request = await api.askDeparture(nik.digits(), why.input.value.trim());
      if (!ended) open(request.departure_id);
    } catch (error) {
      if (ended) return undefined;
      if (failNamed(error, fields)) return undefined;
      const { title, detail } = explain(error);
      const list = error.code === "wrong_state";
      fill(
        place,
        notice(
          "danger",
          title,
          detail,
          list ? button(t("second.next"), waiting, { kind: "secondary", wide: false }) : null,
        ),
      );
      place.scrollIntoView({ block: "nearest" });
    } finally {
      send.disabled = false;
    }
    return undefined;
  }

  fill(
    main,
    el(
      "div",
      { class: "two to-left" },
      el(
        "section",
        { class: "card stack" },
        el("h1", {}, t("departure.ask")),
        el("p", { class: "lead" }, t("departure.lead")),
        effects(),
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
          KNOW.map((key) => el("li", {}, t(key))),
        ),
      ),
    ),
  );
  arrive(main);
  return () => (ended = true);
}

const BADGES = { asked: ["wait", "clock"], granted: ["bad", "block"], refused: ["", "close"], lapsed: ["", "clock"] };

function person(view) {
  const fact = (label, value) => value && el("div", {}, el("dt", {}, label), el("dd", {}, value));
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "data" },
    el("h2", { id: "data" }, t("departure.person")),
    el(
      "dl",
      { class: "rest" },
      fact(t("field.full_name"), view.full_name),
      fact("NIK", view.nik),
      fact(t("field.birth_date"), view.birth_date && ktpDate(view.birth_date)),
      fact(t("recovery.card"), t(`recovery.card.${view.card}`)),
      fact(t("recovery.why_blocked"), view.stopped_for ? t(`recovery.reason.${view.stopped_for}`) : null),
      fact(t("departure.since"), view.stopped_at ? dateTime(view.stopped_at) : null),
    ),
    view.full_name ? null : el("p", {}, t("departure.erased")),
  );
}

/** Shows one. `waiting()` leads back to what waits. Gives a function that ends it. */
export function departureScreen(main, api, id, { waiting }) {
  let ended = false;
  let sending = false;
  let shown = null;

  /** Sends a decision; `led` names what it led to. */
  async function send(place, act, kind, led) {
    if (sending) return;
    sending = true;
    fill(place);
    const done = () => {
      fill(main, result(kind, t(`departure.${led}`), t(`departure.${led}.text`), waiting, t("second.next")));
      announce(t(`departure.${led}`));
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
        const view = await api.departure(id, { quiet: true }).catch(() => null);
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
    const act = t(view.own ? "second.withdraw" : "departure.refuse");
    const reason = await askReason({
      title: act,
      lead: t(view.own ? "departure.withdraw.lead" : "departure.refuse.lead"),
      label: t("departure.refuse.why"),
      hint: t("departure.refuse.hint"),
      send: act,
      templates: ["departure.template.owner", "departure.template.wrong_nik"],
      kind: "danger",
      picture: "block",
    });
    const led = view.own ? "withdrawn" : "refused";
    if (reason) send(place, () => api.refuseDeparture(id, view.version, reason), "plain", led);
  }

  function part(view, place) {
    const lapses = el("p", { class: "muted small" }, t("departure.lapses", { when: dateTime(view.expires_at) }));
    if (view.state !== "asked") {
      const said = el("blockquote", {}, view.reason);
      const ways = button(t("second.next"), waiting, { kind: "secondary" });
      const kind = view.state === "granted" ? "success" : "info";
      return [
        notice(kind, t(`departure.state.${view.state}`), t(`departure.state.${view.state}.do`)),
        view.state === "refused"
          ? el("figure", { class: "asked" }, el("figcaption", {}, t("departure.refused.why")), said)
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
    if (!view.may_grant)
      return [first, notice("info", t("second.barred"), t("second.barred.do")), lapses, place];
    return [
      first,
      effects(),
      secondDecision({
        lead: t("departure.grant.lead"),
        check: t("departure.check"),
        label: t("departure.grant"),
        grant: (problem) => send(problem, () => api.grantDeparture(id, view.version), "good", "granted"),
        refuse: (problem) => refuse(view, problem),
        leave: waiting,
        looked: t("decision.checks"),
        first: t("departure.check_first"),
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
          el("h1", {}, view.full_name ?? t("departure.nobody")),
          el("span", { class: `badge ${colour}` }, icon(picture), t(`departure.badge.${view.state}`)),
        ),
        el(
          "div",
          { class: "two to-left" },
          person(view),
          el(
            "section",
            { class: "card stack decision", "aria-labelledby": "decision" },
            el("h2", { id: "decision" }, t("pending.departure")),
            part(view, place),
          ),
        ),
      ),
    );
    arrive(main);
    return place;
  }

  async function load() {
    fill(main, el("h1", {}, t("person.loading")));
    try {
      const view = await api.departure(id);
      if (!ended) draw(view);
    } catch (error) {
      if (ended) return;
      const over = error.code === "not_found";
      fill(
        main,
        el(
          "section",
          { class: "card stack door" },
          el("h1", {}, t("pending.departure")),
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
