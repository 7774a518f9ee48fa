// A day of birth: its field, and what may be wrong with it.

import { el, fill, icon } from "./dom.js";
import { language, t } from "./i18n.js";

/**
 * A day as three inputs: calendars are slow when the year is long ago. Returns the element with `value` and
 * `fail(text)`.
 */
export function dateField({ id, label, hint, value = "", onchange }) {
  const [year = "", month = "", day = ""] = value.split("-");
  const months = Array.from({ length: 12 }, (_, i) => [
    String(i + 1).padStart(2, "0"),
    new Intl.DateTimeFormat(language === "en" ? "en-GB" : "id-ID", { month: "long", timeZone: "UTC" }).format(
      new Date(Date.UTC(2000, i, 1)),
    ),
  ]);
  const error = el("p", { class: "error", id: `${id}-error`, hidden: true });
  const describe = { "aria-describedby": `${id}-hint ${id}-error` };
  const parts = {
    day: el("input", {
      id: `${id}-day`,
      inputmode: "numeric",
      maxlength: 2,
      autocomplete: "bday-day",
      value: day.replace(/^0/, ""),
      ...describe,
    }),
    month: el(
      "select",
      { id: `${id}-month`, autocomplete: "bday-month", ...describe },
      el("option", { value: "" }, t("date.choose")),
      months.map(([code, name]) => el("option", { value: code, selected: code === month }, name)),
    ),
    year: el("input", {
      id: `${id}-year`,
      inputmode: "numeric",
      maxlength: 4,
      autocomplete: "bday-year",
      value: year,
      ...describe,
    }),
  };
  const part = (name) =>
    el(
      "div",
      { class: "field" },
      el("label", { for: `${id}-${name}`, class: "small" }, t(`date.${name}`)),
      parts[name],
    );
  const node = el(
    "fieldset",
    { class: "field" },
    el("legend", { class: "legend" }, label),
    el("p", { class: "hint", id: `${id}-hint` }, hint),
    el("div", { class: "date" }, part("day"), part("month"), part("year")),
    error,
  );
  const read = () =>
    parts.day.value.trim() || parts.month.value || parts.year.value.trim()
      ? `${parts.year.value.trim()}-${parts.month.value}-${parts.day.value.trim().padStart(2, "0")}`
      : "";
  Object.defineProperty(node, "value", { get: read });
  node.input = parts.day;
  node.fail = (text) => {
    fill(error, text ? [icon("warning"), el("span", {}, text)] : null).hidden = !text;
    for (const input of Object.values(parts))
      text ? input.setAttribute("aria-invalid", "true") : input.removeAttribute("aria-invalid");
  };
  node.addEventListener("input", () => onchange?.(read()));
  node.addEventListener("change", () => onchange?.(read()));
  return node;
}

/** What is wrong with a day of birth, in words, or null. */
export function dayTrouble(text) {
  const found = /^(\d*)-(\d{2})-(\d{2})$/.exec(text);
  if (found && /^\d{1,3}$/.test(found[1])) return t("date.whole_year");
  const day = new Date(`${text}T00:00:00Z`);
  if (
    found?.[1].length !== 4 ||
    Number.isNaN(day.getTime()) ||
    !day.toISOString().startsWith(text) ||
    Number(found[1]) < 1900
  )
    return t("date.wrong");
  return day <= new Date() ? null : t("date.future");
}
