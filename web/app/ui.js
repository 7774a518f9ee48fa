// What the app's screens are made of beside plain elements: headings with the steps of the way, refusals with a way on,
// buttons whose work takes a while.

import { announce, button, el, fill, find, icon, notice } from "../shared/dom.js";
import { asRefused, explain, Refused } from "../shared/http.js";
import { t } from "../shared/i18n.js";

/** The heading of a screen, with the steps of the way where it is one of them. */
export function heading(title, step, steps = 6) {
  const way = step
    ? [
        el("p", { class: "muted small" }, t("steps.at", { step, steps })),
        el(
          "ol",
          { class: "steps", "aria-hidden": "true" },
          Array.from({ length: steps }, (_, i) =>
            el("li", { class: i + 1 < step ? "done" : null, "aria-current": i + 1 === step ? "step" : null }),
          ),
        ),
      ]
    : null;
  return el("header", { class: "stack-tight" }, way, el("h1", { tabindex: "-1" }, title));
}

/** Where offices are, and whether they are open. */
export const findOffice = () =>
  el("a", { class: "button quiet wide", href: "/loket" }, icon("office"), t("app.offices"));

/** A tick for who has no e-mail address: `changed(chosen)` hears of it. As a field it has `input` and `fail`. */
export function noEmail(chosen, changed) {
  const input = el("input", { type: "checkbox", id: "no_email", onchange: () => changed(input.checked) });
  input.checked = Boolean(chosen);
  const node = el(
    "label",
    { class: "check" },
    input,
    el("span", {}, el("b", {}, t("form.no_email")), el("small", {}, t("form.no_email.hint"))),
  );
  node.input = input;
  node.fail = () => {};
  return node;
}

// The last refusal that was shown.
let said = null;

/** Shows a refusal in `place`, says it, and gives what can be repeated a button. */
export function complain(place, caught, again) {
  const error = asRefused(caught);
  const { title, detail } = explain(error);
  const kind = error instanceof Refused && !error.isNetwork && error.status < 500 ? "warning" : "danger";
  // An installed app has no button that loads it anew.
  const way = ["storage_lost", "part_missing"].includes(error.code)
    ? button(t("app.reload"), () => location.reload(), { kind: "secondary", wide: false })
    : again
      ? button(t("app.again"), again, { kind: "secondary", wide: false })
      : null;
  place.classList.add("trouble");
  said = { place, error };
  fill(place, notice(kind, title, detail, way));
  place.hidden = false;
  // A notice of danger is an alert already.
  if (kind === "warning") announce(`${title}. ${detail}`, true);
  place.scrollIntoView({ block: "nearest" });
}

/** Draws a screen anew in `root`, in another language say: the refusal that it shows is not swallowed. */
export async function keepComplaint(root, redraw) {
  const error = said?.place.isConnected && !said.place.hidden ? said.error : null;
  await redraw();
  const place = find(".trouble", root);
  if (error && place?.hidden) complain(place, error);
}

/** Does something slow once: the button shows it, and the second press waits. */
export async function working(pressed, words, act) {
  if (pressed.getAttribute("aria-disabled") === "true") return undefined;
  const before = [...pressed.childNodes];
  pressed.setAttribute("aria-disabled", "true");
  fill(pressed, words);
  announce(words);
  try {
    return await act();
  } finally {
    pressed.removeAttribute("aria-disabled");
    fill(pressed, before);
  }
}
