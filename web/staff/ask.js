// Questions in a dialog over a desk's screen.

import { openDialog } from "/web/shared/dialog.js";
import { button, el, fill } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";

/**
 * Asks something in a dialog. `content` is drawn inside; resolves with what `done(value)` gives, or null when closed.
 */
export function ask(title, content, className = "") {
  return new Promise((resolve) => {
    const back = document.activeElement;
    const dialog = el("dialog", { class: `ask ${className}`, "aria-labelledby": "ask-title" });
    let answer = null;
    const done = (value) => {
      answer = value;
      dialog.close();
      // The event comes in a task of its own; what was shown here is gone from the page now.
      fill(dialog);
    };
    dialog.addEventListener("close", () => {
      dialog.remove();
      // The browser has given the focus back at once; this event comes later, when the next key may already have
      // moved it. What was drawn anew meanwhile is found by its name.
      if (document.activeElement === document.body) {
        const place =
          back?.isConnected && back !== document.body
            ? back
            : (document.getElementById(back?.id) ?? document.getElementById("main"));
        place?.focus();
      }
      resolve(answer);
    });
    fill(
      dialog,
      el(
        "div",
        { class: "stack" },
        el(
          "div",
          { class: "row spread dialog-head" },
          el("h2", { id: "ask-title" }, title),
          button(t("staff.close"), () => done(null), { kind: "quiet", wide: false, picture: "close" }),
        ),
        content(done),
      ),
    );
    document.body.append(dialog);
    openDialog(dialog);
    dialog.querySelector("[autofocus]")?.focus();
  });
}
