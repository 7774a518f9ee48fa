// Another e-mail address for what the holder is told: the PIN, a code at the new address, then a day in which whoever
// reads the old one can stop it.

import { confirm } from "../shared/dialog.js";
import { announce, button, el, field, icon, notice, toast } from "../shared/dom.js";
import { dateTime, t } from "../shared/i18n.js";
import { pinAgain } from "./pin-again.js";
import { stepList } from "./recovery.js";
import { going, instead } from "./router.js";
import { complain, heading, working } from "./ui.js";
import { ask, open } from "./wallet.js";

const STEPS = [
  ["lock", "email.step.pin"],
  ["mail", "email.step.code"],
  ["clock", "email.step.wait"],
];

// The address as it was typed, for a code that has to be sent again: in memory only.
let typed = null;

const present = async () => (await ask("/v1/me/contact")).data;
const toMenu = (go) => button(t("menu.back"), () => go("menu"), { kind: "quiet", picture: "back" });

/** Where it was typed by this person: another one on the same phone does not see it. */
const typedBy = (profile) => (typed?.id === profile.id ? typed.email : "");

// ---------------------------------------------------------------- the new address

export async function newAddress() {
  const go = going();
  const { profile } = await open();
  const { email, opens_at: opens, rules, pending } = await present();
  if (pending?.state === "cooling") instead("gantisurel");
  const input = field({
    id: "email",
    label: t("contact.email"),
    hint: t("contact.email.hint", { email: email ?? t("contact.none") }),
    type: "email",
    autocomplete: "email",
    maxlength: 254,
    value: typedBy(profile),
    oninput: () => input.fail(null),
  });
  const send = (event) => {
    event.preventDefault();
    const wanted = input.input.value.trim();
    input.fail(/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(wanted) ? null : t("form.email.error"));
    if (input.input.getAttribute("aria-invalid")) return input.input.focus();
    typed = { id: profile.id, email: wanted };
    return go("surelpin");
  };
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("email.title")),
    el("p", { class: "lead" }, t("email.lead")),
    pending ? notice("info", t("email.sent_before", { email: pending.email }), t("email.sent_before.do")) : null,
    // Said before anything is typed: what it takes, and what it holds up.
    notice(
      "info",
      t("email.rules"),
      el(
        "ul",
        { class: "tips" },
        el("li", {}, icon("clock", 22), el("span", {}, t("email.rules.day", { n: rules.cooling_hours }))),
        el("li", {}, icon("lock", 22), el("span", {}, t("email.rules.settling", { n: rules.settling_hours }))),
        el("li", {}, icon("mail", 22), el("span", {}, t("email.rules.former", { n: rules.former_days }))),
      ),
    ),
    opens ? notice("warning", t("email.too_new", { when: dateTime(opens) }), t("email.new_phone")) : null,
    el(
      "form",
      { class: "card stack-loose", novalidate: true, onsubmit: send },
      input,
      el("button", { type: "submit", class: "button wide" }, icon("lock"), t("email.go_on")),
    ),
    stepList(STEPS),
    counterDoor(go),
    pending ? button(t("email.to_code"), () => go("gantisurel"), { kind: "secondary", picture: "mail" }) : null,
    toMenu(go),
  );
}

/** The way for whose old address is somebody else's by now. */
const counterDoor = (go) =>
  el(
    "section",
    { class: "card stack", "aria-labelledby": "counter" },
    el("h2", { id: "counter" }, t("email.counter.door")),
    el("p", {}, t("email.counter.door.do")),
    button(t("email.counter.open"), () => go("surelloket"), { kind: "secondary", picture: "office" }),
  );

export async function withPin() {
  const go = going();
  const { profile } = await open();
  const email = typedBy(profile);
  if (!email) instead("surelbaru");
  return pinAgain(profile, {
    go,
    title: t("email.pin"),
    lead: el("p", { class: "lead" }, t("email.pin.lead"), " ", el("b", { class: "anywhere" }, email)),
    doing: t("email.asking"),
    send: (proof) => ask("/v1/me/contact", { method: "POST", json: { email, ...proof }, again: false }),
    done: () => go("gantisurel", { replace: true }),
    before: "surelbaru",
  });
}

// ---------------------------------------------------------------- what is under way

export async function underWay() {
  const go = going();
  await open();
  const contact = await present();
  if (!contact.pending) instead("surelbaru");
  const trouble = el("div", { class: "trouble", hidden: true });
  const stop = stopping(contact, go, trouble);
  const parts = contact.pending.state === "cooling" ? cools(contact, trouble, stop) : enter(contact, go, trouble, stop);
  return el(
    "div",
    { class: "stack-loose" },
    parts,
    notice("warning", t("email.not_me"), t("email.not_me.do")),
    contact.pending.state === "cooling" ? counterDoor(go) : null,
    toMenu(go),
  );
}

