// CEK STATUS: where the registration stands, what the person does now, and how it is ended.

import { confirm } from "../shared/dialog.js";
import { announce, button, el, fill, icon, notice, toast } from "../shared/dom.js";
import { dateTime, dayOf, t } from "../shared/i18n.js";
import { isLive, statusCase } from "./correction-card.js";
import { applicant } from "./person.js";
import * as profiles from "./profiles.js";
import { every, go } from "./router.js";
import { complain, findOffice, heading, working } from "./ui.js";

const PICTURES = {
  needs_selfie: "camera",
  awaiting_officer: "office",
  needs_correction: "edit",
  approved_pending_register: "clock",
  code_sent: "mail",
  needs_pin: "lock",
  active: "check",
  rejected: "block",
  expired: "clock",
  cancelled: "close",
};
const STEPS = {
  needs_selfie: 3,
  awaiting_officer: 4,
  needs_correction: 4,
  approved_pending_register: 4,
  code_sent: 5,
  needs_pin: 6,
  active: 6,
};
const TONES = {
  needs_correction: "warning",
  rejected: "danger",
  expired: "warning",
  cancelled: "warning",
  active: "success",
};
const WAITS = ["awaiting_officer", "approved_pending_register", "code_sent"];
const BEFORE_APPROVAL = ["needs_selfie", "awaiting_officer", "needs_correction"];
const ENDED = ["rejected", "expired", "cancelled"];

/** Whether somebody is to agree that an older digital KTP makes way for this registration. */
export const secondAwaited = ({ state, awaits_second_person: awaited }) =>
  state === "awaiting_officer" && Boolean(awaited);

export async function status() {
  const profile = await applicant();
  const place = el("div", { class: "stack-loose" });
  const trouble = el("div", { class: "trouble", hidden: true });
  let shown;

  const draw = () => {
    const now = JSON.stringify([
      profile.registration.state,
      profile.registration.mail,
      profile.registration.mail_at,
      profile.registration.reason,
      profile.registration.awaits_second_person,
      profile.registration.correction,
      profile.registration.turn,
    ]);
    if (now === shown) return;
    const first = shown === undefined;
    shown = now;
    fill(place, screen(profile, trouble, look, draw));
    const { state, turn } = profile.registration;
    if (!first) announce(turn?.called_at ? t("turn.called", { n: turn.number }) : t(`state.${state}`));
  };
  async function look(options) {
    await profiles.refresh(profile, options);
    if (profile.registration.state === "active" && !profile.active) await profiles.note(profile, { active: true });
    draw();
  }
  try {
    await look({ timeout: 8000, tries: 2 });
  } catch (error) {
    draw();
    if (error.code === "not_found") {
      fill(
        place,
        heading(t("status.gone")),
        el("p", { class: "lead" }, t("status.gone.why")),
        button(t("status.forget"), () => forget(profile)),
      );
    } else {
      complain(trouble, error, () => go("status"));
    }
  }
  if (WAITS.includes(profile.registration.state)) every(6, () => look({ quiet: true, tries: 1 }));
  return place;
}

/** The number with which the person waits to be called, or was called. */
function turnNotice(turn) {
  if (!turn) return null;
  const key = turn.called_at ? "turn.called" : "turn.waits";
  return notice(turn.called_at ? "success" : "info", t(key, { n: turn.number }), t(`${key}.do`));
}

async function forget(profile) {
  await profiles.remove(profile);
  go("orang", { replace: true });
}

