// The audit log of all offices, for auditors: searching it with a reason, opening the data of one registration once,
// and checking every chain from its beginning, step by step.

import { announce, button, el, failNamed, field, fill, icon, notice } from "/web/shared/dom.js";
import { dateTime, ktpDate, t } from "/web/shared/i18n.js";
import { originPart, shortId } from "/web/staff/act.js";
import { ask } from "/web/staff/ask.js";
import { arrive, failed, refused } from "/web/staff/frame.js";

const SHORTEST = 5;
// What was found, and what checking the chains led to, of whom: drawn anew, in another language, nobody asks again, and
// no second search stands in the log.
let kept = {};

/** What is kept for whoever is logged in. */
function keptOf({ who }) {
  if (kept.who !== who.username) kept = { who: who.username };
  return kept;
}

function outcome(text) {
  const [word, rest = ""] = text.split(":");
  const [, times] = rest.split("*");
  const [kind, picture] = word === "done" ? ["good", "check"] : ["bad", "block"];
  const words = t(`audit.outcome.${word}`);
  const said = times ? t("audit.times", { words, n: times }) : words;
  return el("span", { class: `badge ${kind}` }, icon(picture), said);
}

const reasonField = (id, hint) =>
  field({ id, label: t("audit.why"), hint, tag: "textarea", rows: 2, maxlength: 500, required: true });

/** Whether a reason says enough; else it is said beside the field. */
function isReason(why) {
  const short = why.input.value.trim().length < SHORTEST;
  why.fail(short ? t("audit.why.short") : null);
  if (short) why.input.focus();
  return !short;
}

/** A button that sends a form, and what keeps two from being sent. */
async function sending(button_, place, fields, act) {
  for (const one of Object.values(fields)) one.fail(null);
  fill(place);
  button_.disabled = true;
  try {
    await act();
  } catch (error) {
    if (!failNamed(error, fields)) refused(place, error);
  } finally {
    button_.disabled = false;
  }
}

/** The data of a registration, asked for with a reason of its own and shown once. */
function openSubject(session, office, subject) {
  return ask(t("audit.open.title"), () => {
    const why = reasonField("open-why", t("audit.open.why"));
    const place = el("div", { class: "problem-place" });
    const send = button(t("audit.open.yes"), null, { type: "submit" });
    const row = (label, value) => el("div", {}, el("dt", {}, t(label)), el("dd", {}, value ?? "–"));
    const shown = (data) =>
      el(
        "div",
        { class: "stack" },
        notice("info", t("audit.opened"), t("audit.opened.how")),
        el(
          "dl",
          { class: "facts" },
          row("audit.name", data.full_name),
          row("audit.nik", data.nik),
          row("audit.birth_date", ktpDate(data.birth_date)),
          row("audit.phone", data.phone),
          row("audit.email", data.email),
        ),
      );
    const form = el(
      "form",
      {
        class: "stack",
        novalidate: true,
        onsubmit: (event) => {
          event.preventDefault();
          if (!isReason(why)) return;
          const json = { office, subject_id: subject, reason: why.input.value.trim() };
          sending(send, place, { reason: why }, async () => {
            const data = await session.call("/audit/openings", { method: "POST", json });
            fill(form, shown(data));
            announce(t("audit.opened"));
          });
        },
      },
      el("p", {}, t("audit.open.lead", { id: shortId(subject), office })),
      why,
      place,
      send,
    );
    return form;
  });
}

/** Searching the log of an office, or the general one. */
function searchPart(session, isOver) {
  const any = ["", t("audit.any")];
  const why = reasonField("audit-why", t("audit.why.hint"));
  const office = field({
    id: "audit-office",
    label: t("audit.office"),
    hint: t("audit.office.hint"),
    autocomplete: "off",
    autocapitalize: "characters",
    maxlength: 20,
  });
  const what = field({ id: "audit-what", label: t("audit.what"), tag: "select", options: [any] });
  const how = field({
    id: "audit-how",
    label: t("audit.how"),
    tag: "select",
    options: [any, ["refused", t("audit.how.refused")]],
  });
  const about = field({
    id: "audit-about",
    label: t("audit.about"),
    hint: t("audit.about.hint"),
    autocomplete: "off",
    maxlength: 36,
  });
  const first = field({ id: "audit-first", label: t("audit.first"), type: "date" });
  const last = field({ id: "audit-last", label: t("audit.last"), type: "date" });
  const fields = { reason: why, office, action: what, subject_id: about, first_day: first, last_day: last };
  const place = el("div", { class: "problem-place" });
  const list = el("ul", { class: "lines" });
  const foot = el("div", {});
  const send = button(t("audit.search"), null, { type: "submit", picture: "list" });
  const own = keptOf(session);
  // The words of acts in the language of the page: what was found before has those of another.
  const titles = {};
  session.call("/audit/actions").then(
    ({ items }) => {
      if (isOver()) return;
      what.input.append(...items.map((one) => el("option", { value: one.action }, one.title)));
      for (const one of items) titles[one.action] = one.title;
      if (own.search) {
        what.input.value = own.search.wanted.action ?? "";
        draw();
      }
    },
    (error) => !isOver() && fill(place, failed(error)),
  );

  function line(found, code) {
    const item = { ...found, title: titles[found.action] ?? found.title };
    const who = item.actor ?? t(`audit.actor.${item.actor_kind}`);
    const opens = code && item.subject_id && !item.reason;
    return el(
      "li",
      { class: "line tall" },
      el("b", {}, item.title),
      outcome(item.outcome),
      el("span", { class: "muted small" }, t("audit.line", { who, when: dateTime(item.at), n: item.seq })),
      originPart(item, ["session", "network", "node"]),
      item.reason ? el("span", { class: "small" }, el("q", {}, item.reason)) : null,
      opens
        ? el(
            "span",
            { class: "row small" },
            el("span", { class: "muted mono" }, shortId(item.subject_id)),
            button(t("audit.open"), () => openSubject(session, code, item.subject_id), {
              kind: "secondary",
              wide: false,
              "aria-label": `${t("audit.open")}: ${item.title} ${shortId(item.subject_id)}`,
            }),
          )
        : null,
    );
  }

  function draw() {
    const { wanted, items, next } = own.search;
    fill(list, items.map((item) => line(item, wanted.office)));
    if (!items.length) fill(list, el("li", { class: "empty" }, icon("info"), el("p", {}, t("audit.none"))));
    const more = () => show(wanted, next).catch((error) => !isOver() && fill(foot, failed(error, more)));
    fill(foot, next ? button(t("audit.more"), more, { kind: "secondary", wide: false }) : null);
  }

  async function show(wanted, cursor) {
    const page = await session.call("/audit/searches", { method: "POST", json: { ...wanted, cursor } });
    if (isOver()) return;
    const before = cursor ? own.search.items : [];
    own.search = { wanted, items: [...before, ...page.items], next: page.next };
    draw();
  }
  if (own.search) draw();

  const submit = (event) => {
    event.preventDefault();
    if (!isReason(why)) return;
    const wanted = {
      reason: why.input.value.trim(),
      office: office.input.value.trim().toUpperCase() || undefined,
      action: what.input.value || undefined,
      subject_id: about.input.value.trim() || undefined,
      refused: how.input.value === "refused",
      first_day: first.input.value || undefined,
      last_day: last.input.value || undefined,
    };
    sending(send, place, fields, () => show(wanted));
  };
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "audit-search" },
    el("h2", { id: "audit-search" }, t("audit.search.title")),
    el("p", {}, t("audit.search.lead")),
    el(
      "form",
      { class: "stack", novalidate: true, onsubmit: submit },
      [why, office, what, how, about, first, last, place, send],
    ),
    list,
    foot,
  );
}

