// Whether somebody who says to be of an office is, and is on duty here today: `/cek/<code>`. Without logging in, from
// any browser. A code that does not count gets one red answer, which never says why.

import { announce, button, el, field, fill, fillPage, find, icon, mark, notice } from "/web/shared/dom.js";
import { sendSolved } from "/web/shared/captcha.js";
import { asRefused, explain, request, showUncaught } from "/web/shared/http.js";
import { exactTime, languageSwitch, onLanguage, start, t } from "/web/shared/i18n.js";
import { reportForm, reported } from "./report.js";

const ROLES = ["assistant", "officer", "supervisor"];

// Where the page is: `typing`, `looking`, `answered`, `reporting`, `reported`, `failed`.
const page = { at: "typing", code: "", answer: null, position: null, located: null, reference: null, error: null };

// ---------------------------------------------------------------- asking

const challenge = async () =>
  (await request("/v1/officer-proofs/captcha", { method: "POST", json: {}, again: true })).data;

/** Asks, with the work that a busy address is asked for; the person does nothing for it. */
async function ask(path, body, again) {
  const send = async (more) => (await request(path, { method: "POST", json: { ...body, ...more }, again })).data;
  return sendSolved(send, challenge);
}

async function look() {
  page.at = "looking";
  draw();
  try {
    const { code, position } = page;
    page.answer = await ask("/v1/officer-proofs", { code, ...(position ? { position } : {}) }, true);
    page.at = "answered";
  } catch (error) {
    page.error = asRefused(error);
    page.at = "failed";
  }
  draw();
  find("h1").focus();
}

/** The place where this phone is, if the person lets it be known; it is asked for by a button alone. */
function locate() {
  const failed = () => {
    page.located = "failed";
    draw();
    find("#located")?.focus();
  };
  if (!navigator.geolocation) return failed();
  page.located = "asking";
  draw();
  return navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      page.position = { latitude: coords.latitude, longitude: coords.longitude };
      page.located = "known";
      look();
    },
    failed,
    { timeout: 20000, maximumAge: 60000 },
  );
}

// ---------------------------------------------------------------- the form

function form() {
  const code = field({
    id: "code",
    label: t("check.code"),
    hint: t("check.code.hint"),
    autocomplete: "off",
    autocapitalize: "characters",
    spellcheck: "false",
    maxlength: 12,
  });
  code.classList.add("code-field");
  const send = (event) => {
    event.preventDefault();
    const signs = code.input.value.normalize("NFKC").replace(/[^0-9A-Za-z]/g, "");
    code.fail(signs.length === 6 ? null : t("check.code.error", { n: signs.length }));
    if (signs.length !== 6) return code.input.focus();
    page.code = signs.toUpperCase();
    return look();
  };
  return [
    heading("check.title", "check.lead"),
    el(
      "form",
      { class: "card stack-loose", novalidate: true, onsubmit: send },
      code,
      el("button", { type: "submit", class: "button wide" }, icon("shield"), t("check.send")),
    ),
    el(
      "section",
      { class: "card stack", "aria-labelledby": "how" },
      el("h2", { id: "how" }, t("check.how")),
      el(
        "ul",
        { class: "ways" },
        way("scan", "check.how.qr"),
        way("list", "check.how.poster"),
        way("face", "check.how.face"),
      ),
    ),
    never(),
    doubt(),
  ];
}

const heading = (title, lead) =>
  el(
    "header",
    { class: "stack-tight" },
    el("h1", { tabindex: "-1" }, t(title)),
    lead ? el("p", { class: "lead" }, t(lead)) : null,
  );

const way = (picture, key) =>
  el("li", {}, icon(picture), el("div", {}, el("b", {}, t(key)), el("p", {}, t(`${key}.do`))));

const never = () =>
  el(
    "section",
    { class: "notice warning", "aria-labelledby": "never" },
    icon("warning"),
    el("b", { id: "never" }, t("check.never")),
    el(
      "ul",
      {},
      ["pin", "money", "apk"].map((key) => el("li", {}, t(`check.never.${key}`))),
    ),
  );

const doubt = () =>
  el(
    "section",
    { class: "card stack", "aria-labelledby": "doubt" },
    el("h2", { id: "doubt" }, t("check.doubt")),
    el("p", {}, t("check.doubt.do")),
    button(t("check.report"), report, { kind: "secondary", picture: "warning" }),
  );

const another = () => button(t("check.another"), anew, { kind: "quiet" });

function anew() {
  Object.assign(page, { at: "typing", code: "", answer: null, position: null, located: null });
  history.replaceState(null, "", "/cek");
  draw();
  find("#code").focus();
}

function report() {
  page.at = "reporting";
  draw();
  find("h1").focus();
}

// ---------------------------------------------------------------- the answers

/** The hours of a duty in the person's own zone, which is named. */
function hours({ since, until }) {
  const hour = (moment) => exactTime(moment).replace(/[.:]\d\d(?= )/, "");
  return `${hour(since).replace(/ .*$/, "")}–${hour(until)}`;
}

function place(officer) {
  if (officer.kind === "home_visit") return [t("check.place.home"), officer.village];
  return [officer.place ?? officer.office, officer.village];
}

