// Where residents are served: `/loket`. Anybody looks for an office by its name, a place or a region, and reads whether
// it is open now, how long people are there today, and how to get there. What is looked for stands behind ?cari=.

import { announce, button, el, fill, icon, notice } from "/web/shared/dom.js";
import { explain, request, showUncaught } from "/web/shared/http.js";
import { dayOf, t } from "/web/shared/i18n.js";
import { begin } from "./page.js";
import { clock, period, weekLines } from "./week.js";

const PAGE = 20;
// What was found last: drawing the page anew, in another language, asks nobody.
let words = new URLSearchParams(location.search).get("cari") || "";
let found = null;
let next = null;
let trouble = null;
let asked = 0;

const TODAY = {
  open: ["good", "check"],
  later: ["wait", "clock"],
  over: ["bad", "close"],
  closed: ["bad", "close"],
  holiday: ["bad", "close"],
  unknown: ["", "info"],
};

function today({ today: day, zone }) {
  const [colour, picture] = TODAY[day.state] ?? TODAY.unknown;
  const at = day.until ?? day.from;
  const values = { time: at ? `${clock(at)} ${zone.toUpperCase()}` : "", name: day.name ?? "" };
  const key = day.until === "24:00" ? "offices.today.all_day" : `offices.today.${day.state}`;
  return el("span", { class: `badge ${colour}` }, icon(picture), t(key, values));
}

function stay(time) {
  if (!time) return null;
  const { from_minutes: from, to_minutes: to } = time;
  const key = to === null ? "offices.stay.long" : from ? "offices.stay" : "offices.stay.short";
  return el("p", { class: "fact" }, icon("clock"), el("span", {}, t(key, { from, to })));
}

const fact = (picture, ...content) => el("p", { class: "fact" }, icon(picture), el("span", {}, content));

/** A link that asks nobody before it is followed. */
const map = ({ latitude, longitude }) =>
  el(
    "a",
    {
      href: `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=17/${latitude}/${longitude}`,
      rel: "noopener noreferrer",
      target: "_blank",
    },
    t("offices.map"),
  );

/** Where it serves everybody beside its counters next. */
function outreach({ outreach: sessions, zone }) {
  if (!sessions.length) return null;
  const line = ({ starts_at: from, ends_at: to, place, village }) =>
    el("li", {}, el("b", {}, period(from, to, zone)), el("br"), [place, village].filter(Boolean).join(", "));
  return el(
    "div",
    { class: "stack-tight" },
    el("h3", {}, t("offices.outreach")),
    el("ul", { class: "outreach" }, sessions.map(line)),
    el("p", { class: "muted small" }, t("offices.outreach.note")),
  );
}

function times(office) {
  if (!office.hours.length && !office.holidays.length) return null;
  return el(
    "details",
    {},
    el("summary", {}, t("offices.hours")),
    office.hours.length ? el("dl", { class: "week" }, weekLines(office.hours)) : null,
    office.holidays.length
      ? el(
          "ul",
          { class: "holidays" },
          office.holidays.map((one) => el("li", {}, t("offices.holiday", { day: dayOf(one.day), name: one.name }))),
        )
      : null,
  );
}

function card(office) {
  const { address, latitude, phone, note, regions } = office;
  const names = regions.map((one) => one.name).filter(Boolean);
  return el(
    "li",
    { class: "card stack-tight office", id: office.code },
    el("h2", {}, office.name),
    el(
      "p",
      { class: "row" },
      today(office),
      el("span", { class: "muted" }, t(`offices.kind.${office.kind}`)),
    ),
    stay(office.serving_time),
    address || latitude !== null
      ? fact("office", address ? [address, " "] : null, latitude !== null ? map(office) : null)
      : null,
    phone ? fact("phone", el("a", { href: `tel:${phone}` }, phone)) : null,
    note ? fact("info", note) : null,
    names.length ? fact("list", t("offices.serves", { names: names.slice(0, 6).join(", ") })) : null,
    fact("clock", el("a", { href: `/antrean?loket=${encodeURIComponent(office.code)}` }, t("offices.calls"))),
    outreach(office),
    times(office),
  );
}

async function ask(cursor) {
  const mine = (asked += 1);
  const query = new URLSearchParams({ limit: String(PAGE) });
  if (words) query.set("words", words);
  if (cursor) query.set("cursor", cursor);
  try {
    const { data } = await request(`/v1/offices?${query}`);
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

begin("offices.title", (main) => {
  const list = el("ul", { class: "offices" });
  const place = el("div", {});
  const input = el("input", { id: "words", type: "search", maxlength: 80, value: words, autocomplete: "off" });
  input.setAttribute("enterkeyhint", "search");

  function show() {
    fill(list, (found ?? []).map(card));
    const again = () => load(null);
    if (trouble) {
      const { title, detail } = explain(trouble);
      const retry = button(t("offices.again"), again, { kind: "secondary", wide: false });
      fill(place, notice("danger", title, detail, retry));
    } else if (found === null) fill(place, el("p", { class: "muted" }, t("offices.loading")));
    else if (!found.length) fill(place, notice("info", t("offices.none"), t("offices.none.do")));
    else if (next) fill(place, button(t("offices.more"), more, { kind: "secondary" }));
    else fill(place);
  }

  async function load() {
    found = null;
    show();
    if (!(await ask(null))) return;
    show();
    if (!trouble) announce(t("offices.found", { n: next ? `${found.length}+` : found.length }));
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
        el("h1", {}, t("offices.title")),
        el("p", { class: "lead" }, t("offices.lead")),
      ),
      el(
        "form",
        { class: "card stack", role: "search", onsubmit: search },
        el(
          "div",
          { class: "field" },
          el("label", { for: "words" }, t("offices.words")),
          el("p", { class: "hint", id: "words-hint" }, t("offices.words.hint")),
          input,
        ),
        el("button", { type: "submit", class: "button wide" }, icon("office"), t("offices.search")),
      ),
      list,
      place,
      el("p", {}, el("a", { href: "/status" }, t("offices.status"))),
      el("p", {}, el("a", { href: "/terima" }, t("offices.accept"))),
    ),
  );
  input.setAttribute("aria-describedby", "words-hint");
  show();
  if (found === null && !trouble) load();
}).then(showUncaught);
