// Blocking a digital KTP at once, from any browser, without logging in: `/blokir`. Behind the # of the address a link
// from a mail may stand; it takes the place of the block code.

import { announce, button, el, field, fill, fillPage, find, icon, mark, notice } from "/web/shared/dom.js";
import { solveCaptcha } from "/web/shared/captcha.js";
import { asRefused, explain, request, showUncaught } from "/web/shared/http.js";
import { dayOf, exactTime, languageSwitch, onLanguage, start, t } from "/web/shared/i18n.js";
import { readBlockCode, SIGNS } from "./code.js";

// Nothing of this is kept in the browser: it may be anybody's.
const typed = { nik: "", code: "" };
let link = null;
let done = null;
// What was in the way when it was last sent: drawing the form anew, in another language, tells it again.
let sent = false;
let refusal = null;

/** Takes the link of a mail out of the address at once, so that neither history nor a look at the screen has it. */
function takeLink() {
  const found = location.hash.slice(1);
  if (!found) return false;
  history.replaceState(null, "", location.pathname);
  link = found;
  return true;
}

// ---------------------------------------------------------------- asking

const ask = (body) => request("/v1/blocks", { method: "POST", json: body, again: true });
const challenge = async () => (await request("/v1/blocks/captcha", { method: "POST", json: {}, again: true })).data;

/** Blocks. Repeating does no harm: it is blocked since the first time. */
async function block(body, say) {
  try {
    return (await ask(body)).data;
  } catch (error) {
    if (!["captcha_required", "captcha_invalid"].includes(error.code)) throw error;
    say(t("block.captcha"));
    return (await ask({ ...body, captcha: await solveCaptcha(challenge) })).data;
  }
}

// ---------------------------------------------------------------- the form

const way = (picture, key, ...more) =>
  el("li", {}, icon(picture), el("div", {}, el("b", {}, t(key)), el("p", {}, t(`${key}.do`)), more));

function form() {
  const nik = field({
    id: "nik",
    label: t("block.nik"),
    hint: t("block.nik.hint"),
    inputmode: "numeric",
    autocomplete: "off",
    maxlength: 24,
    value: typed.nik,
  });
  const code = field({
    id: "code",
    label: t("block.code"),
    hint: t("block.code.hint"),
    autocomplete: "off",
    autocapitalize: "characters",
    spellcheck: "false",
    maxlength: 20,
    value: typed.code,
  });
  code.classList.add("code-field");
  const digits = () => nik.input.value.normalize("NFKC").replace(/\D/g, "");
  nik.input.addEventListener("input", () => {
    typed.nik = nik.input.value;
    if (digits().length === 16) nik.fail(null);
  });
  code.input.addEventListener("input", () => {
    typed.code = code.input.value;
    if (readBlockCode(typed.code).code) code.fail(null);
  });
  code.input.addEventListener("change", () => {
    const { code: whole } = readBlockCode(code.input.value);
    if (whole) code.input.value = typed.code = whole;
  });
  const trouble = el("div", { class: "trouble", hidden: true });
  const submit = el("button", { type: "submit", class: "button danger wide" });
  const rest = () => fill(submit, icon("block"), t("block.send"));
  rest();

  function check() {
    const wrong = [];
    const n = digits().length;
    nik.fail(n === 16 ? null : n ? t("block.nik.error", { n }) : t("block.nik.empty"));
    if (n !== 16) wrong.push(nik);
    if (link) return wrong;
    const { code: whole, length } = readBlockCode(code.input.value);
    const words = length === SIGNS ? t("block.code.strange") : t("block.code.error", { n: length });
    code.fail(whole ? null : length ? words : t("block.code.empty"));
    if (!whole) wrong.push(code);
    return wrong;
  }

  async function send(event) {
    event?.preventDefault();
    if (submit.getAttribute("aria-disabled") === "true") return;
    sent = true;
    refusal = null;
    const wrong = check();
    if (wrong.length) return wrong[0].input.focus();
    const say = (words) => {
      fill(submit, words);
      announce(words);
    };
    submit.setAttribute("aria-disabled", "true");
    trouble.hidden = true;
    say(t("block.sending"));
    try {
      const body = { nik: digits(), ...(link ? { link } : { block_code: readBlockCode(code.input.value).code }) };
      done = await block(body, say);
      draw();
      find("h1").focus();
    } catch (error) {
      refusal = asRefused(error);
      const { words, field: named } = complain();
      if (words) announce(words, true);
      if (named) named.input.focus();
      else trouble.scrollIntoView({ block: "nearest" });
    } finally {
      submit.removeAttribute("aria-disabled");
      rest();
    }
  }

  /** Shows the refusal. Gives the field that it is about, or the words to be told. */
  function complain() {
    const named = refusal.code === "invalid_field" && refusal.fields.find((one) => one.field === "nik");
    if (named) {
      nik.fail(named.message);
      return { field: nik };
    }
    const refused = refusal.code === "block_refused";
    const { title, detail } = refused
      ? { title: t("block.refused"), detail: t(link ? "block.refused.link" : "block.refused.code") }
      : explain(refusal);
    // What was asked for may have been done: asking again tells, and does no harm.
    const again = refused ? null : button(t("block.again"), () => send(), { kind: "secondary", wide: false });
    fill(trouble, notice(refused ? "warning" : "danger", title, detail, again));
    trouble.hidden = false;
    return { words: refused ? `${title}. ${detail}` : null };
  }

  if (sent) check();
  if (refusal) complain();
  const byCode = () => {
    link = null;
    sent = false;
    refusal = null;
    draw();
    find("#code").focus();
  };
  return el(
    "div",
    { class: "stack-loose" },
    el(
      "header",
      { class: "stack-tight" },
      el("h1", { tabindex: "-1" }, t("block.title")),
      el("p", { class: "lead" }, t("block.lead")),
    ),
    el(
      "form",
      { class: "card stack-loose", novalidate: true, onsubmit: send },
      link ? notice("info", t("block.link"), t("block.link.do")) : null,
      nik,
      link ? null : code,
      trouble,
      submit,
      link ? button(t("block.by_code"), byCode, { kind: "quiet" }) : null,
    ),
    el(
      "section",
      { class: "card stack", "aria-labelledby": "other" },
      el("h2", { id: "other" }, t("block.other")),
      el(
        "ul",
        { class: "ways" },
        way("phone", "block.other.phone"),
        way("mail", "block.other.mail"),
        way("office", "block.other.office"),
      ),
    ),
    notice("warning", t("block.never"), t("block.never.do")),
  );
}

