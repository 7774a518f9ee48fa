// Places of the organisation where digital KTPs are accepted: anybody finds those that are shown at `/terima`.

import { announce, button, el, field, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { t } from "/web/shared/i18n.js";
import { pickField } from "/web/shared/pick.js";
import { ask } from "/web/staff/ask.js";
import { askForm } from "/web/staff/form.js";
import { arrive, failed, refused } from "/web/staff/frame.js";

const QUIET = { kind: "secondary", wide: false };
const WAIT_MILLISECONDS = 300;

const textField = (id, key, most, required, value) =>
  field({
    id,
    label: t(`partner.branch.${key}`),
    hint: t(`partner.branch.${key}.hint`),
    autocomplete: "off",
    maxlength: most,
    required,
    value: value ?? "",
  });

/** A kabupaten or kota, found by its name. */
function regencyField(call, branch) {
  const keys = ["hint", "found", "choose", "none", "failed"];
  const words = Object.fromEntries(keys.map((key) => [key, t(`partner.branch.regency.${key}`)]));
  words.label = t("partner.branch.regency");
  const look = async (text) => {
    const { items } = await call(`/regencies?${new URLSearchParams({ words: text.slice(0, 80) })}`);
    return items.map(({ code, name, province }) => ({ key: code, name, told: province }));
  };
  const chosen = branch?.regency_name ? { key: branch.regency, name: branch.regency_name } : null;
  const node = pickField({ id: "regency", words, look, chosen });
  node.given = () => node.value;
  node.isEmpty = () => !node.value;
  return node;
}

/** Whether anybody finds it. */
function shownField(shown) {
  const box = el("input", { type: "checkbox", id: "shown", checked: shown });
  const node = el("label", { class: "check", for: "shown" }, box, el("span", {}, t("partner.branch.shown")));
  node.input = box;
  node.fail = () => {};
  node.given = () => box.checked;
  node.isEmpty = () => false;
  return node;
}

const formFields = (call, branch) => ({
  name: textField("name", "name", 100, true, branch?.name),
  address: textField("address", "address", 200, true, branch?.address),
  regency: regencyField(call, branch),
  hours: textField("hours", "hours", 120, false, branch?.hours),
  shown: shownField(branch?.shown ?? true),
});

const about = ({ name, address, regency, hours }, shown) => ({ name, address, regency, hours, shown });

/** Shows them. Gives a function that ends it. */
export function branchesScreen(main, call) {
  let ended = false;
  const asking = newest(() => ended);
  let timer;
  const list = el("ul", { class: "lines", id: "branches" });
  const foot = el("div", {});
  const place = el("div", { class: "problem-place" });
  const search = field({
    id: "branch-find",
    label: t("partner.branch.find"),
    hint: t("partner.branch.find.hint"),
    type: "search",
    autocomplete: "off",
    maxlength: 80,
  });
  search.input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(load, WAIT_MILLISECONDS);
  });

  const say = (key, branch) => {
    const text = t(`partner.branch.${key}`, { name: branch.name });
    fill(place, notice("success", text));
    announce(text);
  };

  async function add() {
    const send = (values) => call("/branches", { method: "POST", json: values });
    const [title, lead, label] = ["add", "add.lead", "save"].map((key) => t(`partner.branch.${key}`));
    const added = await askForm(title, lead, formFields(call), send, label);
    if (!added || ended) return;
    say("added", added);
    load();
  }

  const change = (branch, next) =>
    call(`/branches/${branch.branch_id}`, { method: "PUT", json: { revision: branch.revision, branch: next } });

  async function edit(branch) {
    const send = async (values) => {
      await change(branch, values);
      return values;
    };
    const title = t("partner.branch.edit.title", { name: branch.name });
    const [lead, label] = ["edit.lead", "save"].map((key) => t(`partner.branch.${key}`));
    const saved = await askForm(title, lead, formFields(call, branch), send, label);
    if (!saved || ended) return;
    say("saved", saved);
    load();
  }

  async function turn(branch) {
    fill(place);
    try {
      await change(branch, about(branch, !branch.shown));
      if (ended) return;
      const next = { ...branch, shown: !branch.shown, revision: branch.revision + 1 };
      announce(t(`partner.branch.${next.shown ? "visible" : "hidden"}`, { name: branch.name }));
      const node = line(next);
      document.getElementById(`branch-${branch.branch_id}`)?.replaceWith(node);
      node.querySelector("[data-turn]")?.focus();
    } catch (error) {
      if (!ended) refused(place, error);
    }
  }

  async function remove(branch) {
    const sure = await ask(t("partner.branch.remove.sure", { name: branch.name }), (done) => [
      el("p", {}, t("partner.branch.remove.what")),
      button(t("partner.branch.remove"), () => done(true), { kind: "danger" }),
    ]);
    if (!sure || ended) return;
    fill(place);
    try {
      await call(`/branches/${branch.branch_id}`, { method: "DELETE", again: true });
      if (ended) return;
      say("removed", branch);
      load();
      main.querySelector("h1")?.focus();
    } catch (error) {
      if (!ended) refused(place, error);
    }
  }

  function line(branch) {
    const [kind, picture, state] = branch.shown ? ["good", "check", "shown"] : ["", "block", "hidden"];
    const named = (key, act, props) =>
      button(t(`partner.branch.${key}`), act, {
        ...QUIET,
        "aria-label": `${t(`partner.branch.${key}`)}: ${branch.name}`,
        ...props,
      });
    return el(
      "li",
      { class: "line tall", id: `branch-${branch.branch_id}` },
      el("b", {}, branch.name),
      el("span", { class: `badge ${kind}` }, icon(picture), t(`partner.branch.state.${state}`)),
      el(
        "span",
        { class: "muted small whole anywhere" },
        [branch.address, branch.regency_name ?? branch.regency].join(", "),
        branch.hours ? [el("br"), branch.hours] : null,
      ),
      el(
        "div",
        { class: "row whole" },
        named("edit", () => edit(branch)),
        named(branch.shown ? "hide" : "show", () => turn(branch), { "data-turn": "" }),
        named("remove", () => remove(branch)),
      ),
    );
  }

  async function load(cursor) {
    const counts = asking();
    const words = search.input.value.trim();
    const after = typeof cursor === "string" ? { cursor } : {};
    try {
      const page = await call(`/branches?${new URLSearchParams({ limit: 50, ...(words ? { words } : {}), ...after })}`);
      if (!counts()) return;
      if (!after.cursor) fill(list);
      list.append(...page.items.map(line));
      const none = t(words ? "partner.branch.nothing" : "partner.branch.none");
      if (page.next) fill(foot, button(t("partner.more"), () => load(page.next), QUIET));
      else fill(foot, list.children.length ? null : el("div", { class: "empty" }, icon("card"), el("p", {}, none)));
      if (words && !list.children.length) announce(none);
    } catch (error) {
      if (counts()) fill(foot, failed(error, () => load(cursor)));
    }
  }

  fill(
    main,
    el(
      "section",
      { class: "card stack" },
      el("h1", {}, t("partner.branch.title")),
      el("p", { class: "lead" }, t("partner.branch.lead")),
      el(
        "div",
        { class: "row" },
        button(t("partner.branch.add"), add, { wide: false, picture: "plus" }),
        el("a", { class: "button secondary", href: "#laporan" }, icon("list"), t("partner.report.title")),
      ),
      el("p", {}, el("a", { href: "/terima" }, t("partner.branch.public"))),
      place,
      search,
      list,
      foot,
    ),
  );
  arrive(main);
  load();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
