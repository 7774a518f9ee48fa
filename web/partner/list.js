// Many employees at once: a list of a spreadsheet is judged, shown, and then sent as it was shown.

import { announce, button, el, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { language, t } from "/web/shared/i18n.js";
import { arrive, failed, refused } from "/web/staff/frame.js";

const MOST_BYTES = 256 * 1024;
// The list that is looked at: drawn anew, in another language, it is judged anew.
let kept = null;

/** An example that a spreadsheet opens, made here. */
function example() {
  const rows = [
    "nama;surel;nama pengguna",
    "Dewi Lestari;dewi@lembaga.example;",
    "Agus Salim;agus@lembaga.example;agus.kasir",
  ];
  return URL.createObjectURL(new Blob([`\ufeff${rows.join("\r\n")}\r\n`], { type: "text/csv" }));
}

const cell = (tag, content, props = {}) => el(tag, props, content);
const head = (key, at) => cell("th", t(key), { scope: "col", class: at ? null : "number" });

function table(caption, heads, rows) {
  return el(
    "div",
    { class: "table-place", tabindex: "0", role: "region", "aria-label": caption },
    el(
      "table",
      { class: "figures" },
      el("caption", {}, caption),
      el("thead", {}, el("tr", {}, heads.map(head))),
      el("tbody", {}, rows),
    ),
  );
}

const people = (items) =>
  table(
    t("partner.list.people", { n: items.length }),
    ["partner.list.row", "partner.invite.name", "partner.invite.username", "partner.invite.email"],
    items.map((one) =>
      el(
        "tr",
        {},
        cell("td", one.row, { class: "number" }),
        cell("th", one.full_name, { scope: "row" }),
        cell("td", [
          el("span", { class: "mono" }, one.username),
          one.suggested ? [" ", el("span", { class: "muted small" }, t("partner.list.suggested"))] : null,
        ]),
        cell("td", one.email),
      ),
    ),
  );

const problems = (items) =>
  table(
    t("partner.list.problems", { n: items.length }),
    ["partner.list.row", "partner.list.field", "partner.list.do"],
    items.map((one) =>
      el(
        "tr",
        {},
        cell("td", one.row, { class: "number" }),
        cell("th", t(`partner.list.field.${one.field}`), { scope: "row" }),
        cell("td", one.message),
      ),
    ),
  );

/** Shows it. Gives a function that ends it. */
export function listScreen(main, call) {
  let ended = false;
  const asking = newest(() => ended);
  const shown = el("div", { class: "stack", "aria-live": "polite" });
  const input = el("input", { type: "file", id: "list", accept: ".csv,text/csv", class: "file" });
  input.setAttribute("aria-describedby", "list-hint");
  input.addEventListener("change", () => (input.files.length ? judge() : undefined));

  const post = (path, body, headers = {}) =>
    call(path, { method: "POST", body, headers: { "Content-Type": "text/csv", ...headers }, timeout: 60000 });

  async function judge() {
    const [file] = input.files;
    const counts = asking();
    if (file?.size > MOST_BYTES) return fill(shown, notice("danger", t("partner.list.large")));
    fill(shown, el("p", { class: "muted" }, t("partner.list.judging")));
    try {
      // What was chosen is kept as it is now: the spreadsheet may write the file again.
      if (file) kept = new Blob([await new Response(file).arrayBuffer()]);
      const body = kept;
      const found = await post("/employee-lists/check", body);
      if (!counts()) return undefined;
      return show(found, body);
    } catch (error) {
      if (!counts()) return undefined;
      const [field] = error.fields ?? [];
      return fill(shown, field ? notice("danger", t("partner.list.unread"), field.message) : failed(error, judge));
    }
  }

  function show(found, body) {
    const { version, items } = found;
    const place = el("div", { class: "problem-place" });
    if (!version) {
      const told = notice("danger", t("partner.list.wrong"), t("partner.list.wrong.do"));
      fill(shown, told, problems(found.problems), items.length ? people(items) : null);
      return announce(t("partner.list.wrong"));
    }
    const send = button(t("partner.list.send", { n: items.length }), () => invite(version, body, [send, place]), {
      picture: "mail",
      wide: false,
    });
    fill(shown, notice("info", t("partner.list.good"), t("partner.list.good.do")), people(items), place, send);
    return announce(t("partner.list.people", { n: items.length }));
  }

  async function invite(version, body, [send, place]) {
    send.disabled = true;
    fill(place);
    try {
      const { invited } = await post(`/employee-lists?language=${language}`, body, { "If-Match": `"${version}"` });
      if (ended) return;
      input.value = "";
      kept = null;
      const told = t("partner.list.sent", { n: invited });
      fill(shown, notice("success", told, el("a", { href: "#pegawai" }, t("partner.list.sent.do"))));
      announce(told);
    } catch (error) {
      if (!ended) refused(place, error);
    } finally {
      send.disabled = false;
    }
  }

  fill(
    main,
    el(
      "section",
      { class: "card stack" },
      el("a", { class: "back", href: "#pegawai" }, icon("back"), t("partner.people.title")),
      el("h1", {}, t("partner.list.title")),
      el("p", { class: "lead" }, t("partner.list.lead")),
      el(
        "div",
        { class: "field" },
        el("label", { for: "list" }, t("partner.list.file")),
        el("p", { class: "hint", id: "list-hint" }, t("partner.list.hint")),
        input,
      ),
      el("p", {}, el("a", { href: example(), download: "pegawai.csv" }, t("partner.list.example"))),
      shown,
    ),
  );
  arrive(main);
  if (kept) judge();
  return () => {
    ended = true;
    if (location.hash !== "#daftar") kept = null;
  };
}
