// How often people report that relying parties ask for photocopies or refuse digital KTPs: numbers, the worst first.

import { el, fill, icon } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { arrive } from "/web/staff/frame.js";
import { monthAsked } from "/web/staff/month-asked.js";
import { number } from "./party-lines.js";

const head = (key) => el("th", { scope: "col" }, t(`reported.${key}`));

function table(items) {
  const row = (one) =>
    el(
      "tr",
      {},
      el(
        "th",
        { scope: "row", class: "anywhere" },
        el("a", { href: `#lembaga/${one.party_id}` }, one.name),
      ),
      el("td", {}, number(one.photocopy)),
      el("td", {}, number(one.refused)),
    );
  return el(
    "div",
    { class: "table-place", tabindex: "0", role: "region", "aria-label": t("reported.title") },
    el(
      "table",
      { class: "figure-table" },
      el("caption", { class: "sr-only" }, t("reported.title")),
      el("thead", {}, el("tr", {}, head("party"), head("photocopy"), head("refused"))),
      el("tbody", {}, items.map(row)),
    ),
  );
}

/** Shows it. Gives a function that ends it. */
export function reportedScreen(main, session) {
  let ended = false;
  const none = () => el("div", { class: "empty" }, icon("check"), el("p", {}, t("reported.none")));
  const { month, shown } = monthAsked({
    id: "reported-month",
    label: t("reported.month"),
    read: (chosen) => session.call(`/branch-counts?month=${chosen}`),
    draw: ({ items }) => (items.length ? table(items) : none()),
    isOver: () => ended,
  });

  fill(
    main,
    el(
      "section",
      { class: "card stack" },
      el("a", { class: "back", href: "#lembaga" }, icon("back"), t("parties.title")),
      el("h1", {}, t("reported.title")),
      el("p", { class: "lead" }, t("reported.lead")),
      month,
      shown,
    ),
  );
  arrive(main);
  return () => (ended = true);
}
