// One printed card: photo and consent, the second person, the sheet, and its end.

import { confirm } from "/web/shared/dialog.js";
import { announce, button, el, fill, icon, notice } from "/web/shared/dom.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { arrive, failed, refused } from "/web/staff/frame.js";
import { askReason } from "./ask-reason.js";
import { cameraPart } from "./camera.js";
import { personFacts, standingBadge } from "./cards.js";
import { picturePair } from "./faces.js";
import { looking } from "./looks.js";
import { result, secondDecision } from "./second.js";

const REFRESH_MILLISECONDS = 3000;

/** Shows one. `another()` begins the next, `waiting()` leads to what waits. Gives a function that ends it. */
export function cardScreen(main, api, id, { another, waiting }) {
  let ended = false;
  const look = looking(load, REFRESH_MILLISECONDS);
  let sending = false;
  let known = null;
  let camera = null;
  const free = () => {
    camera?.stop();
    camera = null;
  };

  async function send(place, act, after = () => load(false)) {
    if (sending) return;
    sending = true;
    try {
      await act();
      sending = false;
      if (!ended) await after();
    } catch (error) {
      if (ended) return;
      refused(place, error);
    } finally {
      sending = false;
    }
  }

  const over = (kind, key, way, label) => {
    look.stop();
    free();
    known = null;
    fill(main, result(kind, t(key), t(`${key}.do`), way, label));
    announce(t(key));
    arrive(main, ".outcome .button");
  };

  async function refuse(view, place) {
    const act = t(view.own ? "second.withdraw" : "card.refuse");
    const reason = await askReason({
      title: act,
      lead: t("card.refuse.lead"),
      label: t("card.refuse.why"),
      hint: t("annulment.refuse.hint"),
      send: act,
      templates: ["card.template.face", "card.template.left"],
      kind: "danger",
      picture: "block",
    });
    const done = () => over("plain", view.own ? "card.withdrawn" : "card.refused", waiting, t("second.next"));
    if (reason) send(place, () => api.refuseCard(id, view.version, reason), done);
  }

  /** The first person: a photo now, and the resident's word. */
  function prepare(view) {
    const place = el("div", { class: "problem-place" });
    const agreed = el("input", { type: "checkbox", id: "agreed" });
    camera = cameraPart((blob) => send(place, () => api.photographForCard(id, blob)));
    const ask = () => {
      if (agreed.checked) return send(place, () => api.askCard(id, view.version, view.terms_version));
      fill(place, notice("warning", t("card.agree.first"), t("card.agree.first.do")));
      announce(t("card.agree.first"), true);
      return agreed.focus();
    };
    return [
      el("p", {}, t(view.has_photo ? "card.photo.again" : "card.photo.do")),
      camera,
      view.has_photo
        ? el(
            "label",
            { class: "check" },
            agreed,
            el(
              "span",
              {},
              el("b", {}, t("card.agree")),
              el("span", { class: "muted small" }, t("card.agree.do", { version: view.terms_version })),
            ),
          )
        : null,
      place,
      el(
        "div",
        { class: "actions" },
        view.has_photo ? button(t("second.send"), ask, { picture: "user" }) : null,
        button(t("card.cancel"), () => refuse(view, place), { kind: "danger-quiet", picture: "close" }),
      ),
    ];
  }

  function waits(view) {
    const place = el("div", { class: "problem-place" });
    return [
      notice("info", t("second.waits"), t("card.waits.do", { when: dateTime(view.lapses_at) })),
      place,
      button(t("second.withdraw"), () => refuse(view, place), { kind: "danger-quiet", picture: "close" }),
    ];
  }

  const agree = (view) =>
    secondDecision({
      lead: t("card.grant.lead", { who: view.asked_by }),
      check: t("card.check"),
      label: t("card.grant"),
      grant: (place) =>
        send(
          place,
          () => api.grantCard(id, view.version),
          () => over("good", "card.granted", () => load(false), t("card.open")),
        ),
      refuse: (place) => refuse(view, place),
      leave: waiting,
    });

  /** A card that was issued. */
  function issued(view) {
    const place = el("div", { class: "problem-place" });
    const good = view.standing === "good";
    const printable = good && view.print_until && new Date(view.print_until) > new Date();
    const end = async (reason) => {
      const sure = await confirm({
        title: t(`card.void.${reason}.sure`),
        text: t(`card.void.${reason}.text`),
        yes: t(`card.void.${reason}`),
        no: t("card.void.no"),
      });
      if (sure) send(place, () => api.voidCard(id, view.version, reason));
    };
    const keeps = el("input", {
      type: "checkbox",
      id: "keeps",
      checked: view.keeps,
      onchange: () => send(place, () => api.keepCard(id, view.version, keeps.checked)),
    });
    return [
      el(
        "p",
        {},
        standingBadge(view.standing),
        " ",
        view.standing === "void"
          ? t(`card.void_reason.${view.void_reason ?? "stopped"}`)
          : t("card.until", { when: dateTime(view.expires_at) }),
      ),
      printable
        ? el(
            "a",
            { class: "button wide", href: api.cardSheet(id), target: "_blank", rel: "noopener" },
            icon("download"),
            t("card.print"),
          )
        : null,
      printable ? el("p", { class: "muted small" }, t("card.print.do", { when: dateTime(view.print_until) })) : null,
      good && !view.on_phone
        ? el(
            "label",
            { class: "check" },
            keeps,
            el("span", {}, el("b", {}, t("card.keeps")), el("span", { class: "muted small" }, t("card.keeps.do"))),
          )
        : null,
      place,
      el(
        "div",
        { class: "actions" },
        button(t("cards.another"), another, { kind: "secondary" }),
        good ? button(t("card.void.lost"), () => end("lost"), { kind: "danger-quiet", picture: "block" }) : null,
        good
          ? button(t("card.void.returned"), () => end("returned"), { kind: "danger-quiet", picture: "close" })
          : null,
      ),
    ];
  }

  function part(view) {
    if (view.state === "granted") return issued(view);
    if (view.state === "prepared" && view.own) return prepare(view);
    if (view.state === "asked" && view.own) return waits(view);
    if (view.state === "asked" && view.may_grant) return agree(view);
    if (view.state === "asked") return notice("info", t("second.barred"), t("second.barred.do"));
    const key = view.state === "prepared" ? "colleague" : view.state;
    return [
      notice("info", t(`card.state.${key}`), t(`card.state.${key}.do`)),
      view.refusal ? el("blockquote", {}, view.refusal) : null,
      button(t("cards.another"), another, { kind: "secondary" }),
    ];
  }

  function draw(view) {
    const first = known === null;
    known = JSON.stringify(view);
    free();
    const pictures = [
      ["photo", view.has_photo, "card.photo"],
      ["portrait", view.has_portrait, "faces.portrait"],
    ].map(([kind, there, label]) => ({
      kind,
      there,
      label: t(label),
      // A photo that was taken again has the same address.
      src: there ? `${api.cardPicture(id, kind)}?${view.version}` : null,
    }));
    fill(
      main,
      el(
        "div",
        { class: "stack" },
        el("h1", {}, view.full_name),
        el(
          "div",
          { class: "two to-left" },
          el("div", { class: "stack" }, picturePair(pictures), personFacts(view)),
          el(
            "section",
            { class: "card stack decision", "aria-labelledby": "decision" },
            el("h2", { id: "decision" }, t("cards.title")),
            part(view),
          ),
        ),
      ),
    );
    if (first) arrive(main);
    else announce(t(`card.announce.${view.state}`));
  }

  async function load(quiet) {
    look.begin(quiet);
    try {
      const view = await api.card(id, { quiet });
      if (ended || sending) return undefined;
      // A dialog over the screen is answered first.
      if (JSON.stringify(view) !== known && !document.querySelector("dialog[open]")) draw(view);
      if (view.state === "asked") look.again();
    } catch (error) {
      if (ended) return undefined;
      if (quiet && (error.isNetwork || error.status >= 500 || error.status === 429)) {
        look.again();
        return undefined;
      }
      known = null;
      free();
      fill(
        main,
        el(
          "section",
          { class: "card stack door" },
          el("h1", {}, t("person.not_shown")),
          error.code === "not_found"
            ? notice("info", t("second.over"), t("second.over.do"))
            : failed(error, () => load(false)),
          el("p", {}, button(t("cards.another"), another, { kind: "secondary", wide: false })),
        ),
      );
    }
    return undefined;
  }

  fill(main, el("h1", {}, t("person.loading")));
  load(false);
  return () => {
    ended = true;
    look.stop();
    free();
  };
}
