// The old e-mail address is somebody else's by now: the new one is typed and confirmed here, a counter compares the
// face, a second person agrees, and it counts at once. Whoever reads the old address cannot stop it.

import { confirm } from "../shared/dialog.js";
import { announce, button, el, field, fill, icon, notice, toast } from "../shared/dom.js";
import { dateTime, t } from "../shared/i18n.js";
import { stopped } from "./life.js";
import { liveQr, stayAwake } from "./live-qr.js";
import { person } from "./person.js";
import { api, note } from "./profiles.js";
import { stepList } from "./recovery.js";
import { every, going, instead, onLeave } from "./router.js";
import { complain, heading, working } from "./ui.js";

const STEPS = [
  ["mail", "email.counter.type"],
  ["qr", "email.counter.show"],
  ["face", "email.counter.compare"],
  ["user", "email.counter.second"],
];
const OVER = ["done", "refused", "lapsed", "withdrawn"];

const path = (visit, part) => ["/v1/contact-visits", visit.visit_id, part].filter(Boolean).join("/");

export async function atCounter() {
  const go = going();
  const profile = await person();
  if (!profile.active) instead("status");
  const screen = el("div", { class: "stack-loose" });
  let visit = profile.contactVisit ?? null;
  let shown;
  let typed = "";
  // The QR of an earlier state must not go on asking for tokens.
  let endQr = () => {};
  onLeave(() => endQr());

  async function keep(data) {
    visit = data;
    await note(profile, { contactVisit: data });
    draw();
  }
  const ask = (part, options) => api(profile, path(visit, part), options);
  async function look(options) {
    if (!visit || OVER.includes(visit.state)) return;
    try {
      await keep((await ask(null, options)).data);
    } catch (error) {
      // What is not known any more has lapsed.
      if (error.code !== "not_found") throw error;
      await keep({ ...visit, state: "lapsed" });
    }
  }
  const back = () =>
    button(t("recover.back"), () => go(stopped(profile) ? "henti" : "buka"), { kind: "quiet", picture: "back" });

  // ------------------------------------------------------------ what is shown

  function begin(lead) {
    const trouble = el("div", { class: "trouble", hidden: true });
    const input = field({
      id: "email",
      label: t("contact.email"),
      hint: t("email.counter.hint"),
      type: "email",
      autocomplete: "email",
      maxlength: 254,
      value: typed,
      oninput: () => input.fail(null),
    });
    const submit = el("button", { type: "submit", class: "button wide" }, icon("mail"), t("email.counter.send"));
    const send = (event) => {
      event?.preventDefault();
      const email = input.input.value.trim();
      typed = email;
      input.fail(/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email) ? null : t("form.email.error"));
      if (input.input.getAttribute("aria-invalid")) return input.input.focus();
      trouble.hidden = true;
      return working(submit, t("email.asking"), async () => {
        try {
          // The same address gives the same one, so a lost answer may be asked for again.
          const { data } = await api(profile, "/v1/contact-visits", { method: "POST", json: { email }, again: true });
          await keep(data);
        } catch (error) {
          const named = error.fields?.find((one) => one.field === "email");
          if (named) input.fail(named.message);
          else complain(trouble, error);
        }
      });
    };
    return [
      heading(t("email.counter.title")),
      lead,
      el("p", { class: "lead" }, t("email.counter.lead")),
      notice("info", t("email.waits"), t("email.counter.waits"), t("email.new_phone")),
      el("form", { class: "card stack", novalidate: true, onsubmit: send }, input, trouble, submit),
      stepList(STEPS),
      el("p", { class: "keep" }, icon("info", 22), t("recover.bring")),
      back(),
      notice("warning", t("email.counter.never"), t("recover.never.do")),
    ];
  }

  const giveUp = (trouble) =>
    button(
      t("email.stop"),
      async () => {
        const sure = await confirm({
          title: t("email.stop.title"),
          text: t("email.counter.stop"),
          yes: t("email.stop.yes"),
          no: t("email.stop.no"),
        });
        if (!sure) return;
        try {
          await ask(null, { method: "DELETE", again: true });
        } catch (error) {
          if (error.code !== "not_found") return complain(trouble, error);
        }
        endQr();
        await keep(null);
      },
      { kind: "danger-quiet", picture: "close" },
    );

  function enter() {
    const trouble = el("div", { class: "trouble", hidden: true });
    const another = button(
      t("email.counter.another"),
      () => {
        visit = null;
        draw();
      },
      { kind: "secondary", picture: "mail" },
    );
    if (!visit.tries_left)
      return [
        heading(t("email.used_up")),
        el("p", { class: "lead" }, t("email.used_up.do")),
        el("div", { class: "actions" }, another, giveUp(trouble)),
        trouble,
      ];
    const input = field({
      id: "code",
      label: t("email.code.label"),
      hint: t("email.code.hint", { when: dateTime(visit.expires_at) }),
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
    const submit = el("button", { type: "submit", class: "button wide" }, icon("check"), t("email.counter.code.send"));
    const send = (event) => {
      event?.preventDefault();
      const code = read();
      if (code.length !== 6) {
        input.fail(t("code.short", { n: code.length }));
        return input.input.focus();
      }
      trouble.hidden = true;
      return working(submit, t("code.sending"), async () => {
        try {
          // Each try counts. After a lost answer the same code asks again: entered is entered.
          await keep((await ask("code", { method: "POST", json: { code }, again: false })).data);
        } catch (error) {
          if (error.code === "code_wrong" && error.triesLeft) {
            const words = `${t("code.wrong")} ${t("code.tries", { n: error.triesLeft })}`;
            input.fail(words);
            input.input.select();
            announce(words, true);
          } else if (["code_wrong", "code_expired", "wrong_state"].includes(error.code)) {
            toast(error.detail, 8);
            shown = null;
            await look({ tries: 1 });
          } else complain(trouble, error, error.isNetwork ? send : null);
        }
      });
    };
    return [
      heading(t("email.code")),
      el("p", { class: "lead" }, t("email.code.lead", { email: visit.email })),
      el("form", { class: "card stack", novalidate: true, onsubmit: send }, input, trouble, submit),
      el("div", { class: "actions" }, another, giveUp(trouble), back()),
    ];
  }

  function qr() {
    stayAwake();
    const trouble = el("div", { class: "trouble", hidden: true });
    const askToken = async () => (await ask("token", { method: "POST", again: true })).data.token;
    const code = liveQr({ ask: askToken, label: t("email.counter.qr") });
    endQr = code.stop;
    return [
      heading(t("email.counter.show"), 2, 4),
      el("p", { class: "lead" }, t("email.counter.show.do")),
      el("div", { class: "card code" }, code),
      el("p", { class: "keep" }, icon("sun", 22), t("qr.bright")),
      el("p", { class: "muted small" }, t("email.counter.until", { when: dateTime(visit.expires_at) })),
      trouble,
      el("div", { class: "actions" }, giveUp(trouble), back()),
      notice("warning", t("counter.never"), t("counter.never.do")),
    ];
  }

  function waits(state, step) {
    const trouble = el("div", { class: "trouble", hidden: true });
    return [
      heading(t(`recover.${state}`), step, 4),
      el(
        "div",
        { class: "card state info" },
        el("span", { class: "picture" }, icon(STEPS[step - 1][0])),
        el(
          "div",
          { class: "stack-tight" },
          el("p", {}, t(`recover.${state}.why`)),
          el("p", { class: "next" }, el("b", {}, t("status.next")), " ", t(`email.counter.${state}.next`)),
        ),
      ),
      el("p", { class: "row keep" }, el("span", { class: "spinner" }), el("span", {}, t("recover.follows"))),
      el("p", { class: "muted small" }, t("recover.until", { when: dateTime(visit.expires_at) })),
      trouble,
      el("div", { class: "actions" }, giveUp(trouble), back()),
    ];
  }

  function done() {
    return [
      heading(t("email.counter.done")),
      el("p", { class: "lead" }, t("email.counter.done.lead")),
      notice("info", t("email.waits"), t("email.counter.waits")),
      back(),
    ];
  }

  const refused = () =>
    begin(
      el(
        "div",
        { class: "stack" },
        notice("warning", t("recover.refused"), t("email.counter.refused.do")),
        visit.reason
          ? el(
              "figure",
              { class: "card quote" },
              el("figcaption", {}, t("status.reason")),
              el("blockquote", {}, visit.reason),
            )
          : null,
      ),
    );

  const SCREENS = {
    code_sent: enter,
    waiting_for_scan: qr,
    at_counter: () => waits("at_counter", 3),
    waiting_for_second_person: () => waits("second_wait", 4),
    done,
    refused,
    lapsed: () => begin(notice("warning", t("recover.lapsed"), t("recover.lapsed.do"))),
  };

  function draw() {
    const state = visit?.state ?? "begin";
    // Whatever is typed stays while the same is true.
    const now = `${state} ${visit?.visit_id ?? ""} ${visit?.tries_left === 0}`;
    if (now === shown) return;
    const first = shown === undefined;
    shown = now;
    endQr();
    fill(screen, (SCREENS[state] ?? (() => begin(null)))());
    if (first) return;
    const title = screen.querySelector("h1");
    scrollTo(0, 0);
    title.focus({ preventScroll: true });
    announce(title.textContent);
  }

  try {
    await look({ timeout: 8000, tries: 2 });
  } catch (error) {
    draw();
    const place = el("div", { class: "trouble" });
    screen.append(place);
    complain(place, error, () => go("surelloket"));
  }
  draw();
  every(3, () => look({ quiet: true, tries: 1 }));
  return screen;
}