/** Every chain from its beginning: how far it is is shown, and each chain that is not sound. */
function checkPart(session, isOver) {
  const place = el("div", { class: "problem-place" });
  const bar = el("progress", { id: "audit-progress", max: 1, value: 0 });
  const said = el("span", { class: "small", role: "status" });
  const label = el("label", { for: "audit-progress" }, said);
  const progress = el("div", { class: "stack-tight", hidden: true }, label, bar);
  const own = keptOf(session);
  const nameOf = (name) => name ?? t("audit.general");

  /** What checking all chains led to. */
  function result({ entries, chains: all, wrong }) {
    progress.hidden = false;
    bar.max = bar.value = Math.max(1, entries);
    said.textContent = t("audit.check.done", { n: entries, of: all });
    const title = wrong.length ? t("audit.check.unsound", { n: wrong.length }) : t("audit.check.sound");
    const words = wrong.map(([name, n]) => t("audit.check.fault", { name: nameOf(name), n }));
    if (wrong.length) words.push(t("audit.check.do"));
    fill(place, notice(wrong.length ? "danger" : "success", title, ...words));
    return title;
  }

  async function chains() {
    const all = [];
    for (let next = ""; next !== null; ) {
      const page = await session.call(`/audit/chains?limit=100${next ? `&cursor=${encodeURIComponent(next)}` : ""}`);
      all.push(...page.items);
      next = page.next;
    }
    return all;
  }

  /** Checks one chain; gives how many places of it are wrong. */
  async function checkChain(chain, told) {
    let faults = 0;
    for (let after = 0; after !== null; ) {
      const json = { chain: chain.chain, after };
      const part = await session.call("/audit/checks", { method: "POST", json });
      faults += part.faults;
      told(part.until - after);
      after = part.next;
    }
    return faults;
  }

  async function check() {
    send.disabled = true;
    fill(place);
    progress.hidden = false;
    try {
      const all = await chains();
      const entries = all.reduce((sum, chain) => sum + chain.entries, 0);
      const wrong = [];
      let read = 0;
      bar.max = Math.max(1, entries);
      for (const [at, chain] of all.entries()) {
        said.textContent = t("audit.check.at", { name: nameOf(chain.name), n: at + 1, of: all.length });
        const faults = await checkChain(chain, (n) => (bar.value = read += n));
        if (isOver()) return;
        if (faults) wrong.push([chain.name, faults]);
      }
      own.check = { entries: read, chains: all.length, wrong };
      announce(result(own.check), wrong.length > 0);
    } catch (error) {
      if (!isOver()) refused(place, error);
    } finally {
      send.disabled = false;
    }
  }
  const send = button(t("audit.check"), check, { kind: "secondary", wide: false, picture: "shield" });
  if (own.check) result(own.check);
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "audit-check" },
    el("h2", { id: "audit-check" }, t("audit.check.title")),
    el("p", {}, t("audit.check.lead")),
    el("p", {}, send),
    progress,
    place,
  );
}

/** Shows it. Gives a function that ends it. */
export function auditScreen(main, session) {
  let ended = false;
  const isOver = () => ended;
  fill(
    main,
    el(
      "div",
      { class: "stack-loose" },
      el("div", { class: "stack" }, el("h1", {}, t("audit.title")), el("p", { class: "lead" }, t("audit.lead"))),
      searchPart(session, isOver),
      checkPart(session, isOver),
    ),
  );
  arrive(main);
  return () => {
    ended = true;
    // Another screen, or nobody: what was read is gone from the page.
    if (!session.who || location.hash.slice(1).split("/")[0] !== "catatan") kept = {};
  };
}
