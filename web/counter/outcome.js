// What a decision led to, and the way to the next person.

import { announce, button, el, fill, icon, notice } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { arrive, key } from "/web/staff/frame.js";

/** Shows it in `main`: `kind` is approve, return, reject or case, `lesson` what practice says of it. */
export function outcome(main, { kind, answer, lesson, next }) {
  const good = kind === "approve";
  const sent = answer.state === "approved_pending_register" ? "waits" : "sent";
  const go = fill(button("", next, { wide: false }), t("done.next"), key("Enter"));
  fill(
    main,
    el(
      "section",
      { class: `card stack outcome ${good ? "good" : "plain"}` },
      el("div", { class: "sign" }, icon({ approve: "check", return: "back", case: "edit" }[kind] ?? "block")),
      el("h1", {}, t(`done.${kind}`)),
      el("p", { class: "lead" }, t(good ? `done.approve.${sent}` : `done.${kind}.text`)),
      lesson
        ? notice(lesson.right ? "success" : "warning", t(lesson.right ? "lesson.right" : "lesson.other"), lesson.text)
        : null,
      el("p", {}, go),
    ),
  );
  announce(t(`done.${kind}`));
  arrive(main, ".outcome .button");
}
