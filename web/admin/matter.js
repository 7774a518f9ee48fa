// What a request of the administration is about, for whoever grants it: whole, and where something is replaced, what
// comes and what goes.

import { el } from "/web/shared/dom.js";
import { ktpDate, t } from "/web/shared/i18n.js";
import { periodWord, purposeWord } from "./words.js";

const fact = (label, ...values) => el("div", {}, el("dt", {}, label), el("dd", {}, values));

/** Attributes as words. */
export const attributeWords = (names) =>
  el(
    "ul",
    { class: "words" },
    names.map((name) => el("li", {}, t(`attribute.${name}`))),
  );

/** Purposes: what holders read in both languages, and the code. */
export const purposeLines = (purposes) =>
  el(
    "ul",
    { class: "plain" },
    purposes.map((one) =>
      el(
        "li",
        {},
        el("b", { lang: "id" }, one.text_id),
        " / ",
        el("span", { lang: "en" }, one.text_en),
        " ",
        el("code", {}, one.code),
      ),
    ),
  );

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function changes({ before, after }) {
  const isIn = (list, one) => list.some((other) => same(one, other));
  const parts = [];
  for (const [key, words] of [
    ["attributes", attributeWords],
    ["purposes", purposeLines],
  ]) {
    const come = after[key].filter((one) => !isIn(before[key], one));
    const go = before[key].filter((one) => !isIn(after[key], one));
    if (come.length) parts.push(fact(t(`proposal.${key}.come`), words(come)));
    if (go.length) parts.push(fact(t(`proposal.${key}.go`), words(go)));
  }
  return parts;
}

const days = (contract) => `${ktpDate(contract.from)} – ${ktpDate(contract.until)}`;
const contractFacts = (contract) => [
  fact(t("parties.contract"), contract.number),
  fact(t("parties.contract.days"), days(contract)),
];
const address = (email) => fact(t("parties.email"), email ?? t("proposal.email.hidden"));

// What is national's about an office, as words.
const OFFICE = {
  name: (value) => value,
  kind: (value) => t(`offices.kind.${value}`),
  parent: (value) => value,
  regions: (value) => value.join(", "),
  address: (value) => value,
  point: (value) => value,
  zone: (value) => t(`offices.zone.${value}`),
};
const officeWord = (name, value) => OFFICE[name](value) || t("offices.nothing");
const officeFacts = (office) =>
  Object.keys(OFFICE)
    .filter((name) => office[name] !== undefined && office[name].length)
    .map((name) => fact(t(`offices.${name}`), officeWord(name, office[name])));
const officeChanges = ({ before, after }) =>
  Object.keys(OFFICE)
    .filter((name) => after[name] !== undefined)
    .map((name) =>
      fact(t(`offices.${name}`), el("s", {}, officeWord(name, before[name])), " → ", officeWord(name, after[name])),
    );

const keyId = (id) => (id ? el("code", {}, id) : t("proposal.key.none"));

const PARTS = {
  add_party: ({ entitlement, contract }) => [
    fact(t("parties.attributes"), attributeWords(entitlement.attributes)),
    fact(t("parties.purposes"), purposeLines(entitlement.purposes)),
    contract ? contractFacts(contract) : fact(t("parties.contract"), t("parties.contract.none")),
  ],
  entitle_party: changes,
  set_contract: ({ contract }) => contractFacts(contract),
  set_quota: ({ before, after }) =>
    ["per_minute", "per_day"].map((name) =>
      fact(t(`parties.quota.${name}`), el("s", {}, before[name] ?? "–"), " → ", String(after[name] ?? "–")),
    ),
  set_contact: ({ email }) => address(email),
  resume_party: () => [],
  invite_administrator: (one) => [
    fact(t("staffing.name"), one.full_name),
    fact(t("staffing.username"), el("span", { class: "mono" }, one.username)),
    address(one.email),
  ],
  renew_administrator: (one) => [
    fact(t("staffing.name"), one.full_name),
    fact(t("staffing.username"), el("span", { class: "mono" }, one.username)),
    one.comes_back ? fact(t("proposal.comes_back"), "✓") : null,
    address(one.email),
  ],
  add_office: ({ code, office }) => [
    fact(t("offices.code"), el("span", { class: "mono" }, code)),
    officeFacts(office),
  ],
  change_office: officeChanges,
  close_office: () => [],
  reopen_office: () => [],
  activate_key: ({ purpose, replaces }) => [
    fact(t("proposal.key.purpose"), purposeWord(purpose)),
    fact(t("proposal.key.replaces"), keyId(replaces)),
  ],
  revoke_key: ({ state, successor }) => [
    fact(t("proposal.key.purpose"), purposeWord("token")),
    fact(t("proposal.key.state"), t(`signing.state.${state}`)),
    state === "active" ? fact(t("proposal.key.successor"), keyId(successor)) : null,
  ],
  set_retention: ({ before, days }) => [
    fact(t("proposal.retention.days"), el("s", {}, before), " → ", days),
    days < before ? fact(t("proposal.retention.note"), t("proposal.retention.shorter")) : null,
  ],
};

/** What people call what a request is about. */
export const nameOf = ({ kind, name }) => (kind === "set_retention" ? periodWord(name) : name);

/** Shows it; nothing where it is forgotten. */
export function matterOf(item) {
  const { matter } = item;
  const parts = matter ? PARTS[matter.kind]?.(matter) : null;
  if (!parts || parts.length === 0) return null;
  return el("dl", { class: "facts" }, parts);
}
