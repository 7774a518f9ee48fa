// Who helped more people at counters than a family within a year, for supervisors. Each is looked at, and what came of
// that is written down. It names nobody who was helped.

import { announce, button, el, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { arrive, failed, refused } from "/web/staff/frame.js";
import { askReason } from "./ask-reason.js";

/** Gives a function that ends it. */
export function helpersScreen(main, api, { back }) {
  let ended = false;
  const asking = newest(() => ended);
  const list = el("ul", { class: "lines" }, el("li", { class: "empty" }, t("queue.loading")));
  const place = el("div", { class: "problem-place" });

  async function look(item) {
    const name = item.full_name ?? t("helpers.unnamed");
    const reason = await askReason({
      title: t("helpers.look"),
      lead: t("helpers.look.lead", { name }),
      label: t("calls.look.reason"),
      hint: t("helpers.look.hint"),
      send: t("calls.look.send"),
      templates: ["helpers.template.carer", "helpers.template.asked", "helpers.template.reported"],
    });
    if (!reason || ended) return;
    fill(place);
    try {
      await api.lookAtHelper(item.help_id, reason);
      if (ended) return;
      announce(t("helpers.looked.now", { name }));
    } catch (error) {
      if (ended) return;
      refused(place, error);
    }
    await load();
    main.querySelector("h1")?.focus();
  }

  const line = (item) =>
    el(
      "li",
      { class: "line tall" },
      el("b", {}, item.full_name ?? t("helpers.unnamed")),
      el("span", { class: "badge wait" }, icon("user"), t("helpers.people", { n: item.people })),
      el(
        "span",
        { class: "muted small" },
        t("helpers.line", { when: dateTime(item.last_at), who: item.officers.join(", ") }),
      ),
      item.former
        ? el(
            "span",
            { class: "muted small" },
            t("calls.looked", { who: item.former.by, when: dateTime(item.former.at) }),
            " ",
            el("q", {}, item.former.reason),
          )
        : null,
      button(t("helpers.look"), () => look(item), { kind: "secondary", wide: false, picture: "check" }),
    );

  async function load() {
    const counts = asking();
    try {
      const { items } = await api.helpers();
      if (!counts()) return;
      const none = el("li", { class: "empty" }, icon("check"), el("p", {}, t("helpers.none")));
      fill(list, items.length ? items.map(line) : none);
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
      el("h1", {}, t("helpers.title")),
      el("p", { class: "lead" }, t("helpers.lead")),
      notice("info", t("helpers.know"), t("helpers.know.do")),
      place,
      list,
      button(t("second.next"), back, { kind: "quiet" }),
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}
