// Fields of the forms in which people who work with the service prove who they are.

import { el, field, fill, notice } from "/web/shared/dom.js";
import { exactTime, t } from "/web/shared/i18n.js";

/** A field for a password, with a switch that shows it. */
export function passwordField(id, { label = t("staff.password"), hint, autocomplete = "current-password" } = {}) {
  const node = field({ id, label, hint, type: "password", autocomplete, required: true, spellcheck: "false" });
  const show = el(
    "button",
    {
      type: "button",
      class: "button quiet show-password",
      "aria-pressed": "false",
      onclick: () => {
        const hidden = node.input.type === "password";
        node.input.type = hidden ? "text" : "password";
        show.setAttribute("aria-pressed", String(hidden));
        node.input.focus();
      },
    },
    t("staff.show_password"),
  );
  const box = el("div", { class: "with-button" });
  node.input.replaceWith(box);
  box.append(node.input, show);
  return node;
}

/** A field for the six digits. */
export const totpField = (id = "totp") =>
  field({
    id,
    label: t("staff.totp"),
    hint: t("staff.totp.hint"),
    inputmode: "numeric",
    autocomplete: "one-time-code",
    maxlength: 9,
    required: true,
    spellcheck: "false",
  });

/**
 * What time it is at the service, second by second, beside a refused code: a phone whose clock is off shows codes that
 * do not count. It is said whatever was wrong. Gives nothing where no code can have been.
 */
export function clockNotice(error) {
  if (!error.serviceTime) return null;
  const ahead = new Date(error.serviceTime).getTime() - Date.now();
  const time = el("b", { class: "mono service-time" });
  const words = el("p", {}, `${t("staff.clock.now")} `, time);
  const show = () => fill(time, exactTime(Date.now() + ahead));
  show();
  const timer = setInterval(() => (words.isConnected ? show() : clearInterval(timer)), 1000);
  return notice("info", t("staff.clock"), words, t("staff.clock.do"));
}

/** Whether all fields are filled in. Those that are not say so, and the first of them gets the focus. */
export function allFilled(fields) {
  const empty = fields.filter((one) => !one.input.value.trim());
  for (const one of fields) one.fail(empty.includes(one) ? t("staff.required") : "");
  empty[0]?.input.focus();
  return empty.length === 0;
}
