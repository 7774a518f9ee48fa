// The block code: shown once, written down or printed, and used from any other device to block.

import { button, el, icon, notice } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { keepLife } from "./life.js";
import { base64url } from "../shared/http.js";
import { note } from "./profiles.js";
import { go, onGone } from "./router.js";
import { heading } from "./ui.js";
import { ask, open } from "./wallet.js";

// The code on the screen: drawing it anew, in another language say, must not make another. Never kept on the phone.
let fresh = null;

// What is being asked for: asked again, after an answer that was lost, it is the same code, in whatever order the
// questions arrive.
let asking = null;

const spoken = (code) => [...code].map((sign) => (sign === "-" ? "," : sign)).join(" ");

async function make(wallet) {
  const { profile } = wallet;
  // Until it is said to be written down, the next unlock leads here again.
  await note(profile, { codeDue: true });
  if (asking?.wallet !== wallet) asking = { wallet, id: base64url(crypto.getRandomValues(new Uint8Array(12))) };
  const json = { request_id: asking.id };
  const { data } = await ask("/v1/me/block-code", { method: "POST", json, again: true });
  asking = null;
  fresh = { wallet, code: data.block_code };
  await keepLife(profile, { ...profile.life, block_code_set: true });
}

function slip(code) {
  return el(
    "section",
    { class: "card center stack slip", "aria-labelledby": "slip" },
    el("h2", { id: "slip" }, t("blockcode.yours")),
    el(
      "p",
      { class: "big-code mono nowrap" },
      el("span", { class: "sr-only" }, spoken(code)),
      el("span", { "aria-hidden": "true" }, code),
    ),
    el("p", {}, t("blockcode.where", { address: `${location.host}/blokir` })),
  );
}

export async function blockCode() {
  const wallet = await open();
  const { profile } = wallet;
  const first = profile.life?.block_code_set === false;
  // Of an earlier unlock, or left behind: gone.
  if (fresh && fresh.wallet !== wallet) fresh = null;
  if (!fresh && first) await make(wallet);
  if (!fresh) return offer(wallet);
  onGone(() => (fresh = null));
  const noted = async () => {
    fresh = null;
    delete profile.codeDue;
    delete profile.codeLater;
    await note(profile);
    go("kartu", { replace: true });
  };
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("blockcode.title")),
    el("p", { class: "lead" }, t("blockcode.lead")),
    slip(fresh.code),
    el(
      "ul",
      { class: "tips no-print" },
      el("li", {}, icon("edit", 22), el("span", {}, t("blockcode.tip.write"))),
      el("li", {}, icon("office", 22), el("span", {}, t("blockcode.tip.apart"))),
      el("li", {}, icon("shield", 22), el("span", {}, t("blockcode.tip.only"))),
    ),
    el(
      "div",
      { class: "actions no-print" },
      button(t("blockcode.noted"), noted, { picture: "check" }),
      button(t("blockcode.print"), () => print(), { kind: "secondary", picture: "download" }),
    ),
    el("div", { class: "no-print" }, notice("warning", t("blockcode.once"), t("blockcode.once.why"))),
  );
}

/** One was made before: another only when it is asked for. */
function offer(wallet) {
  const { profile } = wallet;
  const renew = async () => {
    await make(wallet);
    go("kodeblokir");
  };
  const later = async () => {
    await note(profile, { codeLater: true });
    go("kartu", { replace: true });
  };
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("blockcode.title")),
    el("p", { class: "lead" }, t(profile.codeDue ? "blockcode.lost" : "blockcode.lead")),
    notice("info", t("blockcode.replace"), t("blockcode.replace.why")),
    el(
      "div",
      { class: "actions" },
      button(t("blockcode.renew"), renew, { picture: "shield" }),
      profile.codeDue && !profile.codeLater
        ? button(t("blockcode.later"), later, { kind: "quiet" })
        : button(t("menu.back"), () => go("menu"), { kind: "quiet", picture: "back" }),
    ),
  );
}
