// Who works at an office, or for the national administration: the list, and what is asked about people. One person
// asks, another grants; then the person gets a link and sets the own password. Nobody here ever sees one.

import { confirm } from "/web/shared/dialog.js";
import { announce, button, el, field, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, ktpDate, language, t } from "/web/shared/i18n.js";
import { askForm } from "./form.js";
import { arrive, failed, refused } from "./frame.js";

const OF_OFFICE = ["officer", "supervisor", "data_officer", "assistant"];
const OF_NATION = ["administrator", "auditor", "province"];
const BADGES = {
  active: ["good", "check"],
  paused: ["wait", "clock"],
  ended: ["", "clock"],
  disabled: ["bad", "block"],
};
const DUE_DAYS = 30;

/** Whether somebody's time ends within a month, so that it is confirmed in time. */
const isDue = (item) =>
  item.standing === "active" && item.last_day && new Date(item.last_day) - Date.now() < DUE_DAYS * 86400000;

const emailField = () =>
  field({
    id: "email",
    label: t("staffing.email"),
    hint: t("staffing.email.hint"),
    type: "email",
    autocomplete: "off",
    maxlength: 254,
    required: true,
  });

/** Shows it. `nation`: people of all offices, chosen by code. Gives a function that ends it. */
export function staffingScreen(main, session, { nation = false } = {}) {
  let ended = false;
  const asking = newest(() => ended);
  const may = (permission) => session.who.permissions.includes(permission);
  const place = el("div", { class: "problem-place" });
  const list = el("ul", { class: "lines" });
  const more = el("div", {});
  const waiting = el("ul", { class: "lines" });
  const code = field({
    id: "office-code",
    label: t("staffing.office"),
    hint: t("staffing.office.hint"),
    autocomplete: "off",
    autocapitalize: "characters",
    maxlength: 20,
  });
  let office = "";

  /** Does something, says so, and draws anew what it may have changed. */
  async function act(work, said) {
    fill(place);
    try {
      const answer = await work();
      if (answer === null || ended) return;
      announce(typeof said === "function" ? said(answer) : said);
      fill(place, notice("success", typeof said === "function" ? said(answer) : said));
    } catch (error) {
      if (ended) return;
      refused(place, error);
    }
    await Promise.all([load(), loadWaiting()]);
  }

  const post = (path, json = {}) => session.call(`/staff${path}`, { method: "POST", json });
  const became = ({ state }) => t(`staffing.became.${state}`);

  function invite() {
    const roles = !nation ? OF_OFFICE : office ? [...OF_OFFICE, "head"] : OF_NATION;
    const fields = {
      full_name: field({
        id: "full-name",
        label: t("staffing.name"),
        autocomplete: "off",
        maxlength: 100,
        required: true,
      }),
      username: field({
        id: "new-username",
        label: t("staffing.username"),
        hint: t("staffing.username.hint"),
        autocomplete: "off",
        autocapitalize: "none",
        spellcheck: "false",
        maxlength: 40,
        required: true,
      }),
      email: emailField(),
      role: field({
        id: "role",
        label: t("staffing.role"),
        tag: "select",
        options: roles.map((role) => [role, t(`role.${role}`)]),
      }),
      ...(nation && !office
        ? {
            region: field({
              id: "region",
              label: t("staffing.region"),
              hint: t("staffing.region.hint"),
              autocomplete: "off",
              inputmode: "numeric",
              maxlength: 2,
            }),
          }
        : {}),
      last_day: field({
        id: "last-day",
        label: t("staffing.last_day"),
        hint: t("staffing.last_day.hint"),
        type: "date",
      }),
    };
    const body = (values) => ({ ...values, language, ...(office ? { office } : {}) });
    const lead = nation && !office ? t("staffing.invite.nation") : t("staffing.invite.lead");
    return act(
      () => askForm(t("staffing.invite"), lead, fields, (values) => post("", body(values)), t("staffing.invite.send")),
      became,
    );
  }

  function renew(item) {
    const send = (values) => post(`/${item.staff_id}/renewal`, { ...values, language });
    const lead = t("staffing.renew.lead", { name: item.full_name });
    const [title, label] = [t("staffing.renew"), t("staffing.renew.send")];
    return act(() => askForm(title, lead, { email: emailField() }, send, label), became);
  }

  async function sure(item, key) {
    const words = { title: t(`staffing.${key}`), text: t(`staffing.${key}.lead`, { name: item.full_name }) };
    return confirm({ ...words, yes: t(`staffing.${key}.yes`), no: t("staff.close") });
  }

  /** What is asked for after a question. Null where the answer was no. */
  const after = async (item, key, path) =>
    (await sure(item, key)) ? ((await post(`/${item.staff_id}/${path}`)) ?? {}) : null;

  function acts(item) {
    // Heads are the national administration's to look after.
    if (item.username === session.who.username || (!nation && item.role === "head")) return null;
    const gone = item.standing === "disabled";
    const leads = may("lead_staff") && !gone;
    const quiet = { kind: "secondary", wide: false };
    const stays = () => post(`/${item.staff_id}/confirmation`);
    const confirmed = (done) => t("staffing.confirmed", { day: ktpDate(done.last_day) });
    const all = [
      leads && item.role !== "assistant"
        ? button(t("staffing.confirm"), () => act(stays, confirmed), { ...quiet, picture: "check" })
        : null,
      may("ask_staff") ? button(t(gone ? "staffing.back" : "staffing.renew"), () => renew(item), quiet) : null,
      may("ask_staff") && !gone && !leads
        ? button(t("staffing.leave"), () => act(() => after(item, "leave", "departure"), became), quiet)
        : null,
      leads
        ? button(t("staffing.stop"), () => act(() => after(item, "stop", "stop"), t("staffing.stopped")), {
            kind: "danger",
            wide: false,
          })
        : null,
    ].filter(Boolean);
    if (!all.length) return null;
    const name = { "aria-label": `${t("staffing.acts")}: ${item.full_name}` };
    return el("details", { class: "acts" }, el("summary", name, t("staffing.acts")), el("div", { class: "row" }, all));
  }

  function line(item) {
    const [kind, picture] = BADGES[item.standing] ?? ["", "info"];
    const role = t(`role.${item.role}`);
    const acting = item.acting_role ? t("staffing.acting", { role: t(`role.${item.acting_role}`) }) : null;
    const day = item.last_day ? t("staffing.until", { day: ktpDate(item.last_day) }) : null;
    return el(
      "li",
      { class: "line tall" },
      el("b", {}, item.full_name),
      el("span", { class: `badge ${kind}` }, icon(picture), t(`staffing.standing.${item.standing}`)),
      el("span", { class: "muted small" }, [item.username, role, acting, day].filter(Boolean).join(" · ")),
      isDue(item) ? el("span", { class: "badge wait" }, icon("clock"), t("staffing.due")) : null,
      acts(item),
    );
  }

  function request(item) {
    const what = t(`staffing.kind.${item.kind}`, { name: item.full_name, role: t(`role.${item.role}`) });
    const end = async (how) => (await post(`/requests/${item.request_id}/${how}`)) ?? {};
    const grant = () => act(() => end("grant"), t("staffing.granted"));
    const refuse = () => act(() => end("refuse"), t("staffing.refused"));
    return el(
      "li",
      { class: "entry stack-tight" },
      el("b", {}, what),
      el(
        "span",
        { class: "muted small" },
        [item.office, t("staffing.asked", { who: item.asked_by, when: dateTime(item.asked_at) })]
          .filter(Boolean)
          .join(" · "),
      ),
      item.last_day ? el("span", { class: "muted small" }, t("staffing.until", { day: ktpDate(item.last_day) })) : null,
      el(
        "div",
        { class: "row" },
        may("grant_staff") && !item.own
          ? button(t("staffing.grant"), grant, {
              wide: false,
              picture: "check",
              "aria-label": `${t("staffing.grant")}: ${what}`,
            })
          : null,
        may("refuse_staff")
          ? button(t(item.own ? "staffing.withdraw" : "staffing.refuse"), refuse, {
              kind: "secondary",
              wide: false,
              "aria-label": `${t(item.own ? "staffing.withdraw" : "staffing.refuse")}: ${what}`,
            })
          : null,
      ),
      item.own ? el("p", { class: "muted small" }, t("staffing.own")) : null,
    );
  }

  const query = (cursor) =>
    new URLSearchParams({ ...(office ? { office } : {}), ...(cursor ? { cursor } : {}) }).toString();

  async function load(cursor) {
    const counts = asking();
    try {
      const { items, next } = await session.call(`/staff?${query(cursor)}`);
      if (!counts()) return;
      if (!cursor) fill(list);
      list.append(...items.map(line));
      const none = el("li", { class: "empty" }, icon("people"), el("p", {}, t("staffing.none")));
      if (!list.children.length) fill(list, none);
      const older = () => button(t("staffing.more"), () => load(next), { kind: "secondary", wide: false });
      fill(more, next ? older() : null);
    } catch (error) {
      if (!counts()) return;
      fill(list);
      fill(more, failed(error, () => load()));
    }
  }

  async function loadWaiting() {
    try {
      const { items } = await session.call("/staff/requests");
      if (ended) return;
      const none = el("li", { class: "empty" }, icon("check"), el("p", {}, t("staffing.waiting.none")));
      fill(waiting, items.length ? items.map(request) : none);
    } catch (error) {
      if (!ended) fill(waiting, el("li", {}, failed(error, loadWaiting)));
    }
  }

  const chosen = el("h2", { id: "people-list" }, nation ? t("staffing.of_nation") : t("staffing.list"));
  const choose = el(
    "form",
    {
      class: "stack-tight",
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        office = code.input.value.trim().toUpperCase();
        fill(chosen, office ? t("staffing.of", { office }) : t("staffing.of_nation"));
        load();
      },
    },
    code,
    button(t("staffing.show"), null, { type: "submit", kind: "secondary", wide: false }),
  );

  fill(
    main,
    el(
      "div",
      { class: "two to-left" },
      el(
        "section",
        { class: "card stack", "aria-labelledby": "people-list" },
        el("h1", {}, t("staffing.title")),
        el("p", { class: "lead" }, t("staffing.lead")),
        nation ? choose : null,
        place,
        may("ask_staff") ? button(t("staffing.invite"), invite, { wide: false, picture: "plus" }) : null,
        chosen,
        list,
        more,
      ),
      el(
        "section",
        { class: "card stack", "aria-labelledby": "people-waiting" },
        el("h2", { id: "people-waiting" }, t("staffing.waiting")),
        waiting,
      ),
    ),
  );
  arrive(main);
  load();
  loadWaiting();
  return () => (ended = true);
}
