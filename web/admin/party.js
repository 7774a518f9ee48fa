// One relying party: what it is entitled to, contract, keys, people, figures; and what can be asked about it.

import { announce, button, el, field, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, ktpDate, language, t } from "/web/shared/i18n.js";
import { askForm, formOf } from "/web/staff/form.js";
import { arrive, failed } from "/web/staff/frame.js";
import { entitlementFields } from "./entitlement.js";
import { attributeWords, purposeLines } from "./matter.js";
import { contractFields, standing } from "./parties.js";
import { keyLine, none, number, personLine, quotaWords } from "./party-lines.js";
import { reasonField } from "./proposals.js";
import { reportedScreen } from "./reported.js";

const monthName = (month) =>
  new Intl.DateTimeFormat(language === "en" ? "en-GB" : "id-ID", {
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  }).format(new Date(`${month}-01T00:00:00Z`));
const part = (id, title, ...content) =>
  el("section", { class: "card stack", "aria-labelledby": id }, el("h2", { id }, title), content);
const fact = (label, ...values) => el("div", {}, el("dt", {}, label), el("dd", {}, values));

/** What is said once something was asked. */
const asked = () =>
  notice("success", t("proposal.sent"), el("a", { href: "#persetujuan" }, t("proposal.sent.do")));

/** The form of a party that is to be added. */
function newParty(main, session) {
  const nothing = { attributes: [], purposes: [] };
  const fields = {
    name: field({
      id: "party-name",
      label: t("parties.name"),
      hint: t("parties.name.hint"),
      autocomplete: "off",
      maxlength: 100,
      required: true,
    }),
    ...entitlementFields(nothing, "lembaga/baru"),
    ...contractFields(null, false),
    reason: reasonField(t("proposal.reason.hint")),
  };
  const send = ({ number: no, from, until, ...rest }) => {
    const contract = no || from || until ? { contract: { number: no ?? "", from, until } } : {};
    return session.call("/parties", { method: "POST", json: { ...rest, ...contract } });
  };
  // Half a contract is refused where it is missing, by its place in the body.
  const named = { ...fields, "contract.from": fields.from, "contract.until": fields.until };
  const form = formOf(fields, {
    label: t("parties.add.send"),
    send: async (values) => {
      try {
        return await send(values);
      } catch (error) {
        for (const one of error.fields ?? []) if (named[one.field]) one.field = one.field.split(".").pop();
        throw error;
      }
    },
    done: () => {
      announce(t("proposal.sent"));
      location.hash = "#persetujuan";
    },
  });
  fill(
    main,
    el(
      "section",
      { class: "card stack narrow" },
      el("a", { class: "back", href: "#lembaga" }, icon("back"), t("parties.title")),
      el("h1", {}, t("parties.add")),
      el("p", { class: "lead" }, t("parties.add.lead")),
      form,
    ),
  );
  arrive(main);
}

