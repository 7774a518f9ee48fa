// What administrators of the nation ask of each other: one asks, another grants, and then it is done.

import { announce, button, el, field, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { askForm } from "/web/staff/form.js";
import { arrive, failed, refused } from "/web/staff/frame.js";
import { matterOf, nameOf } from "./matter.js";
import { markWaiting } from "./waiting.js";

const BADGES = {
  waiting: ["wait", "clock"],
  granted: ["good", "check"],
  refused: ["bad", "block"],
  withdrawn: ["", "back"],
  expired: ["", "clock"],
};

/** Why something is asked or refused: colleagues read it. */
export const reasonField = (hint) =>
  field({ id: "reason", label: t("proposal.reason"), hint, autocomplete: "off", maxlength: 200, required: true });

/** Shows them. Gives a function that ends it. */
export function proposalsScreen(main, session) {
  let ended = false;
  const may = (permission) => session.who.permissions.includes(permission);
  const place = el("div", { class: "problem-place" });
  const blank = () => ({
    list: el("ul", { class: "lines" }),
    more: el("div", {}),
    asking: newest(() => ended),
  });
  const lists = {
    waiting: { ...blank(), query: "", none: "proposal.none" },
    all: { ...blank(), query: "all=true&", none: "proposal.all.none" },
  };

  /** Does something, says so, and draws anew what it may have changed. */
  async function act(work, said) {
    fill(place);
    try {
      if ((await work()) === null || ended) return;
      announce(t(said));
      fill(place, notice("success", t(said)));
    } catch (error) {
      if (ended) return;
      refused(place, error);
    }
    markWaiting(session);
    await Promise.all([load("waiting"), load("all")]);
    if (!ended) main.querySelector("h1")?.focus();
  }

  const end = async (item, how, json) =>
    (await session.call(`/proposals/${item.proposal_id}/${how}`, { method: "POST", json })) ?? {};

  function refuse(item) {
    const fields = { reason: reasonField(t("proposal.reason.refusal")) };
    const send = (values) => end(item, "refusal", values);
    return askForm(t("proposal.refuse"), title(item), fields, send, t("proposal.refuse"), "danger");
  }

  const title = (item) => t(`proposal.kind.${item.kind}`, { name: nameOf(item) });

  function acts(item) {
    const named = (key) => ({ wide: false, "aria-label": `${t(key)}: ${title(item)}` });
    if (item.own) {
      return [
        el("p", { class: "muted small" }, t("proposal.own")),
        button(t("proposal.withdraw"), () => act(() => end(item, "withdrawal"), "proposal.withdrawn"), {
          ...named("proposal.withdraw"),
          kind: "secondary",
        }),
      ];
    }
    if (!may("decide_proposals")) return null;
    return el(
      "div",
      { class: "row" },
      button(t("proposal.grant"), () => act(() => end(item, "grant"), "proposal.granted"), {
        ...named("proposal.grant"),
        picture: "check",
      }),
      button(t("proposal.refuse"), () => act(() => refuse(item), "proposal.refused"), {
        ...named("proposal.refuse"),
        kind: "secondary",
      }),
    );
  }

  function line(item, isHistory) {
    const [kind, picture] = BADGES[item.state];
    const asked = t("proposal.asked", { who: item.asked_by, when: dateTime(item.asked_at) });
    const over = item.decided_at
      ? item.decided_by
        ? t("proposal.decided", { who: item.decided_by, when: dateTime(item.decided_at) })
        : dateTime(item.decided_at)
      : t("proposal.until", { when: dateTime(item.expires_at) });
    return el(
      "li",
      { class: "entry request" },
      el("b", { class: "anywhere" }, title(item)),
      isHistory ? el("span", { class: `badge ${kind}` }, icon(picture), t(`proposal.state.${item.state}`)) : null,
      el("p", { class: "anywhere" }, `“${item.reason}”`),
      isHistory ? null : matterOf(item),
      el("p", { class: "muted small anywhere" }, `${asked} · ${over}`),
      item.refusal ? el("p", { class: "anywhere" }, t("proposal.refusal", { reason: item.refusal })) : null,
      !isHistory ? acts(item) : null,
    );
  }

  async function load(which, cursor) {
    const { list, more, query, none, asking } = lists[which];
    const counts = asking();
    if (!cursor) fill(more, list.children.length ? null : el("p", { class: "muted" }, t("admin.loading")));
    try {
      const rest = cursor ? `cursor=${encodeURIComponent(cursor)}` : "";
      const { items, next } = await session.call(`/proposals?${query}${rest}`);
      if (!counts()) return;
      const shown = items.filter((item) => which === "waiting" || item.state !== "waiting");
      if (!cursor) fill(list);
      list.append(...shown.map((item) => line(item, which === "all")));
      const empty = el("li", { class: "empty" }, icon("check"), el("p", {}, t(none)));
      if (!list.children.length && !next) fill(list, empty);
      const older = () => button(t("admin.more"), () => load(which, next), { kind: "secondary", wide: false });
      fill(more, next ? older() : null);
    } catch (error) {
      if (!counts()) return;
      if (!cursor) fill(list);
      fill(more, failed(error, () => load(which, cursor)));
    }
  }

  const part = (id, heading, which, ...before) =>
    el(
      "section",
      { class: "card stack", "aria-labelledby": id },
      el(which === "waiting" ? "h1" : "h2", { id }, heading),
      before,
      lists[which].list,
      lists[which].more,
    );
  fill(
    main,
    el(
      "div",
      { class: "two to-left" },
      part(
        "waiting-title",
        t("proposal.title"),
        "waiting",
        el("p", { class: "lead" }, t("proposal.lead")),
        place,
      ),
      part("all-title", t("proposal.all"), "all"),
    ),
  );
  arrive(main);
  load("waiting");
  load("all");
  return () => (ended = true);
}
