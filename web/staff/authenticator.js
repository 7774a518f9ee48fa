// An authenticator secret that somebody takes over.

import { el } from "/web/shared/dom.js";
import { drawQr } from "/web/shared/qr.js";

/** It as a QR, which is called `qr`, and as text behind the words `key`. */
export function authenticatorPart({ totp_secret, totp_address }, { qr, key }) {
  const grouped = totp_secret.replace(/(.{4})(?=.)/g, "$1 ");
  return [
    el("div", { class: "authenticator" }, drawQr(totp_address, qr)),
    el("p", {}, key, " ", el("b", { class: "mono authenticator-key" }, grouped)),
  ];
}
