// The three checks, the note and the decision.

import { announce, button, el, fill, icon, notice } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { key } from "/web/staff/frame.js";
import { askReason } from "./ask-reason.js";
import { askCorrection, caseNotice } from "./correction-ask.js";
import { askReject, askReturn } from "./decide.js";
import { helperPart } from "./helper.js";

const alreadyActive = () => notice("danger", t("hinder.already_active"), t("hinder.already_active.do"));

/** What stands in the way of approving, as notices; empty when nothing does. */
export function hindrances(view) {
  const found = [];
  if (view.already_active) found.push(alreadyActive());
  if (view.check_result === "unknown_nik")
    found.push(notice("danger", t("hinder.unknown_nik"), t("hinder.unknown_nik.do")));
  if (view.check_result === "not_eligible")
    found.push(notice("danger", t("hinder.not_eligible"), t("hinder.not_eligible.do")));
  return found;
}

const section = (...content) =>
  el(
    "section",
    { class: "card stack decision", "aria-labelledby": "decision" },
    el("h2", { id: "decision" }, t("decision.title")),
    ...content,
  );

const problemPlace = () => el("div", { class: "problem-place" });

/** Why nothing can be decided, with the way on; null where it can. */
function closed(view, next) {
  if (view.state !== "awaiting_officer") {
    return section(
      problemPlace(),
      notice("info", t("decision.closed"), t(`state.${view.state}`)),
      view.last_words ? el("p", {}, el("b", {}, t("decision.last_words")), " ", el("span", {}, view.last_words)) : null,
      button(t("done.next"), next, {}),
    );
  }
  if (!view.may_decide) {
    return section(
      problemPlace(),
      notice("info", t("decision.scan_again"), t("decision.scan_again.do")),
      button(t("counter.scan"), next, { picture: "scan" }),
    );
  }
  return null;
}

/** The checks as boxes, and `show()` for ticks that were taken back. */
function checkBoxes(desk) {
  const inputs = Object.keys(desk.checks).map((name) => {
    const input = el("input", {
      type: "checkbox",
      id: `check-${name}`,
      onchange: () => {
        desk.checks[name] = input.checked;
        desk.keep();
      },
    });
    return [name, input];
  });
  const show = () => {
    for (const [name, input] of inputs) input.checked = desk.checks[name];
  };
  show();
  const boxes = inputs.map(([name, input]) =>
    el(
      "label",
      { class: "check" },
      input,
      el("span", {}, el("b", {}, t(`check.${name}`)), el("span", { class: "muted small" }, t(`check.${name}.how`))),
    ),
  );
  const firstOpen = (but) => inputs.find(([name, input]) => name !== but && !input.checked)?.[1];
  return { boxes, show, firstOpen };
}

function noteField(desk) {
  const note = el("textarea", {
    id: "note",
    rows: 2,
    maxlength: 500,
    oninput: () => {
      desk.note = note.value;
      desk.keep();
    },
  });
  note.value = desk.note;
  return el("div", { class: "field" }, el("label", { for: "note" }, t("decision.note")), note);
}

/**
 * The part with the decision: `{node, update(view, changed), act}`. `update` is for what may change in it while the
 * officer ticks and writes: a node that is replaced under a pressed key forgets the press. `act` holds what can be
 * done; it is null where nothing can. `send(kind, request)` sends a decision, `ask(request)` what a second person has
 * to agree to; `isSending()` says whether one is under way.
 */
