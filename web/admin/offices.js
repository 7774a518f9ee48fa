// The offices as a tree: those that stand below none, and from each down to those below it.

import { button, el, fill, icon } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { t } from "/web/shared/i18n.js";
import { officeField } from "/web/shared/office-field.js";
import { arrive, failed } from "/web/staff/frame.js";

function line(office) {
  return el(
    "li",
    {},
    el(
      "a",
      { class: "line", href: `#kantor/${office.office_id}` },
      el("b", {}, office.name),
      office.closed ? el("span", { class: "badge" }, icon("close"), t("offices.closed")) : el("span", {}),
      el("span", { class: "muted small" }, `${office.code} · ${t(`offices.kind.${office.kind}`)}`),
    ),
  );
}

/** The offices right below one, or those below none, a page at a time. `isOver()` says that nobody looks any more. */
export function officeList(session, above, isOver) {
  const list = el("ul", { class: "lines" });
  const more = el("div", {}, el("p", { class: "muted" }, t("admin.loading")));

  const asking = newest(isOver);
  async function load(cursor) {
    const counts = asking();
    try {
      const query = new URLSearchParams({ limit: 50, ...(above ? { above } : {}), ...(cursor ? { cursor } : {}) });
      const { items, next } = await session.call(`/offices?${query}`);
      if (!counts()) return;
      list.append(...items.map(line));
      const none = el("li", { class: "empty" }, icon("office"), el("p", {}, t("offices.none")));
      if (!list.children.length) fill(list, none);
      fill(more, next ? button(t("admin.more"), () => load(next), { kind: "secondary", wide: false }) : null);
    } catch (error) {
      if (counts()) fill(more, failed(error, () => load(cursor)));
    }
  }
  load();
  return [list, more];
}

/** Shows them. Gives a function that ends it. */
export function officesScreen(main, session) {
  let ended = false;
  const may = session.who.permissions.includes("ask_proposals");
  const open = ({ key }) => (location.hash = `#kantor/${key}`);
  fill(
    main,
    el(
      "section",
      { class: "card stack" },
      el("h1", {}, t("offices.title")),
      el("p", { class: "lead" }, t("offices.lead")),
      may ? el("a", { class: "button", href: "#kantor/baru" }, icon("plus"), t("offices.add")) : null,
      officeField({ id: "find", label: t("offices.find"), hint: t("offices.find.hint"), onChoose: open }),
      officeList(session, null, () => ended),
    ),
  );
  arrive(main);
  return () => (ended = true);
}
