// Signing keys: where each is in its life, which nodes hold it, and how one takes another's place. Private halves are
// files of the nodes: no page shows or makes one.

import { button, el, icon, notice } from "/web/shared/dom.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { askFor } from "./asking.js";
import { partScreen } from "./part.js";
import { purposeWord } from "./words.js";

const BADGES = {
  next: ["wait", "clock"],
  active: ["good", "check"],
  retiring: ["wait", "history"],
  retired: ["", "block"],
};
// In the order in which somebody looks for them; keys of one purpose stand together.
const PURPOSES = ["token", "receipt", "card", "status", "log"];
const STEPS = ["make", "copy", "wait", "retire", "leak"];

const fact = (label, ...values) => el("div", {}, el("dt", {}, label), el("dd", {}, values));
const code = (text) => el("code", {}, text);
const hours = (seconds) => t("signing.hours", { n: Math.round(seconds / 360) / 10 });

/** A key's state, as a badge. */
function badge(state) {
  const [kind, picture] = BADGES[state];
  return el("span", { class: `badge ${kind}` }, icon(picture), t(`signing.state.${state}`));
}

function dates(key) {
  const at = (name, moment) => (moment ? fact(t(`signing.at.${name}`), dateTime(moment)) : null);
  return [
    at("published", key.published_at),
    at("activated", key.activated_at),
    at("retiring", key.retiring_at),
    at("retired", key.retired_at),
    at(key.state === "next" ? "begins" : "ends", key.changes_at),
  ];
}

const STEP_COMMANDS = {
  make: () => code("ikd keys rotate token"),
  copy: () => code("token-….pem"),
  leak: () => code("ikd keys revoke …"),
};

function steps(ahead) {
  const key = (name) => (name === "wait" && ahead < 360 ? "signing.step.wait.none" : `signing.step.${name}`);
  const step = (name) => {
    const command = STEP_COMMANDS[name]?.();
    return el("li", {}, t(key(name), { hours: hours(ahead) }), command ? el("div", {}, command) : null);
  };
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "steps-title" },
    el("h2", { id: "steps-title" }, t("signing.steps")),
    el("ol", { class: "numbered" }, STEPS.map(step)),
  );
}

function nodesPart(nodes, keys) {
  const wanted = keys.filter(({ state }) => state === "next" || state === "active");
  const lacks = (node) => wanted.filter(({ key_id: id }) => !node.holds.includes(id)).map(({ key_id: id }) => id);
  const held = (node) => {
    const lacking = lacks(node);
    if (!lacking.length) return t("signing.node.all");
    return [t("signing.node.lacks"), lacking.map((id) => [" ", code(id)])];
  };
  const state = ({ live }) =>
    live
      ? el("span", { class: "badge good" }, icon("check"), t("signing.node.live"))
      : el("span", { class: "badge" }, icon("clock"), t("signing.node.silent"));
  const line = (node) =>
    el(
      "li",
      { class: "entry request" },
      el("b", {}, t("signing.node", { id: node.node_id.slice(-6) })),
      state(node),
      node.live ? el("p", {}, held(node)) : null,
      el("p", { class: "muted small" }, t("signing.node.seen", { when: dateTime(node.seen_at) })),
    );
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "nodes-title" },
    el("h2", { id: "nodes-title" }, t("signing.nodes")),
    el("p", {}, t("signing.nodes.lead")),
    nodes.length
      ? el("ul", { class: "lines" }, nodes.map(line))
      : el("p", { class: "muted" }, t("signing.nodes.none")),
  );
}

/** Shows them below `parts`. Gives a function that ends it. */
export function keysScreen(main, session, parts) {
  const place = el("div", { class: "problem-place" });
  const may = session.who.permissions.includes("ask_proposals");

  async function ask(key, what, kind) {
    const name = `${purposeWord(key.purpose)} ${key.key_id}`;
    const words = [t(`signing.${what}`), t(`signing.${what}.lead`, { name }), t("signing.send")];
    const path = `/keys/${key.key_id}/${{ activate: "activation", revoke: "revocation" }[what]}`;
    if ((await askFor(session, { path, words, kind, place })) && !screen.isOver()) await screen.load();
  }

  function acts(key) {
    if (!may || !(key.can_activate || key.can_revoke)) return null;
    const named = (what) => ({ wide: false, "aria-label": `${t(`signing.${what}`)}: ${key.key_id}` });
    return el(
      "div",
      { class: "row" },
      key.can_activate
        ? button(t("signing.activate"), () => ask(key, "activate"), { ...named("activate"), kind: "secondary" })
        : null,
      key.can_revoke
        ? button(t("signing.revoke"), () => ask(key, "revoke", "danger"), { ...named("revoke"), kind: "secondary" })
        : null,
    );
  }

  function line(key, living) {
    const counts = key.state === "next" || key.state === "active";
    const lacking = counts && key.holders < living;
    const holders = t("signing.holders", { n: key.holders, all: living });
    return el(
      "li",
      { class: "entry request" },
      el("b", {}, purposeWord(key.purpose)),
      badge(key.state),
      el("p", { class: "muted small" }, code(key.key_id), ` · ${key.algorithm}`),
      el("dl", { class: "facts beside" }, dates(key), counts ? fact(t("signing.held"), holders) : null),
      lacking ? el("p", {}, t("signing.lacking")) : null,
      acts(key),
    );
  }

  function page({ items, nodes, publish_ahead_seconds: ahead }) {
    const living = nodes.filter(({ live }) => live).length;
    const of = (keys) => PURPOSES.flatMap((purpose) => keys.filter((key) => key.purpose === purpose).reverse());
    const now = items.filter(({ state }) => state !== "retired");
    const over = items.filter(({ state }) => state === "retired");
    const lines = (keys) => el("ul", { class: "lines" }, of(keys).map((key) => line(key, living)));
    return el(
      "div",
      { class: "two to-left" },
      el(
        "section",
        { class: "card stack" },
        parts,
        el("h1", {}, t("signing.title")),
        el("p", { class: "lead" }, t("signing.lead")),
        place,
        now.length ? lines(now) : notice("danger", t("signing.none")),
        over.length ? el("details", {}, el("summary", {}, t("signing.over", { n: over.length })), lines(over)) : null,
      ),
      el("div", { class: "stack" }, nodesPart(nodes, items), steps(ahead)),
    );
  }

  const screen = partScreen(main, { parts, title: t("signing.title"), look: () => session.call("/keys"), page });
  return screen.end;
}
