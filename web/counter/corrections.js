// Correction cases at the counter: the office's list, and taking one that a resident names.

import { button, el, failNamed, field, fill, icon } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { arrive, failed, refused } from "/web/staff/frame.js";
import { badge } from "./correction-words.js";
import { nikField } from "./nik-field.js";

/** The office's cases, and a form for one that a resident names. `open(id)` shows one; who `works`
 * takes them further. Gives what ends it. */
export function correctionsScreen(main, api, { open, works }) {
  let ended = false;
  const asking = newest(() => ended);
  const list = el("ul", { class: "lines" }, el("li", { class: "empty" }, t("queue.loading")));
  const foot = el("div", {});
  const nik = nikField();
  const reference = field({
    id: "reference",
    label: t("correction.reference"),
    hint: t("correction.reference.hint"),
    autocomplete: "off",
    autocapitalize: "characters",
    spellcheck: "false",
    maxlength: 12,
  });
  const place = el("div", { class: "problem-place" });
  const take = el("button", { type: "submit", class: "button wide" }, icon("edit"), t("correction.take"));

  async function submit(event) {
    event.preventDefault();
    nik.fail(nik.trouble());
    reference.fail(reference.input.value.trim() ? null : t("correction.reference.empty"));
    if (nik.trouble()) return nik.input.focus();
    if (!reference.input.value.trim()) return reference.input.focus();
    take.disabled = true;
    fill(place);
    try {
      const view = await api.takeCorrection(nik.digits(), reference.input.value.trim());
      if (!ended) open(view.case.correction_id);
    } catch (error) {
      if (ended || failNamed(error, { nik })) return undefined;
      refused(place, error);
    } finally {
      take.disabled = false;
    }
    return undefined;
  }

  const line = (item) =>
    el(
      "li",
      {},
      el(
        "a",
        { class: "line tall", href: `#kasus/${item.correction_id}` },
        el("b", {}, `${item.reference} · ${item.title}`),
        item.waits_for_second_person
          ? el("span", { class: "badge wait" }, icon("clock"), t("correction.second"))
          : badge(item.state),
        el(
          "span",
          { class: "muted small" },
          t("correction.changed", { when: dateTime(item.changed_at), until: dateTime(item.expires_at) }),
        ),
      ),
    );

  async function load() {
    const counts = asking();
    try {
      const { items } = await api.corrections();
      if (!counts()) return;
      fill(
        list,
        items.length ? items.map(line) : el("li", { class: "empty" }, icon("check"), el("p", {}, t("correction.none"))),
      );
      fill(foot);
    } catch (error) {
      if (!counts()) return;
      fill(list);
      fill(foot, failed(error, load));
    }
  }

  fill(
    main,
    el(
      "div",
      { class: "two to-left" },
      el(
        "section",
        { class: "card stack" },
        el(
          "div",
          { class: "row spread" },
          el("h1", {}, t("correction.title")),
          button(t("queue.reload"), load, { kind: "secondary", wide: false, picture: "history" }),
        ),
        el("p", { class: "lead" }, t("correction.lead")),
        list,
        foot,
      ),
      works
        ? el(
            "section",
            { class: "card stack", "aria-labelledby": "take" },
            el("h2", { id: "take" }, t("correction.take.title")),
            el("p", {}, t("correction.take.lead")),
            el("form", { class: "stack", novalidate: true, onsubmit: submit }, nik, reference, place, take),
          )
        : null,
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}
