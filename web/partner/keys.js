// The organisation's keys, and those to the sandbox: public keys that are registered, and API keys that are made here
// and shown once; two of each at most that live, revoked at once.

import { announce, button, el, failNamed, field, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, ktpDate, t } from "/web/shared/i18n.js";
import { ask } from "/web/staff/ask.js";
import { allFilled } from "/web/staff/fields.js";
import { arrive, failed, refused } from "/web/staff/frame.js";
import { registerKey } from "/web/partner/public-key.js";

const BADGES = { live: ["good", "check"], expired: ["wait", "clock"], revoked: ["", "close"] };
const MOST_DAYS = 365;

/** What differs between the two: where they are, and what is said. */
const REAL = {
  path: "/keys",
  register: "/public-keys",
  title: "partner.keys.title",
  lead: "partner.keys.lead",
  hint: "partner.key.label.hint",
  day: "partner.key.day.hint",
  revoke: "partner.key.revoke.what",
};
const TEST = {
  path: "/test-keys",
  register: "/test-public-keys",
  title: "partner.testkeys.title",
  lead: "partner.testkeys.lead",
  hint: "partner.testkeys.label.hint",
  day: "partner.testkeys.day.hint",
  revoke: "partner.testkeys.revoke.what",
};

/** A day from today on, as a calendar in Jakarta counts. */
function dayIn(days) {
  return new Date(Date.now() + 7 * 3600000 + days * 86400000).toISOString().slice(0, 10);
}

/** Shows a new key, once. */
function show(key) {
  return ask(t("partner.key.new"), (done) => [
    notice("warning", t("partner.key.once"), t("partner.key.once.do")),
    el("p", { class: "secret mono", id: "new-key", tabindex: "0", "aria-label": t("partner.key") }, key.api_key),
    el("p", { class: "muted" }, t("partner.key.until", { day: ktpDate(key.last_day) })),
    button(t("partner.key.kept"), () => done(true), { picture: "check", autofocus: true }),
  ]);
}

/** The last day of a key. */
const dayField = (id, hint) =>
  field({
    id,
    label: t("partner.key.day"),
    hint,
    type: "date",
    min: dayIn(0),
    max: dayIn(MOST_DAYS),
    value: dayIn(MOST_DAYS),
    required: true,
  });

/** The way in without a secret that is sent around. */
function publicKeys(call, kind, made) {
  const register = async () => {
    const registered = await registerKey(call, kind.register, dayField("public-day"));
    if (registered) made();
  };
  return el(
    "section",
    { class: "card stack", "aria-labelledby": "public-title" },
    el("h2", { id: "public-title" }, t("partner.public.title")),
    el("p", {}, t("partner.public.why")),
    button(t("partner.public.open"), register, { id: "public-open", wide: false, picture: "lock" }),
  );
}

/** The form for API keys, where these are taken; says until when, or that they are not. */
function apiKeys(call, kind, made) {
  const told = el("div", { class: "problem-place" });
  const node = el(
    "section",
    { class: "card stack", "aria-labelledby": "make-title" },
    el("h2", { id: "make-title" }, t("partner.key.make.title")),
    told,
    form(call, kind, made),
  );
  node.say = ({ api_keys_taken: taken, api_keys_until: until }) => {
    const kept = node.querySelector("form");
    kept.hidden = !taken;
    if (!taken) fill(told, notice("info", t("partner.key.nomore"), t("partner.key.nomore.do")));
    else if (!until) fill(told);
    else {
      const still = t("partner.key.still", { day: ktpDate(until) });
      fill(told, notice("warning", still, t("partner.key.nomore.do")));
    }
  };
  return node;
}

