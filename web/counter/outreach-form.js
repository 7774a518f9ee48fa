// The plan of a session of outreach: what, where, when, who.

import { button, el, failNamed, field, fill, icon, notice } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { arrive, failed, refused } from "/web/staff/frame.js";
import { villageField } from "./village-field.js";

const KINDS = ["open", "school", "office_partner", "home_visit"];
const LEADS = ["officer", "supervisor"];

const pad = (number) => String(number).padStart(2, "0");
const dayValue = (at) => `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
const hourValue = (at) => `${pad(at.getHours())}:${pad(at.getMinutes())}`;

/** A session that is planned anew begins tomorrow morning. */
function tomorrow(hours) {
  const at = new Date(Date.now() + 24 * 3600000);
  at.setHours(hours, 0, 0, 0);
  return at;
}

/** Gives a function that ends it. `view` is what is changed; without one it is planned anew. */
export function outreachFormScreen(main, api, { view, alone, open, back }) {
  let ended = false;
  const title = t(view ? "outreach.edit" : "outreach.plan");
  fill(main, el("section", { class: "card stack" }, el("h1", {}, title), el("p", {}, t("queue.loading"))));
  api.outreachPeople().then(
    ({ items }) => !ended && draw(items),
    (error) => !ended && fill(main, failed(error, () => outreachFormScreen(main, api, { view, alone, open, back }))),
  );

  function draw(people) {
    const from = view ? new Date(view.starts_at) : tomorrow(8);
    const to = view ? new Date(view.ends_at) : tomorrow(12);
    const kinds = KINDS.map((kind) =>
      el(
        "label",
        { class: "check" },
        el("input", {
          type: "radio",
          name: "kind",
          id: `kind-${kind}`,
          value: kind,
          checked: kind === (view?.kind ?? KINDS[0]),
        }),
        el("span", {}, el("b", {}, t(`outreach.kind.${kind}`))),
      ),
    );
    const place = field({
      id: "place",
      label: t("outreach.place"),
      hint: t("outreach.place.hint"),
      maxlength: 120,
      value: view?.place ?? "",
    });
    const village = villageField(api, view ? { code: view.village_code, name: view.village } : null);
    const day = field({ id: "day", label: t("outreach.day"), type: "date", value: dayValue(from) });
    const begins = field({ id: "begins", label: t("outreach.begins"), type: "time", value: hourValue(from) });
    const ends = field({ id: "ends", label: t("outreach.ends"), type: "time", value: hourValue(to) });
    const capacity = field({
      id: "capacity",
      label: t("outreach.capacity"),
      hint: t("outreach.capacity.hint"),
      inputmode: "numeric",
      maxlength: 4,
      value: view?.capacity ?? 60,
    });
    const lead = field({
      id: "lead",
      label: t("outreach.lead_by"),
      tag: "select",
      options: people.filter((one) => LEADS.includes(one.role)).map((one) => [one.staff_id, one.full_name]),
    });
    const led = view?.roster.find((one) => one.part === "lead");
    if (led) lead.input.value = led.staff_id;
    const roster = people.map((one) =>
      el(
        "label",
        { class: "check" },
        el("input", {
          type: "checkbox",
          name: "people",
          id: `on-${one.username}`,
          value: one.staff_id,
          checked: view?.roster.some((other) => other.staff_id === one.staff_id && other.part !== "lead"),
        }),
        el("span", {}, one.full_name, " ", el("span", { class: "muted small" }, t(`role.${one.role}`))),
      ),
    );
    const rosterTrouble = el("p", { class: "error", id: "people-error", hidden: true });
    const name = field({
      id: "coordinator",
      label: t("outreach.coordinator"),
      hint: t("outreach.coordinator.hint"),
      maxlength: 120,
      value: view?.coordinator?.name ?? "",
    });
    const phone = field({
      id: "phone",
      label: t("outreach.phone"),
      hint: t("outreach.phone.hint"),
      inputmode: "tel",
      maxlength: 24,
      value: view?.coordinator?.phone ?? "",
    });
    const reason = field({
      id: "reason",
      label: t("outreach.reason"),
      hint: t("outreach.reason.hint"),
      tag: "textarea",
      rows: 3,
      maxlength: 500,
      value: view?.reason ?? "",
    });
    const trouble = el("div", { class: "problem-place" });
    const send = el(
      "button",
      { type: "submit", class: "button wide" },
      icon("check"),
      t(view ? "outreach.save" : alone ? "outreach.plan.send" : "outreach.ask.send"),
    );
    const rosterField = {
      fail: (text) => {
        fill(rosterTrouble, text ? [icon("warning"), el("span", {}, text)] : null).hidden = !text;
      },
      input: roster[0]?.querySelector("input") ?? lead.input,
    };
    const named = {
      place,
      village_code: village,
      starts_at: begins,
      ends_at: ends,
      capacity,
      people: rosterField,
      reason,
      "coordinator.name": name,
      "coordinator.phone": phone,
    };

    const plan = (form) => {
      const data = new FormData(form);
      const at = (time) => new Date(`${day.input.value}T${time}`);
      const [start, end] = [at(begins.input.value), at(ends.input.value)];
      // Whatever ends before it begins ends the day after: nobody means that, and the service says so.
      const moment = (date) => (Number.isNaN(date.getTime()) ? null : date.toISOString());
      const kind = data.get("kind");
      const coordinator = name.input.value.trim() || phone.input.value.trim();
      return {
        kind,
        place: place.input.value,
        village_code: village.value,
        starts_at: moment(start),
        ends_at: moment(end),
        capacity: Number(capacity.input.value.replace(/\D/g, "")) || 0,
        lead: lead.input.value,
        people: data.getAll("people"),
        ...(coordinator ? { coordinator: { name: name.input.value, phone: phone.input.value } } : {}),
        ...(kind === "home_visit" ? { reason: reason.input.value } : {}),
      };
    };

    async function onsubmit(event) {
      event.preventDefault();
      fill(trouble);
      for (const one of Object.values(named)) one.fail(null);
      const typed = plan(event.target);
      if (!typed.starts_at || !typed.ends_at) {
        day.fail(t("outreach.day.error"));
        return day.input.focus();
      }
      if (!typed.village_code) {
        village.fail(t("outreach.village.error"));
        return village.input.focus();
      }
      send.disabled = true;
      try {
        const done = view
          ? await api.editOutreach(view.outreach_id, view.version, typed)
          : await api.planOutreach(typed);
        return ended ? null : open(done.outreach_id);
      } catch (error) {
        if (ended || failNamed(error, named)) return null;
        return refused(trouble, error);
      } finally {
        send.disabled = false;
      }
    }
    const home = el("div", {}, reason);
    const change = () => (home.hidden = !document.getElementById("kind-home_visit")?.checked);
    for (const kind of kinds) kind.querySelector("input").addEventListener("change", change);

    fill(
      main,
      el(
        "section",
        { class: "card stack narrow-form" },
        el("h1", {}, title),
        alone ? null : notice("info", t("outreach.asks"), t("outreach.asks.do")),
        el(
          "form",
          { class: "stack", novalidate: true, onsubmit },
          el("fieldset", { class: "stack-tight" }, el("legend", { class: "legend" }, t("outreach.kind")), kinds),
          home,
          place,
          village,
          day,
          el("div", { class: "pair-fields" }, begins, ends),
          capacity,
          lead,
          el(
            "fieldset",
            { class: "stack-tight", "aria-describedby": "people-error" },
            el("legend", { class: "legend" }, t("outreach.people")),
            el("div", { class: "pair-fields" }, roster),
            rosterTrouble,
          ),
          el("div", { class: "pair-fields" }, name, phone),
          trouble,
          send,
        ),
        button(t("outreach.back"), back, { kind: "quiet" }),
      ),
    );
    change();
    arrive(main);
  }
  return () => (ended = true);
}