export function decision(view, { desk, api, id, next, nextKey, send, ask, isSending }) {
  const end = closed(view, next);
  if (end) return { node: end, update() {}, act: null };
  const place = problemPlace();
  const hinder = hindrances(view);
  // Without an e-mail address no code can be sent: a second person takes its place.
  const byTwo = !view.submitted.email;
  const { boxes, show, firstOpen } = checkBoxes(desk);
  const helper = helperPart(desk.helper);
  /** Whether all is ticked that has to be, and nothing of a helper is missing; else the officer is led there. */
  function isReady(open, what = t("decision.check_first.do")) {
    fill(place);
    if (open) {
      fill(place, notice("warning", t("decision.check_first"), what));
      announce(t("decision.check_first"), true);
      open.focus();
      return false;
    }
    const missing = helper.check();
    missing?.focus();
    return !missing;
  }
  const act = {
    approve() {
      if (hinder.length || desk.release || !isReady(firstOpen())) return undefined;
      const { version } = desk.view;
      if (byTwo) return ask(() => api.askApproval(id, version, desk.note, helper.value()));
      return send("approve", () => api.approve(id, version, desk.note, helper.value()));
    },
    async waive() {
      if (isSending() || !isReady(firstOpen("face"), t("waiver.check_first"))) return;
      const { version } = desk.view;
      const reason = await askReason({
        title: t("waiver.ask"),
        lead: t("waiver.lead"),
        label: t("second.reason"),
        hint: t("waiver.hint"),
        send: t("second.send"),
        templates: ["waiver.template.bandage", "waiver.template.bedridden", "waiver.template.changed"],
      });
      if (reason) ask(() => api.askWaiver(id, version, reason, helper.value()));
    },
    async returnForCorrection() {
      if (isSending()) return;
      // What was on the screen when the officer decided: the view goes on under the dialog.
      const { version } = desk.view;
      const answer = await askReturn(desk.view);
      if (!answer) return;
      const { to, reason, release, code } = answer;
      send("return", () => api.returnForCorrection(id, version, to, reason, release, code));
    },
    async openCase() {
      if (isSending()) return;
      const { version } = desk.view;
      const answer = await askCorrection(await api.correctionKinds(), desk.view);
      if (answer) send("case", () => api.openCorrection(id, version, answer));
    },
    async askRelease() {
      if (isSending()) return;
      const { version } = desk.view;
      const reason = await askReason({
        title: t("release.ask"),
        lead: t("release.ask.lead"),
        label: t("second.reason"),
        hint: t("second.reason.hint"),
        send: t("second.send"),
        templates: ["release.template.lost", "release.template.replaced"],
      });
      if (reason) ask(() => api.askRelease(id, version, reason));
    },
    withdraw() {
      if (!desk.release) return;
      const { version } = desk.release;
      ask(async () => {
        await api.refuseRelease(id, version);
        desk.release = null;
      });
    },
    async reject() {
      if (isSending()) return;
      const { version } = desk.view;
      const answer = await askReject();
      if (answer) send("reject", () => api.reject(id, version, answer.reason, answer.note, answer.code));
    },
  };
  const keyed = (label, onclick, name, kind, picture) =>
    el(
      "button",
      {
        type: "button",
        class: `button wide ${kind}`,
        onclick,
        "aria-keyshortcuts": name.replace("Ctrl", "Control"),
      },
      icon(picture),
      t(label),
      key(name),
    );
  const waits = el("div", { class: "waits" });
  // Where nothing but an older digital KTP is in the way, a second person can let it make way.
  const releasable = !api.practice && view.already_active && hinder.length === 1 && !desk.release;
  const node = section(
    waits,
    caseNotice(view, api),
    hinder.length
      ? el("div", { class: "stack" }, desk.release ? null : hinder)
      : desk.release
        ? null
        : [
            byTwo ? notice("info", t("no_email"), t("no_email.do")) : null,
            el("fieldset", { class: "stack-tight" }, el("legend", { class: "legend" }, t("decision.checks")), boxes),
            noteField(desk),
            api.practice ? null : helper.node,
          ],
    place,
    el(
      "div",
      { class: "actions" },
      releasable ? button(t("release.ask"), act.askRelease, { picture: "user" }) : null,
      hinder.length || desk.release
        ? null
        : keyed(byTwo ? "decision.ask_second" : "decision.approve", act.approve, "Ctrl+Enter", "", "check"),
      hinder.length || desk.release || api.practice
        ? null
        : button(t("waiver.ask"), act.waive, { kind: "secondary", picture: "user" }),
      desk.release ? button(t("second.withdraw"), act.withdraw, { kind: "secondary", picture: "close" }) : null,
      keyed("decision.return", act.returnForCorrection, "F9", "secondary", "back"),
      api.practice ? null : button(t("correction.open"), act.openCase, { kind: "secondary", picture: "edit" }),
      keyed("decision.reject", act.reject, "F10", "danger-quiet", "block"),
      el(
        "p",
        { class: "center small muted" },
        el("button", { type: "button", class: "button quiet", onclick: next }, t("decision.leave"), key(nextKey)),
      ),
    ),
  );
  const update = (now, changed) => {
    show();
    if (hinder.length || desk.release) {
      const words = desk.release && t(`second.waits.${desk.release.kind}`);
      fill(waits, words ? notice("info", t("second.waits"), words) : null);
      return;
    }
    fill(
      waits,
      changed ? notice("info", t("hinder.changed"), t("hinder.changed.do")) : null,
      now.check_state !== "done" ? notice("warning", t("hinder.pending"), t("hinder.pending.do")) : null,
    );
    if (changed) announce(`${t("hinder.changed")}. ${t("hinder.changed.do")}`);
  };
  update(view, false);
  return { node, update, act };
}
