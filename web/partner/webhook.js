// Where the organisation's systems are told: the address is set, tested by a challenge, and looked after.

import { announce, button, el, failNamed, field, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { ask } from "/web/staff/ask.js";
import { allFilled } from "/web/staff/fields.js";
import { arrive, failed, refused } from "/web/staff/frame.js";

const BADGES = { unverified: ["wait", "clock"], active: ["good", "check"], stopped: ["bad", "block"] };

/** Shows a new secret, once. */
function show(set) {
  return ask(t("partner.hook.secret"), (done) => [
    notice("warning", t("partner.key.once"), t("partner.key.once.do")),
    el("p", { class: "secret mono", id: "new-secret", tabindex: "0" }, set.secret),
    el("p", { class: "muted" }, t("partner.hook.secret.use")),
    button(t("partner.key.kept"), () => done(true), { picture: "check", autofocus: true }),
  ]);
}

function form(call, present, made) {
  const url = field({
    id: "hook-url",
    label: t("partner.hook.url"),
    hint: t("partner.hook.url.hint"),
    type: "url",
    inputmode: "url",
    autocapitalize: "none",
    spellcheck: "false",
    maxlength: 500,
    value: present?.url ?? "",
    required: true,
  });
  const place = el("div", { class: "problem-place" });
  const send = button(t("partner.hook.set"), null, { type: "submit", wide: false });
  return el(
    "form",
    {
      class: "stack",
      novalidate: true,
      onsubmit: async (event) => {
        event.preventDefault();
        fill(place);
        if (!allFilled([url])) return;
        send.disabled = true;
        try {
          const set = await call("/webhook", { method: "PUT", json: { url: url.input.value } });
          await show(set);
          made();
        } catch (error) {
          if (!failNamed(error, { url })) refused(place, error);
        } finally {
          send.disabled = false;
        }
      },
    },
    url,
    place,
    present ? el("p", { class: "muted" }, t("partner.hook.again")) : null,
    send,
  );
}

/** Shows it. Gives a function that ends it. */
export function webhookScreen(main, call) {
  let ended = false;
  const asking = newest(() => ended);
  const shown = el("div", { class: "stack" });
  const place = el("div", { class: "problem-place" });

  async function test(button_) {
    fill(place);
    button_.disabled = true;
    button_.textContent = t("partner.hook.testing");
    try {
      await call("/webhook/verification", { method: "POST", again: true, timeout: 20000 });
      announce(t("partner.hook.tested"));
    } catch (error) {
      if (!ended) refused(place, error);
    }
    if (!ended) await load();
  }

  async function remove() {
    const sure = await ask(t("partner.hook.remove.sure"), (done) => [
      el("p", {}, t("partner.hook.remove.what")),
      button(t("partner.hook.remove"), () => done(true), { kind: "danger" }),
    ]);
    if (!sure || ended) return;
    fill(place);
    try {
      await call("/webhook", { method: "DELETE", again: true });
      announce(t("partner.hook.removed"));
    } catch (error) {
      if (!ended) refused(place, error);
    }
    if (!ended) await load();
    main.querySelector("h1")?.focus();
  }

  function standing(hook) {
    const [kind, picture] = BADGES[hook.state];
    const arrived = hook.delivered_at
      ? t("partner.hook.delivered", { when: dateTime(hook.delivered_at) })
      : t("partner.hook.nothing");
    const trouble = hook.failing_since
      ? notice(
          "warning",
          t("partner.hook.failing", { when: dateTime(hook.failing_since) }),
          t(`partner.hook.fault.${hook.fault}`),
        )
      : null;
    const tester = button(t("partner.hook.test"), () => test(tester), { wide: false, picture: "check" });
    return el(
      "section",
      { class: "card stack", "aria-labelledby": "hook-title" },
      el("h2", { id: "hook-title" }, t("partner.hook.title")),
      el("p", { class: "mono anywhere" }, hook.url),
      el("p", {}, el("span", { class: `badge ${kind}` }, icon(picture), t(`partner.hook.${hook.state}`))),
      el("p", {}, t(`partner.hook.${hook.state}.do`)),
      trouble,
      el("p", { class: "muted small" }, arrived, " ", t("partner.hook.waiting", { n: hook.waiting })),
      place,
      el(
        "div",
        { class: "row" },
        hook.state === "unverified" ? tester : null,
        button(t("partner.hook.remove"), remove, { kind: "secondary", wide: false }),
      ),
    );
  }

  async function load() {
    const counts = asking();
    let hook = null;
    try {
      hook = await call("/webhook");
    } catch (error) {
      if (!counts()) return;
      if (error.code !== "not_found") return fill(shown, failed(error, load));
    }
    if (!counts()) return;
    fill(
      shown,
      hook ? standing(hook) : null,
      el(
        "section",
        { class: "card stack", "aria-labelledby": "set-title" },
        el("h2", { id: "set-title" }, t(hook ? "partner.hook.change" : "partner.hook.new")),
        form(call, hook, load),
      ),
    );
  }

  fill(
    main,
    el(
      "div",
      { class: "stack" },
      el("h1", {}, t("partner.nav.webhook")),
      el("p", { class: "lead" }, t("partner.hook.lead")),
      shown,
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}
