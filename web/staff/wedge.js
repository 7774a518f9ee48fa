// Hand scanners type: a burst of keystrokes that ends in Enter, Tab, a line feed, or in nothing. A burst is taken out
// of whatever has the focus, in one piece or not at all: what is cut off is said, never sent.

import { judgeText } from "/web/shared/qr-text.js";

// Between two keys of a scanner lie few milliseconds. What came this fast is one burst; into a field fast hands type
// too.
const GAP_MILLISECONDS = 100;
const GAP_IN_FIELD_MILLISECONDS = 60;
// Nobody types so many keys that fast in a row: from here on it is a scanner, and may stall, as may the computer.
const CLEAR = 12;
// Password managers type that fast too, but shorter texts than any token, into the fields of a log-in.
const CLEAR_IN_LOG_IN = 60;
const LOG_IN = "[autocomplete=username], [autocomplete$=-password], [autocomplete=one-time-code]";
const STALL_MILLISECONDS = 4000;
// A scanner that sends no ending has ended when it is silent.
const SILENCE_MILLISECONDS = 400;
const SHORTEST = 20;
// Keys that end a line follow each other (CR and LF), or come when a slow computer has taken the text already; none
// of them may press a button.
const AFTER_MILLISECONDS = 300;
const LATE_MILLISECONDS = 800;
// In a field marked `data-digits`, whose few digits a practised hand types that fast, they are left alone: a QR's
// text has other signs among its first ones, and is longer.
const DIGITS = /^[\d -]{1,16}$/;
const TEXT_FIELD = "input:not([type=checkbox]):not([type=radio]):not([type=range]):not([type=file]), textarea";

// Whoever waits for a scan. The last one gets it.
const waiting = [];
let elsewhere = null;

let text = "";
let last = -Infinity;
let began = -Infinity;
let ended = -Infinity;
let field = null;
let taken = false;
let silence;
let queue = Promise.resolve();

/**
 * What ends a text: Enter and Tab, and the same as control characters (Ctrl+M, Ctrl+J, Ctrl+I), which some scanners
 * send.
 */
function ending(event) {
  if (["Enter", "Tab"].includes(event.key)) return !event.ctrlKey && !event.altKey && !event.metaKey;
  return event.ctrlKey && !event.altKey && !event.metaKey && ["m", "j", "i"].includes(event.key.toLowerCase());
}

/** Keys after which a burst is a scanner's. */
function clear() {
  return field?.input.matches(LOG_IN) ? CLEAR_IN_LOG_IN : CLEAR;
}

