// One office: what it is and where it stands, which two administrators change; and what its own people say of it.

import { announce, button, el, field, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, ktpDate, language, t } from "/web/shared/i18n.js";
import { askForm, formOf } from "/web/staff/form.js";
import { arrive, failed } from "/web/staff/frame.js";
import { officeList } from "./offices.js";
import { reasonField } from "./proposals.js";

const KINDS = ["dinas", "upt", "district", "village", "mpp", "mobile"];
const ZONES = ["wib", "wita", "wit"];

const part = (id, title, ...content) =>
  el("section", { class: "card stack", "aria-labelledby": id }, el("h2", { id }, title), content);
const fact = (label, ...values) => el("div", {}, el("dt", {}, label), el("dd", {}, values));

/** The fields of what is national's about an office, with what is so now. */
function officeFields(office) {
  const text = (id, label, most, value, more = {}) =>
    field({ id, label, autocomplete: "off", maxlength: most, value: value ?? "", ...more });
  const choice = (id, label, options, value) => field({ id, label, tag: "select", options, value });
  const regions = text("regions", t("offices.regions"), 1200, office.regions?.map((one) => one.code).join(", "), {
    hint: t("offices.regions.hint"),
    inputmode: "numeric",
  });
  regions.given = () => regions.input.value.split(/[\s,;]+/).filter(Boolean);
  const whole = (one) => {
    one.given = () => ({ text: one.input.value.trim() });
    return one;
  };
  return {
    name: text("office-name", t("offices.name"), 100, office.name, { required: true }),
    kind: choice(
      "kind",
      t("offices.kind"),
      KINDS.map((kind) => [kind, t(`offices.kind.${kind}`)]),
      office.kind ?? "upt",
    ),
    parent: whole(
      text("parent", t("offices.parent"), 20, office.above?.[0]?.code, {
        hint: t("offices.parent.hint"),
        autocapitalize: "characters",
      }),
    ),
    regions,
    address: whole(text("address", t("offices.address"), 200, office.address)),
    point: whole(text("point", t("offices.point"), 40, office.point, { hint: t("offices.point.hint") })),
    zone: choice(
      "zone",
      t("offices.zone"),
      ZONES.map((zone) => [zone, t(`offices.zone.${zone}`)]),
      office.zone ?? "wib",
    ),
  };
}

/** A form of an office; what was asked is seen among the requests. */
function officeForm({ title, lead, back, backName, label }, before, fields, send) {
  const all = { ...before, ...fields, reason: reasonField(t("proposal.reason.hint")) };
  const form = formOf(all, {
    label,
    send: ({ reason, code, ...rest }) => {
      const office = {};
      for (const [name, value] of Object.entries(rest)) office[name] = value.text ?? value;
      office.parent = office.parent?.toUpperCase();
      return send(code ? { code: code.toUpperCase(), office, reason } : { office, reason });
    },
    done: () => {
      announce(t("proposal.sent"));
      location.hash = "#persetujuan";
    },
  });
  return el(
    "section",
    { class: "card stack narrow" },
    el("a", { class: "back", href: back }, icon("back"), backName),
    el("h1", {}, title),
    el("p", { class: "lead" }, lead),
    form,
  );
}

function newOffice(main, session) {
  const code = field({
    id: "code",
    label: t("offices.code"),
    hint: t("offices.code.hint"),
    autocomplete: "off",
    autocapitalize: "characters",
    maxlength: 20,
    required: true,
  });
  const words = {
    title: t("offices.add"),
    lead: t("offices.add.lead"),
    back: "#kantor",
    backName: t("offices.title"),
    label: t("offices.send"),
  };
  const send = (json) => session.call("/offices", { method: "POST", json });
  fill(main, officeForm(words, { code }, officeFields({}), send));
  arrive(main);
}

function hours(office) {
  if (!office.hours.length) return t("offices.unsaid");
  const shown = (time) => (language === "id" ? time.replace(":", ".") : time);
  return el(
    "ul",
    { class: "plain" },
    office.hours.map((one) =>
      el("li", {}, `${t(`offices.weekday.${one.weekday}`)} ${shown(one.opens)}–${shown(one.closes)}`),
    ),
  );
}

const listed = (items) => el("ul", { class: "plain" }, items.map((one) => el("li", {}, one)));

