// What a resident without their phone asks for at the counter: one person takes a photo and asks, a second one compares
// it and grants. `kind` says what it is about:
//   say(key, values)        its words; heading and templates are words of it, too
//   open, photograph, ask, grant, refuse, picture   what the service is asked
//   readOut, lead, grantLabel, granted_key, heading, anotherLabel, pictures   its words and pictures for a view
//   facts(view)             what is told of the person; granted(view, tools) what there is once it was granted

import { announce, button, el, field, fill, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { arrive, failed, refused } from "/web/staff/frame.js";
import { askReason } from "./ask-reason.js";
import { cameraPart } from "./camera.js";
import { picturePair } from "./faces.js";
import { looking } from "./looks.js";
import { result, secondDecision } from "./second.js";

const REFRESH_MILLISECONDS = 3000;

/** Whether who looks is shown the photo: who took it while the request waits, and who is to compare it. */
export const showsPhoto = (view) => view.may_grant || (view.own && ["prepared", "asked"].includes(view.state));

/** Who heard the resident's word, where they cannot read: opened when it is needed. */
function witnessPart() {
  const name = field({
    id: "witness",
    label: t("witness.name"),
    hint: t("witness.hint"),
    autocomplete: "off",
    spellcheck: "false",
    maxlength: 120,
  });
  const node = el(
    "details",
    { class: "helper" },
    el("summary", {}, t("witness")),
    el("div", { class: "stack" }, el("p", { class: "muted" }, t("witness.do")), name),
  );
  return { node, value: () => name.input.value.trim() || undefined };
}

/** Shows one. `another()` begins the next, `waiting()` leads to what waits. Gives a function that ends it. */
export function photoRequestScreen(main, kind, id, { another, waiting }) {
  const { say } = kind;
  let ended = false;
  const asking = newest(() => ended);
  const look = looking(load, REFRESH_MILLISECONDS);
  let sending = false;
  let known = null;
  let camera = null;
  let ends;
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

  const over = (looks, key, way, label) => {
    look.stop();
    free();
    known = null;
    fill(main, result(looks, say(key), say(`${key}.do`), way, label));
    announce(say(key));
    arrive(main, ".outcome .button");
  };

  async function refuse(view, place) {
    const act = view.own ? t("second.withdraw") : say("refuse");
    const reason = await askReason({
      title: act,
      lead: say("refuse.lead"),
      label: say("refuse.why"),
      hint: t("annulment.refuse.hint"),
      send: act,
      templates: kind.templates,
      kind: "danger",
      picture: "block",
    });
    const done = () => over("plain", view.own ? "withdrawn" : "refused", waiting, t("second.next"));
    if (reason) send(place, () => kind.refuse(id, view.version, reason), done);
  }

  /** The first person: a photo now, and the resident's word. */
  function prepare(view) {
    const place = el("div", { class: "problem-place" });
    const agreed = el("input", { type: "checkbox", id: "agreed" });
    const witness = witnessPart();
    camera = cameraPart((blob) => send(place, () => kind.photograph(id, blob)));
    const ask = () => {
      if (agreed.checked) return send(place, () => kind.ask(id, view, witness.value()));
      fill(place, notice("warning", say("agree.first"), say("agree.first.do")));
      announce(say("agree.first"), true);
      return agreed.focus();
    };
    const word = () => [
      el(
        "label",
        { class: "check" },
        agreed,
        el("span", {}, el("b", {}, say("agree")), el("span", { class: "muted small" }, kind.readOut(view))),
      ),
      witness.node,
    ];
    return [
      el("p", {}, say(view.has_photo ? "photo.again" : "photo.do")),
      camera,
      view.has_photo ? word() : null,
      place,
      el(
        "div",
        { class: "actions" },
        view.has_photo ? button(t("second.send"), ask, { picture: "user" }) : null,
        button(say("cancel"), () => refuse(view, place), { kind: "danger-quiet", picture: "close" }),
      ),
    ];
  }

  function waits(view) {
    const place = el("div", { class: "problem-place" });
    return [
      notice("info", t("second.waits"), say("waits.do", { when: dateTime(view.lapses_at) })),
      place,
      button(t("second.withdraw"), () => refuse(view, place), { kind: "danger-quiet", picture: "close" }),
    ];
  }

  const agree = (view) =>
    secondDecision({
      lead: kind.lead(view),
      check: say("check"),
      label: kind.grantLabel(view),
      grant: (place) =>
        send(
          place,
          () => kind.grant(id, view.version),
          () => over("good", kind.granted_key(view), waiting, t("second.next")),
        ),
      refuse: (place) => refuse(view, place),
      leave: waiting,
    });

  function part(view) {
    if (view.state === "granted") return kind.granted(view, { id, send, another });
    if (view.state === "prepared" && view.own) return prepare(view);
    if (view.state === "asked" && view.own) return waits(view);
    if (view.state === "asked" && view.may_grant) return agree(view);
    if (view.state === "asked")
      return [
        notice("info", t("second.barred"), t("second.barred.do")),
        button(t("second.next"), waiting, { kind: "secondary" }),
      ];
    const key = view.state === "prepared" ? "colleague" : view.state;
    return [
      notice("info", say(`state.${key}`), say(`state.${key}.do`)),
      view.refusal
        ? el(
            "figure",
            { class: "asked" },
            el("figcaption", {}, t("photo_request.why")),
            el("blockquote", {}, view.refusal),
          )
        : null,
      button(kind.anotherLabel, another, { kind: "secondary" }),
    ];
  }

  function draw(view) {
    const first = known === null;
    const held = main.contains(document.activeElement);
    known = JSON.stringify(view);
    free();
    const pictures = kind.pictures(view).map(([name, there, label]) => ({
      kind: name,
      there,
      label,
      // A photo that was taken again has the same address.
      src: there ? `${kind.picture(id, name)}?${view.version}` : null,
    }));
    fill(
      main,
      el(
        "div",
        { class: "stack" },
        el("h1", {}, view.full_name ?? say("nobody")),
        el(
          "div",
          { class: "two to-left" },
          el("div", { class: "stack" }, pictures.length ? picturePair(pictures) : null, kind.facts(view)),
          el(
            "section",
            { class: "card stack decision", "aria-labelledby": "decision" },
            el("h2", { id: "decision", tabindex: -1 }, kind.heading(view)),
            part(view),
          ),
        ),
      ),
    );
    if (first) arrive(main);
    else announce(say(`announce.${view.state}`));
    // What was pressed is gone: whoever goes by keyboard stands where the next step is.
    if (!first && held) (main.querySelector("#agreed") ?? main.querySelector("#decision")).focus();
    clearTimeout(ends);
    const left = view.print_until ? new Date(view.print_until) - Date.now() : 0;
    if (left > 0) ends = setTimeout(() => load(true), left + 500);
  }

  async function load(quiet) {
    const counts = asking();
    look.begin(quiet);
    try {
      const view = await kind.open(id, { quiet });
      if (!counts()) return undefined;
      // A decision is under way: what comes of it is looked at then.
      if (sending) return look.again();
      // A dialog over the screen is answered first.
      if (JSON.stringify(view) !== known && !document.querySelector("dialog[open]")) draw(view);
      if (view.state === "asked") look.again();
    } catch (error) {
      if (!counts()) return undefined;
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
          el("p", {}, button(kind.anotherLabel, another, { kind: "secondary", wide: false })),
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
    clearTimeout(ends);
    free();
  };
}
