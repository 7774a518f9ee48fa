// A ring that empties. It counts on the monotonic clock, so a phone whose clock is wrong or jumps counts right; some
// phones stop that clock in their sleep, so the wall clock may shorten the time but never lengthen it.

import { el, svg } from "./dom.js";

/** Seconds since it was made, asleep or awake. */
export function stopwatch() {
  const [steady, wall] = [performance.now(), Date.now()];
  return () => Math.max(performance.now() - steady, Math.min(Date.now() - wall, 24 * 3600 * 1000)) / 1000;
}

/**
 * A ring of `seconds`. `onRenew` is called once at `renewAt` seconds, `onEnd` at the end. Returns the element with
 * `restart()` and `stop()`; it does not run before `restart()`.
 */
export function ring({ seconds = 90, renewAt = 60, onRenew, onEnd, label }) {
  const length = 2 * Math.PI * 18;
  const hand = svg("circle", { cx: 20, cy: 20, r: 18, "stroke-dasharray": length, "stroke-dashoffset": 0 });
  const number = el("span", { "aria-hidden": "true" }, seconds);
  const node = el(
    "div",
    { class: "ring", role: "timer", "aria-label": label },
    svg("svg", { viewBox: "0 0 40 40", "aria-hidden": "true" }, svg("circle", { cx: 20, cy: 20, r: 18 }), hand),
    number,
  );
  let timer;
  let elapsed = stopwatch();
  let renewed = false;
  const tick = () => {
    const left = Math.max(0, seconds - elapsed());
    number.textContent = Math.ceil(left);
    hand.setAttribute("stroke-dashoffset", (length * (1 - left / seconds)).toFixed(2));
    node.classList.toggle("late", left <= 15);
    if (!renewed && elapsed() >= renewAt) {
      renewed = true;
      onRenew?.();
    }
    if (left <= 0) {
      node.stop();
      onEnd?.();
    }
  };
  node.restart = () => {
    clearInterval(timer);
    elapsed = stopwatch();
    renewed = false;
    timer = setInterval(tick, 250);
    tick();
  };
  node.stop = () => clearInterval(timer);
  return node;
}
