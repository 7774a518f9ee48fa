// Log-ins of people who work with the service: officers and tellers. The session is a cookie that scripts never see.
// When it has idled or ended in the middle of something, the proof is asked for in a dialog over the screen, so that
// nothing that was typed is lost; then the request goes out again. Until then nothing of the screen is seen.

import { openDialog } from "/web/shared/dialog.js";
import { button, el, field, fill, icon, notice, toast } from "/web/shared/dom.js";
import { explain, request } from "/web/shared/http.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { forget, forgetSession, keep, read } from "/web/shared/storage.js";
import { allFilled, clockNotice, passwordField, totpField } from "./fields.js";
import { hasPasskeys, usePasskey } from "./passkey.js";

// After so long without a person's hand the page asks for the password itself: it would not notice, or what it asks by
// itself would keep the session alive, and whoever passes by reads what the last resident's visit has left.
const IDLE_MILLISECONDS = 30 * 60 * 1000;
const LOOK_MILLISECONDS = 15 * 1000;

/** When one logged in before, and how many tries failed since: somebody else's log-in is noticed by its owner. */
export function lastLogIn(who) {
  const before = who.previous_log_in ? t("account.last", { when: dateTime(who.previous_log_in) }) : t("account.first");
  return who.failed_log_ins ? `${before} ${t("account.failed", { n: who.failed_log_ins })}` : before;
}

function form(session, { ended, idle, onDone }) {
  const username = field({
    id: "username",
    label: t("staff.username"),
    autocomplete: "username",
    autocapitalize: "none",
    spellcheck: "false",
    required: true,
  });
  const password = passwordField("password");
  const totp = totpField();
  const fields = idle ? [password] : [username, password, totp];
  const place = el("div", { class: "problem-place" });
  const send = button(t(idle ? "staff.continue" : "staff.log_in"), null, { type: "submit" });
  const withPasskey = button(t("staff.passkey"), () => run([username, password], byPasskey), {
    kind: "secondary",
    picture: "lock",
  });
  if (idle) username.input.value = session.who?.username ?? "";
  const post = async (path, json) => (await request(session.api + path, { method: "POST", json })).data;
  const named = () => ({ username: username.input.value.trim(), password: password.input.value });

  const resume = () => post("/sessions/current/resume", { password: password.input.value });
  const byCode = () => post("/sessions", { ...named(), totp: totp.input.value.replace(/\D/g, "") });
  async function byPasskey() {
    let question;
    try {
      question = await post("/sessions/passkey", named());
    } catch (error) {
      // Who has a passkey is nobody's business: somebody without one is answered as somebody who mistyped.
      if (error.code === "login_failed") error.detail = t("staff.passkey.failed");
      throw error;
    }
    return post("/sessions", { ...named(), passkey: await usePasskey(question) });
  }

  async function run(typed, logIn) {
    fill(place);
    for (const one of fields) one.fail("");
    if (!allFilled(typed)) return;
    for (const one of [send, withPasskey]) one.disabled = true;
    try {
      onDone(await logIn());
    } catch (error) {
      if (idle && error.code === "session_ended") return ended();
      const { title, detail } = explain(error);
      fill(place, notice("danger", title, detail), typed.includes(totp) ? clockNotice(error) : null);
      totp.input.value = "";
      if (idle) password.input.value = "";
      const first = idle || error.code === "login_failed" ? password : totp;
      first.input.focus();
      // What is typed next takes the place of what was wrong.
      first.input.select();
    } finally {
      for (const one of [send, withPasskey]) one.disabled = false;
    }
  }

  const node = el(
    "form",
    {
      class: "stack",
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        run(fields, idle ? resume : byCode);
      },
    },
    fields,
    place,
    send,
    !idle && hasPasskeys() ? withPasskey : null,
  );
  node.begin = () => fields[0].input.focus();
  return node;
}

/**
 * The session of `/v1/officer` or `/v1/teller`. `who` is the log-in's answer; `onWho()` is called when the screens
 * have to be drawn for somebody else, or for nobody.
 */
