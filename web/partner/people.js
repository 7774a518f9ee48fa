// The organisation's people who log in: an administrator invites them, lets them in, and keeps them out.

import { announce, button, el, field, fill, icon, notice } from "/web/shared/dom.js";
import { dateTime, language, t } from "/web/shared/i18n.js";
import { ask } from "/web/staff/ask.js";
import { askForm } from "/web/staff/form.js";
import { arrive, failed, refused } from "/web/staff/frame.js";

const QUIET = { kind: "secondary", wide: false };
const text = (id, key, most, required, hint) =>
  field({
    id,
    label: t(`partner.invite.${key}`),
    hint,
    autocomplete: "off",
    autocapitalize: id === "full_name" ? "words" : "none",
    maxlength: most,
    required,
  });
const emailField = () =>
  field({
    id: "email",
    label: t("partner.invite.email"),
    hint: t("partner.invite.email.hint"),
    type: "email",
    autocomplete: "off",
    maxlength: 254,
    required: true,
  });

/** Shows them. Gives a function that ends it. */
export function peopleScreen(main, call) {
  let ended = false;
  const list = el("ul", { class: "lines", id: "people" });
  const foot = el("div", {});
  const place = el("div", { class: "problem-place" });
  const open = el("ul", { class: "lines", id: "invitations" });
  const openFoot = el("div", {});

  const say = (key, values) => {
    fill(place, notice("success", t(key, values)));
    announce(t(key, values));
  };

  async function invite() {
    const fields = {
      full_name: text("full_name", "name", 100, true),
      email: emailField(),
      username: text("username", "username", 40, false, t("partner.invite.username.hint")),
    };
    const send = async (values) => {
      await call("/invitations", { method: "POST", json: { ...values, language } });
      return values;
    };
    const [title, lead, label] = ["title", "lead", "send"].map((key) => t(`partner.invite.${key}`));
    const sent = await askForm(title, lead, fields, send, label);
    if (!sent || ended) return;
    say("partner.invite.sent", { name: sent.full_name });
    loadOpen();
  }

  async function renew(person) {
    const send = async (values) => {
      const json = { ...values, language };
      await call(`/employees/${person.employee_id}/renewal`, { method: "POST", json });
      return values;
    };
    const title = t("partner.renew.title", { name: person.full_name });
    const fields = { email: emailField() };
    const sent = await askForm(title, t("partner.renew.lead"), fields, send, t("partner.invite.send"));
    if (!sent || ended) return;
    say("partner.invite.sent", { name: person.full_name });
    loadOpen();
  }

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

  const named = (key, person, act) =>
    button(t(key), act, { ...QUIET, "aria-label": `${t(key)}: ${person.full_name}` });

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
        : el(
            "div",
            { class: "row whole" },
            named(`partner.people.${act}`, person, () => turn(person, act)),
            named("partner.renew", person, () => renew(person)),
          ),
    );
  }

  // The new link is another invitation: who reads that it was sent and presses a button of the old line would be told
  // that there is no such thing. So these rest, and the line is drawn anew before anything is said.
  async function again(one) {
    fill(place);
    const buttons = document.querySelectorAll(`#invitation-${one.invitation_id} button`);
    for (const each of buttons) each.disabled = true;
    let trouble = null;
    try {
      await call(`/invitations/${one.invitation_id}/resend`, { method: "POST" });
    } catch (error) {
      trouble = error;
    }
    if (ended) return;
    await loadOpen();
    if (ended) return;
    if (document.activeElement === document.body) arrive(document.getElementById("open-title").parentNode, "h2");
    if (trouble) refused(place, trouble);
    else say("partner.invite.resent", { name: one.full_name });
  }

  async function takeBack(one) {
    const sure = await ask(t("partner.invite.withdraw.sure", { name: one.full_name }), (done) => [
      el("p", {}, t("partner.invite.withdraw.what")),
      button(t("partner.invite.withdraw"), () => done(true), { kind: "danger" }),
    ]);
    if (!sure || ended) return;
    fill(place);
    try {
      await call(`/invitations/${one.invitation_id}`, { method: "DELETE" });
      if (!ended) say("partner.invite.withdrawn", { name: one.full_name });
    } catch (error) {
      if (!ended) refused(place, error);
    }
    if (!ended) loadOpen();
  }

  function openLine(one) {
    const until = one.expires_at ? t("partner.invite.until", { when: dateTime(one.expires_at) }) : "";
    return el(
      "li",
      { class: "line tall", id: `invitation-${one.invitation_id}` },
      el("b", {}, one.full_name),
      el("span", { class: "badge wait" }, icon("mail"), t(`partner.invite.kind.${one.kind}`)),
      el("span", { class: "muted small whole" }, el("span", { class: "mono" }, one.username), ` · ${until}`),
      one.administrator
        ? null
        : el(
            "div",
            { class: "row whole" },
            named("partner.invite.again", one, () => again(one)),
            named("partner.invite.withdraw", one, () => takeBack(one)),
          ),
    );
  }

  /** A page of lines at the end of a list, and a button for the next. */
  async function load(path, [lines, end, draw], cursor) {
    fill(end);
    const after = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    try {
      const page = await call(`${path}?limit=50${after}`);
      if (ended) return;
      if (!cursor) fill(lines);
      lines.append(...page.items.map(draw));
      if (page.next) fill(end, button(t("partner.more"), () => load(path, [lines, end, draw], page.next), QUIET));
      else if (!lines.children.length) fill(end, el("p", { class: "muted" }, t("partner.invite.none")));
    } catch (error) {
      if (!ended) fill(end, failed(error, () => load(path, [lines, end, draw], cursor)));
    }
  }
  const loadOpen = () => load("/invitations", [open, openFoot, openLine]);

  const own = [
    el(
      "section",
      { class: "card stack" },
      el("h1", {}, t("partner.people.title")),
      el("p", { class: "lead" }, t("partner.people.lead")),
      el(
        "div",
        { class: "row" },
        button(t("partner.invite"), invite, { wide: false, picture: "plus" }),
        el("a", { class: "button secondary", href: "#daftar" }, icon("people"), t("partner.list.nav")),
      ),
      place,
      list,
      foot,
    ),
    el(
      "section",
      { class: "card stack", "aria-labelledby": "open-title" },
      el("h2", { id: "open-title" }, t("partner.invite.open")),
      el("p", { class: "muted" }, t("partner.invite.open.lead")),
      open,
      openFoot,
    ),
  ];
  fill(main, el("div", { class: "stack-loose" }, own));
  arrive(main);
  load("/employees", [list, foot, line]);
  loadOpen();
  return () => (ended = true);
}
