// The desk's home: what the check is for, and every way for a QR or a code to come in.

import { button, el, field, fill } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { keep, read } from "/web/shared/storage.js";
import { arrive } from "/web/staff/frame.js";
import { intake } from "/web/staff/intake.js";

const PURPOSE = "ikd.teller.purpose";

// The code of the purpose that was chosen.
let purpose = read("local", PURPOSE);

function choose(code) {
  purpose = code;
  keep("local", PURPOSE, code);
}

/** The purpose that was chosen, of those that the session offers. */
export const chosenPurpose = (session) => session.who.purposes.find((one) => one.code === purpose);

/** A field for the ten digits that stand under a QR on request. */
function codeForm(take) {
  const input = field({
    id: "code",
    label: t("teller.code"),
    hint: t("teller.code.hint"),
    inputmode: "numeric",
    autocomplete: "off",
    spellcheck: "false",
    maxlength: 40,
    "data-digits": "",
  });
  input.input.className = "mono";
  return el(
    "form",
    {
      class: "code-form stack-tight",
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        // Whatever groups the digits, in whichever writing: only they count.
        const digits = input.input.value.normalize("NFKC").replace(/[\s\p{Pd}.]/gu, "");
        const good = /^\d{10}$/.test(digits);
        input.fail(good ? "" : t("teller.code.form"));
        if (!good) return input.input.focus();
        return take({ code: digits });
      },
    },
    input,
    button(t("staff.check"), null, { type: "submit", kind: "secondary" }),
  );
}

/**
 * Shows it. `begin(shown)` begins a check of `{token}` or `{code}`; `retype` puts the focus where a code is typed.
 * Gives a function that ends it.
 */
export function scanScreen(main, session, { begin, retype }) {
  const { purposes } = session.who;
  if (!purposes.some((one) => one.code === purpose)) purpose = purposes.length === 1 ? purposes[0].code : null;
  const problem = el("p", { class: "error", role: "alert", hidden: true }, t("teller.purpose.first"));
  const choices = purposes.map((one) => {
    const input = el("input", {
      type: "radio",
      name: "purpose",
      value: one.code,
      onchange: () => {
        choose(one.code);
        problem.hidden = true;
      },
    });
    input.checked = one.code === purpose;
    return el("label", { class: "check" }, input, el("span", {}, one.text));
  });
  const take = (shown) => {
    if (!purpose) {
      problem.hidden = false;
      choices[0]?.querySelector("input").focus();
      return t("teller.purpose.first");
    }
    begin(shown);
    return null;
  };
  const way = intake({ hint: t("teller.scan.hint"), onText: (token) => take({ token }) });
  fill(
    main,
    el(
      "div",
      { class: "stack" },
      el("h1", {}, t("teller.scan.title")),
      el(
        "div",
        { class: "two to-right" },
        el(
          "section",
          { class: "card stack" },
          el("fieldset", { class: "stack-tight" }, el("legend", { class: "legend" }, t("teller.purpose")), choices),
          problem,
          el("p", { class: "muted small" }, t("teller.purpose.why")),
        ),
        el("section", { class: "card scan" }, way),
        el("section", { class: "card" }, codeForm(take)),
      ),
    ),
  );
  arrive(main);
  if (retype) main.querySelector("#code").focus();
  return way.stop;
}
