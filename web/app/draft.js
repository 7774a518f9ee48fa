// What was typed and not sent yet. Several people may share a phone, so it ends with the tab, 30 minutes after the last
// touch, when it was sent, and when the person says so.

import { forget as drop, keep as put, readObject } from "../shared/storage.js";

/** How long what was typed outlives the last touch. */
const LIVES_MILLISECONDS = 30 * 60 * 1000;

/** A draft under a key of the tab's storage: `{read(), keep(changes), forget(), expired()}`. */
export function draft(key) {
  const stored = () => readObject("session", key);
  const fresh = ({ at }) => at !== undefined && Date.now() >= at && Date.now() - at < LIVES_MILLISECONDS;
  const forget = () => drop("session", key);
  return {
    /** What was typed; empty where there is nothing, or where it is too old. */
    read() {
      const found = stored();
      if (fresh(found)) return found.values;
      if (found.at !== undefined) forget();
      return {};
    },
    keep(changes) {
      put("session", key, JSON.stringify({ at: Date.now(), values: { ...this.read(), ...changes } }));
    },
    forget,
    /** Whether something is there that is too old. */
    expired: () => stored().at !== undefined && !fresh(stored()),
  };
}
