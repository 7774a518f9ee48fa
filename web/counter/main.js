// The counter: `/petugas`. Screens are addresses behind the #, so that back, forward and reload work.

import { el, fill } from "/web/shared/dom.js";
import { showUncaught } from "/web/shared/http.js";
import { onLanguage, start, t } from "/web/shared/i18n.js";
import { accountScreen } from "/web/staff/account.js";
import { failed, frame, joined, keepTyped, logInScreen, shortcuts } from "/web/staff/frame.js";
import { firstPasskey } from "/web/staff/passkeys.js";
import { firstSecrets } from "/web/staff/secrets.js";
import { staffingScreen } from "/web/staff/staffing.js";
import { makeSession } from "/web/staff/session.js";
import { annulments } from "./annulment.js";
import { liveApi } from "./api.js";
import { hallOf, receiveScreen } from "./arrivals.js";
import { callReviewScreen } from "./call-review.js";
import { correctionScreen } from "./correction.js";
import { correctionsScreen } from "./corrections.js";
import { printedCards } from "./card.js";
import { cardsScreen } from "./cards.js";
import { contactVisits } from "./contact-visit.js";
import { counterQrScreen } from "./counter-qr.js";
import { departures } from "./departure.js";
import { dutyScreen } from "./duty.js";
import { fraudReportsScreen } from "./fraud-reports.js";
import { publishedScreen } from "/web/staff/published.js";
import { figuresScreen } from "./figures.js";
import { helpersScreen } from "./helpers.js";
import { officeScreen } from "./office.js";
import { logScreen } from "./log.js";
import { askRequestScreen, requestScreen } from "./office-request.js";
import { outreachFormScreen } from "./outreach-form.js";
import { outreachesScreen } from "./outreach-list.js";
import { outreachScreen } from "./outreach.js";
import { pendingScreen } from "./pending.js";
import { moreScreen } from "./more.js";
import { peopleScreen } from "./people.js";
import { personScreen } from "./person.js";
import { phoneBlockScreen } from "./phone-block.js";
import { photoRequestScreen } from "./photo-request.js";
import { practiceApi } from "./practice.js";
import { queueScreen } from "./queue.js";
import { recapScreen, recapsScreen } from "./recaps.js";
import { recoveries } from "./recovery.js";
import { releaseScreen } from "./release.js";
import { practiceScreen, scanScreen } from "./scan.js";
import { staffPhotosScreen } from "./staff-photos.js";
import { searchesScreen } from "./searches.js";
import { visitScreen } from "./visit.js";
import { walkIns } from "./walk-in.js";
import { walkInsScreen } from "./walk-ins.js";

const session = makeSession("/v1/officer", draw);
const live = liveApi(session);
let practice;
let leave = () => {};
let drawn = 0;
// What a screen keeps while it is drawn anew, in another language say.
let kept = { address: null, memory: {} };

// Screens that are reached from a place, and belong to it.
const BELOW = {
  warga: "#pindai",
  blokir: "#pindai",
  kasus: "#kasus",
  tanpaponsel: "#kartu",
  rekap: "#angka",
  wilayah: "#angka",
  pembantu: "#persetujuan",
  pencarian: "#persetujuan",
  catatan: "#persetujuan",
  pelepasan: "#persetujuan",
  pemulihan: "#persetujuan",
  surel: "#persetujuan",
  kepergian: "#persetujuan",
  pembatalan: "#persetujuan",
  blokirtelepon: "#persetujuan",
  laporan: "#persetujuan",
  foto: "#bukti",
};

const go = (address) => (location.hash === address ? draw() : (location.hash = address));

