// What residents read of the own office: when it is open, where it is called, and on which days it is closed all the
// same. What the office is and where it stands is said elsewhere.

import { announce, button, el, failNamed, field, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dayOf, language, t } from "/web/shared/i18n.js";
import { arrive, failed, refused } from "/web/staff/frame.js";
import { hallOf } from "./arrivals.js";

const DAYS = [1, 2, 3, 4, 5, 6, 7];
const MOST = 3;

/** `08:00`, as people write it here; both are read. */
const shown = (time) => (language === "id" ? time.replace(":", ".") : time);

/** The times of one day: pairs of fields, of which an empty one says nothing. `counts` keeps how many there are. */
function dayFields(day, spans, counts) {
  const name = t(`weekday.${day}`);
  const list = el("div", { class: "spans" });
  const pairs = [];

  function add({ opens = "", closes = "" } = {}) {
    const number = pairs.length + 1;
    const input = (value, part) =>
      el("input", {
        id: `hours-${day}-${number}-${part}`,
        inputmode: "decimal",
        autocomplete: "off",
        maxlength: 5,
        value: shown(value),
        "aria-label": t(`office.${part}`, { day: name, n: number }),
      });
    const pair = { opens: input(opens, "opens"), closes: input(closes, "closes") };
    pairs.push(pair);
    counts[day] = pairs.length;
    list.append(el("div", { class: "span" }, pair.opens, el("span", { "aria-hidden": "true" }, "–"), pair.closes));
    more.hidden = pairs.length >= MOST;
    return pair;
  }

  const more = button("", () => add().opens.focus(), {
    kind: "quiet",
    wide: false,
    picture: "plus",
    "aria-label": t("office.more_of", { day: name }),
  });
  const before = counts[day] ?? 1;
  for (const span of spans) add(span);
  while (pairs.length < before) add();
  const node = el("div", { class: "day", role: "group", "aria-label": name }, el("b", {}, name), list, more);
  const given = () => pairs.map(({ opens, closes }) => ({ weekday: day, opens: opens.value, closes: closes.value }));
  return { node, given, first: pairs[0].opens };
}

