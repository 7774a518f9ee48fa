// What a resident says and the register does not: cases are opened here, and listed.

import { dateField, dayTrouble } from "../shared/date-field.js";
import { announce, button, el, failNamed, field, fill, icon, notice, toast } from "../shared/dom.js";
import { request } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { caseCard, isLive, named, takeBack } from "./correction-card.js";
import { stopped, waitsForWord } from "./life.js";
import { applicant, person } from "./person.js";
import { api, keep, registrationPath } from "./profiles.js";
import { going, instead } from "./router.js";
import { complain, heading, working } from "./ui.js";
import { entry } from "./unlock.js";
import { ask, open, tabs } from "./wallet.js";

/**
 * The form of a new case, for kinds that `fits`. `send(json)` opens it; `right` asks how name and birth date should be.
 */
function caseForm(guides, { fits, send, right, back }) {
  const kinds = guides.filter(fits);
  const trouble = el("div", { class: "trouble", hidden: true });
  const place = el("div", { class: "stack" });
  const parts = {};
  const note = el("p", { class: "error", id: "kind-error", role: "alert", hidden: true });
  const submit = el("button", { type: "submit", class: "button wide" }, icon("check"), t("case.open"));
  let chosen = null;

  const ticked = () =>
    chosen.fields.length > 1
      ? chosen.fields.filter((name) => form.querySelector(`#field-${name}`)?.checked)
      : chosen.fields;

  /** How it should be, for what is ticked. */
  function drawRight(at) {
    const fields = right ? ticked() : [];
    delete parts.full_name;
    delete parts.birth_date;
    if (fields.includes("full_name"))
      parts.full_name = field({
        id: "full_name",
        label: t("case.right.full_name"),
        hint: t("case.right.full_name.hint"),
        autocomplete: "name",
        autocapitalize: "characters",
        spellcheck: "false",
        maxlength: 120,
      });
    if (fields.includes("birth_date"))
      parts.birth_date = dateField({
        id: "birth_date",
        label: t("case.right.birth_date"),
        hint: t("case.right.birth_date.hint"),
      });
    fill(at, parts.full_name, parts.birth_date);
  }

  function choose(guide) {
    chosen = guide;
    note.hidden = true;
    const rights = el("div", { class: "stack" });
    const boxes = guide.fields.map((name) =>
      el(
        "label",
        { class: "check" },
        el("input", { type: "checkbox", id: `field-${name}`, onchange: () => drawRight(rights) }),
        el("span", {}, named(name)),
      ),
    );
    fill(
      place,
      boxes.length > 1
        ? el("fieldset", { class: "stack-tight" }, el("legend", { class: "legend" }, t("case.which")), boxes)
        : null,
      rights,
      el("p", {}, el("b", {}, t("case.bring")), " ", guide.documents.join("; ")),
    );
    drawRight(rights);
  }

  const radios = kinds.map((guide) =>
    el(
      "label",
      { class: "check" },
      el("input", { type: "radio", name: "kind", value: guide.kind, onchange: () => choose(guide) }),
      el("span", {}, el("b", {}, guide.title), el("small", {}, guide.act)),
    ),
  );
  const form = el(
    "form",
    { class: "card stack-loose", novalidate: true, onsubmit: sent, onchange: () => (note.hidden = true) },
    el("fieldset", { class: "stack-tight" }, el("legend", { class: "legend" }, t("case.what")), radios),
    place,
    el("div", { class: "field" }, note),
    trouble,
    submit,
  );

  function wrong(key, first) {
    fill(note, icon("warning"), el("span", {}, t(key))).hidden = false;
    first?.focus();
  }

  async function sent(event) {
    event.preventDefault();
    trouble.hidden = true;
    note.hidden = true;
    if (!chosen) return wrong("case.choose", form.querySelector("input"));
    const fields = ticked();
    if (!fields.length && chosen.fields.length)
      return wrong("case.choose.field", form.querySelector("input[type=checkbox]"));
    const json = { kind: chosen.kind, fields };
    if (parts.full_name) json.full_name = parts.full_name.input.value.trim();
    if (parts.birth_date) {
      const day = parts.birth_date.value;
      parts.birth_date.fail(dayTrouble(day));
      if (dayTrouble(day)) return undefined;
      json.birth_date = day;
    }
    return working(submit, t("form.sending"), async () => {
      try {
        await send(json);
      } catch (error) {
        if (error.code === "session_ended" || failNamed(error, parts)) return;
        complain(trouble, error);
      }
    });
  }
  return [form, back];
}

// ---------------------------------------------------------------- of a registration

