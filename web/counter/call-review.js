// What colleagues blocked at callers' words in the last seven days, for supervisors: by officer, and one by one. It
// names no resident; each is looked at once, and what came of that is written down.

import { announce, button, el, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { arrive, failed, refused } from "/web/staff/frame.js";
import { askReason } from "./ask-reason.js";

const COUNTS = ["blocked", "asked", "confirmed", "lifted", "lapsed", "overtaken"];
const BADGES = {
  confirmed: ["good", "check"],
  lifted: ["bad", "close"],
  lapsed: ["", "clock"],
  overtaken: ["", "info"],
  open: ["wait", "clock"],
};

/** An officer's figures. Who stands out is marked in words, too. */
const officerLine = (one) =>
  el(
    "li",
    { class: "line tall" },
    el("b", {}, one.officer),
    one.stands_out ? el("span", { class: "badge bad" }, icon("warning"), t("calls.stands_out")) : null,
    el(
      "span",
      { class: "muted small" },
      COUNTS.filter((key) => key === "blocked" || one[key])
        .map((key) => t(`calls.count.${key}`, { n: one[key] }))
        .join(" · "),
    ),
  );

/** Gives a function that ends it. */
export function callReviewScreen(main, api, { back }) {
  let ended = false;
  const asking = newest(() => ended);
  const officers = el("ul", { class: "lines" }, el("li", { class: "empty" }, t("queue.loading")));
  const list = el("ul", { class: "lines" }, el("li", { class: "empty" }, t("queue.loading")));
  const foot = el("div", {});
  const place = el("div", { class: "problem-place" });

  async function look(item) {
    const reason = await askReason({
      title: t("calls.look"),
      lead: t("calls.look.lead", { reference: item.reference }),
      label: t("calls.look.reason"),
      hint: t("calls.look.hint"),
      send: t("calls.look.send"),
      templates: ["calls.template.noted", "calls.template.asked", "calls.template.reported"],
    });
    if (!reason || ended) return;
    fill(place);
    try {
      await api.lookAtBlock(item.block_id, reason);
      if (ended) return;
      announce(t("calls.looked.now", { reference: item.reference }));
    } catch (error) {
      if (ended) return;
      refused(place, error);
    }
    load();
  }

  function blockLine(item) {
    const outcome = item.outcome ?? "open";
    const [colour, picture] = BADGES[outcome];
    const since = item.outcome_at ? ` ${dateTime(item.outcome_at)}` : "";
    return el(
      "li",
      { class: "line tall" },
      el("b", {}, item.reference),
      el("span", { class: `badge ${colour}` }, icon(picture), t(`calls.outcome.${outcome}`)),
      el(
        "span",
        { class: "muted small" },
        t(`calls.effect.${item.effect}`, { who: item.officer, when: dateTime(item.at) }),
        since && ` · ${t(`calls.outcome.${outcome}`)}${since}`,
      ),
      el("span", { class: "small" }, el("q", {}, item.reason)),
      item.looked
        ? el(
            "span",
            { class: "muted small" },
            t("calls.looked", { who: item.looked.by, when: dateTime(item.looked.at) }),
            " ",
            el("q", {}, item.looked.reason),
          )
        : button(t("calls.look"), () => look(item), { kind: "secondary", wide: false, picture: "check" }),
    );
  }

  async function load(cursor) {
    const counts = asking();
    try {
      const [page, people] = await Promise.all([api.blocks(cursor), cursor ? null : api.blockingOfficers()]);
      if (!counts()) return;
      if (!cursor) {
        const none = (key) => el("li", { class: "empty" }, icon("check"), el("p", {}, t(key)));
        fill(officers, people.items.length ? people.items.map(officerLine) : none("calls.none"));
        fill(list, page.items.length ? null : none("calls.none"));
      }
      list.append(...page.items.map(blockLine));
      fill(foot, page.next ? button(t("calls.more"), () => load(page.next), { kind: "quiet" }) : null);
    } catch (error) {
      if (!counts()) return;
      if (!cursor) [officers, list].forEach((part) => fill(part));
      fill(
        foot,
        failed(error, () => load(cursor)),
      );
    }
  }

  fill(
    main,
    el(
      "div",
      { class: "stack-loose" },
      el(
        "section",
        { class: "card stack" },
        el("h1", {}, t("calls.title")),
        el("p", { class: "lead" }, t("calls.lead")),
        el("h2", {}, t("calls.officers")),
        officers,
        notice("info", t("calls.know"), t("calls.know.do")),
      ),
      el(
        "section",
        { class: "card stack", "aria-labelledby": "each" },
        el("h2", { id: "each" }, t("calls.each")),
        place,
        list,
        foot,
        button(t("second.next"), back, { kind: "quiet" }),
      ),
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}
