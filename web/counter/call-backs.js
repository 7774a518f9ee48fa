// Whom two colleagues approved without an e-mail address and the lot drew: a third person calls them back.

import { announce, button, el, fill, icon } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { failed } from "/web/staff/frame.js";

const FINDINGS = [
  ["confirmed", "check", "secondary"],
  ["unreached", "clock", "secondary"],
  ["denied", "block", "danger-quiet"],
];

/** The section, hidden while nobody is to be called; `load()` of what it gives looks again. */
export function callBackSection(api) {
  const list = el("ul", { class: "lines" });
  const place = el("div", { class: "problem-place" });
  const node = el(
    "section",
    { class: "card stack", "aria-labelledby": "call-backs", hidden: true },
    el("h2", { id: "call-backs" }, t("callback.title")),
    el("p", {}, t("callback.lead")),
    list,
    place,
  );

  async function note(item, finding) {
    fill(place);
    try {
      await api.recordCallBack(item.registration_id, finding);
      announce(t(`callback.noted.${finding}`));
    } catch (error) {
      // A colleague was faster: the list says so.
      if (error.code !== "not_found") {
        return fill(
          place,
          failed(error, () => note(item, finding)),
        );
      }
    }
    return load();
  }

  const said = (item) =>
    el(
      "span",
      { class: `badge ${item.finding === "confirmed" ? "good" : item.finding === "denied" ? "bad" : "wait"}` },
      t(`callback.finding.${item.finding}`),
    );

  const choices = (item) =>
    el(
      "div",
      { class: "row" },
      el("a", { class: "button secondary", href: `#warga/${item.registration_id}` }, icon("user"), t("callback.open")),
      FINDINGS.map(([finding, picture, kind]) =>
        button(t(`callback.say.${finding}`), () => note(item, finding), { kind, picture, wide: false }),
      ),
    );

  function line(item) {
    const open = item.finding === null || item.finding === "unreached";
    return el(
      "li",
      { class: "stack-tight entry" },
      el(
        "div",
        { class: "row spread" },
        el("b", {}, t("callback.approved", { when: dateTime(item.approved_at) })),
        item.finding ? said(item) : el("span", { class: "badge wait" }, icon("clock"), t("callback.waits")),
      ),
      item.called_at
        ? el(
            "p",
            { class: "muted small" },
            t("callback.called", { who: item.called_by, when: dateTime(item.called_at) }),
          )
        : null,
      open ? choices(item) : null,
      item.finding === "denied" ? el("p", {}, el("a", { href: "#pembatalan" }, t("annulment.ask"))) : null,
    );
  }

  const asking = newest();
  async function load() {
    const counts = asking();
    try {
      const { items } = await api.callBacks();
      if (!counts()) return;
      node.hidden = items.length === 0;
      fill(list, items.map(line));
    } catch (error) {
      if (!counts()) return;
      node.hidden = false;
      fill(place, failed(error, load));
    }
  }

  return { node, load };
}
