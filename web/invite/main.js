// Behind the link of an invitation: `/undangan`. Whoever was invited takes over the authenticator, and chooses a
// password.

import { el, failNamed, fill, fillPage, find, icon, mark, notice } from "/web/shared/dom.js";
import { explain, request, showUncaught } from "/web/shared/http.js";
import { exactTime, languageSwitch, onLanguage, start, t } from "/web/shared/i18n.js";
import { authenticatorPart } from "/web/staff/authenticator.js";
import { allFilled, clockNotice, passwordField, totpField } from "/web/staff/fields.js";

// Nothing of this is kept in the browser: it may be anybody's.
let link = null;
let shown = null;
let refusal = null;
let page = null;

/** Takes the link out of the address at once, so that neither history nor a look at the screen has it. */
function takeLink() {
  const found = location.hash.slice(1);
  if (!found) return;
  history.replaceState(null, "", location.pathname);
  link = found;
}

const post = async (path, json) => (await request(`/v1/invitations/${path}`, { method: "POST", json })).data;

const step = (n, key, ...content) =>
  el(
    "section",
    { class: "card stack", "aria-labelledby": `step-${n}` },
    el("h2", { id: `step-${n}` }, `${n}. ${t(key)}`),
    content,
  );

function about() {
  const fact = (label, value) => el("div", {}, el("dt", {}, t(label)), el("dd", {}, value));
  return el(
    "section",
    { class: "card stack" },
    el("h1", { tabindex: "-1" }, t(`invite.${shown.kind}`)),
    el("p", { class: "lead" }, t("invite.lead", { until: exactTime(shown.expires_at) })),
    el(
      "dl",
      { class: "facts" },
      fact("invite.name", shown.full_name),
      fact("invite.place", shown.office ?? shown.party ?? t("invite.nation")),
      fact("invite.role", t(`role.${shown.role}`)),
      fact("invite.username", el("span", { class: "mono" }, shown.username)),
    ),
    shown.needs_passkey ? notice("info", t("invite.passkey"), t("invite.passkey.do")) : null,
    el("p", {}, t("invite.not_you")),
  );
}

function form() {
  const password = passwordField("new-password", {
    label: t("account.new"),
    hint: t("account.new.hint"),
    autocomplete: "new-password",
  });
  const totp = totpField();
  const place = el("div", { class: "problem-place" });
  const send = el("button", { type: "submit", class: "button wide" }, t("invite.send"));
  return el(
    "form",
    {
      class: "stack",
      novalidate: true,
      onsubmit: async (event) => {
        event.preventDefault();
        fill(place);
        if (!allFilled([password, totp])) return;
        send.disabled = true;
        try {
          const json = { link, password: password.input.value, totp: totp.input.value.replace(/\D/g, "") };
          ({ page } = await post("accept", json));
          shown = null;
          draw();
          find("h1").focus();
        } catch (error) {
          fill(place, clockNotice(error));
          if (failNamed(error, { password, new_password: password, totp })) return;
          const { title, detail } = explain(error);
          fill(place, notice("danger", title, detail));
          place.scrollIntoView({ block: "nearest" });
        } finally {
          send.disabled = false;
        }
      },
    },
    step(
      1,
      "invite.app",
      el("p", {}, t("invite.app.do")),
      authenticatorPart(shown, { qr: t("invite.qr"), key: t("invite.secret") }),
    ),
    step(2, "invite.password", el("p", {}, t("invite.password.do")), password),
    step(3, "invite.code", el("p", {}, t("invite.code.do")), totp, place, send),
  );
}

const done = () =>
  el(
    "section",
    { class: "card stack" },
    el("h1", { tabindex: "-1" }, t("invite.done")),
    el("p", { class: "lead" }, t("invite.done.do")),
    el("a", { class: "button wide", href: page }, icon("lock"), t("invite.log_in")),
  );

function nothing() {
  const words = refusal ? explain(refusal) : { title: t("invite.none"), detail: t("invite.none.do") };
  return el(
    "section",
    { class: "card stack" },
    el("h1", { tabindex: "-1" }, words.title),
    el("p", { class: "lead" }, words.detail),
    refusal && link && refusal.code !== "invitation_over"
      ? el("button", { type: "button", class: "button wide", onclick: open }, t("staff.again"))
      : null,
  );
}

function draw() {
  document.title = `${t("invite.title")} · IKD`;
  fillPage(
    el(
      "header",
      {},
      el(
        "div",
        { class: "bar" },
        el(
          "div",
          { class: "bar-inner" },
          el("span", { class: "brand" }, mark(), el("span", {}, "IKD", el("small", {}, t("invite.title")))),
          languageSwitch(),
        ),
      ),
    ),
    el("main", { id: "main", class: "invite" }, page ? done() : shown ? [about(), form()] : nothing()),
  );
}

async function open() {
  try {
    shown = await post("open", { link });
    refusal = null;
  } catch (error) {
    refusal = error;
  }
  draw();
}

async function startPage() {
  takeLink();
  await start("invite");
  showUncaught();
  onLanguage(draw);
  addEventListener("hashchange", () => {
    page = null;
    shown = null;
    takeLink();
    open();
  });
  if (link) await open();
  else draw();
}

startPage();
