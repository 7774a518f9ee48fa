// The organisation's people who log in: an administrator lets them in, and keeps them out.

import { announce, button, el, fill, icon, notice } from "/web/shared/dom.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { ask } from "/web/staff/ask.js";
import { arrive, failed, refused } from "/web/staff/frame.js";

/** Shows them. Gives a function that ends it. */
export function peopleScreen(main, call) {
  let ended = false;
  const list = el("ul", { class: "lines" });
  const foot = el("div", {});
  const place = el("div", { class: "problem-place" });

  async function turn(person, act) {
    if (act === "disable") {
      const sure = await ask(t("partner.people.disable.sure", { name: person.full_name }), (done) => [
        el("p", {}, t("partner.people.disable.what")),
        button(t("partner.people.disable"), () => done(true), { kind: "danger" }),
      ]);
      if (!sure || ended) return;
    }
    fill(place);
    try {
      await call(`/employees/${person.employee_id}/${act}`, { method: "POST", again: true });
      if (ended) return;
      person.active = act === "enable";
      announce(t(person.active ? "partner.people.enabled" : "partner.people.disabled", { name: person.full_name }));
      const next = line(person);
      document.getElementById(`person-${person.employee_id}`)?.replaceWith(next);
      next.querySelector("button")?.focus();
    } catch (error) {
      if (!ended) refused(place, error);
    }
  }

  function line(person) {
    const act = person.active ? "disable" : "enable";
    const [kind, picture] = person.active ? ["good", "check"] : ["", "block"];
    const state = t(person.active ? "partner.people.active" : "partner.people.inactive");
    return el(
      "li",
      { class: "line tall", id: `person-${person.employee_id}` },
      el("b", {}, person.full_name),
      el("span", { class: `badge ${kind}` }, icon(picture), state),
      el(
        "span",
        { class: "muted small whole" },
        el("span", { class: "mono" }, person.username),
        ` · ${t(person.administrator ? "partner.people.administrator" : "partner.people.employee")} · `,
        person.logged_in_at
          ? t("partner.people.seen", { when: dateTime(person.logged_in_at) })
          : t("partner.people.never"),
      ),
      person.administrator
        ? null
        : button(t(`partner.people.${act}`), () => turn(person, act), {
            kind: "secondary",
            wide: false,
            "aria-label": `${t(`partner.people.${act}`)}: ${person.full_name}`,
          }),
    );
  }

  async function load(cursor) {
    fill(foot);
    try {
      const page = await call(`/employees?limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
      if (ended) return;
      list.append(...page.items.map(line));
      if (page.next) {
        fill(foot, button(t("partner.more"), () => load(page.next), { kind: "secondary", wide: false }));
      }
    } catch (error) {
      if (!ended) fill(foot, failed(error, () => load(cursor)));
    }
  }

  fill(
    main,
    el(
      "section",
      { class: "card stack" },
      el("h1", {}, t("partner.people.title")),
      el("p", { class: "lead" }, t("partner.people.lead")),
      notice("info", t("partner.people.add"), t("partner.people.add.do")),
      place,
      list,
      foot,
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}