/** A case of a registration: opened, or looked at. */
export async function ofRegistration() {
  const go = going();
  const profile = await applicant();
  const back = button(t("app.back"), () => go("status"), { kind: "quiet", picture: "back" });
  if (isLive(profile.registration.correction)) instead("status");
  const { data } = await request("/v1/correction-kinds");
  const send = async (json) => {
    const sent = { method: "POST", json, again: true };
    const { data: now } = await api(profile, registrationPath(profile, "correction"), sent);
    await keep(profile, now);
    toast(t("case.is_open"), 8);
    go("status", { replace: true });
  };
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("case.title")),
    el("p", { class: "lead" }, t("case.lead")),
    notice(
      "info",
      t("case.typed"),
      t("case.typed.do"),
      button(t("case.typed.way"), () => go("ketentuan"), { kind: "secondary", wide: false }),
    ),
    caseForm(data.items, { fits: (guide) => guide.for_registrants, send, right: false, back }),
  );
}

// ---------------------------------------------------------------- of a digital KTP

/** The holder's cases, and a new one. */
export async function ofCard() {
  const go = going();
  await open();
  const place = el("div", { class: "stack-loose" });
  const [kinds, cases] = await Promise.all([request("/v1/correction-kinds"), ask("/v1/me/corrections")]);
  const draw = (items) =>
    fill(
      place,
      items.length ? el("h2", {}, t("case.mine")) : null,
      items.map((one) => caseCard(one, takeBack(one, () => withdraw(one), listed))),
      el("h2", {}, t(items.length ? "case.another" : "case.new")),
      caseForm(kinds.data.items, { fits: (guide) => guide.for_holders, send, right: true, back: null }),
    );
  const withdraw = (one) => ask(`/v1/me/corrections/${one.correction_id}`, { method: "DELETE", again: true });
  async function listed() {
    const { data } = await ask("/v1/me/corrections");
    if (!place.isConnected) return false;
    draw(data.items);
    place.closest("main")?.querySelector("h1")?.focus();
    return true;
  }
  async function send(json) {
    await ask("/v1/me/corrections", { method: "POST", json, again: true });
    if (await listed()) toast(t("case.is_open"), 8);
  }
  draw(cases.data.items);
  return el(
    "div",
    { class: "stack-loose wallet" },
    heading(t("case.card.title")),
    el("p", { class: "lead" }, t("case.card.lead")),
    place,
    button(t("menu.back"), () => go("menu"), { kind: "quiet", picture: "back" }),
    tabs("menu"),
  );
}

/** The cases of a digital KTP that the register stopped, and the way to one. */
export async function ofStopped() {
  const go = going();
  const profile = await person();
  const life = stopped(profile);
  const dead = life?.reason === "register_deceased";
  if (!dead && life?.reason !== "register_changed") instead(life ? "henti" : "buka");
  const place = el("div", { class: "stack-loose" });
  const trouble = el("div", { class: "trouble", hidden: true });
  const { data } = await api(profile, "/v1/corrections");
  const fresh = button(
    t("case.stopped.open"),
    () => {
      if (!dead) return go("kasuspin");
      return working(fresh, t("form.sending"), async () => {
        trouble.hidden = true;
        try {
          const { data: one } = await api(profile, "/v1/corrections", { method: "POST", json: {}, again: true });
          draw([one]);
          announce(t("case.is_open"));
        } catch (error) {
          complain(trouble, error);
        }
      });
    },
    { picture: "edit" },
  );
  const withdraw = (one) => api(profile, `/v1/corrections/${one.correction_id}`, { method: "DELETE", again: true });
  const draw = (items) =>
    fill(
      place,
      // What was said with the PIN is not taken back without it.
      items.map((one) => caseCard(one, dead ? takeBack(one, () => withdraw(one), (now) => draw([now])) : null)),
      trouble,
      items.some(isLive) || (!dead && !waitsForWord(profile)) ? null : fresh,
    );
  draw(data.items);
  return el(
    "div",
    { class: "stack-loose" },
    heading(t(dead ? "case.stopped.title" : "changes.not_mine")),
    el("p", { class: "lead" }, t(dead ? "case.stopped.lead" : "case.not_mine.lead")),
    place,
    button(t("recover.back"), () => go("henti"), { kind: "quiet", picture: "back" }),
  );
}

/** "Not my data", with the PIN. */
export async function objection() {
  const go = going();
  const profile = await person();
  if (!waitsForWord(profile)) instead("kasushenti");
  return entry(profile, {
    path: "/v1/corrections",
    title: t("changes.not_mine"),
    lead: el("p", { class: "center" }, t("case.pin.lead")),
    back: button(t("app.back"), () => go("kasushenti"), { kind: "quiet", picture: "back" }),
    opens: async () => {
      toast(t("case.is_open"), 8);
      go("kasushenti", { replace: true });
    },
    refused: async (error) => {
      if (error.code !== "wrong_state") return false;
      go("henti", { replace: true });
      return true;
    },
  });
}
