// The teller's desk: `/verifikasi`. Scan, understand at a glance, next.

import { button, el, field, fill, icon, uuid } from "/web/shared/dom.js";
import { dateTime, onLanguage, start, t } from "/web/shared/i18n.js";
import { showUncaught } from "/web/shared/http.js";
import { forget, keep, read, readObject } from "/web/shared/storage.js";
import { accountScreen } from "/web/staff/account.js";
import { arrive, failed, frame, intake, keepTyped, logInScreen, shortcuts } from "/web/staff/frame.js";
import { makeSession } from "/web/staff/session.js";
import { newCheck, resultScreen } from "./result.js";

const PURPOSE = "ikd.teller.purpose";
// The check on the screen, so that a reload shows it again: its key and the sealed QR, nothing of the person.
const CHECK = "ikd.teller.check";
const session = makeSession("/v1/teller", draw);
let leave = () => {};
let check = null;
let purpose = read("local", PURPOSE);
// After a code that nobody knows, the field for the next try is where the teller goes on.
let retype = false;

function choose(code) {
  purpose = code;
  keep("local", PURPOSE, code);
}

const joined =
  (...ends) =>
  () =>
    ends.forEach((end) => end?.());
const go = (address) => (location.hash === address ? draw() : (location.hash = address));

function forgetCheck() {
  check = null;
  forget("session", CHECK);
}

function scan() {
  retype = check?.byCode === true && check.answer?.reason === "unknown_code";
  forgetCheck();
  go("#pindai");
}

function begun(shown) {
  const id = uuid();
  check = newCheck(
    session,
    shown,
    session.who.purposes.find((one) => one.code === purpose),
    id,
  );
  keep("session", CHECK, JSON.stringify({ shown, id, purpose, who: session.who.username }));
  go("#hasil");
}

/** The check that was on the screen before a reload. */
function resumed() {
  try {
    const { shown, id, purpose: code, who } = readObject("session", CHECK);
    const asked = session.who.purposes.find((one) => one.code === code);
    return asked && who === session.who.username ? newCheck(session, shown, asked, id) : null;
  } catch {
    return null;
  }
}

/** A field for the ten digits that stand under a QR on request. */
function codeForm(take) {
  const input = field({
    id: "code",
    label: t("teller.code"),
    hint: t("teller.code.hint"),
    inputmode: "numeric",
    autocomplete: "off",
    spellcheck: "false",
    maxlength: 40,
    "data-digits": "",
  });
  input.input.className = "mono";
  return el(
    "form",
    {
      class: "code-form stack-tight",
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        // Whatever groups the digits, in whichever writing: only they count.
        const digits = input.input.value.normalize("NFKC").replace(/[\s\p{Pd}.]/gu, "");
        const good = /^\d{10}$/.test(digits);
        input.fail(good ? "" : t("teller.code.form"));
        if (!good) return input.input.focus();
        return take({ code: digits });
      },
    },
    input,
    button(t("staff.check"), null, { type: "submit", kind: "secondary" }),
  );
}

function scanScreen(main) {
  const { purposes } = session.who;
  if (!purposes.some((one) => one.code === purpose)) purpose = purposes.length === 1 ? purposes[0].code : null;
  const problem = el("p", { class: "error", role: "alert", hidden: true }, t("teller.purpose.first"));
  const choices = purposes.map((one) => {
    const input = el("input", {
      type: "radio",
      name: "purpose",
      value: one.code,
      onchange: () => {
        choose(one.code);
        problem.hidden = true;
      },
    });
    input.checked = one.code === purpose;
    return el("label", { class: "check" }, input, el("span", {}, one.text));
  });
  const take = (shown) => {
    if (!purpose) {
      problem.hidden = false;
      choices[0]?.querySelector("input").focus();
      return t("teller.purpose.first");
    }
    begun(shown);
    return null;
  };
  const way = intake({ hint: t("teller.scan.hint"), onText: (token) => take({ token }) });
  fill(
    main,
    el(
      "div",
      { class: "stack" },
      el("h1", {}, t("teller.scan.title")),
      el(
        "div",
        { class: "two to-right" },
        el(
          "section",
          { class: "card stack" },
          el("fieldset", { class: "stack-tight" }, el("legend", { class: "legend" }, t("teller.purpose")), choices),
          problem,
          el("p", { class: "muted small" }, t("teller.purpose.why")),
        ),
        el("section", { class: "card scan" }, way),
        el("section", { class: "card" }, codeForm(take)),
      ),
    ),
  );
  arrive(main);
  if (retype) main.querySelector("#code").focus();
  retype = false;
  return way.stop;
}