/** The button that looks at the place too, and what came of it. */
function nearness(officer) {
  if (officer.near) return notice("success", t("check.near"), t("check.near.do"));
  if (page.located === "known") return notice("info", t("check.near.unknown"), t("check.near.unknown.do"));
  if (page.located === "failed") {
    const known = notice("info", t("check.near.failed"), t("check.near.failed.do"));
    return el("div", { id: "located", tabindex: "-1" }, known);
  }
  return button(t(page.located ? "check.near.asking" : "check.near.ask"), locate, {
    kind: "secondary",
    picture: "scan",
    disabled: page.located === "asking",
  });
}

function official(officer) {
  const [where, village] = place(officer);
  const role = ROLES.includes(officer.role) ? officer.role : "officer";
  return [
    el(
      "section",
      { class: "card center stack verdict good", "aria-labelledby": "verdict" },
      el("span", { class: "sign" }, icon("check")),
      el("h1", { id: "verdict", tabindex: "-1" }, t("check.official")),
      el("img", {
        class: "portrait",
        src: `data:image/jpeg;base64,${officer.photo}`,
        alt: t("check.photo", { name: officer.name }),
      }),
      el("p", { class: "name" }, officer.name),
      el("p", { class: "muted" }, t(`check.role.${role}`), " · ", officer.office),
      el("p", { class: "place" }, where),
      village ? el("p", { class: "lead" }, village) : null,
      el("p", { class: "hours" }, icon("clock"), t("check.hours", { hours: hours(officer) })),
    ),
    el(
      "section",
      { class: "card stack", "aria-labelledby": "compare" },
      el("h2", { id: "compare" }, t("check.compare")),
      el("ul", { class: "ways" }, way("face", "check.compare.face"), way("office", "check.compare.place")),
      nearness(officer),
    ),
    never(),
    doubt(),
    another(),
  ];
}

const refused = () => [
  el(
    "section",
    { class: "card center stack verdict bad", "aria-labelledby": "verdict" },
    el("span", { class: "sign" }, icon("close")),
    el("h1", { id: "verdict", tabindex: "-1" }, t("check.refused")),
    el("p", { class: "lead" }, t("check.refused.what")),
  ),
  el(
    "section",
    { class: "card stack", "aria-labelledby": "now" },
    el("h2", { id: "now" }, t("check.now")),
    el(
      "ul",
      { class: "ways" },
      way("block", "check.now.nothing"),
      way("qr", "check.now.ask"),
      way("office", "check.now.office"),
    ),
  ),
  never(),
  doubt(),
  another(),
];

function failure() {
  const { title, detail } = explain(page.error);
  return [
    heading("check.title"),
    notice("danger", title, detail),
    button(t("check.again"), look, { picture: "history" }),
    another(),
  ];
}

// ---------------------------------------------------------------- the frame

const SCREENS = {
  typing: form,
  looking: () => [heading("check.title"), el("p", { class: "card center looking" }, icon("clock"), t("check.looking"))],
  answered: () => (page.answer.official ? official(page.answer.officer) : refused()),
  reporting: () =>
    reportForm({
      code: page.code,
      office: page.answer?.officer ? { id: page.answer.officer.office_id, name: page.answer.officer.office } : null,
      send: (body) => ask("/v1/fraud-reports", body, false),
      done: ({ reference }) => {
        Object.assign(page, { at: "reported", reference });
        draw();
        find("h1").focus();
      },
      back: () => {
        page.at = page.answer ? "answered" : "typing";
        draw();
        find("h1").focus();
      },
    }),
  reported: () => [reported(page.reference), never(), another()],
  failed: failure,
};

function draw() {
  document.title = `${t("check.title")} · IKD`;
  const main = el("main", { id: "main", tabindex: "-1", class: "stack-loose" }, SCREENS[page.at]());
  fillPage(
    el("div", { class: "busy-line", "aria-hidden": "true" }),
    el("a", { class: "skip", href: "#main", onclick: skip }, t("check.skip")),
    el(
      "header",
      { class: "bar" },
      el(
        "div",
        { class: "bar-inner" },
        el("a", { class: "brand", href: "/" }, mark(), el("span", {}, "IKD", el("small", {}, t("check.brand")))),
        languageSwitch(),
      ),
    ),
    main,
    el(
      "footer",
      { class: "foot no-print" },
      el(
        "nav",
        { "aria-label": t("check.more") },
        el("a", { href: "/" }, icon("phone"), t("check.app")),
        el("a", { href: "/blokir" }, icon("block"), t("check.block")),
        el("a", { href: "/bantuan" }, icon("help"), t("check.help")),
      ),
    ),
  );
  if (page.at === "looking") announce(t("check.looking"));
}

function skip(event) {
  event.preventDefault();
  find("main").focus();
}

/** What stands behind `/cek/` in the address: a code of the day, or the text of a QR. */
function shown() {
  const rest = location.pathname.replace(/^\/cek\/?/, "");
  try {
    return decodeURIComponent(rest).trim();
  } catch {
    return rest;
  }
}

start("check").then(() => {
  showUncaught();
  onLanguage(() => {
    // What is being typed is kept.
    const fields = [...document.querySelectorAll("input[id], textarea[id], select[id]")];
    const typed = fields.map(({ id, value }) => ({ id, value }));
    draw();
    for (const { id, value } of typed) {
      const node = document.getElementById(id);
      if (node) node.value = value;
    }
    find(".languages [aria-pressed=true]")?.focus();
  });
  page.code = shown();
  if (page.code) look();
  else draw();
});