/** Shows one; `which` says which form of it. Gives a function that ends it. */
export function officeScreen(main, session, id, which) {
  if (id === "baru") return newOffice(main, session);
  let ended = false;
  const asking = newest(() => ended);
  const may = session.who.permissions.includes("ask_proposals");
  const place = el("div", { class: "problem-place" });
  const path = (rest = "") => `/offices/${encodeURIComponent(id)}${rest}`;
  const post = (rest) => (json) => session.call(path(rest), { method: "POST", json });

  async function turn(key, rest, kind) {
    const fields = { reason: reasonField(t("proposal.reason.hint")) };
    const send = async (values) => (await post(rest)(values)) ?? {};
    const words = ["", ".lead"].map((word) => t(`offices.${key}${word}`));
    if ((await askForm(...words, fields, send, t("offices.send"), kind)) === null || ended) return;
    fill(place, notice("success", t("proposal.sent"), el("a", { href: "#persetujuan" }, t("proposal.sent.do"))));
    announce(t("proposal.sent"));
  }

  function acts(office) {
    if (!may) return null;
    const form = { class: "button secondary", href: `#kantor/${id}/ubah` };
    const change = el("a", form, icon("edit"), t("offices.change"));
    return part(
      "acts-title",
      t("parties.acts"),
      el(
        "div",
        { class: "row" },
        office.closed_at ? null : change,
        office.closed_at
          ? button(t("offices.reopen"), () => turn("reopen", "/reopening"), { kind: "secondary", wide: false })
          : button(t("offices.close"), () => turn("close", "/closing", "danger"), { kind: "danger", wide: false }),
      ),
    );
  }

  function page(office) {
    const regions = office.regions.map((one) => `${one.code} ${one.name ?? ""}`);
    const above = office.above[0];
    const unsaid = t("offices.unsaid");
    const people = office.people.map((one) => `${t(`role.${one.role}`)}: ${one.people}`);
    const nobody = t("offices.people.none");
    const holidays = office.holidays.map((one) => `${ktpDate(one.day)} ${one.name}`);
    const closed = office.closed_at ? t("offices.closed_since", { when: dateTime(office.closed_at) }) : null;
    return el(
      "div",
      { class: "two to-left" },
      el(
        "div",
        { class: "stack" },
        el(
          "section",
          { class: "card stack" },
          above
            ? el("a", { class: "back", href: `#kantor/${above.office_id}` }, icon("back"), above.name)
            : el("a", { class: "back", href: "#kantor" }, icon("back"), t("offices.title")),
          el("h1", { class: "anywhere" }, office.name),
          place,
          closed ? notice("warning", closed) : null,
          el(
            "dl",
            { class: "facts" },
            fact(t("offices.code"), el("span", { class: "mono" }, office.code)),
            fact(t("offices.kind"), t(`offices.kind.${office.kind}`)),
            fact(t("offices.regions"), regions.length ? listed(regions) : unsaid),
            fact(t("offices.address"), office.address ?? unsaid),
            fact(t("offices.point"), office.point ?? unsaid),
            fact(t("offices.zone"), t(`offices.zone.${office.zone}`)),
          ),
        ),
        acts(office),
        part("below-title", t("offices.below"), officeList(session, office.office_id, () => ended)),
      ),
      el(
        "div",
        { class: "stack" },
        part("people-title", t("offices.people"), people.length ? listed(people) : el("p", {}, nobody)),
        part(
          "own-title",
          t("offices.own"),
          el("p", { class: "muted" }, t("offices.own.lead")),
          el(
            "dl",
            { class: "facts" },
            fact(t("offices.hours"), hours(office)),
            fact(t("offices.holidays"), holidays.length ? listed(holidays) : unsaid),
            fact(t("offices.phone"), office.phone ?? unsaid),
            fact(t("offices.note"), office.note ?? unsaid),
            fact(t("offices.capacity"), office.capacity ?? unsaid),
          ),
        ),
      ),
    );
  }

  async function load() {
    const counts = asking();
    try {
      const office = await session.call(path());
      if (!counts()) return;
      const words = {
        title: t("offices.change"),
        lead: t("offices.change.lead", { name: office.name }),
        back: `#kantor/${id}`,
        backName: office.name,
        label: t("offices.send"),
      };
      const isForm = which === "ubah" && may && !office.closed_at;
      fill(main, isForm ? officeForm(words, {}, officeFields(office), post("/change")) : page(office));
      arrive(main);
    } catch (error) {
      if (!counts()) return;
      fill(main, el("section", { class: "card stack" }, el("h1", {}, t("offices.title")), failed(error, load)));
      arrive(main);
    }
  }

  fill(main, el("h1", {}, t("offices.title")), el("p", { class: "muted" }, t("admin.loading")));
  load();
  return () => (ended = true);
}
