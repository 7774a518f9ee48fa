// Builds elements. Data becomes text nodes and attributes only: nothing here parses markup, so hostile text stays text.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element. `on…` members are listeners, `data` is the dataset, true and false set and leave out an
 * attribute. Children are nodes, strings, numbers, arrays of them, or null for nothing.
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2).toLowerCase(), value);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  append(node, children);
  return node;
}

/** Makes an SVG element. */
export function svg(tag, props = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) node.setAttribute(name, String(value));
  append(node, children);
  return node;
}

function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Replaces what an element holds. */
export function fill(node, ...children) {
  // `replaceChildren` is younger than the oldest browsers that have to work.
  node.textContent = "";
  append(node, children);
  return node;
}

// What `announce` and `toast` put over the page.
const SAID = ["say-now", "say-soon", "toast"];

/** Draws the page anew. What is being said over it, in sight or to screen readers, outlives the screen. */
export function fillPage(...children) {
  for (const node of [...document.body.childNodes]) if (!SAID.includes(node.id)) node.remove();
  const page = document.createDocumentFragment();
  append(page, children);
  document.body.prepend(page);
}

/** The first element that a selector finds. */
export const find = (selector, root = document) => root.querySelector(selector);

const forgetting = {};

/** Says something to screen readers without moving the focus. */
export function announce(text, urgent = false) {
  const id = urgent ? "say-now" : "say-soon";
  let region = document.getElementById(id);
  if (!region) {
    region = el("div", {
      id,
      class: "sr-only",
      "aria-live": urgent ? "assertive" : "polite",
      role: urgent ? "alert" : "status",
    });
    document.body.append(region);
  }
  region.textContent = "";
  setTimeout(() => (region.textContent = text), 50);
  // Said is said: left there, it would be met again on a later screen, where it is no longer true.
  clearTimeout(forgetting[id]);
  forgetting[id] = setTimeout(() => (region.textContent = ""), 10000);
}

/** A short message at the foot of the page; `seconds` 0 keeps it until the network has answered. */
export function toast(text, seconds = 5) {
  document.getElementById("toast")?.remove();
  if (!text) return;
  // A message, but not said twice: `announce` says it, because a region that comes with its words is often not read.
  const node = el(
    "div",
    { id: "toast", class: "toast", role: "status", "aria-live": "off", data: { kind: seconds ? "note" : "slow" } },
    text,
  );
  document.body.append(node);
  announce(text);
  if (seconds) setTimeout(() => node.remove(), seconds * 1000);
}

// Drawn on a grid of 24 with a stroke of 2. Each is a list of paths.
const ICONS = {
  arrow: ["M5 12h14", "m13 6 6 6-6 6"],
  back: ["M19 12H5", "m11 18-6-6 6-6"],
  bell: ["M6 16V11a6 6 0 1 1 12 0v5l2 2H4z", "M10 21h4"],
  block: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "m6 6 12 12"],
  camera: ["M4 8h3l2-3h6l2 3h3v12H4z", "M12 10a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z"],
  card: [
    "M3 5h18v14H3z",
    "M13 10h5",
    "M13 14h5",
    "M8 9a1.8 1.8 0 1 0 0 3.6A1.8 1.8 0 0 0 8 9z",
    "M5 16c.5-1.6 5.5-1.6 6 0",
  ],
  chart: ["M5 20v-9", "M12 20V4", "M19 20v-6"],
  check: ["m4 12.5 5 5L20 6.5"],
  clock: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M12 7v5.5l3.5 2"],
  close: ["m6 6 12 12", "m18 6-12 12"],
  cloud: ["m3 3 18 18", "M7 18a4 4 0 0 1-.5-8", "M10 6.5a6 6 0 0 1 7.5 4.5 3.5 3.5 0 0 1 2 5.5"],
  delete: ["M9 5h11v14H9l-6-7z", "m12 9 5 6", "m17 9-5 6"],
  download: ["M12 4v11", "m7 11 5 5 5-5", "M5 20h14"],
  edit: ["M4 20h4L19 9l-4-4L4 16z", "m13 7 4 4"],
  face: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M9 10h.01", "M15 10h.01", "M8.5 14.5c1.5 2 5.5 2 7 0"],
  help: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.300-1 .8-1 1.7", "M12 17h.01"],
  history: ["M4 12a8 8 0 1 0 2.5-5.8L4 8.5", "M4 4v4.5h4.5", "M12 8v4.5l3 1.7"],
  info: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M12 11v6", "M12 7.5h.01"],
  list: ["M9 6h11", "M9 12h11", "M9 18h11", "M4.5 6h.01", "M4.5 12h.01", "M4.5 18h.01"],
  lock: ["M6 11h12v9H6z", "M8.5 11V8a3.5 3.5 0 0 1 7 0v3"],
  mail: ["M3 6h18v13H3z", "m3 7 9 7 9-7"],
  office: ["M4 20V9l8-5 8 5v11", "M2 20h20", "M9 20v-6h6v6"],
  phone: ["M7 3h10v18H7z", "M11 18h2"],
  menu: ["M4 7h16", "M4 12h16", "M4 17h16"],
  people: [
    "M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z",
    "M2 20c1-4.5 3.5-6 7-6s6 1.5 7 6",
    "M16 5.5a3.5 3.5 0 0 1 0 6.5",
    "M18 14.5c2 .5 3.5 2 4 5.5",
  ],
  plus: ["M12 5v14", "M5 12h14"],
  qr: ["M4 4h6v6H4z", "M14 4h6v6h-6z", "M4 14h6v6H4z", "M14 14h2v2h-2z", "M19 14v3", "M14 19h3", "M19 20h1"],
  scan: ["M4 9V4h5", "M15 4h5v5", "M20 15v5h-5", "M9 20H4v-5", "M4 12h16"],
  shield: ["M12 3 5 6v5c0 5 3 8.5 7 10 4-1.5 7-5 7-10V6z", "m9 12 2 2 4-4"],
  sun: [
    "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
    "M12 2.5v2",
    "M12 19.5v2",
    "M2.5 12h2",
    "M19.5 12h2",
    "m5.3 5.3 1.4 1.4",
    "m17.3 17.3 1.4 1.4",
    "m5.3 18.7 1.4-1.4",
    "m17.3 6.7 1.4-1.4",
  ],
  torch: ["M8 3h8v4l-2 3v11h-4V10L8 7z", "M12 13v2"],
  upload: ["M12 16V5", "m7 9 5-5 5 5", "M5 20h14"],
  user: ["M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8z", "M4 21c1-5 4-6.5 8-6.5s7 1.5 8 6.5"],
  warning: ["M12 4 2.5 20h19z", "M12 10v5", "M12 17.5h.01"],
};

