// Where digital KTPs are accepted: `/terima`. Anybody looks for a place by its name, its organisation or where it is,
// and reports where a photocopy was asked for all the same. What is looked for stands behind ?cari=.

import { announce, button, el, failNamed, field, fill, find, icon, notice } from "/web/shared/dom.js";
import { sendSolved } from "/web/shared/captcha.js";
import { explain, request, showUncaught } from "/web/shared/http.js";
import { dayOf, t } from "/web/shared/i18n.js";
import { begin } from "./page.js";

const PAGE = 20;
const DAYS = 31;
const HAPPENED = ["photocopy", "refused"];
// What was found last: drawing the page anew, in another language, asks nobody.
let words = new URLSearchParams(location.search).get("cari") || "";
let found = null;
let next = null;
let trouble = null;
let asked = 0;
// The place that is reported, with what was filled in so far; and what came of it.
let reporting = null;
let told = null;
let draw = () => {};

const challenge = async () =>
  (await request("/v1/officer-proofs/captcha", { method: "POST", json: {}, again: true })).data;

const fact = (picture, text) => el("p", { class: "fact" }, icon(picture), el("span", {}, text));

function card(branch) {
  const { branch_id: id, party, name, address, regency, hours } = branch;
  const report = () => {
    reporting = { branch, typed: {} };
    told = null;
    draw();
    scrollTo(0, 0);
    find("h1").focus();
  };
  return el(
    "li",
    { class: "card stack-tight office", id: `branch-${id}` },
    el("h2", {}, name),
    el("p", { class: "muted" }, party),
    fact("office", [address, regency].filter(Boolean).join(", ")),
    hours ? fact("clock", hours) : null,
    button(t("accept.report"), report, {
      kind: "quiet",
      wide: false,
      picture: "warning",
      "aria-label": t("accept.report.of", { name, party }),
    }),
  );
}

async function ask(cursor) {
  const mine = (asked += 1);
  const query = new URLSearchParams({ limit: String(PAGE) });
  if (words) query.set("words", words);
  if (cursor) query.set("cursor", cursor);
  try {
    const { data } = await request(`/v1/branches?${query}`);
    if (mine !== asked) return false;
    found = cursor ? [...(found ?? []), ...data.items] : data.items;
    next = data.next;
    trouble = null;
  } catch (error) {
    if (mine !== asked) return false;
    trouble = error;
  }
  return true;
}

// ---------------------------------------------------------------- the list

function drawList(main) {
  const list = el("ul", { class: "offices" });
  const place = el("div", {});
  const input = el("input", {
    id: "words",
    type: "search",
    maxlength: 80,
    value: words,
    autocomplete: "off",
    "aria-describedby": "words-hint",
    enterkeyhint: "search",
  });

  function show() {
    fill(list, (found ?? []).map(card));
    const none = words ? "accept.none" : "accept.empty";
    if (trouble) {
      const { title, detail } = explain(trouble);
      const retry = button(t("offices.again"), found ? more : load, { kind: "secondary", wide: false });
      fill(place, notice("danger", title, detail, retry));
    } else if (found === null) fill(place, el("p", { class: "muted" }, t("offices.loading")));
    else if (!found.length) fill(place, notice("info", t(none), t(`${none}.do`)));
    else if (next) fill(place, button(t("offices.more"), more, { kind: "secondary" }));
    else fill(place);
  }

  async function load() {
    found = null;
    trouble = null;
    show();
    if (!(await ask(null))) return;
    show();
    if (!trouble) announce(t("accept.found", { n: next ? `${found.length}+` : found.length }));
  }

  async function more() {
    const before = found.length;
    if (!(await ask(next))) return;
    show();
    const first = list.children[before]?.querySelector("h2");
    first?.setAttribute("tabindex", "-1");
    first?.focus();
  }

  function search(event) {
    event.preventDefault();
    words = input.value.trim();
    history.replaceState(null, "", words ? `?cari=${encodeURIComponent(words)}` : location.pathname);
    load();
  }

  fill(
    main,
    el(
      "div",
      { class: "stack-loose" },
      el(
        "div",
        { class: "stack-tight" },
        el("h1", { tabindex: "-1" }, t("accept.title")),
        el("p", { class: "lead" }, t("accept.lead")),
      ),
      el(
        "form",
        { class: "card stack", role: "search", onsubmit: search },
        el(
          "div",
          { class: "field" },
          el("label", { for: "words" }, t("accept.words")),
          el("p", { class: "hint", id: "words-hint" }, t("accept.words.hint")),
          input,
        ),
        el("button", { type: "submit", class: "button wide" }, icon("card"), t("accept.search")),
      ),
      list,
      place,
    ),
  );
  show();
  if (found === null && !trouble) load();
}

