// Correction cases at the counter: the office's list, taking one that a resident names, and one case with what the
// officer may do about it.

import { announce, button, el, failNamed, field, fill, icon, notice } from "/web/shared/dom.js";
import { explain } from "/web/shared/http.js";
import { dateTime, dayOf, known, ktpDate, t } from "/web/shared/i18n.js";
import { arrive, failed } from "/web/staff/frame.js";
import { ask } from "/web/staff/ask.js";
import { askReason } from "./ask-reason.js";
import { picturePair } from "./faces.js";
import { nikField } from "./nik-field.js";

const BADGES = {
  opened: ["wait", "clock"],
  waiting_resident: ["wait", "user"],
  in_register: ["", "office"],
  resolved: ["good", "check"],
  refused: ["bad", "close"],
  lapsed: ["", "clock"],
};
const SHORTEST = 5;
const LIVE = ["opened", "waiting_resident", "in_register"];

function badge(state) {
  const [colour, picture] = BADGES[state] ?? ["", "info"];
  return el("span", { class: `badge ${colour}` }, icon(picture), t(`correction.state.${state}`));
}

const fact = (label, value) => value && el("div", {}, el("dt", {}, label), el("dd", {}, value));
const named = (name) => (known(`field.${name}`) ? t(`field.${name}`) : t("correction.portrait"));
const due = (text) => dayOf(new Date(new Date(text) - 1));

