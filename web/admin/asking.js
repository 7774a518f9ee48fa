// Asking for something that another administrator grants: a dialog with a reason, and what is said afterwards.

import { announce, el, fill, notice } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { askForm } from "/web/staff/form.js";
import { reasonField } from "./proposals.js";

/** What is said once something was asked. */
export const asked = () =>
  notice("success", t("proposal.sent"), el("a", { href: "#persetujuan" }, t("proposal.sent.do")));

/**
 * Asks in a dialog, says in `place` that it waits, and gives whether it does. `words` are the dialog's title, lead and
 * button; `fields` come before the reason.
 */
export async function askFor(session, { path, words, kind, place, fields = {}, body = (values) => values }) {
  const [title, lead, label] = words;
  const all = { ...fields, reason: reasonField(t("proposal.reason.hint")) };
  const send = async (values) => (await session.call(path, { method: "POST", json: body(values) })) ?? {};
  if ((await askForm(title, lead, all, send, label, kind)) === null) return false;
  fill(place, asked());
  announce(t("proposal.sent"));
  return true;
}
