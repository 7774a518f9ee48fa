// What was submitted and what the register says, side by side.

import { el, icon, notice } from "/web/shared/dom.js";
import { ktpDate, t } from "/web/shared/i18n.js";

/** The part of the screen with the data. */
export function comparison(view) {
  const { submitted, register, differences } = view;
  const row = (field, label, ours, theirs, same) => {
    const found = differences.find((one) => one.field === field);
    const differs = Boolean(found) || (theirs !== null && !same);
    const verdict =
      theirs === null
        ? null
        : differs
          ? el("span", { class: "badge bad" }, el("span", { "aria-hidden": "true" }, "≠"), t("compare.differs"))
          : el("span", { class: "badge good" }, icon("check"), t("compare.same"));
    return el(
      "div",
      { class: `compared${differs ? " differs" : ""}`, data: { field } },
      el("h3", {}, label),
      verdict,
      el(
        "dl",
        {},
        el("div", {}, el("dt", {}, t("compare.submitted")), el("dd", {}, ours)),
        el("div", {}, el("dt", {}, t("compare.registered")), el("dd", {}, theirs ?? "–")),
      ),
      found ? el("p", { class: "why" }, icon("info"), el("span", {}, found.explanation)) : null,
    );
  };
  const rest = register
    ? [
        "birth_place",
        "sex",
        "blood_type",
        "address",
        "rt_rw",
        "village",
        "district",
        "regency",
        "province",
        "religion",
        "marital_status",
        "occupation",
        "nationality",
        "valid_until",
      ]
    : [];
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "data" },
    el("h2", { id: "data" }, t("compare.title")),
    view.warnings.map((text) => notice("warning", t("compare.nik_warning"), text)),
    row("nik", "NIK", submitted.nik, register?.nik ?? null, register?.nik === submitted.nik),
    row("full_name", t("field.full_name"), submitted.full_name, register?.full_name ?? null, true),
    row(
      "birth_date",
      t("field.birth_date"),
      ktpDate(submitted.birth_date),
      register ? ktpDate(register.birth_date) : null,
      true,
    ),
    el(
      "div",
      { class: "compared read-out" },
      el("h3", {}, t("compare.contact")),
      el("span", { class: "badge" }, icon("bell"), t("compare.read_out")),
      el(
        "dl",
        {},
        el("div", {}, el("dt", {}, t("field.email")), el("dd", {}, submitted.email ?? t("no_email"))),
        el("div", {}, el("dt", {}, t("field.phone")), el("dd", {}, submitted.phone)),
      ),
    ),
    register
      ? el(
          "details",
          {},
          el("summary", {}, t("compare.rest")),
          el(
            "dl",
            { class: "rest" },
            rest.map((field) => el("div", {}, el("dt", {}, t(`field.${field}`)), el("dd", {}, register[field] || "–"))),
          ),
        )
      : null,
  );
}
