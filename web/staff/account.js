// The own account: the password, and where one is logged in. Officers and tellers have the same.

import { announce, button, el, fill, icon, notice } from "/web/shared/dom.js";
import { explain, newest } from "/web/shared/http.js";
import { dateTime, ktpDate, t } from "/web/shared/i18n.js";
import { allFilled, clockNotice, passwordField, totpField } from "./fields.js";
import { askForm } from "./form.js";
import { arrive, failed } from "./frame.js";
import { hasPasskeys, ownProof } from "./passkey.js";
import { passkeySection } from "./passkeys.js";
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
  const byCode = () => run(fields, async () => ({ totp: totp.input.value.replace(/\D/g, "") }));
  const byPasskey = () => run([old, fresh], async () => ({ passkey: await ownProof(session) }));
  const withPasskey = button(t("account.with_passkey"), byPasskey, { kind: "secondary", wide: false, hidden: true });

  async function run(typed, second) {
    fill(place);
    for (const one of fields) one.fail("");
    if (!allFilled(typed)) return;
    for (const one of [send, withPasskey]) one.disabled = true;
    try {
      const json = { password: old.input.value, new_password: fresh.input.value, ...(await second()) };
      await session.call("/password", { method: "POST", json });
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
        error.code === "login_failed" && typed.includes(totp)
          ? { title: t("account.wrong"), detail: t("account.wrong.do") }
          : explain(error);
      fill(place, notice("danger", title, detail), typed.includes(totp) ? clockNotice(error) : null);
      totp.input.value = "";
      old.input.focus();
      old.input.select();
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
        if (send.hidden) byPasskey();
        else byCode();
      },
    },
    fields,
    place,
    el("div", { class: "row" }, send, withPasskey),
  );
  /** Whoever has a passkey can confirm with it; whoever has to, only with it. */
  node.offer = ({ items, required }) => {
    const has = items.length > 0 && hasPasskeys();
    withPasskey.hidden = !has;
    totp.hidden = send.hidden = has && required;
  };
  return node;
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
  const asking = newest(() => ended);
  const list = el("ul", { class: "lines" });
  const foot = el("div", { class: "stack-tight" });

  async function end(path, title) {
    const password = passwordField("ending-password", { label: t("account.old") });
    // As it was typed: a password may begin or end with a space.
    password.given = () => password.input.value;
    let gone = false;
    const send = async (json) => {
      try {
        await session.call(path, { method: "POST", json });
      } catch (error) {
        if (error.code === "login_failed") {
          password.input.select();
          error.fields = [{ field: "password", message: t("account.end.wrong") }];
        }
        // Over already, or gone on under another cookie: the list says which.
        if (error.code !== "not_found") throw error;
        gone = true;
      }
      return true;
    };
    if (!(await askForm(title, t("account.end.lead"), { password }, send, t("account.end"))) || ended) return;
    if (!gone) announce(t("account.ended"));
    load();
  }

  function line(item) {
    const title = t("account.end_of", { when: dateTime(item.began_at) });
    const stop = button(t("account.end"), () => end(`/sessions/${item.session_id}/ending`, title), {
      kind: "secondary",
      wide: false,
      "aria-label": title,
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
    const counts = asking();
    fill(foot);
    try {
      const { items } = await session.call("/sessions");
      if (!counts()) return;
      fill(list, items.map(line));
      if (items.length > 1) {
        const title = t("account.end_others");
        fill(foot, button(title, () => end("/sessions/ending", title), { kind: "secondary", wide: false }));
      }
    } catch (error) {
      if (counts()) fill(foot, failed(error, load));
    }
  }

  const password = passwordForm(session, load);
  const passkeys = passkeySection(session, (own) => password.offer(own));

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
          password,
        ),
        el(
          "section",
          { class: "card stack", "aria-labelledby": "sessions-title" },
          el("h2", { id: "sessions-title" }, t("account.sessions")),
          el("p", { class: "muted" }, t("account.sessions.lead")),
          list,
          foot,
        ),
        passkeys.node,
      ),
    ),
  );
  arrive(main);
  load();
  passkeys.load();
  return () => (ended = true);
}
