// The administration: `/admin`. Screens are addresses behind the #, so that back, forward and reload work.

import { fill } from "/web/shared/dom.js";
import { showUncaught } from "/web/shared/http.js";
import { onLanguage, start, t } from "/web/shared/i18n.js";
import { accountScreen } from "/web/staff/account.js";
import { failed, frame, keepTyped, logInScreen } from "/web/staff/frame.js";
import { auditScreen } from "./audit.js";
import { publishedScreen } from "/web/staff/published.js";
import { firstPasskey } from "/web/staff/passkeys.js";
import { firstSecrets } from "/web/staff/secrets.js";
import { staffingScreen } from "/web/staff/staffing.js";
import { makeSession } from "/web/staff/session.js";
import { officeScreen } from "./office.js";
import { officesScreen } from "./offices.js";
import { markWaiting } from "./waiting.js";
import { partiesScreen } from "./parties.js";
import { partyScreen } from "./party.js";
import { proposalsScreen } from "./proposals.js";
import { settingsScreen } from "./settings.js";

const session = makeSession("/v1/admin", draw);
let leave = () => {};

// Screens by address: who may see one, its place in the bar, and how it is drawn.
const SCREENS = [
  {
    screen: "pegawai",
    may: "read_staff",
    label: "staffing.nav",
    picture: "people",
    show: (main) => staffingScreen(main, session, { nation: true }),
  },
  {
    screen: "persetujuan",
    may: "read_proposals",
    label: "proposal.nav",
    picture: "check",
    show: (main) => proposalsScreen(main, session),
  },
  {
    screen: "lembaga",
    may: "read_parties",
    label: "parties.nav",
    picture: "shield",
    show: (main, id, part) => (id ? partyScreen(main, session, id, part) : partiesScreen(main, session)),
  },
  {
    screen: "angka",
    may: "read_figures_of_others",
    label: "wilayah.nav",
    picture: "chart",
    show: (main, region) => publishedScreen(main, source(), region),
  },
  {
    screen: "kantor",
    may: "read_offices",
    label: "offices.nav",
    picture: "office",
    show: (main, id, part) => (id ? officeScreen(main, session, id, part) : officesScreen(main, session)),
  },
  {
    screen: "catatan",
    may: "search_audit",
    label: "audit.nav",
    picture: "shield",
    show: (main) => auditScreen(main, session),
  },
  {
    screen: "pengaturan",
    may: "read_settings",
    label: "settings.nav",
    picture: "lock",
    show: (main, part) => settingsScreen(main, session, part),
  },
  { screen: "akun", label: "account.nav", picture: "user", show: (main) => accountScreen(main, session) },
];

const source = () => ({
  read: (query) => session.call(`/figures?${query}`),
  file: (query) => `/v1/admin/figures/rows?${query}`,
  own: session.who.region,
  address: (code) => `#angka/${code}`,
});

function draw() {
  if (session.proving) return session.proving.then(draw);
  leave();
  leave = () => {};
  const { who } = session;
  if (who?.needs_secrets)
    return firstSecrets(session, { title: t("admin.title"), place: t("admin.place"), next: draw });
  if (who?.needs_passkey)
    return firstPasskey(session, { title: t("admin.title"), place: t("admin.place"), next: draw });
  const [asked = "", id = "", part = ""] = location.hash.slice(1).split("/");
  const mine = SCREENS.filter(({ may }) => !may || who?.permissions.includes(may));
  const { screen, show } = mine.find((one) => one.screen === asked) ?? mine[0];
  const main = frame({
    title: t("admin.title"),
    who: who ? { name: who.full_name, place: t("admin.place") } : null,
    here: `#${screen}`,
    places: who ? mine.map((one) => ({ address: `#${one.screen}`, label: t(one.label), picture: one.picture })) : [],
    onLeave: who ? () => session.logOut() : null,
  });
  if (!who) {
    logInScreen(main, session, { title: t("admin.log_in"), lead: t("admin.log_in.lead") });
    return undefined;
  }
  markWaiting(session);
  leave = show(main, id, part) ?? (() => {});
  return undefined;
}

async function startPage() {
  await start("admin");
  showUncaught();
  onLanguage(() => keepTyped(draw));
  addEventListener("hashchange", draw);
  try {
    await session.restore();
  } catch (error) {
    fill(
      frame({ title: t("admin.title") }),
      failed(error, () => location.reload()),
    );
    return;
  }
  draw();
}

startPage();
