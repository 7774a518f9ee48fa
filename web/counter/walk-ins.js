// What a holder wants who stands at the counter without their phone: the form with which it begins.

import { button, el, fill, icon } from "/web/shared/dom.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { arrive } from "/web/staff/frame.js";
import { helperPart } from "./helper.js";
import { whenSent, whoFields } from "./who-form.js";

const KINDS = ["copy", "closure", "consent_withdrawal"];
const STEPS = ["walk_ins.know1", "walk_ins.know2", "walk_ins.know3", "walk_ins.know4"];

/** Begins one. `open(id)` shows it, `waiting()` leads to what waits. Gives a function that ends it. */
export function walkInsScreen(main, api, { open, waiting }) {
  let ended = false;
  const kinds = KINDS.map((kind) =>
    el(
      "label",
      { class: "check" },
      el("input", { type: "radio", name: "kind", id: `kind-${kind}`, value: kind, checked: kind === KINDS[0] }),
      el(
        "span",
        {},
        el("b", {}, t(`walk_in.kind.${kind}`)),
        el("span", { class: "muted small" }, t(`walk_in.kind.${kind}.how`)),
      ),
    ),
  );
  const who = whoFields();
  const helper = helperPart();
  const place = el("div", { class: "problem-place" });
  const send = el("button", { type: "submit", class: "button wide" }, icon("arrow"), t("cards.prepare"));

  const mine = el("section", { class: "card stack", "aria-labelledby": "mine", hidden: true });
  const line = (item) =>
    el(
      "li",
      {},
      el(
        "a",
        { class: "line tall", href: `#tanpaponsel/${item.walk_in_id}` },
        el("b", {}, t(`walk_in.kind.${item.kind}`)),
        item.print_until
          ? el(
              "span",
              { class: "badge good" },
              icon("check"),
              t("walk_ins.printable", { when: dateTime(item.print_until) }),
            )
          : el("span", { class: "badge wait" }, icon("clock"), t(`walk_ins.state.${item.state}`)),
        el("span", { class: "muted small" }, dateTime(item.prepared_at)),
      ),
    );

  const submit = whenSent({
    ...who,
    others: helper.fields,
    send,
    place,
    isOver: () => ended,
    act: async (form) => {
      const kind = new FormData(form).get("kind");
      const prepared = await api.prepareWalkIn({ kind, ...who.value(), helper: helper.value() });
      if (!ended) open(prepared.walk_in_id);
    },
  });

  fill(
    main,
    el(
      "div",
      { class: "two to-left" },
      el(
        "section",
        { class: "card stack" },
        el("h1", {}, t("walk_ins.title")),
        el("p", { class: "lead" }, t("walk_ins.lead"), " ", t("walk_ins.with_phone")),
        el(
          "form",
          { class: "stack", novalidate: true, onsubmit: submit },
          el("fieldset", { class: "stack-tight" }, el("legend", { class: "legend" }, t("walk_ins.what")), kinds),
          Object.values(who.fields),
          helper.node,
          place,
          send,
        ),
        button(t("second.next"), waiting, { kind: "quiet" }),
      ),
      el(
        "div",
        { class: "stack-loose" },
        mine,
        el(
          "section",
          { class: "card stack", "aria-labelledby": "steps" },
          el("h2", { id: "steps" }, t("cards.know")),
          el(
            "ol",
            { class: "how" },
            STEPS.map((key) => el("li", {}, t(key))),
          ),
        ),
      ),
    ),
  );
  arrive(main);
  api.walkIns().then(
    ({ mine: items }) => {
      if (ended || !items.length) return;
      fill(mine, el("h2", { id: "mine" }, t("walk_ins.mine")), el("ul", { class: "lines" }, items.map(line)));
      mine.hidden = false;
    },
    // The form works without them; what waits is on the list, too.
    () => {},
  );
  return () => (ended = true);
}