/** `memory` outlives drawing anew. Gives a function that ends it. */
export function officeScreen(main, api, { memory }) {
  let ended = false;
  const asking = newest(() => ended);
  const counts = (memory.counts = memory.counts ?? {});

  function hours(office) {
    const days = DAYS.map((day) =>
      dayFields(
        day,
        office.hours.filter((one) => one.weekday === day),
        counts,
      ),
    );
    const error = el("p", { class: "error", id: "hours-error", hidden: true });
    const node = el(
      "fieldset",
      { class: "field week-fields", "aria-describedby": "hours-hint hours-error" },
      el("legend", {}, t("office.hours")),
      el("p", { class: "hint", id: "hours-hint" }, t("office.hours.hint", { zone: office.zone.toUpperCase() })),
      days.map((day) => day.node),
      error,
    );
    const input = { focus: () => days[0].first.focus() };
    const fail = (text) => {
      error.hidden = !text;
      fill(error, text ? [icon("warning"), el("span", {}, text)] : null);
    };
    // Half a time is sent as it is, so that it is refused and not lost.
    const given = () => days.flatMap((day) => day.given()).filter((one) => one.opens || one.closes);
    return { node, input, fail, given };
  }

  function form(office) {
    const week = hours(office);
    const phone = field({
      id: "phone",
      label: t("office.phone"),
      hint: t("office.phone.hint"),
      type: "tel",
      maxlength: 30,
      value: office.phone ?? "",
    });
    const note = field({
      id: "note",
      label: t("office.note"),
      hint: t("office.note.hint"),
      tag: "textarea",
      rows: 3,
      maxlength: 300,
      value: office.note ?? "",
    });
    const capacity = field({
      id: "capacity",
      label: t("office.capacity"),
      hint: t("office.capacity.hint"),
      type: "number",
      min: 0,
      max: 500,
      value: office.capacity ?? "",
    });
    const fields = { hours: week, phone, note, capacity };
    const place = el("div", { class: "problem-place" });
    const send = el("button", { type: "submit", class: "button wide" }, icon("check"), t("office.save"));

    async function save(event) {
      event.preventDefault();
      if (send.disabled) return;
      for (const one of Object.values(fields)) one.fail(null);
      fill(place);
      send.disabled = true;
      try {
        const changed = await api.editOffice({
          version: office.version,
          hours: week.given(),
          phone: phone.input.value,
          note: note.input.value,
          capacity: Number(capacity.input.value) || 0,
        });
        if (ended) return;
        draw(changed, notice("success", t("office.saved"), t("office.saved.do")));
        announce(t("office.saved"));
      } catch (error) {
        if (ended) return;
        send.disabled = false;
        if (failNamed(error, fields)) return;
        refused(place, error);
        if (error.code === "wrong_state")
          place.append(button(t("office.reload"), load, { kind: "secondary", wide: false, picture: "history" }));
      }
    }
    const parts = [week.node, phone, note, capacity, place, send];
    return el("form", { class: "stack", novalidate: true, onsubmit: save }, parts);
  }

  function holidays(office) {
    const place = el("div", { class: "problem-place" });
    const remove = async (one, by) => {
      by.disabled = true;
      fill(place);
      try {
        await api.removeHoliday(one.day);
      } catch (error) {
        if (ended) return;
        // Taken away already: what counts is that it is so.
        if (error.code !== "not_found") {
          by.disabled = false;
          refused(place, error);
          return;
        }
      }
      if (!ended) load();
    };
    const line = (one) => {
      const by = button(t("office.holiday.remove"), () => remove(one, by), {
        kind: "secondary",
        wide: false,
        "aria-label": t("office.holiday.remove_of", { day: dayOf(one.day) }),
      });
      return el("li", { class: "entry row spread" }, el("span", {}, el("b", {}, dayOf(one.day)), " ", one.name), by);
    };
    const day = field({ id: "day", label: t("office.holiday.day"), type: "date" });
    const name = field({ id: "name", label: t("office.holiday.name"), hint: t("office.holiday.hint"), maxlength: 60 });
    const below = el("input", { type: "checkbox", id: "below" });
    const send = el("button", { type: "submit", class: "button secondary" }, icon("plus"), t("office.holiday.add"));
    const add = async (event) => {
      event.preventDefault();
      for (const one of [day, name]) one.fail(null);
      fill(place);
      const wrong = [!day.input.value && day, !name.input.value.trim() && name].filter(Boolean);
      for (const one of wrong) one.fail(t("office.holiday.empty"));
      if (wrong.length) {
        wrong[0].input.focus();
        return;
      }
      send.disabled = true;
      try {
        draw(await api.addHoliday({ day: day.input.value, name: name.input.value.trim(), below: below.checked }));
        announce(t("office.holiday.added"));
      } catch (error) {
        if (ended) return;
        send.disabled = false;
        if (!failNamed(error, { day, name })) refused(place, error);
      }
    };
    const none = el("li", { class: "empty" }, el("p", {}, t("office.holiday.none")));
    return el(
      "section",
      { class: "card stack", "aria-labelledby": "holidays" },
      el("h2", { id: "holidays" }, t("office.holidays")),
      el("ul", { class: "lines" }, office.holidays.length ? office.holidays.map(line) : none),
      el(
        "form",
        { class: "stack", novalidate: true, onsubmit: add },
        day,
        name,
        el("label", { class: "check", for: "below" }, below, el("span", {}, t("office.holiday.below"))),
        place,
        send,
      ),
    );
  }

  function draw(office, said = null) {
    if (ended) return;
    const above = office.above.length ? t("office.above", { names: office.above.join(", ") }) : null;
    fill(
      main,
      el(
        "div",
        { class: "two to-left" },
        el(
          "section",
          { class: "card stack" },
          el("h1", {}, office.name),
          el("p", { class: "muted" }, [office.code, above, office.address].filter(Boolean).join(" · ")),
          el("p", { class: "lead" }, t("office.lead")),
          said,
          form(office),
          el("p", {}, el("a", { href: `/loket?cari=${encodeURIComponent(office.code)}` }, t("office.public"))),
          el("p", {}, el("a", { href: hallOf(office.code) }, t("arrivals.hall"))),
        ),
        holidays(office),
      ),
    );
    arrive(main);
  }

  async function load() {
    const counts = asking();
    try {
      const office = await api.office();
      if (counts()) draw(office);
    } catch (error) {
      if (!counts()) return;
      fill(main, el("h1", {}, t("office.title")), failed(error, load));
      arrive(main);
    }
  }
  fill(main, el("h1", {}, t("office.title")), el("p", { class: "muted" }, t("queue.loading")));
  load();
  return () => (ended = true);
}
