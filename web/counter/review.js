// One person at the counter: two faces side by side, submitted and registered data side by side, three checks, a
// decision.

import { announce, button, el, field, fill, icon, notice } from "/web/shared/dom.js";
import { explain } from "/web/shared/http.js";
import { dateTime, ktpDate, t } from "/web/shared/i18n.js";
import { forget, keep, readObject } from "/web/shared/storage.js";
import { arrive, ask, failed, key, shortcuts } from "/web/staff/frame.js";
import { askReject, askReturn } from "./decide.js";

const REFRESH_MILLISECONDS = 2500;
// Looks in a row, five minutes: each counts as work of the officer, and a screen that is left alone has to lock.
const MOST_LOOKS = 120;
const BAD = ["rejected", "expired", "cancelled"];
const GOOD = ["code_sent", "needs_pin", "active"];

// What scanning has answered already need not be asked for again.
let fresh = null;

/** Keeps a view for the screen that opens next. */
export const remember = (view) => (fresh = view);

/** A state as a badge: words, a picture, a colour. */
export function badge(state) {
  const [kind, picture] = GOOD.includes(state)
    ? ["good", "check"]
    : BAD.includes(state)
      ? ["bad", "block"]
      : ["wait", "clock"];
  return el("span", { class: `badge ${kind}` }, icon(picture), t(`state.${state}`));
}

function zoom(pictures) {
  return ask(
    t("faces.zoom"),
    () => {
      const images = pictures.map(({ label, src }) =>
        el(
          "figure",
          {},
          el("figcaption", {}, label),
          el("div", { class: "pane", tabindex: 0, role: "group", "aria-label": label }, el("img", { src, alt: label })),
        ),
      );
      const size = el("input", {
        id: "zoom",
        type: "range",
        min: 100,
        max: 400,
        step: 50,
        value: 100,
        autofocus: true,
        oninput: () => {
          for (const image of images) {
            const pane = image.querySelector(".pane");
            pane.querySelector("img").style.width = `${size.value}%`;
            // Faces are in the middle, a little above.
            pane.scrollLeft = (pane.scrollWidth - pane.clientWidth) / 2;
            pane.scrollTop = (pane.scrollHeight - pane.clientHeight) * 0.4;
          }
        },
      });
      return el(
        "div",
        { class: "stack" },
        el("div", { class: "field" }, el("label", { for: "zoom" }, t("faces.size")), size),
        el("div", { class: "panes" }, images),
      );
    },
    "zoomed",
  );
}

/**
 * A picture in a button that enlarges it; one that was lost on the way is said to be, with a button that asks for it
 * again.
 */
function face(one, shown) {
  const box = el("div", {});
  const load = () =>
    fill(
      box,
      el(
        "button",
        {
          type: "button",
          class: "face",
          id: `face-${one.kind}`,
          "aria-label": t("faces.enlarge", { what: one.label }),
          onclick: () => zoom(shown),
        },
        el("img", {
          src: one.src,
          alt: "",
          onerror: () =>
            fill(
              box,
              el(
                "div",
                { class: "face none", role: "alert" },
                icon("user"),
                t("faces.lost"),
                button(t("staff.again"), load, { kind: "secondary", wide: false }),
              ),
            ),
        }),
        icon("plus"),
      ),
    );
  load();
  return box;
}

function faces(api, view) {
  const pictures = [
    ["selfie", view.has_selfie],
    ["portrait", view.has_portrait],
  ].map(([kind, there]) => ({
    kind,
    there,
    label: t(`faces.${kind}`),
    src: there ? api.picture(view.registration_id, kind) : null,
  }));
  const shown = pictures.filter((one) => one.there);
  return el(
    "section",
    { class: "faces card", "aria-labelledby": "faces" },
    el("h2", { id: "faces", class: "sr-only" }, t("faces.title")),
    el(
      "div",
      { class: "pair" },
      pictures.map((one) =>
        el(
          "figure",
          {},
          el("figcaption", {}, one.label),
          one.there ? face(one, shown) : el("p", { class: "face none" }, icon("user"), t(`faces.no_${one.kind}`)),
        ),
      ),
    ),
  );
}

