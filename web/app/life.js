// Whether a digital KTP works, and why not: what the service said last.

import { t } from "../shared/i18n.js";
import { api, get, note } from "./profiles.js";

// Of a death nothing is said; whoever reads this may be the living person, or somebody who mourns.
const SAID_ALIKE = { deceased: "register_deceased", register_left: "emigrated" };
const REASONS = [
  "self_block",
  "officer_block_provisional",
  "officer_block",
  "pin_exhausted",
  "register_changed",
  "register_deceased",
  "register_corrected",
  "register_duplicate",
  "transferred",
  "superseded",
  "emigrated",
  "closed",
  "consent_withdrawn",
  "annulled",
];
// Ended by the register: registering anew would not help.
const BY_REGISTER = ["register_deceased", "register_duplicate", "emigrated"];

/** What stops a digital KTP, or null: `{state, reason, since, until, lift}`. */
export function stopped(profile) {
  const { life } = profile;
  if (life && life.state !== "active") return life;
  // Kept by an earlier version of the app.
  return profile.blocked ? used() : null;
}

const used = () => ({ state: "blocked", reason: "pin_exhausted", since: null, until: null, lift: "counter" });

/** The word for why a digital KTP does not work, of which there are sentences. */
export function wordOf({ state, reason, lift }) {
  // After 30 days the PIN alone confirms nothing any more.
  if (reason === "register_changed" && lift !== "pin") return "register_changed_late";
  const word = SAID_ALIKE[reason] ?? reason;
  return REASONS.includes(word) ? word : state;
}

/** Whether only the register, or an office, can help. */
export const isForOffice = (life) => BY_REGISTER.includes(wordOf(life)) || life.lift === "register";

/** Until when the holder can undo on this phone that they closed it; null when they cannot (any more). */
export function undoUntil(profile) {
  const until = stopped(profile)?.undo_until;
  return until && Date.now() < Date.parse(until) ? until : null;
}

/** Whether the register changed who the holder is, and their PIN says that it is right. */
export function waitsForWord(profile) {
  const life = stopped(profile);
  return life?.reason === "register_changed" && life.lift === "pin";
}

/** What a list says of a person's digital KTP. */
export function inShort(profile) {
  const life = stopped(profile);
  if (!life) return t(profile.active ? "home.active" : "home.waiting");
  if (life.reason === "pin_exhausted") return t("home.blocked");
  if (life.reason === "register_changed") return t("home.paused");
  return t(life.state === "blocked" ? "home.stopped" : "home.ended");
}

/** Keeps what became of a digital KTP. The answer may come late: nothing that was kept meanwhile is undone. */
export async function keepLife(profile, life) {
  profile.life = life;
  delete profile.blocked;
  const kept = await get(profile.id);
  if (!kept) return;
  delete kept.blocked;
  await note(kept, { life });
}

/** The PIN was wrong too often. */
export const pinUsedUp = (profile) => keepLife(profile, { ...profile.life, ...used() });

/** It works again. */
export const works = (profile) =>
  keepLife(profile, { ...profile.life, state: "active", reason: null, since: null, until: null, lift: "none" });

// What was here is on another phone: the service knows nothing of this one any more.
const MOVED = { state: "deactivated", reason: "transferred", since: null, until: null, lift: "none" };

/** Asks the service, and keeps its answer. */
export async function look(profile, options) {
  const { data } = await api(profile, "/v1/me/status", options).catch((error) => {
    // Of one that was closed everything is erased a day later, and this phone is the only one to know why.
    if (error.code === "not_found" && profile.life?.state === "deactivated") return { data: profile.life };
    if (error.code === "not_found" && profile.active) return { data: MOVED };
    throw error;
  });
  // The number under which it was recorded, and what becomes of the data, is known to who did it only.
  const same = data.state === profile.life?.state && data.reason === profile.life?.reason;
  await keepLife(profile, same ? { ...profile.life, ...data } : data);
  return data;
}
