// Under what the organisation verifies, and for what: the administration alone changes it.

import { el, fill, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { ktpDate, language, t } from "/web/shared/i18n.js";
import { arrive, failed } from "/web/staff/frame.js";

const SOON_DAYS = 60;

function standing(contract) {
  const days = Math.ceil((Date.parse(`${contract.last_day}T17:00:00Z`) - Date.now()) / 86400000);
  if (contract.standing === "ended") {
    return notice("danger", t("partner.contract.ended"), t("partner.contract.ended.do"));
  }
  if (contract.standing === "not_begun") {
    const first = { day: ktpDate(contract.first_day) };
    return notice("warning", t("partner.contract.not_begun"), t("partner.contract.not_begun.do", first));
  }
  if (days <= SOON_DAYS) {
    return notice("warning", t("partner.contract.soon", { n: days }), t("partner.contract.soon.do"));
  }
  return notice("success", t("partner.contract.in_force"));
}

const number = (n) => new Intl.NumberFormat(language === "en" ? "en-GB" : "id-ID").format(n);

/** What the contract allows, and what of it is used. */
function quotaOf({ quota, used_today: used }) {
  const most = (n) => (n === null ? t("partner.quota.none") : number(n));
  const today = quota.per_day === null ? null : Math.min(used, quota.per_day);
  const full = today !== null && today >= quota.per_day;
  const near = today !== null && today * 5 >= quota.per_day * 4;
  const told = full ? ["danger", "full"] : near ? ["warning", "near"] : null;
  return [
    told ? notice(told[0], t(`partner.quota.${told[1]}`), t(`partner.quota.${told[1]}.do`)) : null,
    el(
      "dl",
      { class: "attributes" },
      el("div", {}, row(t("partner.quota.minute"), most(quota.per_minute))),
      el("div", {}, row(t("partner.quota.day"), most(quota.per_day))),
      today === null ? null : el("div", {}, row(t("partner.quota.used"), number(today))),
    ),
  ];
}

const row = (name, value) => [el("dt", {}, name), el("dd", {}, value)];

function contractOf(party) {
  const { contract } = party;
  if (!contract) return notice("info", t("partner.contract.none"), t("partner.contract.none.do"));
  return [
    standing(contract),
    el(
      "dl",
      { class: "attributes" },
      el("div", {}, row(t("partner.contract.number"), contract.number)),
      el("div", {}, row(t("partner.contract.first"), ktpDate(contract.first_day))),
      el("div", {}, row(t("partner.contract.last"), ktpDate(contract.last_day))),
    ),
  ];
}

/** Shows it. Gives a function that ends it. */
export function contractScreen(main, call) {
  let ended = false;
  const asking = newest(() => ended);
  const shown = el("div", { class: "stack" });

  function part(id, title, content) {
    return el("section", { class: "card stack", "aria-labelledby": id }, el("h2", { id }, title), content);
  }

  async function load() {
    const counts = asking();
    try {
      const party = await call("");
      if (!counts()) return;
      fill(
        shown,
        part("contract-title", t("partner.contract.title"), contractOf(party)),
        part("quota-title", t("partner.quota"), quotaOf(party)),
        part(
          "purposes-title",
          t("partner.purposes"),
          el(
            "ul",
            { class: "lines" },
            party.purposes.map((one) => el("li", { class: "line" }, el("b", {}, one.text), el("code", {}, one.code))),
          ),
        ),
        part(
          "attributes-title",
          t("partner.attributes"),
          el("ul", { class: "words" }, party.attributes.map((name) => el("li", {}, t(`attribute.${name}`)))),
        ),
        el("p", { class: "muted" }, t("partner.contract.who")),
      );
    } catch (error) {
      if (counts()) fill(shown, failed(error, load));
    }
  }

  fill(main, el("div", { class: "stack" }, el("h1", {}, t("partner.title")), shown));
  arrive(main);
  load();
  return () => (ended = true);
}
