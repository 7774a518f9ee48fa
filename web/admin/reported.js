// How often people report that relying parties ask for photocopies or refuse digital KTPs: numbers, the worst first.

import { el, field, fill, icon } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { arrive, failed } from "/web/staff/frame.js";
import { months } from "/web/staff/months.js";
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
  let asked = 0;
  const shown = el("div", { "aria-live": "polite" });
  const month = field({
    id: "reported-month",
    label: t("reported.month"),
    tag: "select",
    options: months(),
    onchange: () => load(),
  });

  async function load() {
    const mine = (asked += 1);
    try {
      const { items } = await session.call(`/branch-counts?month=${month.input.value}`);
      if (ended || mine !== asked) return;
      const none = el("div", { class: "empty" }, icon("check"), el("p", {}, t("reported.none")));
      fill(shown, items.length ? table(items) : none);
    } catch (error) {
      if (!ended && mine === asked) fill(shown, failed(error, load));
    }
  }

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
  load();
  return () => (ended = true);
}
