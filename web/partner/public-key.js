// Registering a public key, in a dialog over the list of keys: the organisation's systems sign with the private half,
// which stays with them.

import { button, el, failNamed, field, fill, notice } from "/web/shared/dom.js";
import { ktpDate, t } from "/web/shared/i18n.js";
import { ask } from "/web/staff/ask.js";
import { allFilled } from "/web/staff/fields.js";
import { refused } from "/web/staff/frame.js";

/** Characters of a file that are read: a JWK has some hundred. */
const MOST = 16384;

/**
 * The JWK in a text, or null for what is none. A private key is told apart here, so that it is not even sent.
 */
function read(text) {
  try {
    const json = JSON.parse(text);
    const jwk = Array.isArray(json.keys) && json.keys.length === 1 ? json.keys[0] : json;
    if (typeof jwk !== "object" || jwk === null || !jwk.kty) return { wrong: t("partner.public.none") };
    if ("d" in jwk) return { wrong: t("partner.public.private") };
    return { jwk };
  } catch {
    return { wrong: t(/PRIVATE KEY/.test(text) ? "partner.public.private" : "partner.public.none") };
  }
}

/** Takes a text over from a file, into the field. */
function fromFile(jwk) {
  const input = el("input", {
    type: "file",
    accept: ".json,.jwk,application/json",
    class: "sr-only",
    tabindex: "-1",
    "aria-hidden": "true",
    onchange: async () => {
      const [file] = input.files;
      if (!file) return;
      jwk.input.value = await new Response(file.slice(0, MOST)).text();
      jwk.fail(read(jwk.input.value).wrong ?? "");
      jwk.input.focus();
    },
  });
  const choose = button(t("partner.public.file"), () => input.click(), {
    kind: "secondary",
    wide: false,
    picture: "upload",
  });
  return [choose, input];
}

/** What is configured where the private key is. */
function values(key) {
  const rows = [
    ["client_id", key.client_id],
    ["kid", key.key_id],
    ["issuer", key.issuer],
    ["token_endpoint", key.token_endpoint],
    ["thumbprint", key.thumbprint],
  ];
  return el(
    "dl",
    { class: "attributes" },
    rows.map(([name, value]) =>
      el(
        "div",
        {},
        el("dt", {}, t(`partner.public.${name}`)),
        el("dd", { class: "mono whole", id: `new-${name}` }, value),
      ),
    ),
  );
}

/** Shows what a registered key is called. Nothing of it is secret, and it stands in the list too. */
const show = (key) =>
  ask(t("partner.public.done"), (done) => [
    notice("success", t("partner.public.done.what"), t("partner.public.done.do")),
    values(key),
    el("p", { class: "muted" }, t("partner.key.until", { day: ktpDate(key.last_day) })),
    button(t("partner.public.close"), () => done(true), { picture: "check", autofocus: true }),
  ]);

/** Asks for a public key and registers it at `path`; gives whether it did. `last` is the field for its last day. */
export async function registerKey(call, path, last) {
  const key = await ask(t("partner.public.title"), (done) => {
    const label = field({
      id: "public-label",
      label: t("partner.key.label"),
      maxlength: 60,
      required: true,
      autofocus: true,
    });
    const jwk = field({
      id: "public-jwk",
      label: t("partner.public.jwk"),
      hint: t("partner.public.jwk.hint"),
      tag: "textarea",
      class: "mono",
      rows: 4,
      spellcheck: "false",
      required: true,
    });
    const place = el("div", { class: "problem-place" });
    const send = button(t("partner.public.send"), null, { type: "submit", picture: "check" });
    const submit = async (event) => {
      event.preventDefault();
      fill(place);
      if (!allFilled([label, jwk, last])) return;
      const found = read(jwk.input.value);
      jwk.fail(found.wrong ?? "");
      if (found.wrong) return jwk.input.focus();
      send.disabled = true;
      try {
        const json = { label: label.input.value, last_day: last.input.value, jwk: found.jwk };
        done(await call(path, { method: "POST", json }));
      } catch (error) {
        if (!failNamed(error, { label, jwk, last_day: last })) refused(place, error);
      } finally {
        send.disabled = false;
      }
    };
    return [
      el("p", {}, t("partner.public.lead")),
      el("form", { class: "stack", novalidate: true, onsubmit: submit }, label, jwk, fromFile(jwk), last, place, send),
    ];
  });
  if (key) await show(key);
  return Boolean(key);
}