/** A picture beside words. It is decoration: the words say the same. */
export function icon(name, size) {
  const paths = (ICONS[name] ?? []).map((d) => svg("path", { d }));
  const props = {
    viewBox: "0 0 24 24",
    fill: "none",
    stroke: "currentColor",
    "stroke-width": 2,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    "aria-hidden": "true",
    focusable: "false",
  };
  return svg("svg", size ? { ...props, width: size, height: size } : props, paths);
}

/** The service's mark. */
export function mark() {
  return svg(
    "svg",
    { viewBox: "0 0 48 48", "aria-hidden": "true", focusable: "false" },
    svg("rect", { x: 2, y: 2, width: 44, height: 44, rx: 11, fill: "#fff" }),
    svg("path", { d: "M24 8 11 13v10c0 9 5.5 14.5 13 17 7.5-2.5 13-8 13-17V13z", fill: "#0a6a6c" }),
    svg("circle", { cx: 24, cy: 20, r: 4.5, fill: "#fff" }),
    svg("path", {
      d: "M15.5 32c1-5 4.5-6.5 8.5-6.5s7.5 1.5 8.5 6.5c-2.5 2.2-5 3.6-8.5 4.8-3.5-1.2-6-2.6-8.5-4.8z",
      fill: "#f0a132",
    }),
  );
}

/** A notice: kind is info, warning, danger or success. */
export function notice(kind, title, ...content) {
  const picture = { info: "info", warning: "warning", danger: "warning", success: "check" }[kind];
  return el(
    "div",
    { class: `notice ${kind}`, role: kind === "danger" ? "alert" : null },
    icon(picture),
    el("b", {}, title),
    content.map((part) => (typeof part === "string" ? el("p", {}, part) : part)),
  );
}

/** A button with words and perhaps an icon. */
export function button(label, onclick, { kind = "", picture, wide = true, ...props } = {}) {
  return el(
    "button",
    { type: "button", class: `button ${kind}${wide ? " wide" : ""}`, onclick, ...props },
    picture ? icon(picture) : null,
    label,
  );
}

/** A labelled input with hint and place for an error. Returns the element with `input`, `fail(text)` and `value`. */
export function field({ id, label, hint, type = "text", tag = "input", options, ...props }) {
  const describe = `${id}-hint ${id}-error`;
  const input = el(
    tag,
    { id, name: id, type: tag === "input" ? type : null, "aria-describedby": describe, ...props },
    options?.map(([value, text]) => el("option", { value }, text)),
  );
  // A select takes its value once its options are there.
  if (tag === "select" && props.value != null) input.value = props.value;
  const error = el("p", { class: "error", id: `${id}-error`, hidden: true });
  const node = el(
    "div",
    { class: "field" },
    el("label", { for: id }, label),
    hint ? el("p", { class: "hint", id: `${id}-hint` }, hint) : el("span", { id: `${id}-hint`, hidden: true }),
    input,
    error,
  );
  node.input = input;
  node.fail = (text) => {
    if (text) {
      fill(error, icon("warning"), el("span", {}, text)).hidden = false;
      input.setAttribute("aria-invalid", "true");
    } else {
      fill(error).hidden = true;
      input.removeAttribute("aria-invalid");
    }
  };
  return node;
}

/**
 * Says at the fields that a refusal names, by their names in `fields`, what is wrong with them; the first one gets the
 * focus. Gives whether it names any.
 */
export function failNamed(error, fields) {
  const named = (error.fields ?? []).filter((one) => fields[one.field]);
  for (const one of named) fields[one.field].fail(one.message);
  if (named.length) fields[named[0].field].input.focus();
  return named.length > 0;
}
