// "I do not know this check": who checked is asked, and what they answered is read here.

import { confirm } from "../shared/dialog.js";
import { announce, button, el, fill, find, icon, notice } from "../shared/dom.js";
import { dateTime, dayOf, known, language, t } from "../shared/i18n.js";
import { about, going, instead } from "./router.js";
import { stopCard } from "./stop.js";
import { complain, heading, working } from "./ui.js";
import { ask, open, tabs } from "./wallet.js";

const BEFORE = [
  ["qr", "dispute.before.name"],
  ["clock", "dispute.before.time"],
  ["shield", "dispute.before.told"],
  ["warning", "dispute.before.once"],
];
// How each state looks: the kind of its card, and a picture.
const LOOKS = {
  opened: ["warning", "clock"],
  asked_party: ["warning", "clock"],
  answered: ["success", "mail"],
  withdrawn: ["", "back"],
  unanswered: ["danger", "warning"],
  read: ["success", "check"],
};
const WAITS = ["opened", "asked_party"];
// What is no good news, although it is an answer.
const WORRYING = ["misused", "unknown"];

// The check that the history opened: `{wallet, language, item}`. A service's answer speaks one language.
let chosen = null;

/** Opens the screen of a check that the history shows. */
export function choose(wallet, item, go) {
  chosen = { wallet, language, item };
  go(`laporan/${item.verification_id}`);
}

/** The disputes of the open wallet. */
export async function allDisputes() {
  const items = [];
  for (let cursor = ""; cursor !== null; ) {
    const { data } = await ask(`/v1/me/disputes?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    items.push(...data.items);
    cursor = data.next;
  }
  return items;
}

/** Where it stands, in one word: the state, or how it ended. */
const wordOf = (dispute) => dispute.ending ?? dispute.state;

const isWorrying = (dispute) => WORRYING.includes(dispute.answer?.finding);

/** The kind of its card, and a picture. */
function lookOf(dispute) {
  const [kind, picture] = LOOKS[wordOf(dispute)] ?? ["", "info"];
  return isWorrying(dispute) ? ["warning", picture] : [kind, picture];
}

/** As a badge of the history. */
export function disputeBadge(dispute) {
  const [kind, picture] = lookOf(dispute);
  const colour = { warning: "wait", danger: "bad", success: "good" }[kind] ?? "plain";
  return el("span", { class: `badge ${colour}` }, icon(picture, 18), t(`dispute.badge.${wordOf(dispute)}`));
}

/** The check with this id; null when it is nobody's, or somebody else's. */
async function checkOf(wallet, id) {
  if (chosen?.wallet === wallet && chosen.language === language && chosen.item.verification_id === id)
    return chosen.item;
  for (let cursor = ""; cursor !== null; ) {
    const { data } = await ask(`/v1/me/verifications?limit=20${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    const item = data.items.find((one) => one.verification_id === id);
    if (item) return item;
    cursor = data.next;
  }
  return null;
}

const fact = (key, value) => value && el("div", {}, el("dt", {}, t(key)), el("dd", {}, value));

function checkCard(check) {
  const names = check.disclosed?.map((name) => (known(`attribute.${name}`) ? t(`attribute.${name}`) : name));
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "check" },
    el("h2", { id: "check" }, t("dispute.check")),
    el(
      "dl",
      { class: "facts" },
      fact("dispute.who", check.relying_party),
      fact("dispute.when", dateTime(check.verified_at)),
      fact("history.purpose", check.purpose.text),
      names ? fact("history.shown", names.length ? names.join(", ") : t("history.nothing")) : null,
    ),
  );
}

function answerCard({ finding, words, answered_at: at }) {
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "answer" },
    el("h2", { id: "answer" }, t("dispute.answer")),
    el("p", {}, el("b", {}, known(`dispute.finding.${finding}`) ? t(`dispute.finding.${finding}`) : finding)),
    el(
      "figure",
      { class: "quote" },
      el("blockquote", {}, words),
      el("figcaption", { class: "small" }, t("dispute.answered", { when: dateTime(at) })),
    ),
  );
}

