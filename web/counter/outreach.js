// A session of outreach: its plan, its roster, and the sheet that closes it.

import { announce, button, el, field, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { confirm } from "/web/shared/dialog.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { arrive, failed, refused } from "/web/staff/frame.js";
import { outreachFormScreen } from "./outreach-form.js";
import { outreachBadge, whenOf } from "./outreach-list.js";

// The order in which a sheet tells where registrations stand; what a service adds comes after it.
const ORDER = [
  "active",
  "code_sent",
  "needs_pin",
  "awaiting_officer",
  "approved_pending_register",
  "needs_selfie",
  "needs_correction",
  "rejected",
  "cancelled",
  "expired",
];

const fact = (label, value) => value && el("div", {}, el("dt", {}, label), el("dd", {}, value));

/** What the sheet says. */
function sheet(view) {
  const at = (state) => (ORDER.includes(state) ? ORDER.indexOf(state) : ORDER.length);
  const figures = [...view.figures].sort((a, b) => at(a.state) - at(b.state));
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "sheet" },
    el("h2", { id: "sheet" }, t("outreach.sheet")),
    el("p", { class: "mine" }, el("b", {}, view.scanned), " ", t("outreach.scanned", { n: view.capacity })),
    figures.length
      ? el(
          "dl",
          { class: "figures" },
          figures.map((one) =>
            el("div", {}, el("dt", {}, t(`outreach.figure.${one.state}`)), el("dd", {}, one.people)),
          ),
        )
      : el("p", { class: "muted" }, t("outreach.scanned.none")),
    view.reported_at
      ? [
          el("p", {}, t("outreach.offline", { n: view.offline_minutes })),
          notice("success", t("outreach.locked"), t("outreach.locked.do", { when: dateTime(view.reported_at) })),
        ]
      : el("p", { class: "muted small" }, t("outreach.sheet.lives")),
  );
}

/** `alone`: whether one's own word is enough for a plan. Gives a function that ends it. */
export function outreachScreen(main, api, id, { alone, back }) {
  let ended = false;
  const asking = newest(() => ended);
  let inner = () => {};

  const waiting = [el("h1", {}, t("outreach.title")), el("p", {}, t("queue.loading"))];
  fill(main, el("section", { class: "card stack" }, waiting));

  async function load() {
    const counts = asking();
    inner();
    inner = () => {};
    try {
      const view = await api.outreach(id);
      if (counts()) draw(view);
    } catch (error) {
      if (counts()) fill(main, failed(error, load), button(t("outreach.back"), back, { kind: "quiet" }));
    }
  }

  function draw(view) {
    const place = el("div", { class: "problem-place" });
    const step = async (name, sure) => {
      if (sure && !(await confirm(sure))) return;
      fill(place);
      try {
        await api.stepOutreach(id, name, view.version);
        announce(t(`outreach.done.${name}`));
        if (!ended) load();
      } catch (error) {
        if (!ended) refused(place, error);
      }
    };
    const edit = () => {
      inner = outreachFormScreen(main, api, { view, alone, open: load, back: load });
    };
    fill(
      main,
      el(
        "div",
        { class: "two to-left" },
        el(
          "div",
          { class: "stack-loose" },
          el(
            "section",
            { class: "card stack" },
            el(
              "div",
              { class: "row spread" },
              el("h1", {}, view.place ?? t(`outreach.kind.${view.kind}`)),
              outreachBadge(view.state),
            ),
            el("p", { class: "lead" }, whenOf(view)),
            el(
              "dl",
              { class: "rest" },
              fact(t("outreach.kind"), t(`outreach.kind.${view.kind}`)),
              fact(t("outreach.village"), view.village),
              fact(t("outreach.capacity"), t("outreach.capacity.n", { n: view.capacity })),
              fact(t("outreach.reason"), view.reason),
              fact(
                t("outreach.coordinator"),
                view.coordinator && `${view.coordinator.name} · ${view.coordinator.phone}`,
              ),
              fact(t("outreach.planned_by"), view.planned_by),
              fact(t("outreach.confirmed_by"), view.confirmed_by),
            ),
            next(view, { place, step, edit }),
            place,
            button(t("outreach.back"), back, { kind: "quiet" }),
          ),
          ["asked", "planned", "cancelled"].includes(view.state) ? null : sheet(view),
        ),
        el(
          "section",
          { class: "card stack", "aria-labelledby": "roster" },
          el("h2", { id: "roster" }, t("outreach.people")),
          el(
            "ul",
            { class: "lines" },
            view.roster.map((one) =>
              el(
                "li",
                { class: "line" },
                el("b", {}, one.full_name),
                el("span", { class: "badge" }, t(`outreach.part.${one.part}`)),
              ),
            ),
          ),
        ),
      ),
    );
    arrive(main);
  }

  /** What can be done now. */
  function next(view, { place, step, edit }) {
    const act = (name, picture, kind = "") => button(t(`outreach.${name}`), () => step(name), { kind, picture });
    const cancel = () =>
      button(
        t("outreach.cancel"),
        () =>
          step("cancel", {
            title: t("outreach.cancel.sure"),
            text: t("outreach.cancel.text"),
            yes: t("outreach.cancel"),
            no: t("outreach.cancel.no"),
          }),
        { kind: "danger-quiet" },
      );
    const parts = {
      asked: () => [
        notice("info", t("outreach.waits"), t(view.may_confirm ? "outreach.waits.you" : "outreach.waits.do")),
        view.may_confirm ? act("confirm", "check") : null,
      ],
      planned: () => [
        view.may_lead ? [act("open", "check"), el("p", { class: "muted small" }, t("outreach.open.when"))] : null,
      ],
      open: () => [
        notice("success", t("outreach.is_open"), t("outreach.is_open.do")),
        view.may_lead ? act("close", "lock") : null,
      ],
      closed: () => (view.may_lead ? reportPart(view, place) : notice("info", t("outreach.to_report"))),
    };
    return el(
      "div",
      { class: "actions" },
      parts[view.state]?.(),
      view.may_edit ? [button(t("outreach.edit"), edit, { kind: "secondary", picture: "edit" }), cancel()] : null,
    );
  }

  function reportPart(view, place) {
    const minutes = field({
      id: "minutes",
      label: t("outreach.minutes"),
      hint: t("outreach.minutes.hint"),
      inputmode: "numeric",
      maxlength: 4,
      value: "0",
    });
    const onsubmit = async (event) => {
      event.preventDefault();
      const typed = minutes.input.value.replace(/\D/g, "");
      minutes.fail(typed === "" ? t("outreach.minutes.error") : null);
      if (typed === "") return minutes.input.focus();
      const sure = await confirm({
        title: t("outreach.report.sure"),
        text: t("outreach.report.text"),
        yes: t("outreach.report"),
        no: t("outreach.cancel.no"),
      });
      if (!sure) return null;
      fill(place);
      try {
        await api.reportOutreach(id, view.version, Number(typed));
        announce(t("outreach.done.report"));
        return ended ? null : load();
      } catch (error) {
        return ended ? null : refused(place, error);
      }
    };
    return el(
      "form",
      { class: "stack", novalidate: true, onsubmit },
      notice("info", t("outreach.to_report"), t("outreach.to_report.do")),
      minutes,
      el("button", { type: "submit", class: "button wide" }, icon("lock"), t("outreach.report")),
    );
  }

  load();
  return () => {
    ended = true;
    inner();
  };
}
