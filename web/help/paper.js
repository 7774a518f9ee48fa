// What poster and leaflet share: the office from the address, the QR to the app, the button that prints.

import { button, el } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { drawQr } from "/web/shared/qr.js";

/** Name of the office from `?kantor=`; plain text of at most 80 characters. */
export const office = () =>
  (new URLSearchParams(location.search).get("kantor") ?? "")
    .replace(/\p{Cc}/gu, " ")
    .trim()
    .slice(0, 80);

/** The app's address: shown, and as a QR. */
const appAddress = () => `${location.origin}/`;
export const appQr = () => el("div", { class: "paper-qr" }, drawQr(appAddress(), t("paper.qr")));

/** The address as people type it. */
export const typed = () => location.host;

export const printBar = () =>
  el(
    "div",
    { class: "row no-print print-bar" },
    button(t("paper.print"), () => print(), { wide: false, picture: "download" }),
    el("a", { class: "button secondary", href: "/bantuan" }, t("paper.back")),
    el("p", { class: "muted small" }, t("paper.hint")),
  );
