// What anybody looks for by words: a form, a list in pages, and what is said where nothing fits or nobody answers.
// What is looked for stands behind ?cari=.

import { announce, button, el, fill, icon, notice } from "/web/shared/dom.js";
import { explain, newest, request } from "/web/shared/http.js";
import { t } from "/web/shared/i18n.js";

const PAGE = 20;

/** A notice that something was not to be had, with a way to ask again. */
export function notHad(error, again) {
  const { title, detail } = explain(error);
  return notice("danger", title, detail, button(t("offices.again"), again, { kind: "secondary", wide: false }));
}

/** One fact of a card, with its picture. */
export const fact = (picture, ...content) => el("p", { class: "fact" }, icon(picture), el("span", {}, content));

/**
 * Gives `draw(main)` of a page that finds what `path` lists. What was found stays: drawing the page anew, in another
 * language, asks nobody. `card(item)` draws one; `texts()` gives `{title, lead, words, hint, search, picture, none,
 * empty}`, the last two as `[title, what to do]`, and `found(n)`; `rest()` what stands below.
 */
export function finder({ path, card, texts, rest = () => null }) {
  let words = new URLSearchParams(location.search).get("cari") || "";
  let found = null;
  let next = null;
  let trouble = null;
  const asking = newest();
  let show = () => {};

  async function ask(cursor) {
    const counts = asking();
    const query = new URLSearchParams({ limit: String(PAGE) });
    if (words) query.set("words", words);
    if (cursor) query.set("cursor", cursor);
    try {
      const { data } = await request(`${path}?${query}`);
      if (!counts()) return false;
      found = cursor ? [...(found ?? []), ...data.items] : data.items;
      next = data.next;
      trouble = null;
    } catch (error) {
      if (!counts()) return false;
      trouble = error;
    }
    show();
    return !trouble;
  }

  async function load() {
    [found, next, trouble] = [null, null, null];
    show();
    if (await ask(null)) announce(texts().found(next ? `${found.length}+` : found.length));
  }

  return (main) => {
    const list = el("ul", { class: "offices" });
    const place = el("div", {});
    const { title, lead, words: label, hint, search: name, picture, none, empty } = texts();
    const input = el("input", {
      id: "words",
      type: "search",
      maxlength: 80,
      value: words,
      autocomplete: "off",
      "aria-describedby": "words-hint",
      enterkeyhint: "search",
    });

    async function more() {
      const before = found.length;
      if (!(await ask(next))) return;
      const first = list.children[before]?.querySelector("h2");
      first?.setAttribute("tabindex", "-1");
      first?.focus();
    }

    show = () => {
      fill(list, (found ?? []).map(card));
      if (trouble) fill(place, notHad(trouble, found ? more : load));
      else if (found === null) fill(place, el("p", { class: "muted" }, t("offices.loading")));
      else if (!found.length) fill(place, notice("info", ...(words ? none : empty)));
      else if (next) fill(place, button(t("offices.more"), more, { kind: "secondary" }));
      else fill(place);
    };

    const onsubmit = (event) => {
      event.preventDefault();
      words = input.value.trim();
      history.replaceState(null, "", words ? `?cari=${encodeURIComponent(words)}` : location.pathname);
      load();
    };

    fill(
      main,
      el(
        "div",
        { class: "stack-loose" },
        el(
          "div",
          { class: "stack-tight" },
          el("h1", { tabindex: "-1" }, title),
          el("p", { class: "lead" }, lead),
        ),
        el(
          "form",
          { class: "card stack", role: "search", onsubmit },
          el(
            "div",
            { class: "field" },
            el("label", { for: "words" }, label),
            el("p", { class: "hint", id: "words-hint" }, hint),
            input,
          ),
          el("button", { type: "submit", class: "button wide" }, icon(picture), name),
        ),
        list,
        place,
        rest(),
      ),
    );
    show();
    if (found === null && !trouble) load();
  };
}