function comparison(view) {
  const { submitted, register, differences } = view;
  const row = (field, label, ours, theirs, same) => {
    const found = differences.find((one) => one.field === field);
    const differs = Boolean(found) || (theirs !== null && !same);
    const verdict =
      theirs === null
        ? null
        : differs
          ? el("span", { class: "badge bad" }, el("span", { "aria-hidden": "true" }, "≠"), t("compare.differs"))
          : el("span", { class: "badge good" }, icon("check"), t("compare.same"));
    return el(
      "div",
      { class: `compared${differs ? " differs" : ""}`, data: { field } },
      el("h3", {}, label),
      verdict,
      el(
        "dl",
        {},
        el("div", {}, el("dt", {}, t("compare.submitted")), el("dd", {}, ours)),
        el("div", {}, el("dt", {}, t("compare.registered")), el("dd", {}, theirs ?? "–")),
      ),
      found ? el("p", { class: "why" }, icon("info"), el("span", {}, found.explanation)) : null,
    );
  };
  const rest = register
    ? [
        "birth_place",
        "sex",
        "blood_type",
        "address",
        "rt_rw",
        "village",
        "district",
        "regency",
        "province",
        "religion",
        "marital_status",
        "occupation",
        "nationality",
        "valid_until",
      ]
    : [];
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "data" },
    el("h2", { id: "data" }, t("compare.title")),
    view.warnings.map((text) => notice("warning", t("compare.nik_warning"), text)),
    row("nik", "NIK", submitted.nik, register?.nik ?? null, register?.nik === submitted.nik),
    row("full_name", t("field.full_name"), submitted.full_name, register?.full_name ?? null, true),
    row(
      "birth_date",
      t("field.birth_date"),
      ktpDate(submitted.birth_date),
      register ? ktpDate(register.birth_date) : null,
      true,
    ),
    el(
      "div",
      { class: "compared read-out" },
      el("h3", {}, t("compare.contact")),
      el("span", { class: "badge" }, icon("bell"), t("compare.read_out")),
      el(
        "dl",
        {},
        el("div", {}, el("dt", {}, t("field.email")), el("dd", {}, submitted.email)),
        el("div", {}, el("dt", {}, t("field.phone")), el("dd", {}, submitted.phone)),
      ),
    ),
    register
      ? el(
          "details",
          {},
          el("summary", {}, t("compare.rest")),
          el(
            "dl",
            { class: "rest" },
            rest.map((field) => el("div", {}, el("dt", {}, t(`field.${field}`)), el("dd", {}, register[field] || "–"))),
          ),
        )
      : null,
  );
}

/** What stands in the way of approving, as notices; empty when nothing does. */
function hindrances(view) {
  const found = [];
  if (view.already_active) found.push(notice("danger", t("hinder.already_active"), t("hinder.already_active.do")));
  if (view.check_result === "unknown_nik")
    found.push(notice("danger", t("hinder.unknown_nik"), t("hinder.unknown_nik.do")));
  if (view.check_result === "not_eligible")
    found.push(notice("danger", t("hinder.not_eligible"), t("hinder.not_eligible.do")));
  return found;
}

/**
 * Shows one registration. `next()` goes on to the next person; `memory` outlives drawing anew. Gives a function that
 * ends it.
 */