function historyScreen(main) {
  let ended = false;
  const list = el("ul", { class: "lines" });
  const foot = el("div", {});
  const pictures = { valid: ["good", "check"], invalid: ["bad", "block"], undetermined: ["wait", "help"] };
  async function load(cursor) {
    fill(foot);
    try {
      const page = await session.call(
        `/verifications?limit=20${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`,
      );
      if (ended) return;
      list.append(
        ...page.items.map((item) => {
          const [kind, picture] = pictures[item.result];
          return el(
            "li",
            { class: "line" },
            el("b", {}, item.purpose.text),
            el("span", { class: `badge ${kind}` }, icon(picture), t(`result.${item.result}`)),
            el("span", { class: "muted small" }, dateTime(item.asked_at)),
            el("span", {}),
            item.message ? el("span", { class: "small whole" }, item.message) : null,
          );
        }),
      );
      if (!list.children.length)
        fill(list, el("li", { class: "empty" }, icon("history"), el("p", {}, t("teller.history.empty"))));
      if (page.next)
        fill(
          foot,
          button(t("teller.history.more"), () => load(page.next), { kind: "secondary", wide: false }),
        );
    } catch (error) {
      if (!ended)
        fill(
          foot,
          failed(error, () => load(cursor)),
        );
    }
  }
  fill(
    main,
    el(
      "section",
      { class: "card stack" },
      el("h1", {}, t("teller.history.title")),
      el("p", { class: "muted" }, t("teller.history.lead")),
      list,
      foot,
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}

function draw() {
  if (session.proving) return session.proving.then(draw);
  leave();
  leave = () => {};
  const { who } = session;
  const screen = location.hash.slice(1);
  const main = frame({
    title: t("teller.title"),
    who: who ? { name: who.full_name, place: who.relying_party } : null,
    here: ["riwayat", "akun"].includes(screen) ? `#${screen}` : "#pindai",
    places: who
      ? [
          { address: "#pindai", label: t("teller.scan"), picture: "scan", key: "F2" },
          { address: "#riwayat", label: t("teller.history"), picture: "history", key: "F8" },
          { address: "#akun", label: t("account.nav"), picture: "user" },
        ]
      : [],
    onLeave: who ? async () => (await session.logOut()) && forgetCheck() : null,
  });
  if (!who) {
    logInScreen(main, session, { title: t("teller.log_in"), lead: t("teller.log_in.lead") });
    return undefined;
  }
  if (screen === "hasil") check = check ?? resumed();
  const keys = shortcuts({ F2: scan, F8: () => go("#riwayat") });
  const shown =
    screen === "hasil" && check
      ? resultScreen(main, check, { next: scan, again: (token) => begun({ token }) })
      : screen === "riwayat"
        ? historyScreen(main)
        : screen === "akun"
          ? accountScreen(main, session)
          : scanScreen(main);
  leave = joined(shown, keys);
  return undefined;
}

/** Purposes, and what the service says of a check, come in the language that is asked for. */
async function reworded() {
  if (!(await session.restore()) || !check?.answer) return;
  check.purpose = session.who.purposes.find((one) => one.code === check.purpose.code) ?? check.purpose;
  // The same question under the same key: the answer stays what it was.
  await check.ask();
}

async function begin() {
  await start(["/web/shared", "/web/staff", "/web/teller"]);
  showUncaught();
  onLanguage(async () => {
    if (session.who) await reworded().catch(() => {});
    keepTyped(draw);
  });
  addEventListener("hashchange", draw);
  try {
    await session.restore();
  } catch (error) {
    fill(
      frame({ title: t("teller.title") }),
      failed(error, () => location.reload()),
    );
    return;
  }
  draw();
}

begin();
