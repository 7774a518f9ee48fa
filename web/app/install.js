// Before the PIN: the browser is asked not to throw the keys away, and the app gets its place on the phone.

import { button, el, icon, notice } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { applicant } from "./person.js";
import { go, instead } from "./router.js";
import { heading } from "./ui.js";

export async function install() {
  const profile = await applicant();
  if (profile.registration.state !== "needs_pin") instead("status");
  const kept = await navigator.storage?.persist?.().catch(() => false);
  const installed = matchMedia("(display-mode: standalone)").matches;
  const offer = window.ikdInstall;
  const next = () => go("pin");
  const offered =
    offer && !installed
      ? button(
          t("keep.install"),
          async () => {
            await offer.prompt();
            window.ikdInstall = undefined;
            next();
          },
          { picture: "phone" },
        )
      : null;
  const steps = ["menu", "add"].map((key, i) =>
    el(
      "li",
      {},
      icon(i ? "plus" : "list"),
      el("div", {}, el("b", {}, t(`keep.${key}`)), el("p", {}, t(`keep.${key}.how`))),
    ),
  );
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("keep.title"), 6),
    el("p", { class: "lead" }, t("keep.lead")),
    installed ? notice("success", t("keep.done")) : el("ol", { class: "card points" }, steps),
    notice(
      kept ? "success" : "info",
      t(kept ? "keep.safe" : "keep.unsafe"),
      t(kept ? "keep.safe.why" : "keep.unsafe.do"),
    ),
    el(
      "div",
      { class: "actions" },
      offered,
      button(t("keep.next"), next, { kind: offered ? "secondary" : "", picture: "arrow" }),
    ),
  );
}
