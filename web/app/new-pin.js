// The first PIN of a registration: with it the digital KTP is active.

import { button, el, fill, icon } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { stopped } from "./life.js";
import { applicant } from "./person.js";
import { enrolAt, pinChoice } from "./pin-choice.js";
import { all, keep, note, registrationPath, remove } from "./profiles.js";
import { go, instead } from "./router.js";
import { heading } from "./ui.js";

/** The end of a way to a PIN: `title`, what it means, and the next step. */
export function celebrate(title, lead, next) {
  return [
    el(
      "div",
      { class: "card center stack celebrate" },
      icon("check", 64),
      el("h1", { tabindex: "-1" }, title),
      el("p", { class: "lead" }, lead),
    ),
    button(next, () => go("buka", { replace: true }), { picture: "card" }),
  ];
}

/** What every screen says on which a PIN is chosen. */
export const never = () => el("p", { class: "muted small keep" }, icon("shield", 18), t("pin.never"));

export async function newPin() {
  const profile = await applicant();
  if (profile.registration.state !== "needs_pin") instead("status");
  const screen = el("div", { class: "stack-loose" });
  async function enrol(pin) {
    await enrolAt(profile, registrationPath(profile, "pin"), pin);
    // The birth date was kept only to refuse it as a PIN.
    delete profile.birthDate;
    await note(profile, { active: true });
    await keep(profile, { ...profile.registration, state: "active" });
    // It takes the place of one that can never be opened again.
    const name = (one) => one.name?.trim().toUpperCase();
    for (const old of await all())
      if (stopped(old) && old.id !== profile.id && name(old) === name(profile)) await remove(old);
    fill(screen, celebrate(t("done.title"), t("done.lead"), t("done.open")));
    screen.querySelector("h1").focus();
  }
  return fill(
    screen,
    heading(t("pin.title"), 6),
    pinChoice({ lead: t("pin.lead"), birthDate: profile.birthDate, enrol }),
    never(),
  );
}
