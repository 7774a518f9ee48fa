// What an officer ticked and wrote about one registration. It outlives drawing anew and a reload, but not another scan:
// that is another look at the person.

import { forget, keep, readObject } from "/web/shared/storage.js";

/**
 * The desk of a registration: `{checks, note, view, keep(), settle(view), clear()}`. `view` is what is on the screen;
 * `memory` lives as long as the address.
 */
export function deskOf(id, memory, view) {
  const place = `ikd.desk.${id}`;
  const desk = {
    checks: memory.checks ?? { face: false, document: false, data: false },
    note: "",
    helper: (memory.helper = memory.helper ?? {}),
    view,
    keep() {
      const { checks, note } = desk;
      const { scanned_at: scanned, version } = desk.view ?? {};
      keep("session", place, JSON.stringify({ scanned, version, checks, note }));
    },
    clear() {
      forget("session", place);
    },
    settle,
  };
  memory.checks = desk.checks;

  /** Takes what a reload left; gives whether it was made on another version. */
  function takeUp(now) {
    try {
      const { scanned, version, checks, note } = readObject("session", place);
      if (!scanned || scanned !== now.scanned_at) return false;
      Object.assign(desk.checks, checks);
      desk.note = note;
      return version !== now.version;
    } catch {
      return false;
    }
  }

  /**
   * Takes a view for the one on the screen. Ticks say that this officer compared what was there: they end with another
   * look at the person, or with another version. Gives whether ticks were taken back.
   */
  function settle(now) {
    const before = memory.version ? memory : now;
    const first = !desk.view || desk.view === now;
    let changed = before.scanned_at === now.scanned_at && before.version !== now.version;
    if (before.scanned_at !== now.scanned_at) {
      for (const name of Object.keys(desk.checks)) desk.checks[name] = false;
      desk.note = "";
    }
    if (first && takeUp(now)) changed = true;
    // The document lies on the desk as it did; face and data have to be compared with what has come.
    const had = changed && (desk.checks.face || desk.checks.data);
    if (changed) desk.checks.face = desk.checks.data = false;
    desk.view = now;
    Object.assign(memory, { version: now.version, scanned_at: now.scanned_at });
    if (changed) desk.keep();
    return had;
  }
  return desk;
}