// ---------------------------------------------------------------- what it led to

function outcome({ reference, since }) {
  return el(
    "div",
    { class: "stack-loose" },
    el(
      "section",
      { class: "card center stack blocked", "aria-labelledby": "blocked" },
      el("span", { class: "sign" }, icon("block")),
      el("h1", { id: "blocked", tabindex: "-1" }, t("block.done", { time: exactTime(since) })),
      el("p", { class: "lead" }, dayOf(since)),
      el("p", { class: "muted" }, t("block.reference")),
      el("p", { class: "reference mono" }, reference),
      el("p", { class: "muted small" }, t("block.reference.why")),
    ),
    el(
      "section",
      { class: "card stack", "aria-labelledby": "now" },
      el("h2", { id: "now" }, t("block.now")),
      el(
        "ul",
        { class: "ways" },
        way("shield", "block.now.refused"),
        way("mail", "block.now.told"),
        way("card", "block.now.card"),
      ),
    ),
    el(
      "section",
      { class: "card stack", "aria-labelledby": "back" },
      el("h2", { id: "back" }, t("block.back")),
      el("ul", { class: "ways" }, way("office", "block.back.counter"), way("phone", "block.back.anew")),
    ),
    notice("warning", t("block.never"), t("block.never.do")),
  );
}

// ---------------------------------------------------------------- the frame

function draw() {
  document.title = `${t("block.title")} · IKD`;
  const main = el("main", { id: "main", tabindex: "-1" }, done ? outcome(done) : form());
  fillPage(
    el("div", { class: "busy-line", "aria-hidden": "true" }),
    el("a", { class: "skip", href: "#main", onclick: skip }, t("block.skip")),
    el(
      "header",
      { class: "bar" },
      el(
        "div",
        { class: "bar-inner" },
        el("a", { class: "brand", href: "/" }, mark(), el("span", {}, "IKD", el("small", {}, t("block.brand")))),
        languageSwitch(),
      ),
    ),
    main,
    el(
      "footer",
      { class: "foot no-print" },
      el(
        "nav",
        { "aria-label": t("block.more") },
        el("a", { href: "/" }, icon("phone"), t("block.app")),
        el("a", { href: "/bantuan" }, icon("help"), t("block.help")),
      ),
    ),
  );
}

// The part behind the # is for links of mails only.
function skip(event) {
  event.preventDefault();
  find("main").focus();
}

takeLink();
start("block").then(() => {
  showUncaught();
  draw();
  onLanguage(() => {
    draw();
    find(".languages [aria-pressed=true]")?.focus();
  });
  addEventListener("hashchange", () => {
    if (!takeLink()) return;
    done = null;
    sent = false;
    refusal = null;
    draw();
  });
});
