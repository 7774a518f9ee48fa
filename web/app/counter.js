// At the counter: show the activation QR, or scan the officer's.

import { announce, button, el, fill, icon, notice } from "../shared/dom.js";
import { explainQr } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { scanner } from "../shared/scanner.js";
import { liveQr, stayAwake } from "./live-qr.js";
import { applicant } from "./person.js";
import { api, refresh, registrationPath } from "./profiles.js";
import { every, going, instead, onLeave } from "./router.js";
import { secondAwaited } from "./status.js";
import { heading } from "./ui.js";

function watch(profile, go) {
  const turn = ({ number, called_at: called } = {}) => `${number} ${called}`;
  const before = turn(profile.registration.turn);
  every(3, async () => {
    await refresh(profile, { quiet: true, tries: 1 });
    // Received, or called: the number is what counts now.
    if (turn(profile.registration.turn) !== before) return go("status", { replace: true });
    if (secondAwaited(profile.registration)) return go("status", { replace: true });
    if (profile.registration.state !== "awaiting_officer") {
      announce(t("counter.decided"));
      go("status", { replace: true });
    }
    return undefined;
  });
}

export async function activationQr() {
  const go = going();
  const profile = await applicant();
  if (profile.registration.state !== "awaiting_officer") instead("status");
  stayAwake();
  const ask = async () =>
    (
      await api(profile, registrationPath(profile, "activation-token"), {
        method: "POST",
        again: true,
      })
    ).data.token;
  const qr = liveQr({ ask, label: t("counter.qr") });
  watch(profile, go);
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("counter.title"), 4),
    el("p", { class: "lead" }, t("counter.lead")),
    el("div", { class: "card code" }, qr),
    el("p", { class: "keep" }, icon("sun", 22), t("qr.bright")),
    el(
      "div",
      { class: "actions" },
      button(t("counter.scan_instead"), () => go("pindai"), { kind: "secondary", picture: "scan" }),
      button(t("app.back"), () => go("status"), { kind: "quiet", picture: "back" }),
    ),
    notice("warning", t("counter.never"), t("counter.never.do")),
  );
}

export async function counterScan() {
  const go = going();
  const profile = await applicant();
  if (profile.registration.state !== "awaiting_officer") instead("status");
  const place = el("div", { class: "stack" });
  let sending = false;
  const camera = scanner({
    hint: t("counter.scan_hint"),
    onText: async (text) => {
      if (sending) return null;
      sending = true;
      try {
        const { data } = await api(profile, registrationPath(profile, "counter-scan"), {
          method: "POST",
          json: { token: text },
          again: true,
        });
        camera.stop();
        const number = String(data.match_number).padStart(2, "0");
        fill(
          place,
          el(
            "div",
            { class: "card center stack" },
            el("p", {}, t("counter.number")),
            el("p", { class: "match mono", "aria-label": [...number].join(" ") }, number),
            el("p", { class: "muted" }, t("counter.number.do")),
          ),
        );
        announce(`${t("counter.number")} ${[...number].join(" ")}`);
        return null;
      } catch (error) {
        sending = false;
        return explainQr(error);
      }
    },
  });
  onLeave(() => camera.stop());
  fill(place, camera);
  watch(profile, go);
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("counter.scan_title"), 4),
    el("p", { class: "lead" }, t("counter.scan_lead")),
    place,
    el(
      "div",
      { class: "actions" },
      button(t("counter.show_instead"), () => go("qr"), { kind: "secondary", picture: "qr" }),
      button(t("app.back"), () => go("status"), { kind: "quiet", picture: "back" }),
    ),
  );
}