export async function dispute() {
  const go = going();
  const id = about();
  const wallet = await open();
  if (!id) instead("riwayat");
  const place = el("div", { class: "stack-loose wallet" });
  const trouble = el("div", { class: "trouble", hidden: true });
  const back = () => button(t("dispute.back"), () => go("riwayat"), { kind: "quiet", picture: "back" });

  /** Sends something; a lost answer is asked for again, by itself and with the button. */
  async function send(pressed, doing, act) {
    trouble.hidden = true;
    await working(pressed, doing, async () => {
      try {
        const now = await act();
        if (!place.isConnected) return;
        draw(now);
        find("h1", place).focus();
        announce(t(`dispute.state.${wordOf(now)}`));
      } catch (error) {
        // Of the others the same again would be refused again.
        const passing = error.isNetwork || error.status >= 500;
        const again = passing ? () => send(pressed, doing, act) : null;
        if (error.code !== "session_ended") complain(trouble, error, again);
      }
    });
  }

  /** The button that reports it: for the first time, or after it was taken back. */
  function reporting() {
    const sent = async () =>
      (await ask("/v1/me/disputes", { method: "POST", json: { verification_id: id }, again: true })).data;
    const report = button(t("dispute.send"), () => send(report, t("dispute.sending"), sent), { picture: "mail" });
    return report;
  }

  /** Nothing was said about this check yet. */
  function form(check) {
    return [
      el("p", { class: "lead" }, t("dispute.lead")),
      checkCard(check),
      el(
        "section",
        { class: "card stack", "aria-labelledby": "before" },
        el("h2", { id: "before" }, t("dispute.before")),
        el(
          "ul",
          { class: "tips" },
          BEFORE.map(([picture, key]) => el("li", {}, icon(picture, 22), el("span", {}, t(key)))),
        ),
      ),
      trouble,
      el("div", { class: "actions" }, reporting(), back()),
      stopCard(wallet),
    ];
  }

  /** Takes it back, or says that the answer was read; gives what became of it. */
  async function aside(now) {
    await ask(`/v1/me/disputes/${now.dispute_id}`, { method: "DELETE", again: true });
    // Answered a moment ago, say: what the service knows counts.
    return (await allDisputes()).find((one) => one.dispute_id === now.dispute_id);
  }

  async function withdraw(now, pressed) {
    const sure = await confirm({
      title: t("dispute.withdraw.title"),
      text: t("dispute.withdraw.text"),
      yes: t("dispute.withdraw"),
      no: t("dispute.withdraw.no"),
    });
    if (sure) await send(pressed, t("dispute.withdrawing"), () => aside(now));
  }

  function status(now) {
    const word = wordOf(now);
    const [kind, picture] = lookOf(now);
    const waits = WAITS.includes(now.state);
    const due = dayOf(new Date(new Date(now.due_at) - 1));
    const withdrawn = button(t("dispute.withdraw"), () => withdraw(now, withdrawn), {
      kind: "secondary",
      picture: "close",
    });
    const read = button(t("dispute.read"), () => send(read, t("dispute.reading"), () => aside(now)), {
      picture: "check",
    });
    const act = () => {
      if (now.state === "answered") return read;
      if (waits) return withdrawn;
      return now.ending === "withdrawn" ? reporting() : null;
    };
    return [
      el(
        "div",
        { class: `card state ${kind}` },
        el("span", { class: "picture" }, icon(picture)),
        el(
          "div",
          { class: "stack-tight" },
          el("p", {}, el("b", {}, t(`dispute.state.${word}`))),
          el("p", {}, t(`dispute.state.${word}.why`, { due })),
        ),
      ),
      now.answer ? answerCard(now.answer) : null,
      checkCard(now),
      el(
        "dl",
        { class: "card facts" },
        fact("dispute.opened", dateTime(now.opened_at)),
        waits || now.ending === "unanswered" ? fact("dispute.due", due) : null,
      ),
      trouble,
      el("div", { class: "actions" }, act(), back()),
      now.ending === "unanswered" || isWorrying(now)
        ? notice("warning", t("dispute.worry"), t("dispute.worry.do"))
        : null,
      stopCard(wallet),
    ];
  }

  const draw = (now) => fill(place, heading(t("dispute.title")), status(now), tabs("riwayat"));

  const now = (await allDisputes()).find((one) => one.verification_id === id);
  if (now) return draw(now);
  const check = await checkOf(wallet, id);
  if (!check) instead("riwayat");
  return fill(place, heading(t("dispute.title")), form(check), tabs("riwayat"));
}