/** Shows one; `part` says which form of it. Gives a function that ends it. */
export function partyScreen(main, session, id, which) {
  if (id === "baru") return newParty(main, session);
  if (id === "laporan") return reportedScreen(main, session);
  let ended = false;
  const asking = newest(() => ended);
  const may = (permission) => session.who.permissions.includes(permission);
  const place = el("div", { class: "problem-place" });
  const path = (rest = "") => `/parties/${encodeURIComponent(id)}${rest}`;
  const post = (rest) => (json) =>
    session.call(rest.startsWith("/party-") ? rest : path(rest), { method: "POST", json });

  /** A form in a dialog; what was asked is said above all. */
  async function dialog(key, fields, rest, { kind, said } = {}) {
    const send = async (values) => (await post(rest)(values)) ?? {};
    const reason = reasonField(t("proposal.reason.hint"));
    const all = { ...fields, reason };
    const [title, lead, label] = ["", ".lead", ".send"].map((word) => t(`parties.${key}${word}`));
    const answer = await askForm(title, lead, all, send, label, kind);
    if (answer === null || ended) return;
    await load();
    if (ended) return;
    fill(place, said ? null : asked());
    announce(t(said ?? "proposal.sent"));
  }

  const emailField = () =>
    field({
      id: "email",
      label: t("parties.email"),
      type: "email",
      autocomplete: "off",
      maxlength: 254,
      required: true,
    });
  /** A whole number, or nothing. */
  function numberField(name, value) {
    const one = field({
      id: name,
      label: t(`parties.quota.${name}`),
      hint: t("parties.quota.hint"),
      inputmode: "numeric",
      autocomplete: "off",
      maxlength: 10,
      value: value ?? "",
    });
    // What is no number is sent as it is, and refused at its field.
    one.given = () => {
      const typed = one.input.value.replace(/[\s.,]/g, "");
      return typed === "" ? null : /^\d+$/.test(typed) ? Number(typed) : 0;
    };
    return one;
  }
  const text = (name, label, hint, most) =>
    field({ id: name, label, hint, autocomplete: "off", autocapitalize: "none", maxlength: most, required: true });

  /** What can be done about somebody who looks after the party. */
  function personActs(person) {
    if (!may("ask_proposals")) return null;
    const at = (act) => `/party-administrators/${person.administrator_id}/${act}`;
    const named = (key, kind, act) =>
      button(t(key), act, { kind, wide: false, "aria-label": `${t(key)}: ${person.full_name}` });
    const stop = () => dialog("stop", {}, at("stop"), { kind: "danger", said: "parties.stopped" });
    return el(
      "div",
      { class: "row whole" },
      person.active ? named("parties.people.stop", "danger", stop) : null,
      named("parties.people.renew", "secondary", () => dialog("renew", { email: emailField() }, at("renewal"))),
    );
  }

  function acts(party) {
    if (!may("ask_proposals")) return null;
    const quiet = { kind: "secondary", wide: false };
    const contract = () => contractFields(party.contract, true);
    const quota = () => ({
      per_minute: numberField("per_minute", party.quota.per_minute),
      per_day: numberField("per_day", party.quota.per_day),
    });
    const person = () => ({
      full_name: text("full_name", t("staffing.name"), null, 100),
      username: text("username", t("staffing.username"), t("staffing.username.hint"), 40),
      email: emailField(),
    });
    return part(
      "acts-title",
      t("parties.acts"),
      el(
        "div",
        { class: "row" },
        el("a", { class: "button secondary", href: `#lembaga/${id}/hak` }, icon("edit"), t("parties.entitle")),
        button(t("parties.set_contract"), () => dialog("set_contract", contract(), "/contract"), quiet),
        button(t("parties.set_quota"), () => dialog("set_quota", quota(), "/quota"), quiet),
        button(t("parties.set_contact"), () => dialog("set_contact", { email: emailField() }, "/contact"), quiet),
        button(t("parties.invite"), () => dialog("invite", person(), "/administrators"), quiet),
        party.suspended_at
          ? button(t("parties.resume"), () => dialog("resume", {}, "/resumption"), quiet)
          : button(
              t("parties.suspend"),
              () => dialog("suspend", {}, "/suspension", { kind: "danger", said: "parties.suspended" }),
              { kind: "danger", wide: false },
            ),
      ),
    );
  }

  function figures() {
    const shown = el("div", {}, el("p", { class: "muted" }, t("admin.loading")));
    const asking = newest(() => ended);
    const load = async () => {
      const counts = asking();
      try {
        const { month: code, items } = await session.call(path("/usage"));
        if (!counts()) return;
        const month = monthName(code);
        const word = (one) => (one.outcome === "valid" ? t("parties.usage.valid") : t(`parties.usage.${one.kind}`));
        const rows = items.map((one) =>
          el(
            "tr",
            {},
            el("th", { scope: "row" }, word(one), " ", one.kind === "valid" ? null : el("code", {}, one.outcome)),
            el("td", { class: "number" }, number(one.questions)),
          ),
        );
        const heads = el(
          "tr",
          {},
          el("th", { scope: "col" }, t("parties.usage.outcome")),
          el("th", { scope: "col", class: "number" }, t("parties.usage.questions")),
        );
        const table = el(
          "table",
          { class: "figures" },
          el("caption", {}, t("parties.usage.month", { month })),
          el("thead", {}, heads),
          el("tbody", {}, rows),
        );
        fill(shown, rows.length ? table : el("p", { class: "muted" }, t("parties.usage.none", { month })));
      } catch (error) {
        if (counts()) fill(shown, failed(error, load));
      }
    };
    load();
    return shown;
  }

  function entitlementForm(party) {
    const fields = {
      ...entitlementFields(party.entitlement, `lembaga/${id}`),
      reason: reasonField(t("proposal.reason.hint")),
    };
    const form = formOf(fields, {
      label: t("parties.entitle.send"),
      send: post("/entitlement"),
      done: () => {
        announce(t("proposal.sent"));
        location.hash = "#persetujuan";
      },
    });
    return el(
      "section",
      { class: "card stack narrow" },
      el("a", { class: "back", href: `#lembaga/${id}` }, icon("back"), party.name),
      el("h1", {}, t("parties.entitle")),
      el("p", { class: "lead" }, t("parties.entitle.lead", { name: party.name })),
      form,
    );
  }

  function page(party) {
    const { contract } = party;
    const suspended = party.suspended_at
      ? notice("danger", t("parties.is_suspended", { when: dateTime(party.suspended_at) }), party.suspended_reason)
      : null;
    const days = contract ? `${ktpDate(contract.from)} – ${ktpDate(contract.until)}` : null;
    return el(
      "div",
      { class: "two to-left" },
      el(
        "div",
        { class: "stack" },
        el(
          "section",
          { class: "card stack" },
          el("a", { class: "back", href: "#lembaga" }, icon("back"), t("parties.title")),
          el("h1", { class: "anywhere" }, party.name),
          el("div", {}, standing({ ...party, suspended: !!party.suspended_at })),
          place,
          suspended,
          el(
            "dl",
            { class: "facts" },
            fact(t("parties.contract"), contract ? contract.number : t("parties.contract.none")),
            days ? fact(t("parties.contract.days"), days) : null,
            fact(t("parties.quota"), quotaWords(party)),
            fact(t("parties.contact"), t(party.has_contact ? "parties.contact.set" : "parties.contact.unset")),
            fact(t("parties.since"), dateTime(party.created_at)),
          ),
        ),
        acts(party),
        part("attributes-title", t("parties.attributes"), attributeWords(party.entitlement.attributes)),
        part("purposes-title", t("parties.purposes"), purposeLines(party.entitlement.purposes)),
      ),
      el(
        "div",
        { class: "stack" },
        part(
          "people-title",
          t("parties.people"),
          el(
            "ul",
            { class: "lines" },
            party.administrators.length
              ? party.administrators.map((one) => personLine(one, personActs))
              : none("parties.people.none"),
          ),
        ),
        part(
          "keys-title",
          t("parties.keys"),
          el("ul", { class: "lines" }, party.keys.length ? party.keys.map(keyLine) : none("parties.keys.none")),
        ),
        part("usage-title", t("parties.usage"), figures()),
      ),
    );
  }

  async function load() {
    const counts = asking();
    try {
      const party = await session.call(path());
      if (!counts()) return;
      const form = which === "hak" && may("ask_proposals");
      fill(main, form ? entitlementForm(party) : page(party));
      arrive(main);
    } catch (error) {
      if (!counts()) return;
      fill(
        main,
        el("section", { class: "card stack" }, el("h1", {}, t("parties.title")), failed(error, load)),
      );
      arrive(main);
    }
  }

  fill(main, el("h1", {}, t("parties.title")), el("p", { class: "muted" }, t("admin.loading")));
  load();
  return () => (ended = true);
}