function draw() {
  if (session.proving) return session.proving.then(draw);
  leave();
  leave = () => {};
  const mine = (drawn += 1);
  if (kept.address !== location.hash) kept = { address: location.hash, memory: {} };
  const { memory } = kept;
  const [screen = "", id = ""] = location.hash.slice(1).split("/");
  const practising = screen === "latihan";
  if (session.who?.needs_secrets && !practising)
    return firstSecrets(session, { title: t("counter.title"), place: session.who.office, next: draw });
  if (session.who?.needs_passkey && !practising)
    return firstPasskey(session, { title: t("counter.title"), place: session.who.office, next: draw });
  const may = (permission) => session.who?.permissions.includes(permission) ?? false;
  const serves = may("serve_residents");
  const places = [
    serves && { address: "#pindai", label: t("counter.scan"), picture: "scan", key: "F2" },
    !serves && may("receive_residents") && { address: "#terima", label: t("arrivals.nav"), picture: "scan", key: "F2" },
    serves && { address: "#qr", label: t("counter.show_qr"), picture: "qr", key: "F4" },
    may("read_queue") && { address: "#antrean", label: t("counter.queue"), picture: "list", key: "F8" },
    may("look_up_active") && { address: "#cari", label: t("people.nav"), picture: "user" },
    may("work_requests") && { address: "#persetujuan", label: t("counter.pending"), picture: "clock", key: "F6" },
    may("read_corrections") && { address: "#kasus", label: t("counter.cases"), picture: "edit", key: "F7" },
    may("ask_cards") && { address: "#kartu", label: t("cards.nav"), picture: "card" },
    !serves && may("block_at_calls") && { address: "#blokir", label: t("phone_block.nav"), picture: "block" },
    { address: "#lainnya", label: t("more.nav"), picture: "menu" },
    { address: "#akun", label: t("account.nav"), picture: "user" },
  ].filter(Boolean);
  // What is not needed with every resident.
  const more = [
    (may("prove_duty") || may("take_staff_photos")) && {
      address: may("prove_duty") ? "#bukti" : "#foto",
      label: t("duty.nav"),
      picture: "shield",
    },
    may("read_outreach") && { address: "#jemputbola", label: t("outreach.nav"), picture: "office" },
    may("read_figures") && { address: "#angka", label: t("angka.nav"), picture: "chart" },
    may("read_staff") && { address: "#pegawai", label: t("staffing.nav"), picture: "people" },
    may("edit_office") && { address: "#kantor", label: t("office.nav"), picture: "office" },
    { address: "#latihan", label: t("counter.practice"), picture: "help" },
  ].filter(Boolean);
  const who = session.who ? { name: session.who.full_name, place: session.who.office } : null;
  // Where somebody begins: whoever scans at the scanner, others at what waits for them.
  const home = ["#pindai", "#terima", "#persetujuan", "#kasus"].find((one) => places.some((it) => it.address === one));
  const below = screen && (BELOW[screen] ?? `#${screen}`);
  const barred = (address) => places.some((it) => it.address === address);
  const aside = more.some((it) => it.address === below || it.address === `#${screen}`);
  const here = !below ? home : barred(below) ? below : aside ? "#lainnya" : `#${screen}`;
  const main = frame({
    title: t("counter.title"),
    who,
    here,
    places: who ? places : [],
    onLeave: who ? () => session.logOut() : null,
    ribbon: practising ? t("practice.ribbon") : session.who?.paused_since ? t("paused.ribbon") : null,
  });
  if (practising) {
    practice = practice ?? practiceApi();
    const again = () => go("#latihan");
    const shown = id
      ? personScreen(main, practice, id, { next: again, nextKey: "F2", memory })
      : practiceScreen(main, practice, {
          open: (one) => go(`#latihan/${one}`),
          back: () => go(home),
          loggedIn: who !== null,
        });
    leave = joined(shown, shortcuts({ F2: again }));
    return undefined;
  }
  if (!session.who) {
    logInScreen(main, session, {
      title: t("counter.log_in"),
      lead: t("counter.log_in.lead"),
      after: el("p", { class: "center" }, el("a", { href: "#latihan" }, t("counter.practice.first"))),
    });
    return undefined;
  }
  const scan = () => go(home);
  const pending = () => go("#persetujuan");
  const person = (one) => go(`#warga/${one}`);
  const keys = shortcuts({
    F2: scan,
    ...Object.fromEntries(places.filter((one) => one.key).map((one) => [one.key, () => go(one.address)])),
  });
  const cards = () => go("#kartu");
  const walkIn = () => go("#tanpaponsel");
  const annulment = (one) => go(`#pembatalan/${one}`);
  const departure = (one) => go(`#kepergian/${one}`);
  const outreach = (one) => {
    const back = () => go("#jemputbola");
    const alone = may("confirm_outreach");
    if (one === "baru" && may("plan_outreach"))
      return outreachFormScreen(main, live, { alone, open: (made) => go(`#jemputbola/${made}`), back });
    if (one && one !== "baru") return outreachScreen(main, live, one, { alone, back });
    return outreachesScreen(main, live, { plan: may("plan_outreach") ? "#jemputbola/baru" : null });
  };
  const screens = {
    warga: () => personScreen(main, live, id, { next: scan, nextKey: "F2", memory }),
    antrean: () =>
      queueScreen(main, live, id, {
        open: person,
        filter: (state) => history.replaceState(null, "", `#antrean/${state}`),
      }),
    akun: () => accountScreen(main, session),
    lainnya: () => moreScreen(main, more),
    pegawai: may("read_staff") ? () => staffingScreen(main, session) : undefined,
    persetujuan: () => pendingScreen(main, live, { may }),
    pelepasan: () => releaseScreen(main, live, id, { next: pending }),
    pemulihan: () => visitScreen(main, recoveries(live), id, { next: scan, waiting: pending }),
    kepergian: () =>
      id
        ? requestScreen(main, departures(live), id, { waiting: pending })
        : askRequestScreen(main, departures(live), { open: departure, waiting: pending }),
    surel: () => visitScreen(main, contactVisits(live), id, { next: scan, waiting: pending }),
    pembatalan: may("work_annulments")
      ? () =>
          id
            ? requestScreen(main, annulments(live), id, { waiting: pending })
            : askRequestScreen(main, annulments(live), { open: annulment, waiting: pending })
      : undefined,
    blokirtelepon: may("review_blocks") ? () => callReviewScreen(main, live, { back: pending }) : undefined,
    kasus: () =>
      id
        ? correctionScreen(main, live, id, { back: () => go("#kasus") })
        : correctionsScreen(main, live, { open: (one) => go(`#kasus/${one}`), works: may("work_corrections") }),
    kartu: () =>
      id
        ? photoRequestScreen(main, printedCards(live), id, { another: cards, waiting: pending })
        : cardsScreen(main, live, { open: (one) => go(`#kartu/${one}`) }),
    tanpaponsel: () =>
      id
        ? photoRequestScreen(main, walkIns(live), id, { another: walkIn, waiting: pending })
        : walkInsScreen(main, live, { open: (one) => go(`#tanpaponsel/${one}`), waiting: pending }),
    bukti: may("prove_duty")
      ? () =>
          dutyScreen(main, live, {
            office: session.who.office,
            photos: may("take_staff_photos") ? "#foto" : null,
          })
      : undefined,
    foto: may("take_staff_photos")
      ? () =>
          staffPhotosScreen(main, live, {
            me: session.who.username,
            back: () => go(may("prove_duty") ? "#bukti" : home),
          })
      : undefined,
    jemputbola: may("read_outreach") ? () => outreach(id) : undefined,
    laporan: may("review_fraud") ? () => fraudReportsScreen(main, live, { back: pending }) : undefined,
    pembantu: may("review_blocks") ? () => helpersScreen(main, live, { back: pending }) : undefined,
    kantor: may("edit_office") ? () => officeScreen(main, live, { memory }) : undefined,
    cari: () => peopleScreen(main, live, { may }),
    pencarian: may("review_searches") ? () => searchesScreen(main, live, { back: pending }) : undefined,
    catatan: may("read_own_audit") ? () => logScreen(main, live, id, { may, back: pending }) : undefined,
    blokir: () => phoneBlockScreen(main, live, { again: () => go("#blokir"), home: scan }),
    angka: may("read_figures")
      ? () =>
          figuresScreen(main, live, id, {
            recaps: "#rekap",
            others: may("read_figures_of_others") ? "#wilayah" : null,
            filter: (span) => history.replaceState(null, "", `#angka/${span}`),
          })
      : undefined,
    wilayah: may("read_figures_of_others")
      ? () => publishedScreen(main, { read: live.regionFigures, address: (code) => `#wilayah/${code}` }, id)
      : undefined,
    rekap: may("read_figures")
      ? () =>
          /^\d{4}-(0[1-9]|1[0-2])$/.test(id)
            ? recapScreen(main, live, id, { list: "#rekap" })
            : recapsScreen(main, live, { address: (month) => `#rekap/${month}`, figures: "#angka" })
      : undefined,
    qr: () => counterQrScreen(main, live, { open: person }),
  };
  screens.pindai = () =>
    scanScreen(main, live, {
      open: person,
      recover: (one) => go(`#pemulihan/${one}`),
      readdress: (one) => go(`#surel/${one}`),
      passesOn: may("reassign_residents"),
    });
  screens.terima = () => receiveScreen(main, live, { hall: hallOf(session.who.office_code) });
  const first = screens[home.slice(1)];
  const isTheirs = screen && (serves || screen !== "pindai");
  const shown = (isTheirs ? (screens[screen] ?? first) : first)();
  if (mine === drawn) leave = joined(shown, keys);
  return undefined;
}

async function begin() {
  await start("counter");
  showUncaught();
  onLanguage(() => keepTyped(draw));
  addEventListener("hashchange", draw);
  if (!location.hash.startsWith("#latihan")) {
    try {
      await session.restore();
    } catch (error) {
      const main = frame({ title: t("counter.title") });
      fill(
        main,
        failed(error, () => location.reload()),
      );
      return;
    }
  } else {
    session.restore().then(
      (there) => there && draw(),
      () => {},
    );
  }
  draw();
}

begin();
