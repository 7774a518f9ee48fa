// Hand scanners type: a burst of keystrokes that ends in Enter. A burst is taken out of whatever has the focus.

const GAP_MILLISECONDS = 100;
// Once it is clear that nobody types that, a slow computer may stall for a moment.
const CLEAR = 12;
const STALL_MILLISECONDS = 600;
const SHORTEST = 20;
// In a field marked `data-digits`, whose few digits a practised hand types that fast, they are left alone: a QR's text has
// other signs among its first ones, and is longer.
const DIGITS = /^[\d -]{1,16}$/;

/** Calls back with the text of each burst. Gives a function that stops listening. */
export function wedge(onText) {
  let text = "";
  let last = 0;
  let spoiled;
  const inTime = (event) => event.timeStamp - last < (text.length > CLEAR ? STALL_MILLISECONDS : GAP_MILLISECONDS);
  const byHand = (event) => event.target?.dataset?.digits !== undefined && DIGITS.test(text);
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const quick = inTime(event);
    if (event.key === "Enter" && quick && text.length >= SHORTEST) {
      const got = text;
      text = "";
      event.preventDefault();
      event.stopImmediatePropagation();
      if (spoiled) spoiled.input.value = spoiled.value;
      onText(got);
      return;
    }
    if (event.key.length !== 1) {
      if (event.key !== "Shift") text = "";
      return;
    }
    if (!quick) {
      text = "";
      const input = document.activeElement;
      spoiled = input?.matches?.("input, textarea") ? { input, value: input.value } : null;
    }
    text += event.key;
    last = event.timeStamp;
    // Nobody types that fast: from here on it is a scanner, and neither fields nor buttons get its keys.
    if (text.length > 3 && !byHand(event)) event.preventDefault();
  };
  const release = (event) => {
    if (text.length > 3 && inTime(event) && !byHand(event)) event.preventDefault();
  };
  document.addEventListener("keydown", press, true);
  document.addEventListener("keyup", release, true);
  return () => {
    document.removeEventListener("keydown", press, true);
    document.removeEventListener("keyup", release, true);
  };
}