function screen(profile, trouble, look, draw) {
  const second = secondAwaited(profile.registration);
  const { state, reason, corrections = [], email_hint: hint, mail, expires_at: expires, seen } = profile.registration;
  const { eligible_from: young } = profile.registration;
  const actions = el("div", { class: "actions" });
  const more = [];
  const add = (key, name, options = {}) => actions.append(button(t(key), () => go(name), options));
  if (state === "needs_selfie") add("status.do.selfie", "swafoto", { picture: "camera" });
  if (state === "awaiting_officer" && !second) {
    add("status.do.qr", "qr", { picture: "qr" });
    add("status.do.scan", "pindai", { kind: "secondary", picture: "scan" });
    more.push(findOffice(), button(t("status.do.selfie_again"), () => go("swafoto"), { kind: "quiet" }));
  }
  if (state === "needs_correction") add("status.do.correct", "perbaiki", { picture: "edit" });
  if (state === "code_sent") {
    add("status.do.code", "kode", { picture: "mail" });
    if (mail === "not_sent")
      more.push(
        notice(
          "warning",
          t("status.mail.not_sent"),
          t("status.mail.not_sent.do", { when: dateTime(profile.registration.mail_at) }),
        ),
      );
    if (mail === "failed") more.push(notice("warning", t("status.mail.failed"), t("status.mail.failed.do")));
  }
  if (state === "needs_pin") add("status.do.pin", "simpan", { picture: "lock" });
  if (state === "active") add("status.do.unlock", "buka", { picture: "card" });
  if (ENDED.includes(state)) {
    actions.append(
      button(
        t("status.do.again"),
        async () => {
          await profiles.remove(profile);
          go("ketentuan");
        },
        { picture: "user" },
      ),
    );
    more.push(button(t("status.forget"), () => forget(profile), { kind: "quiet" }));
  }
  const check = button(
    t("status.check"),
    () =>
      working(check, t("status.checking"), async () => {
        trouble.hidden = true;
        try {
          await look();
          toast(t("status.checked"), 3);
        } catch (error) {
          complain(trouble, error);
        }
      }),
    { kind: "secondary", picture: "history" },
  );
  if (!ENDED.includes(state) && state !== "active") actions.append(check);

  if (BEFORE_APPROVAL.includes(state) && !isLive(profile.registration.correction))
    more.push(button(t("status.do.case"), () => go("kasus"), { kind: "quiet", picture: "edit" }));

  const live = !ENDED.includes(state) && state !== "active";
  const facts = el(
    "dl",
    { class: "facts" },
    el("div", {}, el("dt", {}, t("status.name")), el("dd", {}, profile.name)),
    el("div", {}, el("dt", {}, t("status.email")), el("dd", {}, hint ?? t("contact.none"))),
    live ? el("div", {}, el("dt", {}, t("status.until")), el("dd", {}, dateTime(expires))) : null,
    el("div", {}, el("dt", {}, t("status.seen")), el("dd", {}, dateTime(seen))),
  );
  const changeable = [
    "needs_selfie",
    "awaiting_officer",
    "needs_correction",
    "approved_pending_register",
    "code_sent",
  ].includes(state);
  // A selfie that an officer returned was there: it is not missing.
  const again = state === "needs_selfie" && reason ? "state.needs_selfie.again" : `state.${state}`;
  const awaited = hint ? "state.second_person" : "state.second_approval";
  const words = second ? awaited : state === "needs_pin" && !hint ? "state.needs_pin.by_two" : again;
  return [
    heading(t(words), STEPS[state]),
    turnNotice(profile.registration.turn),
    el(
      "div",
      { class: `card state ${TONES[state] ?? "info"}` },
      el("span", { class: "picture" }, icon(second ? "clock" : PICTURES[state])),
      el(
        "div",
        { class: "stack-tight" },
        el("p", {}, t(`${words}.why`)),
        el(
          "p",
          { class: "next" },
          el("b", {}, t("status.next")),
          " ",
          t(`${second ? words : `state.${state}`}.next`, { email: hint ?? "" }),
        ),
      ),
    ),
    reason
      ? el(
          "figure",
          { class: "card quote" },
          el("figcaption", {}, t("status.reason")),
          el("blockquote", {}, reason),
          corrections.length
            ? el("p", {}, t("status.corrections", { fields: corrections.map((name) => t(`form.${name}`)).join(", ") }))
            : null,
        )
      : null,
    young && live
      ? notice("info", t("status.young", { when: dayOf(`${young}T00:00`) }), t("status.young.do"))
      : null,
    trouble,
    actions,
    more,
    statusCase(profile, draw),
    el("div", { class: "card" }, facts),
    live
      ? el(
          "div",
          { class: "actions" },
          changeable ? button(t("status.change"), () => go("surel"), { kind: "quiet", picture: "edit" }) : null,
          button(t("status.cancel"), () => cancel(profile, trouble), { kind: "danger-quiet", picture: "close" }),
        )
      : null,
  ];
}

async function cancel(profile, trouble) {
  const sure = await confirm({
    title: t("cancel.title"),
    text: t("cancel.text"),
    yes: t("cancel.yes"),
    no: t("cancel.no"),
  });
  if (!sure) return;
  try {
    const { data } = await profiles.api(profile, profiles.registrationPath(profile), {
      method: "DELETE",
      again: true,
    });
    await profiles.keep(profile, data);
    go("status");
  } catch (error) {
    complain(trouble, error);
  }
}
