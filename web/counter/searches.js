// How much people of the office look for without a resident there, for supervisors and heads: which days stand out,
// what came of looking at them, and lifting the limit of a day. It names nobody who was looked for.

import { announce, button, el, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, ktpDate, t } from "/web/shared/i18n.js";
import { arrive, failed, refused } from "/web/staff/frame.js";
import { askReason } from "./ask-reason.js";

const DAY_MILLISECONDS = 86400000;
const COUNTS = ["active", "searches", "views", "misses"];

/** A day that is counted from 1970, as `YYYY-MM-DD`. */
const dayOf = (day) => new Date(day * DAY_MILLISECONDS).toISOString().slice(0, 10);

/** Gives a function that ends it. */
export function searchesScreen(main, api, { back }) {
  let ended = false;
  const asking = newest(() => ended);
  const list = el("ul", { class: "lines" }, el("li", { class: "empty" }, t("queue.loading")));
  const place = el("div", { class: "problem-place" });

  async function send(request, said) {
    fill(place);
    try {
      await request();
      if (ended) return;
      announce(said);
    } catch (error) {
      if (ended) return;
      refused(place, error);
    }
    await load();
    main.querySelector("h1")?.focus();
  }

  async function look(item) {
    const reason = await askReason({
      title: t("helpers.look"),
      lead: t("searches.look.lead", { name: item.username }),
      label: t("calls.look.reason"),
      hint: t("helpers.look.hint"),
      send: t("calls.look.send"),
      templates: ["searches.template.busy", "searches.template.asked", "searches.template.reported"],
    });
    if (!reason || ended) return;
    const said = t("searches.looked.now", { name: item.username });
    await send(() => api.lookAtSearches(item.officer_id, item.day, reason), said);
  }

  const lift = (item) =>
    send(() => api.liftSearchLimit(item.officer_id), t("searches.lifted.now", { name: item.username }));

  function line(item, today) {
    const open = item.signs.length && !item.former && !item.own;
    return el(
      "li",
      { class: "line tall" },
      el("b", {}, item.username, " · ", ktpDate(dayOf(item.day))),
      item.signs.map((sign) => el("span", { class: "badge bad" }, icon("warning"), t(`searches.sign.${sign}`))),
      el(
        "span",
        { class: "muted small" },
        COUNTS.filter((key) => item[key])
          .map((key) => t(`searches.count.${key}`, { n: item[key] }))
          .join(" · "),
      ),
      item.lifted_by ? el("span", { class: "muted small" }, t("searches.lifted", { who: item.lifted_by })) : null,
      item.former
        ? el(
            "span",
            { class: "muted small" },
            t("calls.looked", { who: item.former.by, when: dateTime(item.former.at) }),
            " ",
            el("q", {}, item.former.reason),
          )
        : null,
      item.own ? el("span", { class: "muted small" }, t("searches.own")) : null,
      open ? button(t("helpers.look"), () => look(item), { kind: "secondary", wide: false, picture: "check" }) : null,
      item.day === today && !item.own && !item.lifted_by
        ? button(t("searches.lift"), () => lift(item), { kind: "quiet", wide: false, picture: "plus" })
        : null,
    );
  }

  async function load() {
    const counts = asking();
    try {
      const { today, items } = await api.searches();
      if (!counts()) return;
      const none = el("li", { class: "empty" }, icon("check"), el("p", {}, t("searches.none")));
      fill(list, items.length ? items.map((item) => line(item, today)) : none);
    } catch (error) {
      if (!counts()) return;
      fill(list);
      fill(place, failed(error, load));
    }
  }

  fill(
    main,
    el(
      "section",
      { class: "card stack" },
      el("h1", {}, t("searches.title")),
      el("p", { class: "lead" }, t("searches.lead")),
      notice("info", t("searches.know"), t("searches.know.do")),
      place,
      list,
      button(t("second.next"), back, { kind: "quiet" }),
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}