function form(call, kind, made) {
  const label = field({
    id: "key-label",
    label: t("partner.key.label"),
    hint: t(kind.hint),
    maxlength: 60,
    required: true,
  });
  const day = dayField("key-day", t(kind.day));
  const place = el("div", { class: "problem-place" });
  const send = button(t("partner.key.make"), null, { type: "submit", wide: false, picture: "plus" });
  return el(
    "form",
    {
      class: "stack",
      novalidate: true,
      onsubmit: async (event) => {
        event.preventDefault();
        fill(place);
        if (!allFilled([label, day])) return;
        send.disabled = true;
        try {
          const json = { label: label.input.value, last_day: day.input.value };
          const key = await call(kind.path, { method: "POST", json });
          label.input.value = "";
          await show(key);
          made();
        } catch (error) {
          if (!failNamed(error, { label, last_day: day })) refused(place, error);
        } finally {
          send.disabled = false;
        }
      },
    },
    label,
    day,
    place,
    send,
  );
}

/** Shows the keys of real checks. Gives a function that ends it. */
export const keysScreen = (main, call) => screenOf(REAL, main, call);

/** Shows those to the sandbox. Gives a function that ends it. */
export const testKeysScreen = (main, call) => screenOf(TEST, main, call);

function screenOf(kind, main, call) {
  let ended = false;
  const asking = newest(() => ended);
  const list = el("ul", { class: "lines" });
  const place = el("div", { class: "problem-place" });
  const making = apiKeys(call, kind, () => load());

  async function revoke(key, name) {
    const sure = await ask(t("partner.key.revoke.sure", { name }), (done) => [
      el("p", {}, t(kind.revoke)),
      button(t("partner.key.revoke"), () => done(true), { kind: "danger" }),
    ]);
    if (!sure || ended) return;
    fill(place);
    try {
      await call(`${kind.path}/${key.key_id}`, { method: "DELETE", again: true });
      announce(t("partner.key.revoked.now"));
    } catch (error) {
      if (!ended) refused(place, error);
    }
    await load();
    main.querySelector("h1")?.focus();
  }

  function line(key) {
    const name = key.label ?? t("partner.key.unnamed");
    const [colour, picture] = BADGES[key.state];
    const last = key.last_day ? t("partner.key.until", { day: ktpDate(key.last_day) }) : t("partner.key.endless");
    const used = key.last_used_at
      ? t("partner.key.used", { when: dateTime(key.last_used_at) })
      : t("partner.key.unused");
    return el(
      "li",
      { class: "line tall" },
      el("b", {}, name),
      el("span", { class: `badge ${colour}` }, icon(picture), t(`partner.key.${key.state}`)),
      el("span", { class: "muted small whole" }, t(`partner.key.kind.${key.kind}`)),
      el("span", { class: "muted small whole" }, t("partner.key.since", { when: dateTime(key.created_at) })),
      el("span", { class: "muted small whole" }, last),
      el("span", { class: "muted small whole" }, used, " ", el("span", { class: "mono" }, key.key_id)),
      key.state === "live"
        ? button(t("partner.key.revoke"), () => revoke(key, name), {
            kind: "secondary",
            wide: false,
            "aria-label": t("partner.key.revoke.of", { name }),
          })
        : null,
    );
  }

  async function load() {
    const counts = asking();
    try {
      const answer = await call(kind.path);
      if (!counts()) return;
      const { items } = answer;
      making.say(answer);
      // What lives stands first; of the others the newest.
      const over = items.filter((key) => key.state !== "live");
      const order = [...items.filter((key) => key.state === "live"), ...over.reverse()];
      const none = el("li", { class: "empty" }, icon("lock"), el("p", {}, t("partner.key.none")));
      fill(list, order.length ? order.map(line) : none);
    } catch (error) {
      if (!counts()) return;
      fill(list, el("li", {}, failed(error, load)));
    }
  }

  fill(
    main,
    el(
      "div",
      { class: "stack" },
      kind === TEST ? el("a", { class: "back", href: "#uji" }, icon("back"), t("partner.test.title")) : null,
      el("h1", {}, t(kind.title)),
      el("p", { class: "lead" }, t(kind.lead)),
      el(
        "div",
        { class: "two to-left" },
        el("section", { class: "card stack", "aria-label": t(kind.title) }, place, list),
        el("div", { class: "stack" }, publicKeys(call, kind, load), making),
      ),
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}
