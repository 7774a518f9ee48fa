// An older digital KTP shall make way for a registration, or somebody be approved who has no e-mail address or whose
// face cannot be compared: the second person sees both faces and the data, as the first did.

import { announce, button, el, fill, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { t } from "/web/shared/i18n.js";
import { arrive, failed, refused } from "/web/staff/frame.js";
import { comparison } from "./comparison.js";
import { faces } from "./faces.js";
import { helperFact, helperWarning } from "./helper.js";
import { asked, result, secondDecision } from "./second.js";

/** Shows it. `next()` leads back to what waits. Gives a function that ends it. */
export function releaseScreen(main, api, id, { next }) {
  let ended = false;
  const asking = newest(() => ended);
  let sending = false;

  /** Sends the decision; `led` names what it led to, `what` what was asked for. */
  async function send(place, act, kind, what, led) {
    if (sending) return;
    sending = true;
    try {
      await act();
      if (ended) return;
      fill(main, result(kind, t(`request.${what}.${led}`), t(`request.${what}.${led}.text`), next, t("second.next")));
      announce(t(`request.${what}.${led}`));
      arrive(main, ".outcome .button");
    } catch (error) {
      if (ended) return;
      refused(place, error);
    } finally {
      sending = false;
    }
  }

  function draw(view, request, item) {
    const { kind: what, version } = request;
    const agree = what === "release" ? api.grantRelease : api.grantApproval;
    const grant = (place) => send(place, () => agree(id, version), "good", what, "granted");
    const refuse = (led) => (place) => send(place, () => api.refuseRelease(id, version), "plain", what, led);
    const withdrawn = el("div", { class: "problem-place" });
    const part = item?.own
      ? [
          notice("info", t("second.own"), t("second.own.do")),
          withdrawn,
          el(
            "div",
            { class: "actions" },
            button(t("second.next"), next, { kind: "secondary" }),
            button(t("second.withdraw"), () => refuse("withdrawn")(withdrawn), {
              kind: "danger-quiet",
              picture: "close",
            }),
          ),
        ]
      : [
          secondDecision({
            lead: t(`request.${what}.grant.lead`),
            ...(what === "waiver"
              ? { check: t("waiver.check"), looked: t("waiver.looked"), first: t("waiver.looked.first") }
              : { check: t("release.check") }),
            label: t(`request.${what}.grant`),
            grant,
            refuse: refuse("refused"),
            leave: next,
          }),
          el("p", { class: "muted small" }, t("release.doubt")),
        ];
    fill(
      main,
      el(
        "div",
        { class: "stack" },
        el("div", { class: "row person" }, el("h1", {}, view.submitted.full_name)),
        el(
          "div",
          { class: "two to-left" },
          el("div", { class: "stack" }, faces(api, view), comparison(view)),
          el(
            "section",
            { class: "card stack decision", "aria-labelledby": "decision" },
            el("h2", { id: "decision" }, t(`pending.${what}`)),
            asked(item?.asked_by ?? t("release.colleague"), request.asked_at, request.reason || t("second.no_note")),
            request.helper ? el("dl", { class: "rest" }, helperFact(request.helper)) : null,
            helperWarning(request.helper),
            part,
          ),
        ),
      ),
    );
    arrive(main);
  }

  async function load() {
    const counts = asking();
    fill(main, el("h1", {}, t("person.loading")));
    try {
      const [view, request, list] = await Promise.all([api.view(id), api.release(id), api.releases()]);
      if (!counts()) return;
      draw(
        view,
        request,
        list.items.find((one) => one.registration_id === id),
      );
    } catch (error) {
      if (!counts()) return;
      const over = error.code === "not_found";
      const barred = ["reason_required", "forbidden"].includes(error.code);
      const key = over ? "second.over" : "second.barred";
      fill(
        main,
        el(
          "section",
          { class: "card stack door" },
          el("h1", {}, t("pending.request")),
          over || barred ? notice("info", t(key), t(`${key}.do`)) : failed(error, load),
          el("p", {}, button(t("second.next"), next, { kind: "secondary", wide: false })),
        ),
      );
      arrive(main);
    }
  }
  load();
  return () => (ended = true);
}
