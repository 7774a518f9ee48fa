// Colleagues whose rights rest, because an activation that they approved was annulled: another supervisor gives them
// back.

import { announce, button, el, fill, icon } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { failed } from "/web/staff/frame.js";

/** The section, hidden while nobody's rights rest; `load()` of what it gives looks again. */
export function pausedSection(api) {
  const list = el("ul", { class: "lines" });
  const place = el("div", { class: "problem-place" });
  const node = el(
    "section",
    { class: "card stack", "aria-labelledby": "paused", hidden: true },
    el("h2", { id: "paused" }, t("paused.title")),
    el("p", {}, t("paused.lead")),
    list,
    place,
  );

  async function restore(item, by) {
    by.disabled = true;
    fill(place);
    try {
      await api.restoreRights(item.officer_id);
      announce(t("paused.restored", { who: item.full_name }));
    } catch (error) {
      // Somebody else was faster: what counts is that it is so.
      if (error.code !== "not_found") {
        by.disabled = false;
        return fill(
          place,
          failed(error, () => restore(item, by)),
        );
      }
    }
    return load();
  }

  function line(item) {
    const give = button(t("paused.restore"), () => restore(item, give), {
      kind: "secondary",
      wide: false,
      "aria-label": t("paused.restore_of", { who: item.full_name }),
    });
    return el(
      "li",
      { class: "stack-tight entry" },
      el(
        "div",
        { class: "row spread" },
        el("b", {}, item.full_name, " ", el("span", { class: "mono muted" }, item.username)),
        item.own ? el("span", { class: "badge wait" }, icon("user"), t("paused.own")) : give,
      ),
      el("p", { class: "muted small" }, t("paused.since", { when: dateTime(item.since) })),
    );
  }

  const asking = newest();
  async function load() {
    const counts = asking();
    try {
      const { items } = await api.paused();
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
