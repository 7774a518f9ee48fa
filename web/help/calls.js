// Whom an office calls: `/antrean?loket=CODE`, for the screen in its hall and for who waits outside. Numbers alone; the
// same number stands on the resident's phone.

import { announce, el, fill, icon, notice } from "/web/shared/dom.js";
import { newest, request, showUncaught } from "/web/shared/http.js";
import { t } from "/web/shared/i18n.js";
import { notHad } from "./found.js";
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

const asking = newest();
let looking = false;
async function look() {
  const counts = asking();
  looking = true;
  try {
    const path = `/v1/offices/${encodeURIComponent(code)}/calls`;
    const { data } = await request(path, { quiet: state !== null });
    if (!counts()) return;
    state = data;
    trouble = null;
  } catch (error) {
    if (!counts()) return;
    trouble = error;
  } finally {
    // Of one that was overtaken the newer one says when it is over.
    if (counts()) looking = false;
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
    return fill(foot, notHad(trouble, look));
  };
  fill(main, el("div", { class: "stack-loose" }, place, foot));
  show();
}).then(() => {
  showUncaught();
  if (!code) return;
  look();
  // A hall's screen is looked at by nobody in particular; what nobody can see asks nothing.
  setInterval(() => document.hidden || looking || look(), EVERY_SECONDS * 1000);
});