export function personScreen(main, api, id, { next, nextKey, memory }) {
  const state = {
    checks: { face: false, document: false, data: false },
    note: "",
    view: fresh?.registration_id === id ? fresh : null,
  };
  memory.checks = state.checks = memory.checks ?? state.checks;
  // Ticks and note outlive a reload, but not another scan: that is another look at the person.
  const desk = `ikd.desk.${id}`;
  const keepDesk = () =>
    keep(
      "session",
      desk,
      JSON.stringify({
        scanned: state.view?.scanned_at,
        version: state.view?.version,
        checks: state.checks,
        note: state.note,
      }),
    );
  /** Gives whether they were made on another version. */
  const takeUp = (view) => {
    try {
      const { scanned, version, checks, note } = readObject("session", desk);
      if (!scanned || scanned !== view.scanned_at) return false;
      Object.assign(state.checks, checks);
      state.note = note;
      return version !== view.version;
    } catch {
      return false;
    }
  };
  fresh = null;
  let ended = false;
  let timer;
  let sending = false;
  let decided = false;
  let drawn = null;
  let asked = 0;
  let looks = 0;
  const end = shortcuts({ "Ctrl+Enter": () => act?.approve(), F9: () => act?.giveBack(), F10: () => act?.reject() });
  let act = null;

  function done(answer, kind) {
    const good = kind === "approve";
    act = null;
    // A look that is still under way must not take the outcome's place.
    decided = true;
    clearTimeout(timer);
    for (const dialog of document.querySelectorAll("dialog.ask")) dialog.close();
    forget("session", desk);
    memory.outcome = { answer, kind };
    const lesson = api.lesson?.(id, kind);
    const go = button("", next, { wide: false });
    fill(go, t("done.next"), key("Enter"));
    fill(
      main,
      el(
        "section",
        { class: `card stack outcome ${good ? "good" : "plain"}` },
        el("div", { class: "sign" }, icon(good ? "check" : kind === "return" ? "back" : "block")),
        el("h1", {}, t(`done.${kind}`)),
        el(
          "p",
          { class: "lead" },
          t(
            good
              ? `done.approve.${answer.state === "approved_pending_register" ? "waits" : "sent"}`
              : `done.${kind}.text`,
          ),
        ),
        lesson
          ? notice(lesson.right ? "success" : "warning", t(lesson.right ? "lesson.right" : "lesson.other"), lesson.text)
          : null,
        el("p", {}, go),
      ),
    );
    announce(t(`done.${kind}`));
    arrive(main, ".outcome .button");
  }

  async function send(kind, request) {
    if (sending || decided) return;
    sending = true;
    try {
      done(await request(), kind);
    } catch (error) {
      const { title, detail } = explain(error);
      await load(false);
      if (!ended) {
        const place = main.querySelector(".decision .problem-place");
        if (place) fill(place, notice("danger", title, detail));
        place?.scrollIntoView({ block: "nearest" });
      }
    } finally {
      sending = false;
    }
  }

  /**
   * The part with the decision, and `update(view)` for what may change in it while the officer ticks and writes: a
   * node that is replaced under a pressed key forgets the press.
   */
  function decision(view) {
    act = null;
    const place = el("div", { class: "problem-place" });
    const hinder = hindrances(view);
    const fixed = (node) => ({ node, update() {} });
    if (view.state !== "awaiting_officer") {
      return fixed(
        el(
          "section",
          { class: "card stack decision", "aria-labelledby": "decision" },
          el("h2", { id: "decision" }, t("decision.title")),
          place,
          notice("info", t("decision.closed"), t(`state.${view.state}`)),
          view.last_words
            ? el("p", {}, el("b", {}, t("decision.last_words")), " ", el("span", {}, view.last_words))
            : null,
          button(t("done.next"), next, {}),
        ),
      );
    }
    if (!view.may_decide) {
      return fixed(
        el(
          "section",
          { class: "card stack decision", "aria-labelledby": "decision" },
          el("h2", { id: "decision" }, t("decision.title")),
          place,
          notice("info", t("decision.scan_again"), t("decision.scan_again.do")),
          button(t("counter.scan"), next, { picture: "scan" }),
        ),
      );
    }
    const inputs = {};
    const boxes = Object.keys(state.checks).map((name) => {
      const input = el("input", {
        type: "checkbox",
        id: `check-${name}`,
        onchange: () => {
          state.checks[name] = input.checked;
          keepDesk();
        },
      });
      input.checked = state.checks[name];
      inputs[name] = input;
      return el(
        "label",
        { class: "check" },
        input,
        el("span", {}, el("b", {}, t(`check.${name}`)), el("span", { class: "muted small" }, t(`check.${name}.how`))),
      );
    });
    const note = el("textarea", {
      id: "note",
      rows: 2,
      maxlength: 500,
      oninput: () => {
        state.note = note.value;
        keepDesk();
      },
    });
    note.value = state.note;
    act = {
      approve() {
        if (hinder.length) return;
        const open = boxes.map((box) => box.querySelector("input")).find((input) => !input.checked);
        if (open) {
          fill(place, notice("warning", t("decision.check_first"), t("decision.check_first.do")));
          announce(t("decision.check_first"), true);
          return open.focus();
        }
        const { version } = state.view;
        return send("approve", () => api.approve(id, version, state.note));
      },
      async giveBack() {
        if (sending) return;
        // What was on the screen when the officer decided: the view goes on under the dialog.
        const { version } = state.view;
        const answer = await askReturn(state.view);
        if (answer) send("return", () => api.giveBack(id, version, answer.to, answer.reason, answer.release));
      },
      async reject() {
        if (sending) return;
        const { version } = state.view;
        const answer = await askReject();
        if (answer) send("reject", () => api.reject(id, version, answer.reason, answer.note));
      },
    };
    const keyed = (label, what, name, kind, picture) =>
      el(
        "button",
        {
          type: "button",
          class: `button wide ${kind}`,
          onclick: () => act[what](),
          "aria-keyshortcuts": name.replace("Ctrl", "Control"),
        },
        icon(picture),
        t(label),
        key(name),
      );
    const waits = el("div", { class: "waits" });
    const node = el(
      "section",
      { class: "card stack decision", "aria-labelledby": "decision" },
      el("h2", { id: "decision" }, t("decision.title")),
      waits,
      hinder.length
        ? hinder
        : [
            el("fieldset", { class: "stack-tight" }, el("legend", { class: "legend" }, t("decision.checks")), boxes),
            el("div", { class: "field" }, el("label", { for: "note" }, t("decision.note")), note),
          ],
      place,
      el(
        "div",
        { class: "actions" },
        hinder.length ? null : keyed("decision.approve", "approve", "Ctrl+Enter", "", "check"),
        keyed("decision.return", "giveBack", "F9", "secondary", "back"),
        keyed("decision.reject", "reject", "F10", "danger-quiet", "block"),
        el(
          "p",
          { class: "center small muted" },
          el("button", { type: "button", class: "button quiet", onclick: next }, t("decision.leave"), key(nextKey)),
        ),
      ),
    );
    const update = (now, changed) => {
      for (const [name, input] of Object.entries(inputs)) input.checked = state.checks[name];
      if (hinder.length) return;
      fill(
        waits,
        changed ? notice("info", t("hinder.changed"), t("hinder.changed.do")) : null,
        now.check_state !== "done" ? notice("warning", t("hinder.pending"), t("hinder.pending.do")) : null,
      );
      if (changed) announce(`${t("hinder.changed")}. ${t("hinder.changed.do")}`);
    };
    update(view, false);
    return { node, update };
  }

  /**
   * Ticks say that this officer compared what was there: they end with another look at the person, or with another
   * version.
   */
  function settleTicks(view) {
    const before = memory.version ? memory : view;
    const first = !state.view || state.view === view;
    let changed = before.scanned_at === view.scanned_at && before.version !== view.version;
    if (before.scanned_at !== view.scanned_at) {
      for (const name of Object.keys(state.checks)) state.checks[name] = false;
      state.note = "";
    }
    if (first && takeUp(view)) changed = true;
    // The document lies on the desk as it did; face and data have to be compared with what has come.
    const had = changed && (state.checks.face || state.checks.data);
    if (changed) state.checks.face = state.checks.data = false;
    state.view = view;
    Object.assign(memory, { version: view.version, scanned_at: view.scanned_at });
    if (changed) keepDesk();
    return had;
  }

  function draw(view) {
    const changed = settleTicks(view);
    const focus = document.activeElement?.id;
    const kind = JSON.stringify([
      view.state,
      view.may_decide,
      view.scanned_at,
      view.submitted.full_name,
      hindrances(view).map((node) => node.textContent),
    ]);
    const pictures = JSON.stringify([view.has_selfie, view.has_portrait]);
    if (drawn?.kind === kind && main.contains(drawn.decision.node)) {
      if (drawn.pictures !== pictures) fill(drawn.faces, faces(api, view));
      fill(drawn.data, comparison(view));
      drawn.decision.update(view, changed);
    } else {
      drawn = {
        kind,
        faces: el("div", {}, faces(api, view)),
        data: el("div", {}, comparison(view)),
        decision: decision(view),
      };
      if (changed) drawn.decision.update(view, true);
      fill(
        main,
        el(
          "div",
          { class: "stack" },
          el(
            "div",
            { class: "row person" },
            el("h1", {}, view.submitted.full_name),
            badge(view.state),
            view.scanned_at
              ? el("span", { class: "muted small" }, t("person.scanned", { when: dateTime(view.scanned_at) }))
              : null,
          ),
          el(
            "div",
            { class: "two to-left" },
            el("div", { class: "stack" }, drawn.faces, drawn.data),
            drawn.decision.node,
          ),
        ),
      );
    }
    drawn.pictures = pictures;
    const again = focus && document.activeElement?.id !== focus && document.getElementById(focus);
    if (again && main.contains(again)) again.focus();
    lookAgain();
  }

  /** As long as the register has not answered. */
  function lookAgain() {
    clearTimeout(timer);
    if (ended || decided || state.view?.check_state !== "pending" || looks >= MOST_LOOKS) return;
    timer = setTimeout(() => load(true), REFRESH_MILLISECONDS);
  }

  async function load(quiet) {
    clearTimeout(timer);
    looks = quiet ? looks + 1 : 0;
    // The answer to a later question counts, whichever comes first.
    const mine = ++asked;
    const counts = () => mine === asked && !ended && !decided;
    try {
      const view = await api.view(id, { quiet });
      if (!counts()) return;
      if (quiet && JSON.stringify(view) === JSON.stringify(state.view)) lookAgain();
      else draw(view);
    } catch (error) {
      if (!counts()) return;
      if (quiet && (error.isNetwork || error.status >= 500 || error.status === 429)) return lookAgain();
      act = null;
      if (error.code === "reason_required" && api.viewWithReason) return askWhy();
      fill(
        main,
        el("h1", {}, t("person.not_shown")),
        failed(error, () => load(false)),
        button(t("done.next"), next, { kind: "secondary", wide: false }),
      );
    }
  }

  /** The resident is not here: a reason opens the data for a while, and is recorded. */
  function askWhy() {
    const why = field({ id: "why", label: t("why.label"), hint: t("why.hint"), maxlength: 500, required: true });
    const place = el("div", { class: "problem-place" });
    const again = button(t("why.open"), null, { type: "submit", kind: "secondary", wide: false });
    const form = el(
      "form",
      {
        class: "stack",
        novalidate: true,
        onsubmit: async (event) => {
          event.preventDefault();
          const reason = why.input.value.trim();
          why.fail(reason.length < 5 ? t("why.short") : "");
          if (reason.length < 5) return why.input.focus();
          again.disabled = true;
          try {
            const view = await api.viewWithReason(id, reason);
            if (ended) return;
            draw(view);
            arrive(main);
          } catch (problem) {
            if (ended) return;
            const { title, detail } = explain(problem);
            fill(place, notice("danger", title, detail));
          } finally {
            again.disabled = false;
          }
        },
      },
      why,
      place,
      again,
    );
    fill(
      main,
      el(
        "section",
        { class: "card stack door" },
        el("h1", {}, t("why.title")),
        el("p", { class: "lead" }, t("why.lead")),
        el("p", {}, button(t("counter.scan"), next, { picture: "scan" })),
        form,
      ),
    );
    arrive(main);
  }

  if (memory.outcome) done(memory.outcome.answer, memory.outcome.kind);
  else if (state.view) {
    draw(state.view);
    arrive(main);
  } else {
    fill(main, el("h1", {}, t("person.loading")));
    load(false).then(() => ended || arrive(main));
  }
  return () => {
    ended = true;
    clearTimeout(timer);
    end();
  };
}
