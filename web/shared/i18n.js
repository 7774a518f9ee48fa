// Words in two languages: Indonesian first, English by choice. Every area has `i18n/id.json` and `i18n/en.json` with
// the same flat keys; `{name}` in a sentence is a parameter. Nothing that a person reads stands anywhere else.

import { el, toast } from "./dom.js";
import { keep, read } from "./storage.js";

const LANGUAGES = ["id", "en"];
const STORED = "ikd.language";
const listeners = new Set();
let page;
let words = {};

/** Which build of the service this page comes from, as its answers say. */
export let build = null;

/** The language that is spoken now. */
export let language = "id";

function preferred() {
  const chosen = read("local", STORED);
  return LANGUAGES.includes(chosen) ? chosen : "id";
}

async function load(wanted) {
  const answer = await fetch(`/web/${page}/words/${wanted}.json`);
  if (!answer.ok) throw new Error(`no words: ${page} ${wanted}`);
  build = build ?? answer.headers.get("ikd-build");
  return answer.json();
}

/**
 * Loads the words of a page, e.g. `app`: those of its area and of all that it is built on, put together by the
 * service.
 */
export async function start(area) {
  page = area;
  language = preferred();
  try {
    words = await load(language);
  } catch (error) {
    // Nothing can be said without words but what stands in the HTML: it need not wait any longer.
    document.getElementById("unready")?.classList.add("now");
    throw error;
  }
  document.documentElement.lang = language;
}

/** The sentence for a key. */
export function t(key, params = {}) {
  const sentence = words[key];
  if (sentence === undefined) {
    console.error(`no words for ${key}`);
    return key;
  }
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in params ? String(params[name]) : whole));
}

/** Whether there are words for a key: for keys made of codes that may be new. */
export const known = (key) => words[key] !== undefined;

/** Changes the language, remembers it, and tells whoever listens to draw anew. */
async function setLanguage(wanted) {
  if (!LANGUAGES.includes(wanted) || wanted === language) return;
  words = await load(wanted);
  language = wanted;
  keep("local", STORED, wanted);
  document.documentElement.lang = wanted;
  for (const listener of listeners) listener(wanted);
}

/** Calls back after each change of language. */
export function onLanguage(listener) {
  listeners.add(listener);
}

// The words of the other language are fetched when they are first wanted: without network the page stays as it is, and
// says why.
const unheard = () => toast(t("problem.offline"));

/** Two buttons, ID and EN. */
export function languageSwitch() {
  const names = { id: "Bahasa Indonesia", en: "English" };
  const buttons = LANGUAGES.map((code) =>
    el(
      "button",
      {
        type: "button",
        lang: code,
        "aria-label": `${code.toUpperCase()}: ${names[code]}`,
        onclick: () => setLanguage(code).catch(unheard),
      },
      code.toUpperCase(),
    ),
  );
  const group = el("div", { class: "languages", role: "group" }, buttons);
  const show = () => {
    group.setAttribute("aria-label", t("shared.language"));
    buttons.forEach((node, index) => node.setAttribute("aria-pressed", String(LANGUAGES[index] === language)));
  };
  show();
  onLanguage(show);
  return group;
}

const tag = () => (language === "en" ? "en-GB" : "id-ID");

/** A moment in words, in the person's own time zone. */
export const dateTime = (moment) =>
  new Intl.DateTimeFormat(tag(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(moment));

const ZONES = { 420: "WIB", 480: "WITA", 540: "WIT" };

/** The hour of a moment to the second, with the name that the person's zone has in Indonesia: `14.03.07 WIB`. */
export function exactTime(moment) {
  const at = new Date(moment);
  const time = new Intl.DateTimeFormat("id-ID", { timeStyle: "medium" }).format(at);
  const east = -at.getTimezoneOffset();
  const zone = () =>
    new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" })
      .formatToParts(at)
      .find((p) => p.type === "timeZoneName");
  return `${time} ${ZONES[east] ?? zone().value}`;
}

/** The day of a moment, in words. */
export const dayOf = (moment) => new Intl.DateTimeFormat(tag(), { dateStyle: "long" }).format(new Date(moment));

/** A day (`YYYY-MM-DD`) as the KTP-el writes it: `17-08-1990`. */
export const ktpDate = (day) => String(day).split("-").reverse().join("-");
