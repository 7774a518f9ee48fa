// Blocking one's own digital KTP, offered wherever somebody may think that another uses it.

import { confirm } from "../shared/dialog.js";
import { button, el } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { keepLife } from "./life.js";
import { go } from "./router.js";
import { complain, working } from "./ui.js";
import { ask, lock } from "./wallet.js";

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

/** Why one might block, and the button. */
export function stopCard(wallet) {
  const trouble = el("div", { class: "trouble", hidden: true });
  const stop = button(t("menu.block"), () => block(wallet, trouble, stop), { kind: "danger", picture: "block" });
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "stop" },
    el("h2", { id: "stop" }, t("menu.stop")),
    el("p", {}, t("menu.stop.why")),
    trouble,
    stop,
  );
}
