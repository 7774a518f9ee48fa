// What can be done with a digital KTP beside showing it, and blocking it.

import { confirm } from "../shared/dialog.js";
import { button, el, icon } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { keepLife } from "./life.js";
import { go } from "./router.js";
import { complain, heading, working } from "./ui.js";
import { ask, close, lock, open, tabs } from "./wallet.js";

async function block(wallet, trouble, pressed) {
  const sure = await confirm({
    title: t("menu.block.title"),
    text: t("menu.block.text"),
    yes: t("menu.block.yes"),
    no: t("menu.block.no"),
  });
  if (!sure) return;
  trouble.hidden = true;
  await working(pressed, t("menu.blocking"), async () => {
    try {
      // Repeating does no harm: it is blocked since the first time.
      const { data } = await ask("/v1/me/block", { method: "POST", json: {}, again: true });
      const { reference, since } = data;
      const life = {
        ...wallet.profile.life,
        state: "blocked",
        reason: "self_block",
        since,
        until: null,
        lift: "counter",
      };
      await keepLife(wallet.profile, { ...life, reference });
      lock({ tell: false });
      go("henti", { replace: true });
    } catch (error) {
      if (error.code !== "session_ended") complain(trouble, error);
    }
  });
}

export async function menu() {
  const wallet = await open();
  const trouble = el("div", { class: "trouble", hidden: true });
  const entry = (screen, picture, key) =>
    el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: "person", onclick: () => go(screen) },
        icon(picture),
        el("span", {}, el("b", {}, t(`menu.${key}`)), el("small", {}, t(`menu.${key}.why`))),
        icon("arrow"),
      ),
    );
  const stop = button(t("menu.block"), () => block(wallet, trouble, stop), { kind: "danger", picture: "block" });
  return el(
    "div",
    { class: "stack-loose wallet" },
    heading(t("menu.title")),
    el(
      "ul",
      { class: "people" },
      entry("kodeblokir", "shield", "code"),
      entry("ubahpin", "lock", "pin"),
      entry("pindahkan", "phone", "move"),
    ),
    el(
      "section",
      { class: "card stack", "aria-labelledby": "stop" },
      el("h2", { id: "stop" }, t("menu.stop")),
      el("p", {}, t("menu.stop.why")),
      trouble,
      stop,
    ),
    el(
      "section",
      { class: "stack", "aria-labelledby": "rights" },
      el("h2", { id: "rights" }, t("menu.rights")),
      el(
        "ul",
        { class: "people" },
        entry("gantisurel", "mail", "email"),
        entry("perubahan", "edit", "changes"),
        entry("salinan", "download", "copy"),
        entry("tutup", "close", "close"),
      ),
    ),
    button(t("card.lock"), () => close(), { kind: "secondary", picture: "lock" }),
    el(
      "nav",
      { class: "aside", "aria-label": t("app.more") },
      el("a", { href: "/bantuan" }, icon("help", 22), t("app.help")),
    ),
    tabs("menu"),
  );
}
