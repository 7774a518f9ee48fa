// The own account: the password, and where one is logged in. Officers and tellers have the same.

import { announce, button, el, fill, icon, notice } from "/web/shared/dom.js";
import { explain } from "/web/shared/http.js";
import { dateTime, ktpDate, t } from "/web/shared/i18n.js";
import { allFilled, passwordField, totpField } from "./fields.js";
import { arrive, failed } from "./frame.js";
import { lastLogIn } from "./session.js";

function passwordForm(session, changed) {
  const old = passwordField("old-password", { label: t("account.old") });
  const fresh = passwordField("new-password", {
    label: t("account.new"),
    hint: t("account.new.hint"),
    autocomplete: "new-password",
  });
  const totp = totpField();
  const fields = [old, fresh, totp];
  const place = el("div", { class: "problem-place" });
  const send = button(t("account.change"), null, { type: "submit", wide: false });
  return el(
    "form",
    {
      class: "stack",
      novalidate: true,
      onsubmit: async (event) => {
        event.preventDefault();
        fill(place);
        if (!allFilled(fields)) return;
        send.disabled = true;
        try {
          await session.call("/password", {
            method: "POST",
            json: {
              password: old.input.value,
              new_password: fresh.input.value,
              totp: totp.input.value.replace(/\D/g, ""),
            },
          });
          for (const one of fields) one.input.value = "";
          fill(place, notice("success", t("account.changed"), t("account.changed.do")));
          announce(t("account.changed"));
          changed();
        } catch (error) {
          const weak = error.fields?.find(({ field }) => field === "password" || field === "new_password");
          if (weak) {
            fresh.fail(weak.message);
            return fresh.input.focus();
          }
          const { title, detail } =
            error.code === "login_failed"
              ? { title: t("account.wrong"), detail: t("account.wrong.do") }
              : explain(error);
          fill(place, notice("danger", title, detail));
          totp.input.value = "";
          old.input.focus();
          old.input.select();
        } finally {
          send.disabled = false;
        }
      },
    },
    fields,
    place,
    send,
  );
}

/** What one is at an office, as whom one acts, and until when; tellers have no roles. */
function post(who) {
  if (!who.role) return null;
  const words = [
    t("account.role", { role: t(`role.${who.role}`) }),
    who.acting_role &&
      t("account.acting", { role: t(`role.${who.acting_role}`), when: ktpDate(who.acting_last_day) }),
    who.last_day && t("account.ends", { when: ktpDate(who.last_day) }),
  ];
  return el("p", { class: "muted" }, words.filter(Boolean).join(" "));
}

/** Shows it. Gives a function that ends it. */
export function accountScreen(main, session) {
  let ended = false;
  const list = el("ul", { class: "lines" });
  const foot = el("div", { class: "stack-tight" });

  async function end(path, button_) {
    button_.disabled = true;
    try {
      await session.call(path, { method: "DELETE", again: true });
      announce(t("account.ended"));
    } catch (error) {
      // It was over already: what counts is that it is.
      if (error.code !== "not_found" && !ended) return fill(foot, failed(error, load));
    }
    return load();
  }

  function line(item) {
    const stop = button(t("account.end"), () => end(`/sessions/${item.session_id}`, stop), {
      kind: "secondary",
      wide: false,
      "aria-label": t("account.end_of", { when: dateTime(item.began_at) }),
    });
    return el(
      "li",
      { class: "line" },
      el("b", {}, t("account.since", { when: dateTime(item.began_at) })),
      item.current ? el("span", { class: "badge good" }, icon("check"), t("account.this")) : stop,
      el("span", { class: "muted small" }, t("account.seen", { when: dateTime(item.seen_at) })),
    );
  }

  async function load() {
    fill(foot);
    try {
      const { items } = await session.call("/sessions");
      if (ended) return;
      fill(list, items.map(line));
      if (items.length > 1) {
        const others = button(t("account.end_others"), () => end("/sessions", others), {
          kind: "secondary",
          wide: false,
        });
        fill(foot, others);
      }
    } catch (error) {
      if (!ended) fill(foot, failed(error, load));
    }
  }

  fill(
    main,
    el(
      "div",
      { class: "stack" },
      el("h1", {}, t("account.title")),
      el("p", { class: "lead" }, session.who.full_name, " · ", el("span", { class: "mono" }, session.who.username)),
      el("p", { class: session.who.failed_log_ins ? "" : "muted" }, lastLogIn(session.who)),
      post(session.who),
      el(
        "div",
        { class: "two" },
        el(
          "section",
          { class: "card stack", "aria-labelledby": "password-title" },
          el("h2", { id: "password-title" }, t("account.password")),
          passwordForm(session, load),
        ),
        el(
          "section",
          { class: "card stack", "aria-labelledby": "sessions-title" },
          el("h2", { id: "sessions-title" }, t("account.sessions")),
          el("p", { class: "muted" }, t("account.sessions.lead")),
          list,
          foot,
        ),
      ),
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}
