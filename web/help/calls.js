// Whom an office calls: `/antrean?loket=CODE`, for the screen in its hall and for who waits outside. Numbers alone; the
// same number stands on the resident's phone.

import { announce, button, el, fill, icon, notice } from "/web/shared/dom.js";
import { explain, request, showUncaught } from "/web/shared/http.js";
import { t } from "/web/shared/i18n.js";
import { begin } from "./page.js";

const EVERY_SECONDS = 3;
const code = new URLSearchParams(location.search).get("loket") || "";
let state = null;
// Without an office nobody is asked.
let trouble = code ? null : { code: "not_found" };
let said = null;
let show = () => {};

function calls({ office, waiting, items }) {
  const [last, ...before] = items;
  return [
    el("h1", {}, office),
    last
      ? el(
          "div",
          { class: "card call" },
          el("p", { class: "lead" }, t("calls.now")),
          el("p", { class: "call-number" }, String(last.number)),
          el("p", {}, t("calls.come")),
        )
      : el("div", { class: "card call" }, icon("clock"), el("p", {}, t("calls.none"))),
    before.length
      ? el(
          "div",
          { class: "stack-tight" },
          el("h2", {}, t("calls.before")),
          el("ul", { class: "calls" }, before.map((one) => el("li", {}, String(one.number)))),
        )
      : null,
    el("p", { class: "muted" }, t("calls.waiting", { n: waiting })),
  ];
}

async function look() {
  try {
    state = (await request(`/v1/offices/${encodeURIComponent(code)}/calls`, { quiet: state !== null })).data;
    trouble = null;
  } catch (error) {
    trouble = error;
  }
  show();
  const now = state?.items[0];
  const key = now && `${now.number} ${now.called_at}`;
  if (key && said !== null && key !== said) announce(t("calls.say", { n: now.number }));
  if (state) said = key ?? "";
}

begin("calls.title", (main) => {
  const place = el("div", { class: "stack-loose" });
  const foot = el("div", {});
  show = () => {
    if (state) fill(place, calls(state));
    else {
      const loading = el("p", { class: "muted" }, t("offices.loading"));
      fill(place, el("h1", {}, t("calls.title")), trouble ? null : loading);
    }
    if (!trouble) return fill(foot);
    if (trouble.code === "not_found")
      return fill(foot, notice("warning", t("calls.unknown"), el("a", { href: "/loket" }, t("status.offices.find"))));
    const { title, detail } = explain(trouble);
    const retry = button(t("offices.again"), look, { kind: "secondary", wide: false });
    return fill(foot, notice("danger", title, detail, retry));
  };
  fill(main, el("div", { class: "stack-loose" }, place, foot));
  show();
}).then(() => {
  showUncaught();
  if (!code) return;
  look();
  // A hall's screen is looked at by nobody in particular; what nobody can see asks nothing.
  setInterval(() => document.hidden || look(), EVERY_SECONDS * 1000);
});
