// The frame of the pages for people who work with the service: bar, places to go, shortcuts, the log-in screen.

import { button, el, fill, fillPage, icon, mark, notice } from "/web/shared/dom.js";
import { explain } from "/web/shared/http.js";
import { languageSwitch, t } from "/web/shared/i18n.js";
import { tellTrouble } from "./intake.js";

/** A key, shown. */
export const key = (name) => el("kbd", { "aria-hidden": "true" }, name);

/**
 * Draws the bar and gives `main`. `places` are `{address, label, picture, key}`; `here` is the address of the present
 * one.
 */
export function frame({ title, who, places = [], here, onLeave, ribbon }) {
  document.title = `${title} · IKD`;
  for (const dialog of document.querySelectorAll("dialog.ask")) dialog.close();
  const main = el("main", { class: "wide", id: "main", tabindex: "-1" });
  const nav = places.length
    ? el(
        "nav",
        { class: "places", "aria-label": t("staff.places") },
        el(
          "div",
          { class: "places-inner" },
          places.map((place) =>
            el(
              "a",
              {
                href: place.address,
                "aria-current": place.address === here ? "page" : null,
                "aria-keyshortcuts": place.key,
              },
              icon(place.picture),
              el("span", {}, place.label),
              place.key ? key(place.key) : null,
            ),
          ),
        ),
      )
    : null;
  fillPage(
    el("div", { class: "busy-line", "aria-hidden": "true" }),
    el(
      "a",
      {
        class: "skip",
        href: "#main",
        onclick: (event) => {
          event.preventDefault();
          main.focus();
        },
      },
      t("staff.skip"),
    ),
    el(
      "header",
      {},
      el(
        "div",
        { class: "bar" },
        el(
          "div",
          { class: "bar-inner" },
          el("a", { class: "brand", href: location.pathname }, mark(), el("span", {}, "IKD", el("small", {}, title))),
          who ? el("div", { class: "who" }, el("b", {}, who.name), el("small", {}, who.place)) : null,
          onLeave ? button(t("staff.log_out"), onLeave, { kind: "on-dark", wide: false }) : null,
          languageSwitch(),
        ),
      ),
      ribbon ? el("p", { class: "ribbon" }, icon("info"), el("span", {}, ribbon)) : null,
    ),
    nav,
    main,
  );
  return main;
}

/** What was typed before the last drawing and has no field yet: `[id, property, value]`. */
let kept = [];
let stopKeeping = () => {};

// Fields that somebody changed: what was emptied or unticked on purpose stays so, what is empty otherwise may be filled
// by what is still on its way.
const changed = new WeakSet();
for (const kind of ["input", "change"])
  document.addEventListener(kind, ({ target, isTrusted }) => isTrusted && changed.add(target), true);

/**
 * Draws anew, in another language say, and puts back what was typed, ticked, emptied and unticked, also where it is
 * drawn a moment later. What somebody types meanwhile stands: it is newer.
 */
export function keepTyped(redraw) {
  stopKeeping();
  const present = [...document.querySelectorAll("input[id], select[id], textarea[id]")]
    .filter((node) => node.type !== "file")
    .map((node) => {
      const what = ["checkbox", "radio"].includes(node.type) ? "checked" : "value";
      return [node.id, what, node[what], changed.has(node)];
    });
  const waiting = kept.filter(([id]) => !present.some(([here]) => here === id));
  kept = [...waiting, ...present.filter(([, , value, byHand]) => value || byHand)];
  const switched = document.activeElement?.closest(".languages");
  const trouble = document.querySelector(".intake-say")?.dataset.trouble;
  redraw();
  const place = document.querySelector(".intake-say");
  if (trouble && place) tellTrouble(place, trouble);
  if (switched) document.querySelector(".languages [aria-pressed=true]")?.focus();
  const { hash } = location;
  const put = () => {
    // A field of the same name on another screen is another field.
    const due = kept;
    kept = [];
    if (location.hash !== hash) return stopKeeping();
    for (const one of due) {
      const [id, what, value] = one;
      const node = document.getElementById(id);
      // A list whose choices are still on their way takes none.
      if (!node || (node.options && ![...node.options].some((option) => option.value === value))) kept.push(one);
      else {
        const same = node[what] === value;
        node[what] = value;
        changed.add(node);
        // Of radio buttons only the one that was chosen is told.
        if (value || (!same && node.type !== "radio"))
          node.dispatchEvent(new Event(what === "checked" ? "change" : "input"));
      }
    }
    if (!kept.length) stopKeeping();
  };
  const drawn = new MutationObserver(put);
  const touched = ({ target }) => {
    const beside = (id) => target.type === "radio" && document.getElementById(id)?.name === target.name;
    kept = kept.filter(([id]) => id !== target.id && !beside(id));
  };
  const late = setTimeout(() => {
    kept = [];
    stopKeeping();
  }, 3000);
  stopKeeping = () => {
    drawn.disconnect();
    clearTimeout(late);
    for (const kind of ["input", "change"]) document.removeEventListener(kind, touched, true);
  };
  for (const kind of ["input", "change"]) document.addEventListener(kind, touched, true);
  drawn.observe(document.body, { childList: true, subtree: true });
  put();
}

/** The log-in as a screen, with what the door is for. */
export function logInScreen(main, session, { title, lead, after }) {
  const form = session.logIn();
  fill(
    main,
    el("div", { class: "door card stack" }, el("h1", {}, title), el("p", { class: "lead" }, lead), form, after),
  );
  form.begin();
}

/** Says in `place` what went wrong. */
export function refused(place, error) {
  const { title, detail } = explain(error);
  fill(place, notice("danger", title, detail));
  place.scrollIntoView({ block: "nearest" });
}

/** What went wrong, with a button that tries again. */
export function failed(error, again) {
  const { title, detail } = explain(error);
  return el(
    "div",
    { class: "stack" },
    notice("danger", title, detail),
    again ? button(t("staff.again"), again, { kind: "secondary", wide: false }) : null,
  );
}

/** Goes to a screen: its heading gets the focus, so that it is read out and the keyboard begins there. */
export function arrive(main, selector = "h1") {
  const target = main.querySelector(selector) ?? main;
  if (!target.matches("a, button, input, select, textarea")) target.setAttribute("tabindex", "-1");
  target.focus({ preventScroll: selector !== "h1" });
  if (selector === "h1") scrollTo(0, 0);
}

/** One function that ends what several began. */
export const joined =
  (...ends) =>
  () =>
    ends.forEach((end) => end?.());

/** Function keys and Ctrl+Enter, which no text field needs. Gives a function that stops listening. */
export function shortcuts(actions) {
  const listen = (event) => {
    if (document.querySelector("dialog[open]")) return;
    const name = `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.key}`;
    if (!actions[name] || event.altKey || event.shiftKey) return;
    event.preventDefault();
    actions[name]();
  };
  document.addEventListener("keydown", listen);
  return () => document.removeEventListener("keydown", listen);
}
