// Who checked the digital KTP, what they saw, and the signed receipts of it.

import { button, el, fill, icon, notice } from "../shared/dom.js";
import { dateTime, known, t } from "../shared/i18n.js";
import { reasonWords } from "./attributes.js";
import { allDisputes, choose, disputeBadge } from "./dispute.js";
import { going } from "./router.js";
import { complain, heading } from "./ui.js";
import { ask, open, tabs } from "./wallet.js";

export async function history() {
  const go = going();
  const wallet = await open();
  const disputed = new Map();
  const list = el("ul", { class: "history" });
  const more = el("div", {});
  const trouble = el("div", { class: "trouble", hidden: true });
  const entry = (item) => {
    const valid = item.result === "valid";
    const own = disputed.get(item.verification_id);
    const report = t(own ? "history.report" : "history.not_mine");
    const names = item.disclosed.map((name) => (known(`attribute.${name}`) ? t(`attribute.${name}`) : name));
    return el(
      "li",
      { class: "card" },
      el(
        "div",
        { class: "top" },
        el(
          "span",
          { class: `badge ${valid ? "good" : "bad"}` },
          icon(valid ? "check" : "close", 18),
          t(valid ? "history.valid" : "history.invalid"),
        ),
        el("time", { datetime: item.verified_at }, dateTime(item.verified_at)),
      ),
      el("h2", {}, item.relying_party),
      own ? disputeBadge(own) : null,
      el(
        "dl",
        { class: "facts" },
        el("div", {}, el("dt", {}, t("history.purpose")), el("dd", {}, item.purpose.text)),
        el(
          "div",
          {},
          el("dt", {}, t("history.shown")),
          el("dd", {}, names.length ? names.join(", ") : t("history.nothing")),
        ),
        valid ? null : el("div", {}, el("dt", {}, t("history.why")), el("dd", {}, reasonWords(item.reason))),
        item.repeats > 1
          ? el("div", {}, el("dt", {}, t("history.repeats")), el("dd", {}, t("history.times", { n: item.repeats })))
          : null,
      ),
      el(
        "div",
        { class: "actions" },
        button(report, () => choose(wallet, item, go), {
          kind: "quiet",
          picture: own ? "mail" : "help",
          wide: false,
          "aria-label": t("history.of", { what: report, who: item.relying_party }),
        }),
        button(t("history.receipt"), () => saveReceipt(item), {
          kind: "quiet",
          picture: "download",
          wide: false,
          "aria-label": t("history.receipt.of", { who: item.relying_party }),
        }),
      ),
    );
  };
  async function page(cursor) {
    const { data } = await ask(`/v1/me/verifications?limit=20${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    list.append(...data.items.map(entry));
    fill(
      more,
      data.next
        ? button(t("history.more"), () => page(data.next).catch((error) => complain(trouble, error)), {
            kind: "secondary",
          })
        : null,
    );
    return data.items.length;
  }
  for (const one of await allDisputes()) disputed.set(one.verification_id, one);
  const count = await page();
  return el(
    "div",
    { class: "stack-loose wallet" },
    heading(t("history.title")),
    el("p", { class: "lead" }, t("history.lead")),
    count
      ? list
      : el("div", { class: "card center stack empty" }, icon("history", 56), el("p", {}, t("history.empty"))),
    trouble,
    more,
    count ? notice("info", t("history.unknown"), t("history.unknown.do")) : null,
    tabs("riwayat"),
  );
}

// The signed receipt is a file that anybody can check with the service's public keys.
function saveReceipt(item) {
  const address = URL.createObjectURL(new Blob([JSON.stringify(item, null, 2)], { type: "application/json" }));
  const link = el("a", { href: address, download: `ikd-${item.verification_id}.json` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
