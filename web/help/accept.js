// Where digital KTPs are accepted: `/terima`. Anybody looks for a place by its name, its organisation or where it is,
// and reports where a photocopy was asked for all the same. What is looked for stands behind ?cari=.

import { button, el, failNamed, field, fill, find, icon, notice, toast } from "/web/shared/dom.js";
import { sendSolved } from "/web/shared/captcha.js";
import { explain, request, showUncaught } from "/web/shared/http.js";
import { dayOf, t } from "/web/shared/i18n.js";
import { fact, finder } from "./found.js";
import { begin } from "./page.js";

const DAYS = 31;
const HAPPENED = ["photocopy", "refused"];
// The report that is on the screen: its place, what was filled in so far, whether it is on its way, what came of it.
let reporting = null;
let draw = () => {};

const challenge = async () =>
  (await request("/v1/officer-proofs/captcha", { method: "POST", json: {}, again: true })).data;

function card(branch) {
  const { branch_id: id, party, name, address, regency, hours } = branch;
  const report = () => {
    reporting = { branch, typed: {} };
    draw();
    scrollTo(0, 0);
    find("h1").focus();
  };
  return el(
    "li",
    { class: "card stack-tight office", id: `branch-${id}` },
    el("h2", {}, name),
    el("p", { class: "muted" }, party),
    fact("office", [address, regency].filter(Boolean).join(", ")),
    hours ? fact("clock", hours) : null,
    button(t("accept.report"), report, {
      kind: "quiet",
      wide: false,
      picture: "warning",
      "aria-label": t("accept.report.of", { name, party }),
    }),
  );
}

const drawList = finder({
  path: "/v1/branches",
  card,
  texts: () => ({
    title: t("accept.title"),
    lead: t("accept.lead"),
    words: t("accept.words"),
    hint: t("accept.words.hint"),
    search: t("accept.search"),
    picture: "card",
    none: [t("accept.none"), t("accept.none.do")],
    empty: [t("accept.empty"), t("accept.empty.do")],
    found: (n) => t("accept.found", { n }),
  }),
});

// ---------------------------------------------------------------- a report

/** The days that may be reported, today first, as the service counts them: in Jakarta. */
function days() {
  const now = Date.now() + 7 * 3600000;
  return Array.from({ length: DAYS }, (_, before) => {
    const day = new Date(now - before * 86400000).toISOString().slice(0, 10);
    const word = [t("accept.report.today"), t("accept.report.yesterday")][before];
    const date = dayOf(`${day}T12:00:00`);
    return [day, word ? `${word}, ${date}` : date];
  });
}

/** What happened: one of two. */
function whatField(typed) {
  const error = el("p", { class: "error", id: "what-error", hidden: true });
  const boxes = HAPPENED.map((value) =>
    el("input", {
      type: "radio",
      name: "what",
      id: `what-${value}`,
      value,
      checked: typed.what === value,
      onchange: () => (typed.what = value),
    }),
  );
  const node = el(
    "fieldset",
    { class: "stack-tight happened", "aria-describedby": "what-error" },
    el("legend", {}, t("accept.report.what")),
    boxes.map((box) =>
      el("label", { class: "check", for: box.id }, box, el("span", {}, t(`accept.report.${box.value}`))),
    ),
    el("div", { class: "field" }, error),
  );
  node.input = boxes[0];
  node.fail = (text) => (fill(error, text ? [icon("warning"), el("span", {}, text)] : null).hidden = !text);
  return node;
}

function back() {
  const id = reporting.branch.branch_id;
  reporting = null;
  draw();
  const place = document.getElementById(`branch-${id}`);
  place?.scrollIntoView({ block: "center" });
  (place?.querySelector("button") ?? find("h1")).focus({ preventScroll: true });
}

function drawReport(main) {
  const report = reporting;
  const { branch, typed } = report;
  const what = whatField(typed);
  const day = field({
    id: "day",
    label: t("accept.report.day"),
    tag: "select",
    options: days(),
    value: typed.day,
    onchange: () => (typed.day = day.input.value),
  });
  const tell = field({
    id: "tell",
    label: t("accept.report.words"),
    hint: t("accept.report.words.hint"),
    tag: "textarea",
    rows: 4,
    maxlength: 500,
    value: typed.words ?? "",
    oninput: () => (typed.words = tell.input.value),
  });
  const place = el("div", {});
  const submit = el("button", { type: "submit", class: "button wide" }, icon("warning"), t("accept.report.send"));

  function refused(error) {
    if (failNamed(error, { what, day, words: tell })) return;
    const { title, detail } = explain(error);
    fill(place, notice("danger", title, detail));
    place.scrollIntoView({ block: "nearest" });
  }

  async function onsubmit(event) {
    event.preventDefault();
    if (report.sending) return undefined;
    fill(place);
    for (const one of [day, tell]) one.fail(null);
    what.fail(typed.what ? null : t("accept.report.what.empty"));
    if (!typed.what) return what.input.focus();
    const said = tell.input.value.trim();
    const json = { what: typed.what, day: day.input.value, ...(said ? { words: said } : {}) };
    const path = `/v1/branches/${branch.branch_id}/reports`;
    const send = async (more) => (await request(path, { method: "POST", json: { ...json, ...more } })).data;
    report.sending = true;
    submit.disabled = true;
    report.error = null;
    try {
      report.told = await sendSolved(send, challenge);
    } catch (error) {
      report.error = error;
    }
    report.sending = false;
    return answered(report);
  }

  fill(
    main,
    el(
      "div",
      { class: "stack-loose" },
      el(
        "div",
        { class: "stack-tight" },
        el("h1", { tabindex: "-1" }, t("accept.report.title")),
        el("p", { class: "lead" }, el("b", {}, branch.name), ", ", branch.party),
        el("p", { class: "muted" }, branch.address),
      ),
      el(
        "form",
        { class: "card stack-loose", novalidate: true, onsubmit },
        el("p", {}, t("accept.report.lead")),
        what,
        day,
        tell,
        place,
        submit,
        button(t("accept.report.back"), back, { kind: "quiet" }),
      ),
    ),
  );
  submit.disabled = Boolean(report.sending);
  if (report.error) refused(report.error);
}

/** Says what came of a report: on its screen, or by the name of its place to whoever went on meanwhile. */
function answered(report) {
  if (reporting === report) {
    draw();
    return report.told && find("h1").focus();
  }
  const { name } = report.branch;
  const what = report.told ? t(doneKey(report)) : explain(report.error).title;
  return toast(`${name}: ${what}`, 8);
}

const doneKey = ({ told }) => (told.counted ? "accept.report.done" : "accept.report.same");

function drawTold(main) {
  const { branch, told } = reporting;
  const key = doneKey(reporting);
  fill(
    main,
    el(
      "div",
      { class: "stack-loose" },
      el("h1", { tabindex: "-1" }, t(key)),
      notice(told.counted ? "success" : "info", `${branch.name}, ${branch.party}`, t(`${key}.do`)),
      button(t("accept.report.back"), back, { kind: "secondary" }),
    ),
  );
}

begin("accept.title", (main) => {
  draw = () => (reporting ? (reporting.told ? drawTold : drawReport) : drawList)(main);
  draw();
}).then(showUncaught);
