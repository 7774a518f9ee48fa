// Where residents are served: `/loket`. Anybody looks for an office by its name, a place or a region, and reads whether
// it is open now, how long people are there today, and how to get there.

import { el, icon } from "/web/shared/dom.js";
import { showUncaught } from "/web/shared/http.js";
import { dayOf, t } from "/web/shared/i18n.js";
import { fact, finder } from "./found.js";
import { begin } from "./page.js";
import { clock, period, weekLines } from "./week.js";

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

begin(
  "offices.title",
  finder({
    path: "/v1/offices",
    card,
    texts: () => {
      const none = [t("offices.none"), t("offices.none.do")];
      return {
        title: t("offices.title"),
        lead: t("offices.lead"),
        words: t("offices.words"),
        hint: t("offices.words.hint"),
        search: t("offices.search"),
        picture: "office",
        none,
        empty: none,
        found: (n) => t("offices.found", { n }),
      };
    },
    rest: () => [
      el("p", {}, el("a", { href: "/status" }, t("offices.status"))),
      el("p", {}, el("a", { href: "/terima" }, t("offices.accept"))),
    ],
  }),
).then(showUncaught);
