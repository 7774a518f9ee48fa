// The teller's desk: `/verifikasi`. Scan, understand at a glance, next.

import { fill } from "/web/shared/dom.js";
import { showUncaught } from "/web/shared/http.js";
import { onLanguage, start, t } from "/web/shared/i18n.js";
import { branchReportsScreen } from "/web/partner/branch-reports.js";
import { branchesScreen } from "/web/partner/branches.js";
import { contractScreen } from "/web/partner/contract.js";
import { figuresScreen } from "/web/partner/figures.js";
import { keysScreen, testKeysScreen } from "/web/partner/keys.js";
import { listScreen } from "/web/partner/list.js";
import { peopleScreen } from "/web/partner/people.js";
import { sandboxScreen } from "/web/partner/sandbox.js";
import { webhookScreen } from "/web/partner/webhook.js";
import { accountScreen } from "/web/staff/account.js";
import { failed, frame, joined, keepTyped, logInScreen, shortcuts } from "/web/staff/frame.js";
import { firstPasskey } from "/web/staff/passkeys.js";
import { firstSecrets } from "/web/staff/secrets.js";
import { makeSession } from "/web/staff/session.js";
import { forgetCheck, keepCheck, newCheck, resumeCheck } from "./check.js";
import { checksScreen } from "./checks.js";
import { resultScreen } from "./result.js";
import { chosenPurpose, scanScreen } from "./scan.js";

const session = makeSession("/v1/teller", draw);
let leave = () => {};
// The check on the screen.
let check = null;
// After a code that nobody knows, the field for the next try is where the teller goes on.
let retype = false;

const go = (address) => (location.hash === address ? draw() : (location.hash = address));

function clearCheck() {
  check = null;
  forgetCheck();
}

function scan() {
  retype = check?.byCode === true && check.answer?.reason === "unknown_code";
  clearCheck();
  go("#pindai");
}

function begin(shown) {
  check = newCheck(session, shown, chosenPurpose(session));
  keepCheck(session, check);
  go("#hasil");
}

function home(main) {
  const leaving = scanScreen(main, session, { begin, retype });
  retype = false;
  return leaving;
}

/** What an administrator of the organisation looks after, by the address of its screen. */
const OWN_SCREENS = {
  kunci: keysScreen,
  pegawai: peopleScreen,
  daftar: listScreen,
  pemakaian: figuresScreen,
  tempat: branchesScreen,
  laporan: branchReportsScreen,
  webhook: webhookScreen,
  perjanjian: contractScreen,
  uji: sandboxScreen,
  "kunci-uji": testKeysScreen,
};
const OWN_PLACES = [
  { address: "#kunci", word: "keys", picture: "lock" },
  { address: "#pegawai", word: "people", picture: "face" },
  { address: "#pemakaian", word: "figures", picture: "list" },
  { address: "#tempat", word: "branches", picture: "card" },
  { address: "#webhook", word: "webhook", picture: "bell" },
  { address: "#uji", word: "sandbox", picture: "qr" },
  { address: "#perjanjian", word: "contract", picture: "office" },
];

function drawAdministrator(who) {
  const screen = location.hash.slice(1);
  const shown = screen === "akun" || OWN_SCREENS[screen] ? screen : "kunci";
  const account = { address: "#akun", label: t("account.nav"), picture: "user" };
  const main = frame({
    title: t("partner.title"),
    who: { name: who.full_name, place: who.relying_party },
    here: `#${{ daftar: "pegawai", laporan: "tempat", "kunci-uji": "uji" }[shown] ?? shown}`,
    places: [...OWN_PLACES.map((place) => ({ ...place, label: t(`partner.nav.${place.word}`) })), account],
    onLeave: () => session.logOut(),
  });
  const call = (path, options) => session.call(path, { at: "/v1/partner", ...options });
  leave = shown === "akun" ? accountScreen(main, session) : OWN_SCREENS[shown](main, call);
}

function draw() {
  if (session.proving) return session.proving.then(draw);
  leave();
  leave = () => {};
  const { who } = session;
  const manages = who?.permissions.includes("administer_party");
  if (who?.needs_secrets || who?.needs_passkey) {
    const title = t(manages ? "partner.title" : "teller.title");
    const first = who.needs_secrets ? firstSecrets : firstPasskey;
    return first(session, { title, place: who.relying_party, next: draw });
  }
  if (manages) return drawAdministrator(who);
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
    onLeave: who ? async () => (await session.logOut()) && clearCheck() : null,
  });
  if (!who) {
    logInScreen(main, session, { title: t("teller.log_in"), lead: t("teller.log_in.lead") });
    return undefined;
  }
  if (screen === "hasil") check = check ?? resumeCheck(session);
  const keys = shortcuts({ F2: scan, F8: () => go("#riwayat") });
  const shown =
    screen === "hasil" && check
      ? resultScreen(main, check, { next: scan, again: (token) => begin({ token }) })
      : screen === "riwayat"
        ? checksScreen(main, session)
        : screen === "akun"
          ? accountScreen(main, session)
          : home(main);
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

async function startPage() {
  await start("teller");
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

startPage();
