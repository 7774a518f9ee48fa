// A case of what a resident says and the register does not, as its resident reads it. Of what the register says nothing
// is shown, because nothing of it comes.

import { confirm } from "../shared/dialog.js";
import { announce, button, el, fill, icon, notice } from "../shared/dom.js";
import { dateTime, dayOf, known, t } from "../shared/i18n.js";
import { api, keep, registrationPath } from "./profiles.js";
import { complain, working } from "./ui.js";

const LIVE = ["opened", "waiting_resident", "in_register"];
// How each state looks: the kind of its badge, and a picture.
const LOOKS = {
  opened: ["wait", "clock"],
  waiting_resident: ["wait", "user"],
  in_register: ["plain", "office"],
  resolved: ["good", "check"],
  refused: ["bad", "close"],
  withdrawn: ["plain", "back"],
  lapsed: ["plain", "clock"],
};

/** Whether a case goes on. */
export const isLive = (one) => LIVE.includes(one?.state);

const fact = (key, value) => value && el("div", {}, el("dt", {}, t(key)), el("dd", {}, value));
/** An element of the KTP-el, in words. */
export const named = (name) => (known(`attribute.${name}`) ? t(`attribute.${name}`) : name);

/** A case: where it stands, what to do, what to bring, where and until when. `more` stands at its end. */
export function caseCard(one, ...more) {
  const { guide, state } = one;
  const [colour, picture] = LOOKS[state] ?? ["plain", "info"];
  const id = `case-${one.reference}`;
  const brings = state === "opened" || state === "waiting_resident";
  return el(
    "section",
    { class: "card stack case", "aria-labelledby": id },
    el(
      "div",
      { class: "stack-tight" },
      el("h2", { id }, guide.title),
      el("p", {}, el("span", { class: `badge ${colour}` }, icon(picture, 18), t(`case.state.${state}`))),
    ),
    el("p", {}, t(`case.state.${state}.why`)),
    one.words && state !== "resolved"
      ? el(
          "figure",
          { class: "quote" },
          el("figcaption", {}, t("case.words")),
          el("blockquote", {}, one.words),
        )
      : null,
    brings
      ? [
          el("p", {}, el("b", {}, t("case.act")), " ", guide.act),
          el("p", {}, el("b", {}, t("case.bring"))),
          el(
            "ul",
            { class: "tips" },
            guide.documents.map((text) => el("li", {}, icon("card", 22), el("span", {}, text))),
          ),
          guide.actor === "two_persons" ? el("p", { class: "muted" }, t("case.two")) : null,
        ]
      : null,
    el(
      "dl",
      { class: "facts" },
      fact("case.reference", one.reference),
      one.fields.length ? fact("case.fields", one.fields.map(named).join(", ")) : null,
      isLive(one) ? fact("case.service", guide.service) : null,
      isLive(one) ? fact("case.office", one.office ?? t("case.office.any")) : null,
      brings && guide.working_days ? fact("case.days", t("case.days.n", { n: guide.working_days })) : null,
      state === "in_register" ? fact("case.due", dayOf(new Date(new Date(one.due_at) - 1))) : null,
      fact("case.opened", dateTime(one.opened_at)),
      isLive(one) ? fact("case.until", dateTime(one.expires_at)) : fact("case.ended", dateTime(one.ended_at)),
    ),
    more,
  );
}

/**
 * The button that takes a case back, where that can be: `send()` does it, `done(data)` is what follows. An array for
 * `caseCard`.
 */
export function takeBack(one, send, done) {
  if (!one.may_withdraw) return null;
  const trouble = el("div", { class: "trouble", hidden: true });
  const back = button(
    t("case.withdraw"),
    async () => {
      const sure = await confirm({
        title: t("case.withdraw.title"),
        text: t("case.withdraw.text"),
        yes: t("case.withdraw.yes"),
        no: t("case.withdraw.no"),
      });
      if (!sure) return;
      trouble.hidden = true;
      await working(back, t("form.sending"), async () => {
        try {
          // Repeating changes nothing.
          const { data } = await send();
          announce(t("case.state.withdrawn"));
          await done(data);
        } catch (error) {
          if (error.code !== "session_ended") complain(trouble, error);
        }
      });
    },
    { kind: "quiet", picture: "close" },
  );
  return [trouble, back];
}

/** The part of the status screen about the case of a registration; null without one. */
export function statusCase(profile, redraw) {
  const one = profile.registration.correction;
  if (!one) return null;
  const back = takeBack(
    one,
    () => api(profile, registrationPath(profile, "correction"), { method: "DELETE", again: true }),
    async (data) => {
      await keep(profile, data);
      redraw();
    },
  );
  const agreed = one.spelling_agreed ? notice("success", t("case.agreed"), t("case.agreed.do")) : null;
  if (!one.may_agree_to_spelling) return caseCard(one, agreed, back);
  const trouble = el("div", { class: "trouble", hidden: true });
  const box = el("input", { type: "checkbox", id: "spelling" });
  const agree = button(
    t("case.agree"),
    () => {
      if (!box.checked) {
        fill(trouble, notice("warning", t("case.agree.first"), t("case.agree.first.do"))).hidden = false;
        announce(t("case.agree.first"), true);
        return box.focus();
      }
      return working(agree, t("form.sending"), async () => {
        trouble.hidden = true;
        try {
          const json = { version: one.version, agreed: box.checked };
          const sent = { method: "POST", json, again: true };
          const { data } = await api(profile, registrationPath(profile, "correction/spelling"), sent);
          await keep(profile, data);
          announce(t("case.agreed"));
          redraw();
        } catch (error) {
          complain(trouble, error);
        }
      });
    },
    { kind: "secondary", picture: "check" },
  );
  return caseCard(
    one,
    el(
      "div",
      { class: "stack" },
      el("h3", {}, t("case.spelling")),
      el("p", {}, t("case.spelling.why")),
      el("label", { class: "check" }, box, el("span", {}, t("case.spelling.agree"))),
      trouble,
      agree,
    ),
    back,
  );
}