/** The office's cases, and a form for one that a resident names. `open(id)` shows one. Gives what ends it. */
export function correctionsScreen(main, api, { open }) {
  let ended = false;
  const list = el("ul", { class: "lines" }, el("li", { class: "empty" }, t("queue.loading")));
  const foot = el("div", {});
  const nik = nikField();
  const reference = field({
    id: "reference",
    label: t("correction.reference"),
    hint: t("correction.reference.hint"),
    autocomplete: "off",
    autocapitalize: "characters",
    spellcheck: "false",
    maxlength: 12,
  });
  const place = el("div", { class: "problem-place" });
  const take = el("button", { type: "submit", class: "button wide" }, icon("edit"), t("correction.take"));

  async function submit(event) {
    event.preventDefault();
    nik.fail(nik.trouble());
    reference.fail(reference.input.value.trim() ? null : t("correction.reference.empty"));
    if (nik.trouble()) return nik.input.focus();
    if (!reference.input.value.trim()) return reference.input.focus();
    take.disabled = true;
    fill(place);
    try {
      const view = await api.takeCorrection(nik.digits(), reference.input.value.trim());
      if (!ended) open(view.case.correction_id);
    } catch (error) {
      if (ended || failNamed(error, { nik })) return undefined;
      const { title, detail } = explain(error);
      fill(place, notice("danger", title, detail));
      place.scrollIntoView({ block: "nearest" });
    } finally {
      take.disabled = false;
    }
    return undefined;
  }

  const line = (item) =>
    el(
      "li",
      {},
      el(
        "a",
        { class: "line tall", href: `#kasus/${item.correction_id}` },
        el("b", {}, `${item.reference} · ${item.title}`),
        item.waits_for_second_person
          ? el("span", { class: "badge wait" }, icon("clock"), t("correction.second"))
          : badge(item.state),
        el(
          "span",
          { class: "muted small" },
          t("correction.changed", { when: dateTime(item.changed_at), until: dateTime(item.expires_at) }),
        ),
      ),
    );

  async function load() {
    try {
      const { items } = await api.corrections();
      if (ended) return;
      fill(
        list,
        items.length ? items.map(line) : el("li", { class: "empty" }, icon("check"), el("p", {}, t("correction.none"))),
      );
      fill(foot);
    } catch (error) {
      if (ended) return;
      fill(list);
      fill(foot, failed(error, load));
    }
  }

  fill(
    main,
    el(
      "div",
      { class: "two to-left" },
      el(
        "section",
        { class: "card stack" },
        el(
          "div",
          { class: "row spread" },
          el("h1", {}, t("correction.title")),
          button(t("queue.reload"), load, { kind: "secondary", wide: false, picture: "history" }),
        ),
        el("p", { class: "lead" }, t("correction.lead")),
        list,
        foot,
      ),
      el(
        "section",
        { class: "card stack", "aria-labelledby": "take" },
        el("h2", { id: "take" }, t("correction.take.title")),
        el("p", {}, t("correction.take.lead")),
        el("form", { class: "stack", novalidate: true, onsubmit: submit }, nik, reference, place, take),
      ),
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}

/** That the registration on the screen has a case that goes on, with the way to it; null when it has none. */
export function caseNotice(view, api) {
  const one = view.correction;
  if (!one || !LIVE.includes(one.state) || api.practice) return null;
  const place = el("div", {});
  const open = async () => {
    try {
      // The resident stands here: a case that no office has is this one's now.
      const { case: taken } = await api.takeCorrection(view.submitted.nik, one.reference);
      location.hash = `#kasus/${taken.correction_id}`;
    } catch (error) {
      const { title, detail } = explain(error);
      fill(place, notice("danger", title, detail));
    }
  };
  return notice(
    "warning",
    t("correction.there"),
    `${one.guide.title} · ${t(`correction.state.${one.state}`)}. `,
    one.spelling_agreed ? t("correction.agreed") : t("correction.there.do"),
    button(t("correction.see"), open, { kind: "secondary", wide: false }),
    place,
  );
}

/** Asks what is wrong and what the resident reads: `{kind, fields, reason}`, or null. `guides` are the kinds. */
export function askCorrection(guides, view) {
  const differs = view.differences.map((one) => one.field);
  return ask(t("correction.open"), (done) => {
    const place = el("div", { class: "stack-tight" });
    const why = field({
      id: "why",
      label: t("correction.words"),
      hint: t("correction.words.hint"),
      tag: "textarea",
      rows: 3,
      maxlength: 500,
    });
    const error = el("p", { class: "error", role: "alert", hidden: true });
    let chosen = null;
    const choose = (guide) => {
      chosen = guide;
      error.hidden = true;
      if (!why.input.value || guides.some((one) => one.act === why.input.value)) why.input.value = guide.act;
      fill(
        place,
        guide.fields.length > 1
          ? el(
              "fieldset",
              { class: "stack-tight" },
              el("legend", { class: "legend" }, t("correction.fields")),
              guide.fields.map((name) => {
                const input = el("input", { type: "checkbox", name: "field", value: name });
                input.checked = differs.includes(name);
                return el("label", { class: "check" }, input, el("span", {}, named(name)));
              }),
            )
          : null,
        el("p", { class: "muted small" }, t("correction.brings", { documents: guide.documents.join("; ") })),
      );
    };
    const kinds = el("select", {
      id: "kind",
      onchange: () => choose(guides.find((one) => one.kind === kinds.value)),
    });
    fill(
      kinds,
      el("option", { value: "" }, t("correction.kind.choose")),
      guides.map((one) => el("option", { value: one.kind }, one.title)),
    );
    const wrong = (key, input) => {
      fill(error, icon("warning"), el("span", {}, t(key))).hidden = false;
      input?.focus();
    };
    const submit = (event) => {
      event.preventDefault();
      if (!chosen) return wrong("correction.kind.choose", kinds);
      const ticked = [...form.querySelectorAll("input[name=field]:checked")].map((input) => input.value);
      const fields = chosen.fields.length > 1 ? ticked : chosen.fields;
      if (!fields.length && chosen.fields.length)
        return wrong("correction.fields.choose", form.querySelector("input[name=field]"));
      const reason = why.input.value.trim();
      why.fail(reason.length < SHORTEST ? t("reason.short") : null);
      if (reason.length < SHORTEST) return why.input.focus();
      return done({ kind: chosen.kind, fields, reason });
    };
    const form = el(
      "form",
      { class: "stack", novalidate: true, onsubmit: submit },
      el("p", {}, t("correction.open.lead")),
      el("div", { class: "field" }, el("label", { for: "kind" }, t("correction.kind")), kinds),
      place,
      el("div", { class: "field" }, error),
      why,
      el("button", { type: "submit", class: "button wide" }, icon("check"), t("correction.open")),
    );
    return form;
  });
}

/** Shows one case. `back()` leads to the list. Gives a function that ends it. */
export function correctionScreen(main, api, id, { back }) {
  let ended = false;
  let sending = false;

  function compared(view) {
    const row = (label, said, registered) =>
      said || registered
        ? el(
            "div",
            { class: `compared${said && registered && said !== registered ? " differs" : ""}` },
            el("h3", {}, label),
            el("dl", {}, fact(t("correction.said"), said ?? "–"), fact(t("correction.registered"), registered ?? "–")),
          )
        : null;
    return el(
      "div",
      {},
      row(t("field.full_name"), view.full_name, view.registered_name),
      row(
        t("field.birth_date"),
        view.birth_date && ktpDate(view.birth_date),
        view.registered_birth_date && ktpDate(view.registered_birth_date),
      ),
    );
  }

  async function send(act, words) {
    if (sending) return;
    sending = true;
    const place = main.querySelector(".problem-place");
    fill(place);
    try {
      const view = await act();
      if (ended) return;
      if (view?.case) draw(view);
      else await load();
      announce(t(words));
    } catch (error) {
      if (ended) return;
      const { title, detail } = explain(error);
      // Changed meanwhile, or by this very request whose answer was lost: what the service knows counts.
      if (error.isNetwork || error.code === "wrong_state") await load();
      const now = main.querySelector(".problem-place");
      if (now) fill(now, notice("danger", title, detail));
      now?.scrollIntoView({ block: "nearest" });
    } finally {
      sending = false;
    }
  }

  const reasoned = async (what, kind, act, words) => {
    const reason = await askReason({
      title: t(`correction.${what}`),
      lead: t(`correction.${what}.lead`),
      label: t("correction.words"),
      hint: t("correction.words.hint"),
      send: t(`correction.${what}`),
      templates: [`correction.template.${what}`],
      kind,
      picture: what === "refuse" ? "block" : "back",
    });
    if (reason) send(() => act(reason), words);
  };

  function actions(view) {
    const { case: one } = view;
    if (!LIVE.includes(one.state)) return notice("info", t("correction.over"), t(`correction.state.${one.state}`));
    const { version } = one;
    const { may_pass_on: passes, may_ask: asks, may_grant: grants, asked_by: by } = view;
    return [
      by !== null && !grants ? notice("info", t("second.waits"), t("correction.asked", { who: by })) : null,
      grants ? notice("warning", t("correction.second"), t("correction.grant.lead", { who: by })) : null,
      one.state === "in_register" ? notice("info", t("correction.passed"), t("correction.passed.do")) : null,
      el("div", { class: "problem-place" }),
      el(
        "div",
        { class: "actions" },
        passes
          ? button(t("correction.pass"), () => send(() => api.passCorrection(id, version), "correction.passed"), {
              picture: "check",
            })
          : null,
        asks
          ? button(t("correction.ask"), () => send(() => api.requestCorrection(id, version), "second.waits"), {
              picture: "user",
            })
          : null,
        grants
          ? button(t("correction.grant"), () => send(() => api.grantCorrection(id, version), "correction.passed"), {
              picture: "check",
            })
          : null,
        button(
          t("correction.return"),
          () => reasoned("return", "", (reason) => api.returnCorrection(id, version, reason), "correction.returned"),
          { kind: "secondary", picture: "back" },
        ),
        button(
          t("correction.refuse"),
          () =>
            reasoned("refuse", "danger", (reason) => api.refuseCorrection(id, version, reason), "correction.refused"),
          { kind: "danger-quiet", picture: "block" },
        ),
      ),
    ];
  }

  function draw(view) {
    const { case: one } = view;
    const { guide } = one;
    fill(
      main,
      el(
        "div",
        { class: "stack" },
        el(
          "div",
          { class: "row person" },
          el("h1", {}, guide.title),
          badge(one.state),
          el("span", { class: "muted" }, one.reference),
        ),
        el(
          "div",
          { class: "two to-left" },
          el(
            "section",
            { class: "card stack", "aria-labelledby": "data" },
            el("h2", { id: "data" }, t("correction.about")),
            view.has_portrait
              ? picturePair([
                  { kind: "portrait", there: true, label: t("faces.portrait"), src: api.correctionPicture(id) },
                ])
              : null,
            compared(view),
            el(
              "dl",
              { class: "rest" },
              fact("NIK", view.nik),
              fact(t("correction.fields"), one.fields.map(named).join(", ")),
              fact(t("correction.service"), guide.service),
              fact(t("correction.documents"), guide.documents.join("; ")),
              fact(t("correction.opened"), dateTime(one.opened_at)),
              fact(t("correction.due"), due(one.due_at)),
              fact(t("correction.until"), dateTime(one.expires_at)),
            ),
            one.words ? el("p", {}, el("b", {}, t("correction.last_words")), " ", el("span", {}, one.words)) : null,
            view.registration_id
              ? el("p", {}, el("a", { href: `#warga/${view.registration_id}` }, t("correction.registration")))
              : null,
          ),
          el(
            "section",
            { class: "card stack decision", "aria-labelledby": "decision" },
            el("h2", { id: "decision" }, t("correction.next")),
            el("p", { class: "muted" }, t("correction.to_resident", { act: guide.act })),
            actions(view),
            button(t("correction.back"), back, { kind: "quiet" }),
          ),
        ),
      ),
    );
    arrive(main);
  }

  async function load() {
    try {
      const view = await api.correction(id);
      if (!ended) draw(view);
    } catch (error) {
      if (ended) return;
      fill(
        main,
        el(
          "section",
          { class: "card stack door" },
          el("h1", {}, t("correction.title")),
          error.code === "not_found"
            ? notice("info", t("correction.gone"), t("correction.gone.do"))
            : failed(error, load),
          el("p", {}, button(t("correction.back"), back, { kind: "secondary", wide: false })),
        ),
      );
      arrive(main);
    }
  }
  fill(main, el("h1", {}, t("person.loading")));
  load();
  return () => (ended = true);
}
