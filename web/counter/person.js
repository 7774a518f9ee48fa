// One person at the counter: two faces side by side, submitted and registered data side by side, three checks, a
// decision.

import { button, el, fill, notice, toast } from "/web/shared/dom.js";
import { explain, newest } from "/web/shared/http.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { arrive, failed, shortcuts } from "/web/staff/frame.js";
import { badge } from "./badge.js";
import { comparison } from "./comparison.js";
import { decision, hindrances } from "./decision.js";
import { deskOf } from "./desk.js";
import { faces } from "./faces.js";
import { looking } from "./looks.js";
import { outcome } from "./outcome.js";
import { askWhy } from "./reason.js";
import { recall } from "./recent.js";

const REFRESH_MILLISECONDS = 2500;

/** What may not change under the officer's hands: another of it is drawn as a whole. */
const shape = (view, released) =>
  JSON.stringify([
    view.state,
    view.may_decide,
    view.scanned_at,
    view.submitted.full_name,
    view.correction,
    released,
    hindrances(view).map((node) => node.textContent),
  ]);

function layout(view, { faces: pictures, data, decision: part }) {
  return el(
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
    el("div", { class: "two to-left" }, el("div", { class: "stack" }, pictures, data), part.node),
  );
}

/**
 * Shows one registration. `next()` goes on to the next person; `memory` outlives drawing anew. Gives a function that
 * ends it.
 */
export function personScreen(main, api, id, { next, nextKey, memory }) {
  const desk = deskOf(id, memory, recall(id));
  let ended = false;
  const asking = newest(() => ended || decided);
  const look = looking(load, REFRESH_MILLISECONDS);
  let sending = false;
  let decided = false;
  let drawn = null;
  let act = null;
  const end = shortcuts({
    "Ctrl+Enter": () => act?.approve(),
    F9: () => act?.returnForCorrection(),
    F10: () => act?.reject(),
  });

  function done(answer, kind) {
    act = null;
    // A look that is still under way must not take the outcome's place.
    decided = true;
    look.stop();
    for (const dialog of document.querySelectorAll("dialog.ask")) dialog.close();
    desk.clear();
    memory.outcome = { answer, kind };
    outcome(main, { kind, answer, next, lesson: api.lesson?.(id, kind) });
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

  /** Asks for what a second person has to agree to; the screen stays, and follows. */
  async function ask(request) {
    if (sending || decided) return;
    sending = true;
    let refused = null;
    try {
      await request();
    } catch (error) {
      refused = explain(error);
    } finally {
      sending = false;
    }
    await load(false);
    const place = refused && !ended && main.querySelector(".decision .problem-place");
    if (!place) return;
    fill(place, notice("danger", refused.title, refused.detail));
    place.scrollIntoView({ block: "nearest" });
  }

  /** What was asked for and waits, or null. */
  async function awaited(view) {
    if (!view.second_person || view.state !== "awaiting_officer") return null;
    try {
      return await api.release(id, { quiet: true });
    } catch (error) {
      // Not known is not asked for; what else goes wrong hides nothing that was known.
      return error.code === "not_found" ? null : (desk.release ?? null);
    }
  }

  function draw(view) {
    const changed = desk.settle(view);
    const focus = document.activeElement?.id;
    const kind = shape(view, Boolean(desk.release));
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
        decision: decision(view, { desk, api, id, next, nextKey, send, ask, isSending: () => sending }),
      };
      ({ act } = drawn.decision);
      if (changed) drawn.decision.update(view, true);
      fill(main, layout(view, drawn));
    }
    drawn.pictures = pictures;
    const again = focus && document.activeElement?.id !== focus && document.getElementById(focus);
    if (again && main.contains(again)) again.focus();
    lookAgain();
  }

  /** As long as the register has not answered, or the second person. */
  const follows = () => desk.view?.check_state === "pending" || desk.release;

  function lookAgain() {
    look.stop();
    if (ended || decided || !follows()) return;
    look.again();
  }

  async function load(quiet) {
    look.begin(quiet);
    const counts = asking();
    try {
      const view = await api.view(id, { quiet });
      const release = await awaited(view);
      if (!counts()) return;
      const same = Boolean(release) === Boolean(desk.release);
      const kind = desk.release?.kind;
      const approved = ["code_sent", "needs_pin", "approved_pending_register"].includes(view.state);
      const granted = kind === "release" ? !view.already_active : kind && approved;
      const refused = kind && !release && !granted && view.state === "awaiting_officer";
      desk.release = release;
      if (granted) toast(t(`request.${kind}.granted`), 8);
      if (refused) toast(t(`request.${kind}.not_granted`), 12);
      if (quiet && same && JSON.stringify(view) === JSON.stringify(desk.view)) lookAgain();
      else draw(view);
    } catch (error) {
      if (!counts()) return;
      if (quiet && (error.isNetwork || error.status >= 500 || error.status === 429)) return lookAgain();
      act = null;
      if (error.code === "reason_required" && api.viewWithReason) {
        return askWhy(main, { open: openWithReason, next, isEnded: () => ended });
      }
      fill(
        main,
        el("h1", {}, t("person.not_shown")),
        failed(error, () => load(false)),
        button(t("done.next"), next, { kind: "secondary", wide: false }),
      );
    }
  }

  async function openWithReason(reason) {
    const view = await api.viewWithReason(id, reason);
    if (ended) return;
    draw(view);
    arrive(main);
  }

  if (memory.outcome) done(memory.outcome.answer, memory.outcome.kind);
  else if (desk.view) {
    draw(desk.view);
    arrive(main);
    // Who asked, and why, the scan's answer does not say.
    if (desk.view.second_person) load(true);
  } else {
    fill(main, el("h1", {}, t("person.loading")));
    load(false).then(() => ended || arrive(main));
  }
  return () => {
    ended = true;
    look.stop();
    end();
  };
}
