// The QR that a relying party scans, on request with a code of ten digits in its place, and who checked it.

import { button, el, fill, icon, notice } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { PRESETS, reasonWords } from "./attributes.js";
import { liveQr, stayAwake } from "./live-qr.js";
import { every, go, here } from "./router.js";
import { heading } from "./ui.js";
import { ask, openWithCard, tabs } from "./wallet.js";

export async function present() {
  const wallet = await openWithCard();
  stayAwake();
  const before = new Set(
    (await ask("/v1/me/verifications?limit=5", { quiet: true })).data.items.map(
      (item) => `${item.verification_id}${item.repeats}`,
    ),
  );
  const body = { share: wallet.share, offline: Boolean(wallet.offline) };
  // A code stands for the QR beside it: both are made together, and a new QR has none until one is asked for.
  const digits = el("div", { class: "digits-place stack-tight" });
  let asked = false;
  let code = null;
  // Whether the focus went with a code that is gone.
  let lost = false;
  const askToken = async () => {
    const { data } = await ask("/v1/me/presentations", {
      method: "POST",
      json: asked ? { ...body, code: true } : body,
      again: true,
    });
    code = data.code ?? null;
    return data.token;
  };
  const askCode = button(
    t("show.code.ask"),
    async () => {
      asked = true;
      askCode.disabled = true;
      await qr.renew();
      askCode.disabled = false;
    },
    { kind: "quiet", picture: "list" },
  );
  const drawCode = () => {
    if (body.offline) return;
    drop();
    fill(digits, code ? spelt(code) : askCode);
    if (code) {
      asked = false;
      // The button is gone: what it brought takes the focus, and is read out. Nothing of it may lie under the tabs.
      digits.firstChild.focus({ preventScroll: true });
      digits.scrollIntoView({ block: "nearest" });
    } else if (lost) askCode.focus({ preventScroll: true });
    lost = false;
  };
  const drop = () => {
    lost = lost || digits.contains(document.activeElement);
    fill(digits);
  };
  const qr = liveQr({ label: t("show.qr"), ask: askToken, onToken: drawCode, onGone: drop, held: () => code !== null });
  const result = el("div", { "aria-live": "polite", class: "stack" });
  let spent = false;
  const area = el(
    "div",
    { class: "stack" },
    el("div", { class: "card code" }, qr, digits),
    el("p", { class: "keep" }, icon("sun", 22), t("qr.bright")),
  );
  every(2, async () => {
    const { data } = await ask("/v1/me/verifications?limit=5", { quiet: true, tries: 1 });
    const news = data.items.find((item) => !before.has(`${item.verification_id}${item.repeats}`));
    if (!news || here() !== "tunjukkan") return;
    before.add(`${news.verification_id}${news.repeats}`);
    const valid = news.result === "valid";
    fill(
      result,
      notice(
        valid ? "success" : "warning",
        t(valid ? "show.checked" : "show.refused", { who: news.relying_party }),
        t("show.purpose", { purpose: news.purpose.text }),
        valid ? null : reasonWords(news.reason),
      ),
    );
    // This QR is spent; another is made only when it is asked for. A refusal that follows does not take the way to it.
    spent = spent || (valid && !body.offline);
    if (spent) {
      qr.stop();
      area.remove();
      document.querySelector("main h1").textContent = t("show.done");
      result.append(
        button(t("show.another"), () => go("tunjukkan"), { kind: "secondary", picture: "qr" }),
        button(t("show.history"), () => go("riwayat"), { kind: "quiet", picture: "history" }),
      );
    }
  });
  const names = Array.isArray(wallet.share) ? wallet.share : PRESETS[wallet.share];
  return el(
    "div",
    { class: "stack wallet" },
    heading(t("show.title")),
    el(
      "p",
      { class: "muted" },
      t("show.shares", {
        what: Array.isArray(wallet.share)
          ? names.map((name) => t(`attribute.${name}`)).join(", ")
          : t(`share.${wallet.share}`),
      }),
    ),
    result,
    area,
    button(t("show.change"), () => go("bagikan"), { kind: "secondary", picture: "edit" }),
    tabs("bagikan"),
  );
}

// Digit by digit, with a pause where the groups end.
const groups = (code) => [code.slice(0, 3), code.slice(3, 6), code.slice(6)];
const spoken = (code) =>
  groups(code)
    .map((group) => [...group].join(" "))
    .join(", ");

/** A code, large, for eyes in groups and for ears digit by digit. */
function spelt(code) {
  return el(
    "div",
    { class: "center stack-tight", tabindex: "-1" },
    el("p", {}, t("show.code")),
    el(
      "p",
      { class: "digits mono" },
      el("span", { class: "sr-only" }, spoken(code)),
      groups(code).map((group) => el("span", { "aria-hidden": "true" }, group)),
    ),
    el("p", { class: "muted small" }, t("show.code.why")),
  );
}