// ---------------------------------------------------------------- a report

/** The days that may be reported, today first, as the service counts them: in Jakarta. */
function days() {
  const now = Date.now() + 7 * 3600000;
  return Array.from({ length: DAYS }, (_, before) => {
    const day = new Date(now - before * 86400000).toISOString().slice(0, 10);
    const word = [t("accept.report.today"), t("accept.report.yesterday")][before];
    const date = dayOf(`${day}T12:00:00`);
    return [day, word ? `${word}, ${date}` : date];
  });
}

/** What happened: one of two. */
function whatField(typed) {
  const error = el("p", { class: "error", id: "what-error", hidden: true });
  const boxes = HAPPENED.map((value) =>
    el("input", {
      type: "radio",
      name: "what",
      id: `what-${value}`,
      value,
      checked: typed.what === value,
      onchange: () => (typed.what = value),
    }),
  );
  const node = el(
    "fieldset",
    { class: "stack-tight happened", "aria-describedby": "what-error" },
    el("legend", {}, t("accept.report.what")),
    boxes.map((box) =>
      el("label", { class: "check", for: box.id }, box, el("span", {}, t(`accept.report.${box.value}`))),
    ),
    el("div", { class: "field" }, error),
  );
  node.input = boxes[0];
  node.fail = (text) => (fill(error, text ? [icon("warning"), el("span", {}, text)] : null).hidden = !text);
  return node;
}

function back() {
  const id = reporting.branch.branch_id;
  reporting = null;
  draw();
  const place = document.getElementById(`branch-${id}`);
  place?.scrollIntoView({ block: "center" });
  (place?.querySelector("button") ?? find("h1")).focus({ preventScroll: true });
}

function drawReport(main) {
  const { branch, typed } = reporting;
  const what = whatField(typed);
  const day = field({
    id: "day",
    label: t("accept.report.day"),
    tag: "select",
    options: days(),
    value: typed.day,
    onchange: () => (typed.day = day.input.value),
  });
  const tell = field({
    id: "tell",
    label: t("accept.report.words"),
    hint: t("accept.report.words.hint"),
    tag: "textarea",
    rows: 4,
    maxlength: 500,
    value: typed.words ?? "",
    oninput: () => (typed.words = tell.input.value),
  });
  const place = el("div", {});
  const submit = el("button", { type: "submit", class: "button wide" }, icon("warning"), t("accept.report.send"));

  async function onsubmit(event) {
    event.preventDefault();
    fill(place);
    for (const one of [day, tell]) one.fail(null);
    what.fail(typed.what ? null : t("accept.report.what.empty"));
    if (!typed.what) return what.input.focus();
    const said = tell.input.value.trim();
    const json = { what: typed.what, day: day.input.value, ...(said ? { words: said } : {}) };
    const path = `/v1/branches/${branch.branch_id}/reports`;
    const send = async (more) => (await request(path, { method: "POST", json: { ...json, ...more } })).data;
    submit.disabled = true;
    try {
      told = await sendSolved(send, challenge);
      draw();
      return find("h1").focus();
    } catch (error) {
      if (failNamed(error, { what, day, words: tell })) return null;
      const { title, detail } = explain(error);
      fill(place, notice("danger", title, detail));
      return place.scrollIntoView({ block: "nearest" });
    } finally {
      submit.disabled = false;
    }
  }

  fill(
    main,
    el(
      "div",
      { class: "stack-loose" },
      el(
        "div",
        { class: "stack-tight" },
        el("h1", { tabindex: "-1" }, t("accept.report.title")),
        el("p", { class: "lead" }, el("b", {}, branch.name), ", ", branch.party),
        el("p", { class: "muted" }, branch.address),
      ),
      el(
        "form",
        { class: "card stack-loose", novalidate: true, onsubmit },
        el("p", {}, t("accept.report.lead")),
        what,
        day,
        tell,
        place,
        submit,
        button(t("accept.report.back"), back, { kind: "quiet" }),
      ),
    ),
  );
}

function drawTold(main) {
  const [kind, key] = told.counted ? ["success", "accept.report.done"] : ["info", "accept.report.same"];
  fill(
    main,
    el(
      "div",
      { class: "stack-loose" },
      el("h1", { tabindex: "-1" }, t(key)),
      notice(kind, `${reporting.branch.name}, ${reporting.branch.party}`, t(`${key}.do`)),
      button(t("accept.report.back"), back, { kind: "secondary" }),
    ),
  );
}

begin("accept.title", (main) => {
  draw = () => (reporting ? (told ? drawTold : drawReport) : drawList)(main);
  draw();
}).then(showUncaught);
