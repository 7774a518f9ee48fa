// What is said to be wrong afterwards: a check that its holder does not know, and an activation that was not its owner's. The
// pages of all who take part are seen; the bank answers by its API.

import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { FACE, PIN, Resident } from "./resident.mjs";
import { addStaff, checkAccessibility, checkAndKeep, checkReflow, DESK, DRAWN, eventually, keepPictures, logInAtCounter, startBoth, verify, waitForMail, withPeople as inBrowsers } from "./support.mjs";

const DAY = 86_400;

describe("cases", { timeout: 900_000 }, () => {
  let demo;
  let stage;
  let budi;
  let ratna;
  let tuti;

  before(async () => {
    [demo, stage] = await startBoth();
    await stage.camera.show(FACE, { fit: 1 });
    const staff = (...words) => addStaff(demo, ...words);
    budi = staff("budi.loket", "Budi Santoso");
    ratna = staff("ratna.penyelia", "Ratna Dewi", "--role", "supervisor");
    tuti = staff("tuti.kepala", "Tuti Handayani", "--role", "head");
  });
  after(async () => {
    await stage?.stop();
    await demo?.stop();
  });

  const withPeople = (names, act) =>
    inBrowsers(stage, demo, names, act, { prefix: "failed-cases", options: (name) => (name === "phone" ? {} : { viewport: DESK }) });

  const heading = (page, name) => page.getByRole("heading", { level: 1, name });

  const screen = (page, name) => checkAndKeep(page, `cases-${name}`, name);

  const active = (person) => Resident.active(demo, person);

  /** The text of a QR that the holder shows. */
  async function presented(holder) {
    holder.token = null;
    await holder.present("Data dasar");
    return eventually("the QR was read", () => holder.token);
  }

  /** The bank checks a QR of the holder; gives the check's id. */
  async function checked(holder) {
    const { result, verification_id: id } = await verify(demo, await presented(holder));
    assert.equal(result, "valid");
    return id;
  }

  /** What the bank asks with its key. */
  async function bank(method, address, json) {
    const headers = { authorization: `Bearer ${demo.relying_party.api_key}`, ...(json ? { "content-type": "application/json" } : {}) };
    const answer = await fetch(`${demo.base_url}${address}`, { method, headers, body: json && JSON.stringify(json) });
    const data = await answer.json();
    assert.ok(answer.ok, `${method} ${address}: ${answer.status} ${JSON.stringify(data)}`);
    return data;
  }

  const asked = async (check) => (await bank("GET", "/v1/disputes")).items.find((one) => one.verification_id === check);

  async function toHistory(holder) {
    await holder.page.goto("/#/riwayat");
    await holder.at("riwayat");
  }

  /** Waits for the screen of a check's report. */
  async function atReport(page, check) {
    await page.waitForURL((url) => url.hash === `#/laporan/${check}`);
    await page.locator(DRAWN).first().waitFor();
  }

  /** The screen is loaded anew: the PIN leads back to where the holder was. */
  async function reload(holder, check) {
    await holder.page.reload();
    await holder.at("buka");
    await holder.press(PIN);
    await atReport(holder.page, check);
  }

  const logIn = (page, who) => logInAtCounter(demo, page, who);

  // ---------------------------------------------------------------- a check that its holder does not know

  test("a check is disputed, the answer got lost once; the bank answers, and the holder reads it and blocks", async () => {
    await withPeople(["phone"], async ({ phone }) => {
      const { page } = phone;
      const holder = await active(phone);
      const known = await checked(holder);
      const check = await checked(holder);
      await toHistory(holder);
      const rows = page.locator("ul.history > li");
      await rows.nth(1).waitFor();
      assert.equal(await rows.count(), 2);
      await page.getByText("Ada yang tidak Anda kenal?").waitFor();
      await screen(page, "history");
      await rows.first().getByRole("button", { name: "Saya tidak kenal pemeriksaan ini" }).click();
      await atReport(page, check);
      await page.getByRole("button", { name: "Laporkan pemeriksaan ini" }).waitFor();
      await page.getByRole("button", { name: "Blokir KTP Digital ini" }).waitFor();
      await screen(page, "dispute");

      // Back, forward and loaded anew: the same check, and nothing was reported yet.
      await page.goBack();
      await holder.at("riwayat");
      await page.goForward();
      await atReport(page, check);
      await reload(holder, check);
      await page.getByRole("button", { name: "Laporkan pemeriksaan ini" }).waitFor();
      assert.equal(await asked(check), undefined);

      // Nobody answers: it is said, and the button there sends it. The answers to the first tries get lost, too.
      await phone.context.setOffline(true);
      await page.getByRole("button", { name: "Laporkan pemeriksaan ini" }).click();
      await page.locator(".trouble .notice", { hasText: "Tidak ada jaringan" }).waitFor();
      await keepPictures(page, "cases-dispute, no network");
      await checkAccessibility(page, "dispute, no network");
      await checkReflow(page, "dispute, no network");
      await phone.context.setOffline(false);
      let lost = 0;
      await page.route("**/v1/me/disputes", async (route) => {
        if (route.request().method() !== "POST" || lost === 2) return route.continue();
        lost += 1;
        await route.fetch();
        return route.abort("connectionreset");
      });
      await page.getByRole("button", { name: "Coba lagi" }).click();
      await page.locator(".state", { hasText: "Lembaga itu diminta menjawab" }).waitFor();
      await page.unrouteAll({ behavior: "ignoreErrors" });
      assert.equal(lost, 2);
      assert.equal((await bank("GET", "/v1/disputes")).items.length, 1, "sent again it is the same");
      await page.getByText("Batas jawaban").waitFor();
      await page.getByRole("button", { name: "Tarik laporan" }).waitFor();
      await screen(page, "dispute, asked");
      await reload(holder, check);
      await page.locator(".state", { hasText: "Lembaga itu diminta menjawab" }).waitFor();

      // The history says which one it is.
      await page.getByRole("button", { name: "Kembali ke riwayat" }).click();
      await holder.at("riwayat");
      await rows.first().locator(".badge", { hasText: "Dilaporkan, menunggu" }).waitFor();
      assert.equal(await rows.last().locator(".badge", { hasText: "Dilaporkan" }).count(), 0);
      await screen(page, "history, disputed");

      const { dispute_id: id } = await asked(check);
      const words = "Kartu dipakai orang lain di cabang Denpasar; rekeningnya sudah kami bekukan.";
      await bank("POST", `/v1/disputes/${id}/answer`, { finding: "misused", words });
      // The history says that there is an answer.
      await toHistory(holder);
      await page.reload();
      await holder.at("buka");
      await holder.press(PIN);
      await holder.at("riwayat");
      await rows.first().locator(".badge", { hasText: "ada jawaban" }).waitFor();
      await rows.first().getByRole("button", { name: "Lihat laporan" }).click();
      await atReport(page, check);
      await page.getByText(words).waitFor();
      await page.getByText("Menurut mereka, orang lain memakai KTP Digital Anda.").waitFor();
      await page.locator(".notice", { hasText: "Mungkin ada yang memakai KTP Digital Anda" }).waitFor();
      await screen(page, "dispute, answered");
      await page.getByRole("button", { name: "Sudah saya baca" }).click();
      await page.locator(".state", { hasText: "Laporan ini selesai" }).waitFor();
      await page.getByText(words).waitFor();
      await screen(page, "dispute, read");

      // What is no check of this person leads to the history.
      await page.goto("/#/laporan/00000000-0000-7000-8000-000000000000");
      await holder.at("riwayat");
      await page.goto(`/#/laporan/${known}`);
      await atReport(page, known);
      await page.getByRole("button", { name: "Laporkan pemeriksaan ini" }).waitFor();
      const token = await presented(holder);
      await page.goto(`/#/laporan/${check}`);
      await page.getByRole("button", { name: "Blokir KTP Digital ini" }).click();
      await holder.button("Ya, blokir sekarang").click();
      await holder.at("henti");
      await heading(page, "KTP Digital diblokir").waitFor();
      assert.equal((await verify(demo, token)).reason, "holder_not_active");
    });
  });

  test("a report is withdrawn after a second thought, another is not answered, and the sixth of a day is refused with words", async () => {
    await withPeople(["phone"], async ({ phone }) => {
      const { page } = phone;
      const holder = await active(phone);
      const checks = [];
      for (let n = 0; n < 6; n += 1) checks.push(await checked(holder));
      const report = async (check) => {
        await page.goto(`/#/laporan/${check}`);
        await atReport(page, check);
        await page.getByRole("button", { name: "Laporkan pemeriksaan ini" }).click();
      };
      await report(checks[0]);
      await page.getByRole("button", { name: "Tarik laporan" }).click();
      await page.getByRole("heading", { name: "Tarik laporan ini?" }).waitFor();
      await screen(page, "dispute, withdraw");
      await holder.button("Tidak, tunggu jawaban").click();
      await page.getByRole("button", { name: "Tarik laporan" }).click();
      let lost = 0;
      await page.route("**/v1/me/disputes/*", async (route) => {
        if (lost) return route.continue();
        lost += 1;
        await route.fetch();
        return route.abort("connectionreset");
      });
      await page.locator("dialog").getByRole("button", { name: "Tarik laporan" }).click();
      await page.locator(".state", { hasText: "Laporan ini Anda tarik" }).waitFor();
      await page.unrouteAll({ behavior: "ignoreErrors" });
      assert.equal(lost, 1);
      await screen(page, "dispute, withdrawn");
      // Withdrawn too soon, it can be said again.
      await page.getByRole("button", { name: "Laporkan pemeriksaan ini" }).waitFor();
      const withdrawn = await asked(checks[0]);
      assert.deepEqual([withdrawn.state, withdrawn.ending], ["closed", "withdrawn"]);

      for (const check of checks.slice(1, 5)) {
        await report(check);
        await page.locator(".state", { hasText: "Lembaga itu diminta menjawab" }).waitFor();
      }
      await report(checks[5]);
      await page.locator(".trouble .notice", { hasText: "Anda sudah melaporkan 5 pemeriksaan hari ini" }).waitFor();
      await screen(page, "dispute, too many");

      // Ten working days are over.
      await demo.later(15 * DAY);
      await eventually("nobody answered", async () => {
        await page.goto(`/#/laporan/${checks[1]}`);
        await page.reload();
        await holder.at("buka");
        await holder.press(PIN);
        await atReport(page, checks[1]);
        return (await page.locator(".state", { hasText: "Lembaga itu tidak menjawab" }).count()) > 0;
      }, 90);
      await screen(page, "dispute, unanswered");
      await toHistory(holder);
      await page.locator(".badge", { hasText: "tidak dijawab" }).first().waitFor();
      await page.locator(".badge", { hasText: "Laporan ditarik" }).waitFor();
      await screen(page, "history, ended");
    });
  });

  // ---------------------------------------------------------------- an activation that was not its owner's

  test("supervisor and head annul an activation: asked, taken back, refused, granted; the phone shows it, and the bank is told", async () => {
    await withPeople(["phone", "first", "second", "officer"], async ({ phone, first, second, officer }) => {
      const holder = await active(phone);
      const check = await checked(holder);

      // An officer sees nothing of it, also not by its address.
      await logIn(officer.page, budi);
      await officer.page.getByRole("link", { name: "Persetujuan" }).click();
      await officer.page.getByText("Tidak ada yang menunggu.").waitFor();
      assert.equal(await officer.page.getByText("pembatalan").count(), 0);
      await officer.page.goto("/petugas#pembatalan");
      await heading(officer.page, "Pindai QR warga").waitFor();

      await logIn(first.page, ratna);
      await first.page.getByRole("link", { name: "Persetujuan" }).click();
      await first.page.getByText("Ternyata diaktifkan orang lain?").waitFor();
      await screen(first.page, "annulment, door");
      await first.page.getByRole("link", { name: "Minta pembatalan aktivasi" }).click();
      await heading(first.page, "Minta pembatalan aktivasi").waitFor();
      await first.page.getByText("Pembatalan tidak dapat diurungkan").waitFor();
      await screen(first.page, "annulment, form");
      const send = first.page.getByRole("button", { name: "Minta pembatalan aktivasi" });
      await send.click();
      await first.page.getByText("Isi NIK: 16 angka.").waitFor();
      await first.page.getByText("paling sedikit 5 huruf").waitFor();
      await first.page.getByLabel("NIK").fill("3171014404880009");
      await first.page.getByLabel("Alasan").fill("Pemilik identitas hadir; wajahnya lain dari swafoto");
      await send.click();
      await first.page.locator(".problem-place .notice", { hasText: "Tidak ada KTP Digital dengan NIK ini" }).waitFor();
      await screen(first.page, "annulment, form refused");
      await first.page.getByLabel("NIK").fill(holder.data.nik.replace(/(\d{4})/g, "$1 "));
      let lost = 0;
      await first.page.route("**/v1/officer/annulments", async (route) => {
        if (route.request().method() !== "POST" || lost) return route.continue();
        lost += 1;
        await route.fetch();
        return route.abort("connectionreset");
      });
      await send.click();
      await heading(first.page, holder.data.full_name).waitFor();
      await first.page.unrouteAll({ behavior: "ignoreErrors" });
      await first.page.getByText("Ini permintaan Anda sendiri").waitFor();
      await first.page.getByText(holder.data.nik).waitFor();
      await first.page.getByText(/^Berakhir sendiri /).waitFor();
      assert.equal(await first.page.getByRole("button", { name: "Setujui pembatalan" }).count(), 0);
      await screen(first.page, "annulment, own");
      await first.page.reload();
      await heading(first.page, holder.data.full_name).waitFor();

      // Taken back and asked again: the one before is over.
      await first.page.getByRole("button", { name: "Tarik permintaan" }).click();
      await screen(first.page, "annulment, withdraw");
      await first.page.locator("dialog .template").last().click();
      await first.page.locator("dialog").getByRole("button", { name: "Tarik permintaan" }).click();
      await heading(first.page, "Permintaan ditarik").waitFor();
      await first.page.goBack();
      await first.page.goForward();
      await first.page.getByText("Permintaan ini ditolak atau ditarik").waitFor();
      await first.page.getByText("NIK yang diminta keliru.").waitFor();
      await screen(first.page, "annulment, refused request");
      const ask = async () => {
        await first.page.goto("/petugas#pembatalan");
        await first.page.getByLabel("NIK").fill(holder.data.nik);
        await first.page.getByLabel("Alasan").fill("Pemilik identitas hadir; wajahnya lain dari swafoto");
        await send.click();
        await first.page.getByText("Ini permintaan Anda sendiri").waitFor();
      };
      await ask();
      await first.page.keyboard.press("F6");
      await first.page.locator(".line", { hasText: "Pembatalan aktivasi" }).filter({ hasText: "Permintaan Anda" }).waitFor();

      // The second person refuses it first; the digital KTP goes on.
      await logInAtCounter(demo, second.page, tuti, "Menunggu persetujuan kedua");
      await second.page.getByRole("link", { name: "Persetujuan" }).click();
      const line = second.page.locator(".line", { hasText: "Pembatalan aktivasi" });
      await line.waitFor();
      await second.page.getByText(/Berakhir sendiri /).waitFor();
      await screen(second.page, "annulment, inbox");
      await second.page.bringToFront();
      await line.click();
      await second.page.locator(".asked", { hasText: "wajahnya lain dari swafoto" }).waitFor();
      await second.page.getByText(holder.data.nik).waitFor();
      await screen(second.page, "annulment, second person");
      await second.page.getByRole("link", { name: "Buka pendaftarannya" }).click();
      await heading(second.page, "Warganya tidak di sini").waitFor();
      await second.page.getByLabel("Mengapa data dibuka tanpa warganya?").fill("Permintaan pembatalan aktivasi");
      await second.page.getByRole("button", { name: "Buka dengan alasan ini" }).click();
      await heading(second.page, holder.data.full_name).waitFor();
      await second.page.getByText("Bandingkan data").waitFor();
      await second.page.goBack();
      await second.page.locator(".asked").waitFor();
      await second.page.getByRole("button", { name: "Tolak", exact: true }).click();
      await second.page.locator("dialog").getByRole("button", { name: "Tolak pembatalan" }).click();
      await second.page.getByText("paling sedikit 5 huruf").waitFor();
      await second.page.locator("dialog .template").first().click();
      await second.page.locator("dialog").getByRole("button", { name: "Tolak pembatalan" }).click();
      await heading(second.page, "Pembatalan ditolak").waitFor();
      await checked(holder);

      // Asked again, and granted; the answer gets lost, and the screen says what the service knows.
      await ask();
      await second.page.getByRole("button", { name: "Ke daftar yang menunggu" }).click();
      await line.click();
      await second.page.getByRole("button", { name: "Setujui pembatalan" }).click();
      await second.page.locator(".notice", { hasText: "Periksa dahulu" }).waitFor();
      await second.page.getByLabel("Sudah saya periksa").check();
      await second.page.route("**/grant", async (route) => {
        await route.fetch();
        await route.abort("connectionreset");
      });
      await second.page.getByRole("button", { name: "Setujui pembatalan" }).click();
      await heading(second.page, "Aktivasi dibatalkan").waitFor();
      await second.page.unrouteAll({ behavior: "ignoreErrors" });
      await second.page.goBack();
      await second.page.goForward();
      await second.page.getByText("Aktivasi sudah dibatalkan").waitFor();
      await screen(second.page, "annulment, granted");

      const { page } = phone;
      await page.reload();
      await heading(page, "KTP Digital dibatalkan").waitFor();
      await screen(page, "annulled");
      assert.equal(await page.getByRole("button", { name: "Pulihkan di loket" }).count(), 0);
      await page.goto("/#/kartu");
      await holder.at("henti");
      const { items } = await bank("GET", "/v1/annulled-verifications");
      assert.ok(items.some((one) => one.verification_id === check));
      await waitForMail(demo, holder.email, (text) => /dibatalkan/.test(text) && { text });
      await first.page.reload();
      await first.page.getByText("Aktivasi sudah dibatalkan").waitFor();

      // Who approved it can do nothing, and reads why; a supervisor gives the rights back.
      await officer.context.clearCookies();
      await demo.later(60);
      await officer.page.goto("/petugas");
      await officer.page.reload();
      await logIn(officer.page, demo.officer);
      await officer.page.locator(".ribbon", { hasText: "Hak Anda dijeda" }).waitFor();
      await officer.page.keyboard.press("F8");
      await officer.page.getByText("Hak Anda dijeda karena aktivasi").first().waitFor();
      await screen(officer.page, "rights paused");
      // Whom to call back the lot decides, so the answer is given here; what is noted goes to the service.
      const drawn = (finding) => ({ registration_id: holder.id ?? "01a269f9-1385-7074-881e-5c4829873268", approved_at: "2026-11-27T03:00:00Z", finding, called_by: finding && "ratna.penyelia", called_at: finding && "2026-11-27T05:00:00Z" });
      await first.page.route("**/v1/officer/call-backs", (route) => route.fulfill({ json: { items: [null, "unreached", "confirmed", "denied"].map(drawn) } }));
      const noted = first.page.waitForRequest((request) => request.method() === "POST" && request.url().includes("/v1/officer/call-backs/"));
      // A page behind others draws no frames, and a click waits for two.
      await first.page.bringToFront();
      await first.page.keyboard.press("F6");
      await first.page.getByRole("heading", { name: "Panggil kembali" }).waitFor();
      await first.page.getByRole("button", { name: "Bukan ia" }).first().click();
      assert.deepEqual((await noted).postDataJSON(), { finding: "denied" });
      await first.page.getByRole("heading", { name: "Hak yang dijeda" }).waitFor();
      await screen(first.page, "annulment, rights that rest");
      await first.page.getByRole("button", { name: /^Kembalikan hak / }).click();
      await first.page.getByRole("heading", { name: "Hak yang dijeda" }).waitFor({ state: "hidden" });
      await officer.page.reload();
      await officer.page.getByRole("button", { name: "Muat ulang" }).first().waitFor();
      assert.equal(await officer.page.locator(".ribbon").count(), 0);
    });
  });

  test("granted at once, and a QR that was shown before is refused; another request lapses after seven days", async () => {
    await withPeople(["phone", "first", "second"], async ({ phone, first, second }) => {
      const holder = await active(phone);
      await logIn(first.page, ratna);
      const ask = async () => {
        await first.page.goto("/petugas#pembatalan");
        await first.page.getByLabel("NIK").fill(holder.data.nik);
        await first.page.getByLabel("Alasan").fill("Pemilik identitas hadir; wajahnya lain dari swafoto");
        await first.page.getByRole("button", { name: "Minta pembatalan aktivasi" }).click();
        await first.page.getByText("Ini permintaan Anda sendiri").waitFor();
      };
      await ask();
      const address = first.page.url();
      await demo.later(7 * DAY + 60);
      await logIn(first.page, ratna);
      await first.page.goto(address);
      await first.page.getByText("Waktu permintaan ini habis").waitFor();
      await screen(first.page, "annulment, lapsed");
      await ask();

      await logInAtCounter(demo, second.page, tuti, "Menunggu persetujuan kedua");
      await second.page.keyboard.press("F6");
      await second.page.locator(".line", { hasText: "Pembatalan aktivasi" }).click();
      await second.page.getByLabel("Sudah saya periksa").check();
      await phone.page.goto("/#/kartu");
      await phone.page.reload();
      await holder.at("buka");
      await holder.press(PIN);
      await holder.at("kartu");
      const token = await presented(holder);
      await second.page.getByRole("button", { name: "Setujui pembatalan" }).click();
      await heading(second.page, "Aktivasi dibatalkan").waitFor();
      await screen(second.page, "annulment, done");
      const { result, reason } = await verify(demo, token);
      assert.deepEqual([result, reason], ["invalid", "holder_not_active"]);
      await heading(phone.page, "KTP Digital dibatalkan").waitFor({ timeout: 60_000 }).catch(async () => {
        await phone.page.reload();
        await heading(phone.page, "KTP Digital dibatalkan").waitFor();
      });
    });
  });
});
