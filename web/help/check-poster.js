// An A4 poster that says who is on duty here today, and how anybody checks it: `/poster-cek#<code>/<place>`. The part
// behind the # never leaves the browser.

import { el, fill, icon, mark, notice } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { drawQr } from "/web/shared/qr.js";
import { printBar } from "./paper.js";
import { begin } from "./page.js";

const SHAPE = /^[0-9A-HJKMNP-TV-Z]{3}-?[0-9A-HJKMNP-TV-Z]{3}$/;

/** The code and the place in the address; none where they are not of the form. */
function named() {
  const [code, place] = location.hash
    .slice(1)
    .split("/")
    .map((part) => {
      try {
        return decodeURIComponent(part).replace(/\p{Cc}/gu, " ").trim();
      } catch {
        return "";
      }
    });
  return SHAPE.test(code ?? "") ? { code, place: (place ?? "").slice(0, 200) } : null;
}

const poster = ({ code, place }) =>
  el(
    "article",
    { class: "paper poster" },
    el("header", {}, mark(), el("p", { class: "paper-office" }, place || t("paper.office"))),
    el("h1", {}, t("check_poster.title")),
    el(
      "div",
      { class: "poster-middle" },
      el(
        "div",
        { class: "paper-qr" },
        drawQr(`${location.origin}/cek/${code.replace("-", "")}`, t("check_poster.check")),
      ),
      el(
        "div",
        { class: "check-code" },
        el("p", { class: "paper-lead" }, t("check_poster.how")),
        el("p", { class: "paper-address" }, `${location.host}/cek`),
        el("p", { class: "code" }, code),
      ),
    ),
    el("p", { class: "paper-lead" }, t("check_poster.today")),
    el("p", { class: "paper-strong" }, icon("shield"), el("span", {}, t("check_poster.never"))),
    el("footer", {}, t("check_poster.doubt")),
  );

begin(
  "paper.check_poster",
  (main) => {
    const what = named();
    fill(
      main,
      what
        ? [printBar(), poster(what)]
        : el(
            "div",
            { class: "stack" },
            el("h1", {}, t("paper.check_poster")),
            notice("info", t("check_poster.check"), t("check_poster.none")),
          ),
    );
  },
  { wide: true },
);
