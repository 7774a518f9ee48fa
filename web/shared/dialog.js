// Dialogs over a page.

import { button, el } from "./dom.js";

/** Opens a dialog over the page; also where the browser knows none (Safari before 15.4). */
export function openDialog(dialog) {
  if (typeof dialog.showModal === "function") {
    dialog.showModal();
    return;
  }
  const others = [...document.body.children].filter(
    (node) => node !== dialog && node.getAttribute("aria-hidden") !== "true",
  );
  const back = document.activeElement;
  const reachable = () =>
    [...dialog.querySelectorAll("a[href], button, input, select, textarea")].filter(
      (node) => !node.disabled && !node.closest("[hidden]"),
    );
  const keys = (event) => {
    if (event.key === "Escape" && dialog.dispatchEvent(new Event("cancel", { cancelable: true }))) dialog.close();
    if (event.key !== "Tab") return;
    const all = reachable();
    const end = event.shiftKey ? all[0] : all[all.length - 1];
    if (!dialog.contains(document.activeElement) || document.activeElement === end) {
      event.preventDefault();
      (event.shiftKey ? all[all.length - 1] : all[0])?.focus();
    }
  };
  dialog.returnValue = "";
  dialog.close = (value = "") => {
    if (!dialog.hasAttribute("open")) return;
    dialog.returnValue = value;
    dialog.removeAttribute("open");
    document.removeEventListener("keydown", keys, true);
    for (const node of others) node.removeAttribute("aria-hidden");
    back?.focus?.();
    dialog.dispatchEvent(new Event("close"));
  };
  dialog.setAttribute("open", "");
  dialog.setAttribute("role", "dialog");
  dialog.setAttribute("aria-modal", "true");
  dialog.classList.add("drawn");
  for (const node of others) node.setAttribute("aria-hidden", "true");
  document.addEventListener("keydown", keys, true);
  (dialog.querySelector("[autofocus]") ?? reachable()[0])?.focus();
}

/** Asks before something that cannot be undone. Resolves with true or false. */
export function confirm({ title, text, yes, no }) {
  return new Promise((done) => {
    const dialog = el(
      "dialog",
      { "aria-labelledby": "ask-title", class: "stack" },
      el("h2", { id: "ask-title" }, title),
      el("p", {}, text),
      el(
        "div",
        { class: "actions" },
        button(yes, () => dialog.close("yes"), { kind: "danger" }),
        button(no, () => dialog.close(), { kind: "secondary", autofocus: true }),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      done(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    openDialog(dialog);
  });
}
