// Whoever logs in with secrets that an operator made or saw chooses others first: a page of its own, and nothing
// beside it.

import { announce, button, el, failNamed, fill, notice } from "/web/shared/dom.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { authenticatorPart } from "./authenticator.js";
import { allFilled, clockNotice, passwordField, totpField } from "./fields.js";
import { arrive, failed, frame, refused } from "./frame.js";

const newPassword = () =>
  passwordField("new-password", {
    label: t("account.new"),
    hint: t("account.new.hint"),
    autocomplete: "new-password",
  });

function authenticator(asked) {
  return el(
    "div",
    { class: "stack" },
    el("h2", {}, t("secrets.app")),
    el("p", {}, t("secrets.app.do")),
    authenticatorPart(asked, { qr: t("secrets.qr"), key: t("secrets.key") }),
  );
}

function form(session, asked, { done, again }) {
  const password = asked.password ? newPassword() : null;
  const totp = asked.totp_secret ? totpField() : null;
  const fields = [password, totp].filter(Boolean);
  // What is said of a password is said of the new one.
  const named = { ...(password && { password, new_password: password }), ...(totp && { totp }) };
  const place = el("div", { class: "problem-place" });
  const send = button(t("secrets.send"), null, { type: "submit" });
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
        const json = {};
        if (password) json.new_password = password.input.value;
        if (totp) json.totp = totp.input.value.replace(/\D/g, "");
        try {
          done(await session.call("/secrets", { method: "POST", json }));
        } catch (error) {
          // Of another session than the one whose QR is shown, or chosen in another window: what is true now is shown.
          if ((totp && error.fields?.some(({ field }) => field === "totp")) || error.code === "wrong_state") {
            if (await again(asked.totp_secret)) return;
          }
          fill(place, clockNotice(error));
          if (failNamed(error, named)) return;
          refused(place, error);
        } finally {
          send.disabled = false;
        }
      },
    },
    password,
    totp && authenticator(asked),
    totp,
    place,
    send,
  );
}

/** The whole page of whoever has to choose secrets of their own; `next()` draws what comes after it. */
export function firstSecrets(session, { title, place, next }) {
  const { who } = session;
  const main = frame({ title, who: { name: who.full_name, place }, onLeave: () => session.logOut() });
  const part = el("div", { class: "stack" });
  const done = (now) => {
    session.who = now;
    announce(t("secrets.chosen"));
    next();
  };
  function show(asked, said) {
    fill(
      part,
      el("p", {}, t("secrets.until", { until: dateTime(asked.until) })),
      said,
      form(session, asked, { done, again }),
    );
  }
  /** Asks anew what is to be chosen; gives whether it is something else than what is shown. */
  async function again(shown) {
    try {
      const asked = await session.call("/secrets");
      if (asked.totp_secret === shown) return false;
      show(asked, notice("warning", t("secrets.anew")));
      arrive(main);
      return true;
    } catch (error) {
      if (error.code !== "wrong_state" || !(await session.restore())) return false;
      next();
      return true;
    }
  }
  async function load() {
    try {
      show(await session.call("/secrets"));
    } catch (error) {
      // Chosen a moment ago, in another window.
      if (error.code === "wrong_state" && (await session.restore())) return next();
      fill(part, failed(error, load));
    }
  }
  fill(
    main,
    el(
      "div",
      { class: "door card stack" },
      el("h1", {}, t("secrets.title")),
      el("p", { class: "lead" }, t("secrets.lead")),
      part,
    ),
  );
  arrive(main);
  load();
}
