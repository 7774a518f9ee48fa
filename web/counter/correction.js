// One correction case at the counter, with what the officer may do about it.

import { announce, button, el, fill, notice } from "/web/shared/dom.js";
import { explain, newest } from "/web/shared/http.js";
import { dateTime, ktpDate, t } from "/web/shared/i18n.js";
import { arrive, failed } from "/web/staff/frame.js";
import { askReason } from "./ask-reason.js";
import { badge, due, fact, LIVE, named } from "./correction-words.js";
import { picturePair } from "./faces.js";

/** Shows one case. `back()` leads to the list. Gives a function that ends it. */
export function correctionScreen(main, api, id, { back }) {
  let ended = false;
  const asking = newest(() => ended);
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
    const counts = asking();
    try {
      const view = await api.correction(id);
      if (counts()) draw(view);
    } catch (error) {
      if (!counts()) return;
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