function stopping({ email }, go, trouble) {
  const pressed = button(
    t("email.stop"),
    async () => {
      const sure = await confirm({
        title: t("email.stop.title"),
        text: email ? t("email.stop.text", { email }) : t("email.stop.none"),
        yes: t("email.stop.yes"),
        no: t("email.stop.no"),
      });
      if (!sure) return;
      trouble.hidden = true;
      await working(pressed, t("email.stopping"), async () => {
        try {
          await ask("/v1/me/contact", { method: "DELETE", again: true });
          typed = null;
          toast(email ? t("email.stopped", { email }) : t("email.stopped.none"));
          go("menu", { replace: true });
        } catch (error) {
          if (error.code !== "session_ended") complain(trouble, error);
        }
      });
    },
    { kind: "danger-quiet", picture: "close" },
  );
  return pressed;
}

function enter({ pending }, go, trouble, stop) {
  const again = (words, kind) => button(words, () => go("surelbaru"), { kind, picture: "mail" });
  if (!pending.tries_left) {
    return [
      heading(t("email.used_up")),
      el("p", { class: "lead" }, t("email.used_up.do")),
      trouble,
      el("div", { class: "actions" }, again(t("email.new_code")), stop),
    ];
  }
  const input = field({
    id: "code",
    label: t("email.code.label"),
    hint: t("email.code.hint", { when: dateTime(pending.code_expires_at) }),
    inputmode: "numeric",
    autocomplete: "one-time-code",
    maxlength: 20,
    oninput: () => {
      const digits = read();
      if (digits.length === 6) input.input.value = `${digits.slice(0, 3)} ${digits.slice(3)}`;
      input.fail(null);
    },
  });
  input.classList.add("code-field");
  const read = () => input.input.value.replace(/\D/g, "");
  const submit = el("button", { type: "submit", class: "button wide" }, icon("check"), t("email.code.send"));
  const send = (event) => {
    event?.preventDefault();
    const code = read();
    if (code.length !== 6) {
      input.fail(t("code.short", { n: code.length }));
      input.input.focus();
      return;
    }
    trouble.hidden = true;
    working(submit, t("code.sending"), async () => {
      try {
        // Each try counts. After a lost answer the same code asks again: entered is entered.
        await ask("/v1/me/contact/code", { method: "POST", json: { code }, again: false });
        typed = null;
        go("gantisurel");
      } catch (error) {
        if (error.code === "session_ended") return;
        if (["wrong_state", "code_expired"].includes(error.code)) {
          toast(error.detail, 8);
          go("gantisurel");
        } else if (error.code === "code_wrong" && error.triesLeft) {
          const words = `${t("code.wrong")} ${t("code.tries", { n: error.triesLeft })}`;
          input.fail(words);
          input.input.select();
          announce(words, true);
        } else if (error.code === "code_wrong") go("gantisurel");
        else complain(trouble, error, error.isNetwork ? send : null);
      }
    });
  };
  return [
    heading(t("email.code")),
    el("p", { class: "lead" }, t("email.code.lead", { email: pending.email })),
    el("form", { class: "card stack", novalidate: true, onsubmit: send }, input, trouble, submit),
    el("div", { class: "actions" }, again(t("email.again"), "secondary"), stop),
  ];
}

function cools({ email, pending }, trouble, stop) {
  const when = dateTime(pending.effective_at);
  const fact = (key, value) => el("div", {}, el("dt", {}, t(key)), el("dd", {}, value));
  return [
    heading(t("email.cools")),
    el(
      "div",
      { class: "card state info" },
      el("span", { class: "picture" }, icon("clock")),
      el(
        "div",
        { class: "stack-tight" },
        el("p", {}, t("email.cools.why")),
        el("p", { class: "next" }, el("b", {}, t("status.next")), " ", t("email.cools.next", { when })),
      ),
    ),
    el(
      "dl",
      { class: "card facts" },
      fact("email.now", email ?? t("contact.none")),
      fact("email.then", pending.email),
      fact("email.when", when),
    ),
    trouble,
    stop,
    el(
      "section",
      { class: "card stack", "aria-labelledby": "who" },
      el("h2", { id: "who" }, t("email.who")),
      el(
        "ul",
        { class: "tips" },
        el("li", {}, icon("user", 22), el("span", {}, t("email.who.you"))),
        email ? el("li", {}, icon("mail", 22), el("span", {}, t("email.who.old", { email }))) : null,
        el("li", {}, icon("block", 22), el("span", {}, t("email.who.block"))),
      ),
    ),
    notice("info", t("email.waits"), t("email.waits.do")),
  ];
}
