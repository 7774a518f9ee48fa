// The own passkeys: a part of the account page; and the screen of whoever has to add one before anything else.

import { announce, button, el, field, fill, icon, notice } from "/web/shared/dom.js";
import { explain, newest } from "/web/shared/http.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { ask } from "./ask.js";
import { allFilled, clockNotice, passwordField, totpField } from "./fields.js";
import { arrive, failed, frame } from "./frame.js";
import { hasPasskeys, makePasskey, ownProof } from "./passkey.js";

/**
 * A form that proves who one is: the password, and a code or a passkey. `act(proof, values)` does what it is for;
 * `own` is the service's list of passkeys.
 */
function proofForm(session, own, { fields = {}, label, kind, act, done }) {
  const password = passwordField("proof-password");
  // Whoever has to use a passkey is not let in by a code.
  const totp = own.required && own.items.length ? null : totpField("proof-totp");
  const place = el("div", { class: "problem-place" });
  const named = Object.values(fields);

  async function run(typed, second) {
    fill(place);
    if (!allFilled(typed)) return;
    for (const one of buttons) one.disabled = true;
    try {
      const values = {};
      for (const [name, one] of Object.entries(fields)) values[name] = one.input.value.trim();
      done(await act({ password: password.input.value, ...(await second()) }, values));
    } catch (error) {
      const field_ = error.fields?.find((one) => fields[one.field]);
      if (field_) {
        fields[field_.field].fail(field_.message);
        return fields[field_.field].input.focus();
      }
      const wrong = error.code === "login_failed" && typed.includes(totp);
      const { title, detail } = wrong
        ? { title: t("passkeys.wrong"), detail: t("account.wrong.do") }
        : explain(error);
      const said = notice("danger", title, error.fields?.[0]?.message ?? detail);
      fill(place, said, typed.includes(totp) ? clockNotice(error) : null);
      place.scrollIntoView({ block: "nearest" });
    } finally {
      for (const one of buttons) one.disabled = false;
    }
  }

  const byCode = () => run([...named, password, totp], async () => ({ totp: totp.input.value.replace(/\D/g, "") }));
  const byKey = () => run([...named, password], async () => ({ passkey: await ownProof(session) }));
  const buttons = [];
  if (totp) buttons.push(button(label, null, { type: "submit", kind }));
  if (own.items.length && hasPasskeys())
    buttons.push(
      button(totp ? t("passkeys.prove") : label, totp ? byKey : null, {
        type: totp ? "button" : "submit",
        kind: totp ? "secondary" : kind,
        picture: "lock",
      }),
    );
  return el(
    "form",
    {
      class: "stack",
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        if (totp) byCode();
        else byKey();
      },
    },
    named,
    password,
    totp,
    place,
    buttons,
  );
}

const labelField = () =>
  field({
    id: "passkey-label",
    label: t("passkeys.label"),
    hint: t("passkeys.label.hint"),
    maxlength: 60,
    autocomplete: "off",
    required: true,
  });

function addForm(session, own, done) {
  return proofForm(session, own, {
    fields: { label: labelField() },
    label: t("passkeys.add"),
    act: async (proof, { label }) => {
      const question = await session.call("/passkeys/question", { method: "POST", json: proof });
      const made = await makePasskey(question);
      return session.call("/passkeys", { method: "POST", json: { label, ...made } });
    },
    done,
  });
}

const cannot = () => notice("warning", t("passkeys.cannot"), t("passkeys.cannot.do"));

/** The part of the account page. Gives `{node, load}`; `loaded(own)` hears what there is. */
export function passkeySection(session, loaded = () => {}) {
  const place = el("div", { class: "stack" });
  let own;

  async function add() {
    const added = await ask(t("passkeys.add"), (done) =>
      el("div", { class: "stack" }, el("p", {}, t("passkeys.add.lead")), addForm(session, own, done)),
    );
    if (added) announce(t("passkeys.added"));
    if (added) load();
  }

  async function remove(item) {
    const removed = await ask(t("passkeys.remove_of", { label: item.label }), (done) =>
      el(
        "div",
        { class: "stack" },
        el("p", {}, t("passkeys.remove.lead")),
        proofForm(session, own, {
          label: t("passkeys.remove"),
          kind: "danger",
          act: async (json) => {
            await session.call(`/passkeys/${item.passkey_id}/removal`, { method: "POST", json });
            return true;
          },
          done,
        }),
      ),
    );
    if (removed) announce(t("passkeys.removed"));
    if (removed) load();
  }

  const line = (item) =>
    el(
      "li",
      { class: "line" },
      el("b", {}, item.label),
      own.required && own.items.length === 1
        ? el("span", { class: "badge" }, icon("lock"), t("passkeys.last"))
        : button(t("passkeys.remove"), () => remove(item), {
            kind: "secondary",
            wide: false,
            "aria-label": t("passkeys.remove_of", { label: item.label }),
          }),
      el(
        "span",
        { class: "muted small" },
        t("passkeys.since", { when: dateTime(item.added_at) }),
        " ",
        item.used_at ? t("passkeys.used", { when: dateTime(item.used_at) }) : t("passkeys.unused"),
      ),
    );

  function draw() {
    if (!own.possible) return fill(place, el("p", {}, t("passkeys.impossible")));
    const full = own.items.length >= own.most;
    return fill(
      place,
      own.items.length
        ? el("ul", { class: "lines" }, own.items.map(line))
        : el("p", {}, t("passkeys.none")),
      !hasPasskeys()
        ? cannot()
        : full
          ? el("p", { class: "muted" }, t("passkeys.full", { n: own.most }))
          : button(t("passkeys.add"), add, { kind: "secondary", wide: false }),
    );
  }

  const asking = newest();
  async function load() {
    const counts = asking();
    try {
      const found = await session.call("/passkeys");
      if (!counts()) return;
      own = found;
      loaded(own);
      draw();
    } catch (error) {
      if (counts()) fill(place, failed(error, load));
    }
  }

  const node = el(
    "section",
    { class: "card stack", "aria-labelledby": "passkeys-title" },
    el("h2", { id: "passkeys-title" }, t("passkeys.title")),
    el("p", { class: "muted" }, t("passkeys.lead")),
    place,
  );
  return { node, load };
}

/** The whole page of whoever has to add a passkey before anything else; `next()` draws what comes after it. */
export function firstPasskey(session, { title, place, next }) {
  const { who } = session;
  const main = frame({ title, who: { name: who.full_name, place }, onLeave: () => session.logOut() });
  const done = async () => {
    announce(t("passkeys.added"));
    await session.restore();
    next();
  };
  fill(
    main,
    el(
      "div",
      { class: "door card stack" },
      el("h1", {}, t("passkeys.first")),
      el("p", { class: "lead" }, t("passkeys.first.lead")),
      el("p", {}, t("passkeys.first.code")),
      hasPasskeys() ? addForm(session, { items: [], required: true }, done) : cannot(),
    ),
  );
  arrive(main);
}
