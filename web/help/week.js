// Hours of offices in words: of a week, and of a day.

import { el } from "/web/shared/dom.js";
import { language, t } from "/web/shared/i18n.js";

/** `08:00`, as people write it here. */
export const clock = (time) => (language === "id" ? time.replace(":", ".") : time);

const ZONES = { wib: "Asia/Jakarta", wita: "Asia/Makassar", wit: "Asia/Jayapura" };

/** A day with two times, by the clocks of the place: a phone may be in another zone. */
export function period(from, to, zone) {
  const tag = language === "id" ? "id-ID" : "en-GB";
  const at = (moment, options) =>
    new Intl.DateTimeFormat(tag, { ...options, timeZone: ZONES[zone] }).format(new Date(moment));
  const day = { weekday: "long", day: "numeric", month: "long" };
  const time = { hour: "2-digit", minute: "2-digit" };
  return `${at(from, day)}, ${at(from, time)}–${at(to, time)} ${zone.toUpperCase()}`;
}

const between = (spans) => spans.map((one) => `${clock(one.opens)}–${clock(one.closes)}`).join(", ");

/** The hours of a week: days one after the other with the same hours are one line. Days without any are closed. */
export function weekLines(hours) {
  const lines = [];
  for (let day = 1; day <= 7; day += 1) {
    const text = between(hours.filter((one) => one.weekday === day)) || t("offices.closed");
    const last = lines[lines.length - 1];
    if (last && last.text === text) last.to = day;
    else lines.push({ from: day, to: day, text });
  }
  return lines.map(({ from, to, text }) => {
    const days = from === to ? t(`day.${from}`) : `${t(`day.${from}`)}–${t(`day.${to}`)}`;
    return el("div", {}, el("dt", {}, days), el("dd", {}, text));
  });
}
