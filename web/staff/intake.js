// All ways for a QR to come in at a desk.

import { button, el, icon, toast } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { judgeText } from "/web/shared/qr-text.js";
import { scanner } from "/web/shared/scanner.js";
import { onStrayScan, wedge } from "./wedge.js";

// A scan that no screen waits for is said, not swallowed.
onStrayScan((where) => toast(t(`staff.scan.${where}`), 8));

/** What to say of a scan that is not whole. */
export const scanTrouble = (kind) => t(`staff.scan.${kind}`);

/** Says in `place` that a scan is not whole. */
export function tellTrouble(place, kind) {
  place.textContent = scanTrouble(kind);
  place.dataset.trouble = kind;
}

/**
 * All ways for a QR to come in: camera, photo, hand scanner, clipboard, and its text. `onText` may give a sentence
 * that is shown. Call `stop()` on the element when leaving.
 */
export function intake({ onText, hint }) {
  const place = el("p", { class: "intake-say", role: "status" });
  const take = async (text) => {
    place.textContent = "";
    delete place.dataset.trouble;
    const sentence = await onText(text);
    if (sentence) place.textContent = sentence;
    return sentence;
  };
  const scanned = ({ text, trouble }) => {
    if (text !== undefined) return take(text);
    tellTrouble(place, trouble);
    return undefined;
  };
  const camera = scanner({ onText: take, hint, facing: "environment" });
  const stopWedge = wedge(scanned);
  const judged = async (came) => {
    const { kind, text } = await judgeText(came);
    return scanned(kind === "whole" || kind === "other" ? { text } : { trouble: kind });
  };
  const input = el("input", {
    id: "qr-text",
    class: "input mono",
    autocomplete: "off",
    autocapitalize: "characters",
    spellcheck: "false",
  });
  const typed = el(
    "form",
    {
      class: "row typed",
      onsubmit: (event) => {
        event.preventDefault();
        const text = input.value;
        if (!text.trim()) return input.focus();
        input.value = "";
        judged(text);
      },
    },
    el("label", { for: "qr-text", class: "sr-only" }, t("staff.qr_text")),
    input,
    button(t("staff.check"), null, { type: "submit", kind: "secondary", wide: false }),
  );
  // Pasted anywhere but into a field it is meant for this.
  const paste = (event) => {
    const text = event.clipboardData?.getData("text") ?? "";
    if (!text.trim() || event.target.closest?.("input, textarea, dialog")) return;
    event.preventDefault();
    judged(text);
  };
  document.addEventListener("paste", paste);
  const node = el(
    "div",
    { class: "intake stack" },
    camera,
    place,
    el("p", { class: "hand row" }, icon("scan"), el("span", {}, t("staff.hand_scanner"))),
    el("details", {}, el("summary", {}, t("staff.qr_text")), typed),
  );
  node.stop = () => {
    camera.stop();
    stopWedge();
    document.removeEventListener("paste", paste);
  };
  return node;
}
