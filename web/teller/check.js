// One check of a QR or a code: the question, its answer, and what a reload needs to show it again.

import { stopwatch } from "/web/shared/countdown.js";
import { forget, keep, readObject } from "/web/shared/storage.js";

// Refusals that mean that nobody knows.
const UNKNOWN = ["undetermined", "overloaded", "unavailable", "request_in_flight", "internal"];

// The check on the screen, so that a reload shows it again: its key and the sealed QR, nothing of the person.
const CHECK = "ikd.teller.check";

/** A random UUID (RFC 9562 version 4); `crypto.randomUUID` is younger than some browsers and missing on plain http. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * A check of one `{token}` or `{code}`: its key never changes, so asking again can only tell what happened. With the
 * `id` of an earlier check it is that one once more: after a reload, say.
 */
export function newCheck(session, shown, purpose, id = uuid()) {
  const check = {
    id,
    shown,
    purpose,
    byCode: "code" in shown,
    organisation: session.who.relying_party,
    answer: null,
    refused: null,
    tries: 0,
    took: null,
    async ask() {
      const elapsed = stopwatch();
      check.tries += 1;
      try {
        check.answer = await session.call("/verifications", {
          method: "POST",
          json: { ...shown, purpose: purpose.code },
          headers: { "Idempotency-Key": id },
          timeout: 8000,
        });
        check.refused = null;
      } catch (error) {
        check.refused = error;
      }
      check.took = elapsed();
      return check;
    },
    get isUnknown() {
      return (
        !check.answer &&
        (!check.refused ||
          check.refused.isNetwork ||
          UNKNOWN.includes(check.refused.code) ||
          check.refused.status >= 500)
      );
    },
    /** The proof to keep. */
    receipt() {
      const { verification_id, result, reason, verified_at, receipt, attributes, disclosed } = check.answer;
      return {
        verification_id,
        relying_party: check.organisation,
        purpose: purpose.code,
        result,
        reason,
        verified_at,
        disclosed,
        attributes: attributes ?? {},
        receipt,
      };
    },
  };
  return check;
}

/** Keeps it for a reload. */
export function keepCheck(session, { id, shown, purpose }) {
  keep("session", CHECK, JSON.stringify({ shown, id, purpose: purpose.code, who: session.who.username }));
}

/** Forgets what was kept. */
export const forgetCheck = () => forget("session", CHECK);

/** The check that was on the screen before a reload. */
export function resumeCheck(session) {
  try {
    const { shown, id, purpose: code, who } = readObject("session", CHECK);
    const asked = session.who.purposes.find((one) => one.code === code);
    return asked && who === session.who.username ? newCheck(session, shown, asked, id) : null;
  } catch {
    return null;
  }
}