export function makeSession(api, onWho) {
  let asking;
  // Proofs that were given: each changes the cookie, and what went out with the one before is only asked again.
  let proofs = 0;
  let touched = Date.now();
  const touch = () => (touched = Date.now());
  for (const kind of ["pointerdown", "keydown", "wheel"]) {
    addEventListener(kind, touch, { capture: true, passive: true });
  }
  setInterval(() => {
    if (!session.who || asking || Date.now() - touched < IDLE_MILLISECONDS) return;
    keep("local", lock, "1");
    again(true);
  }, LOOK_MILLISECONDS);
  // A page that locked itself stays so when it is loaded anew, though the service has heard of it a moment ago.
  const lock = `locked ${api}`;
  const open = () => forget("local", lock);
  const session = {
    api,
    who: null,
    /** While a proof is asked for: ends when it was given. Nothing may be drawn over the dialog. */
    get proving() {
      return asking;
    },
    /** Takes up a session that lives. Gives whether there is one. */
    async restore() {
      try {
        if (read("local", lock)) await again(true);
        else session.who = (await request(`${api}/sessions/current`)).data;
      } catch (error) {
        if (error.code === "password_required") await again(true);
        else if (error.code !== "session_ended") throw error;
      }
      return session.who !== null;
    },
    /**
     * A request on behalf of whoever is logged in, below their own address or `at` another; gives its data. One that
     * the page makes by itself is `unattended`: nobody's presence.
     */
    async call(path, { at = api, unattended = false, ...options } = {}) {
      // A scanner that reads one QR after another is somebody's work; what a page only reads may be its own.
      if (options.method && options.method !== "GET" && !unattended) touch();
      for (;;) {
        if (asking) await asking;
        const before = proofs;
        try {
          const { data } = await request(at + path, options);
          if (path === "/password" || (path === "/secrets" && options.method)) proofs += 1;
          return data;
        } catch (error) {
          // Another window logged in somebody who has to choose first.
          if (error.code === "secrets_required") location.reload();
          if (!["password_required", "session_ended"].includes(error.code)) throw error;
          if (before !== proofs) continue;
          await again(error.code === "password_required");
        }
      }
    },
    /** The log-in as a screen. */
    logIn() {
      return form(session, {
        onDone: (who) => {
          open();
          session.who = who;
          onWho();
          toast(lastLogIn(who), who.failed_log_ins ? 15 : 6);
        },
      });
    },
    /** Gives whether it is so: a request that failed leaves the session alive, and is not said to have ended it. */
    async logOut() {
      for (;;) {
        try {
          await request(`${api}/sessions/current`, { method: "DELETE", again: true });
          break;
        } catch (error) {
          if (error.code === "session_ended") break;
          if (!(await stillIn(error))) return false;
        }
      }
      // What was typed belongs to whoever leaves.
      forgetSession();
      open();
      session.who = null;
      onWho();
      return true;
    },
  };

  /** Says that nobody was logged out; gives whether to try again. */
  function stillIn(error) {
    return new Promise((resolve) => {
      const { title, detail } = explain(error);
      const dialog = el("dialog", { class: "prove still-in", "aria-labelledby": "still-in-title" });
      const done = (again) => {
        dialog.close();
        dialog.remove();
        resolve(again);
      };
      dialog.addEventListener("cancel", (event) => {
        event.preventDefault();
        done(false);
      });
      fill(
        dialog,
        el(
          "div",
          { class: "stack" },
          el("h2", { id: "still-in-title" }, icon("warning"), t("staff.still_in")),
          el("p", {}, `${title}. ${detail}`),
          el("p", {}, t("staff.still_in.do")),
          button(t("staff.log_out_again"), () => done(true), { autofocus: true }),
          button(t("staff.stay"), () => done(false), { kind: "quiet" }),
        ),
      );
      document.body.append(dialog);
      openDialog(dialog);
    });
  }

  function again(idle) {
    asking = asking ?? prove(idle).finally(() => (asking = undefined));
    return asking;
  }

  /** Asks for the proof over whatever is shown. Resolves when it was given. */
  function prove(idle) {
    return new Promise((resolve) => {
      const before = session.who;
      const dialog = el("dialog", { class: "prove", "aria-labelledby": "prove-title" });
      document.documentElement.classList.add("locked");
      const draw = (onlyPassword) => {
        const inner = form(session, {
          idle: onlyPassword,
          ended: () => draw(false),
          onDone: (who) => {
            proofs += 1;
            touch();
            open();
            session.who = who;
            // Somebody else's screen is not theirs to go on with, nor one's own before secrets of one's own are chosen.
            // A QR of an authenticator to take over is its session's.
            const barred = who.needs_secrets !== before?.needs_secrets || (who.needs_secrets && !onlyPassword);
            if (before && (before.username !== who.username || barred)) return location.reload();
            document.documentElement.classList.remove("locked");
            dialog.close();
            dialog.remove();
            resolve();
          },
        });
        fill(
          dialog,
          el(
            "div",
            { class: "stack" },
            el("h2", { id: "prove-title" }, icon("lock"), t(onlyPassword ? "staff.idle" : "staff.ended")),
            el("p", {}, t(onlyPassword ? "staff.idle.text" : "staff.ended.text")),
            inner,
            button(t("staff.leave"), () => session.logOut().then((out) => out && location.reload()), { kind: "quiet" }),
          ),
        );
        inner.begin();
      };
      dialog.addEventListener("cancel", (event) => event.preventDefault());
      document.body.append(dialog);
      openDialog(dialog);
      draw(idle);
    });
  }
  return session;
}