function swallow(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

/** Puts back what a field held before the burst. */
function restore() {
  if (!field?.input.isConnected || field.input.value === field.value) return;
  field.input.value = field.value;
  field.input.dispatchEvent(new Event("input", { bubbles: true }));
}

/** A hand that typed very fast after all: what was held back goes where it was meant to go. */
function putBack() {
  const held = text.slice(clear()).replace(/\n/g, "");
  if (field?.input.isConnected && held) {
    const { input } = field;
    if (input.selectionStart === null) input.value += held;
    else input.setRangeText(held, input.selectionStart, input.selectionEnd, "end");
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
  forget();
}

function forget() {
  clearTimeout(silence);
  text = "";
  field = null;
}

/** Tells what came to whoever waits; or why it is not taken. */
async function deliver(found) {
  const target = waiting[waiting.length - 1];
  const dialog = document.querySelector("dialog[open]");
  if (!target || dialog) return elsewhere?.(dialog ? "dialog" : "screen");
  return target(
    found.kind === "whole" || found.kind === "other" ? { text: found.text, began } : { trouble: found.kind },
  );
}

/** The first whole token in lines that came: as many lines as it takes, from the first that begins one. */
async function firstWhole(lines) {
  for (let from = 0; from < lines.length; from += 1) {
    for (let to = from + 1; to <= lines.length; to += 1) {
      const found = await judgeText(lines.slice(from, to).join(""));
      if (found.kind === "whole") return { found, length: lines.slice(0, to).join("\n").length };
    }
  }
  return null;
}

/**
 * Looks at what has come. A line may end inside a text, and a scanner may stall, so what is not whole waits for more,
 * unless this look is the `final` one. Two texts may have come one after the other.
 */
function look(final) {
  queue = queue
    .then(async () => {
      for (;;) {
        const came = text;
        if (!came.trim()) return text.includes("\n") && final ? forget() : undefined;
        const whole = await firstWhole(came.split("\n"));
        const found = whole?.found ?? (await judgeText(came));
        // More may have come meanwhile; what was looked at stands in front of it.
        if (!text.startsWith(came)) return undefined;
        if (!whole && (!final || text !== came)) return undefined;
        // A password that is as long as a token.
        if (found.kind === "other" && field?.input.matches(LOG_IN)) return putBack();
        restore();
        taken = true;
        if (whole) text = text.slice(whole.length).replace(/^\n+/, "");
        else forget();
        await deliver(found);
      }
    })
    .catch((error) => console.error(error));
}

function press(event) {
  const since = event.timeStamp - last;
  if (ending(event)) {
    if (event.timeStamp - ended < AFTER_MILLISECONDS && (!text || text.endsWith("\n"))) return swallow(event);
    if (!text && taken && since < LATE_MILLISECONDS) return swallow(event);
    if (!text || since > STALL_MILLISECONDS) return undefined;
    const byScanner = text.length > clear() || (text.length > 3 && since < GAP_MILLISECONDS && !field);
    if (!byScanner) {
      forget();
      return undefined;
    }
    swallow(event);
    text += "\n";
    last = ended = event.timeStamp;
    clearTimeout(silence);
    look(false);
    silence = setTimeout(() => look(true), SILENCE_MILLISECONDS);
    return undefined;
  }
  if (event.key === "Shift" || event.key === "CapsLock" || event.key === "AltGraph") return undefined;
  const typed = event.key.length === 1 && !event.metaKey && (!event.ctrlKey || event.getModifierState?.("AltGraph"));
  if (!typed) {
    // Scanners turn locks on and off around a text; a hand that steers is no scanner.
    if (text.length <= clear()) forget();
    return undefined;
  }
  const goesOn =
    text && since < (text.length > clear() ? STALL_MILLISECONDS : field ? GAP_IN_FIELD_MILLISECONDS : GAP_MILLISECONDS);
  if (!goesOn) {
    putBack();
    began = event.timeStamp;
    const input = document.activeElement;
    field = input?.matches?.(TEXT_FIELD) ? { input, value: input.value } : null;
  }
  text += event.key;
  taken = false;
  last = event.timeStamp;
  const byHand = event.target?.dataset?.digits !== undefined && DIGITS.test(text);
  // Into a field a fast hand types too; elsewhere a fourth key in a row is a scanner's, and a space would press a
  // button. Spaces alone are a hand that ticks boxes: no token begins so.
  const held =
    !byHand && (field ? text.length > clear() : text.trim().length > 3 || (text.trim() && event.key === " "));
  if (held) event.preventDefault();
  clearTimeout(silence);
  if (text.length > clear() && !byHand) {
    silence = setTimeout(() => {
      if (text.length < SHORTEST && field) return putBack();
      text += "\n";
      look(false);
      silence = setTimeout(() => look(true), STALL_MILLISECONDS - SILENCE_MILLISECONDS);
      return undefined;
    }, SILENCE_MILLISECONDS);
  }
  return undefined;
}

function release(event) {
  if (
    (event.key === " " || event.key === "Enter") &&
    (event.timeStamp - ended < AFTER_MILLISECONDS ||
      (text.trim() && !field && event.timeStamp - last < GAP_MILLISECONDS))
  )
    event.preventDefault();
}

document.addEventListener("keydown", press, true);
document.addEventListener("keyup", release, true);
// What came into a field since a scan is somebody's own, and so is the Enter after it.
document.addEventListener(
  "input",
  (event) => {
    if (!event.isTrusted || text) return;
    taken = false;
    ended = -Infinity;
  },
  true,
);

/** Says what becomes of a scan that nobody waits for: `listener("screen")`, or `"dialog"` when one is open. */
export function onStrayScan(listener) {
  elsewhere = listener;
}

/**
 * Calls back with each scan: `{text, began}`, with the moment of its first key as `performance.now()` counts; or
 * `{trouble}`: `part` when something is missing in it, `layout` when it was typed for another keyboard. Gives a
 * function that stops.
 */
export function wedge(onScan) {
  waiting.push(onScan);
  return () => {
    const at = waiting.indexOf(onScan);
    if (at >= 0) waiting.splice(at, 1);
  };
}
