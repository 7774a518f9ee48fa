// Where a PIN is entered: to choose one, and to unlock.

import { el, icon } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { onLeave } from "./router.js";

/** Six dots and ten keys; a keyboard works too. `onPin(pin)` is called with six digits. */
export function pinPad({ label, onPin }) {
  let pin = "";
  let open = true;
  const dots = Array.from({ length: 6 }, () => el("i", {}));
  const shown = el("div", { class: "dots", role: "img" }, dots);
  const draw = () => {
    dots.forEach((dot, i) => dot.classList.toggle("full", i < pin.length));
    shown.setAttribute("aria-label", t("pin.entered", { n: pin.length }));
  };
  const press = (key) => {
    if (!open) return;
    pin = key === "delete" ? pin.slice(0, -1) : (pin + key).slice(0, 6);
    draw();
    if (key === "delete" || pin.length < 6) return;
    open = false;
    const whole = pin;
    // The last dot is seen before the next screen comes.
    setTimeout(() => onPin(whole), 120);
  };
  const key = (digit) => el("button", { type: "button", class: "key", onclick: () => press(digit) }, digit);
  const pad = el(
    "div",
    { class: "pad", role: "group", "aria-label": label },
    ["1", "2", "3", "4", "5", "6", "7", "8", "9"].map(key),
    el("span", {}),
    key("0"),
    el(
      "button",
      { type: "button", class: "key", "aria-label": t("pin.delete"), onclick: () => press("delete") },
      icon("delete", 28),
    ),
  );
  const typed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("input, textarea, select")) return;
    if (/^\d$/.test(event.key)) press(event.key);
    else if (event.key === "Backspace") press("delete");
    else return;
    event.preventDefault();
  };
  document.addEventListener("keydown", typed);
  onLeave(() => document.removeEventListener("keydown", typed));
  const node = el("div", { class: "stack pin" }, shown, pad);
  node.clear = () => {
    pin = "";
    open = true;
    node.removeAttribute("inert");
    draw();
  };
  node.wait = () => {
    open = false;
    node.setAttribute("inert", "");
  };
  draw();
  return node;
}
