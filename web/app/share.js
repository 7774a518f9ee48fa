// The choice of what to show, with what the other side will see.

import { button, el, fill, icon, notice } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { ATTRIBUTES, PRESETS, shown } from "./attributes.js";
import { go } from "./router.js";
import { heading } from "./ui.js";
import { openWithCard, portrait, tabs } from "./wallet.js";

export async function share() {
  const wallet = await openWithCard();
  const preview = el("div", {
    class: "card stack",
    role: "region",
    "aria-live": "polite",
    "aria-label": t("share.preview"),
  });
  const own = el("fieldset", { class: "own", hidden: true }, el("legend", { class: "legend" }, t("share.own")));
  const chosen = new Set(Array.isArray(wallet.share) ? wallet.share : PRESETS.basic);
  for (const name of ATTRIBUTES) {
    own.append(
      el(
        "label",
        { class: "check" },
        el("input", {
          type: "checkbox",
          value: name,
          checked: chosen.has(name),
          onchange: (event) => {
            event.target.checked ? chosen.add(name) : chosen.delete(name);
            wallet.share = ATTRIBUTES.filter((each) => chosen.has(each));
            draw();
          },
        }),
        el("span", {}, t(`attribute.${name}`)),
      ),
    );
  }
  const option = (value, picture) =>
    el(
      "label",
      { class: "check choice" },
      el("input", {
        type: "radio",
        name: "share",
        value,
        checked: (Array.isArray(wallet.share) ? "own" : wallet.share) === value,
        onchange: () => {
          wallet.share = value === "own" ? ATTRIBUTES.filter((each) => chosen.has(each)) : value;
          own.hidden = value !== "own";
          draw();
        },
      }),
      icon(picture, 26),
      el("span", {}, el("b", {}, t(`share.${value}`)), el("small", {}, t(`share.${value}.why`))),
    );
  own.hidden = !Array.isArray(wallet.share);
  const offline = el("input", {
    type: "checkbox",
    checked: wallet.offline,
    onchange: () => {
      wallet.offline = offline.checked;
      draw();
    },
  });
  const next = button(t("share.next"), () => go("tunjukkan"), { picture: "qr" });
  function draw() {
    const names = Array.isArray(wallet.share) ? wallet.share : PRESETS[wallet.share];
    const row = (name) =>
      el("div", {}, el("dt", {}, t(`attribute.${name}`)), el("dd", {}, shown(name, wallet.card.attributes[name])));
    const facts = names.filter((name) => name !== "portrait");
    const hidden = ATTRIBUTES.length - names.length;
    fill(
      preview,
      el("h2", {}, t("share.preview")),
      el(
        "div",
        { class: "seen" },
        names.includes("portrait") ? portrait(wallet, "photo") : null,
        facts.length ? el("dl", { class: "facts" }, facts.map(row)) : el("p", {}, t("share.nothing")),
      ),
      hidden ? el("p", { class: "muted small keep" }, icon("shield", 18), t("share.hidden", { n: hidden })) : null,
      wallet.offline ? notice("warning", t("share.offline.care"), t("share.offline.care.why")) : null,
      names.length && !names.includes("portrait") ? notice("info", t("share.faceless"), t("share.faceless.why")) : null,
    );
    next.disabled = !names.length;
  }
  draw();
  return el(
    "div",
    { class: "stack-loose wallet" },
    heading(t("share.title")),
    el("p", { class: "lead" }, t("share.lead")),
    el(
      "div",
      { class: "stack-tight", role: "radiogroup", "aria-label": t("share.title") },
      option("age", "user"),
      option("basic", "card"),
      option("full", "list"),
      option("own", "edit"),
    ),
    own,
    preview,
    el(
      "details",
      { class: "card" },
      el("summary", {}, t("share.more")),
      el(
        "label",
        { class: "check" },
        offline,
        el("span", {}, el("b", {}, t("share.offline")), el("small", {}, t("share.offline.why"))),
      ),
    ),
    next,
    tabs("bagikan"),
  );
}
