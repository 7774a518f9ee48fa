// The figures of an office and the month that it sends upward: charts that are read without seeing them, a map that the keyboard
// reaches, a supervisor who asks and a head who signs.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import test, { after, before, describe } from "node:test";
import { addStaff, checkAndKeep, DESK, logInAtCounter, startBoth, withPeople as inBrowsers } from "./support.mjs";

const NAMES = ["Bungus Teluk Kabung", "Lubuk Kilangan", "Lubuk Begalung", "Padang Selatan", "Padang Timur", "Padang Barat", "Padang Utara", "Nanggalo", "Kuranji", "Pauh", "Koto Tangah"];

/** A year of an office, as the service would answer. */
function full(from, to) {
  const days = [];
  for (let at = Date.parse(from), n = 0; at <= Date.parse(to); at += 86_400_000, n += 1) {
    const count = n % 7 > 4 ? 0 : 20 + Math.round(14 * Math.sin(n / 9)) + (n % 5);
    if (count) days.push({ date: new Date(at).toISOString().slice(0, 10), counts: [{ kind: "activated_first", reason: null, count }] });
  }
  const counts = (list) => list.map(([kind, count]) => ({ kind, reason: null, count }));
  const regions = NAMES.map((name, at) => {
    const active = 120 + 731 * at;
    const target = at === 3 ? null : 4000 + 150 * at;
    return {
      region: { code: `13.71.${String(at + 1).padStart(2, "0")}`, name },
      correction: false, population: 80_000, eligible: target && target * 4, recorded: target && Math.round(target / 0.3), target,
      before: active - 40, activated_first: 45, activated_again: 3, ended: 9, moved_in: 4, moved_out: 3, active, served_here: 40, served_elsewhere: 8,
      percent_of_recorded: target && 4.12, percent_of_target: target && Math.round((active / target) * 10_000) / 100,
    };
  });
  return {
    as_of: new Date().toISOString(), region: { code: "13.71", name: "Kota Padang" }, days, regions, outsiders: 17, total: { ...regions[10], active: 41_525, target: 195_000 },
    flow: counts([["scanned", 5120], ["approved", 4700], ["returned", 310], ["rejected", 44], ["code_sent", 4690], ["activated_first", 4400], ["activated_again", 120]]),
    cohort: counts([["cohort_registered", 6000], ["cohort_selfie", 5600], ["cohort_scanned", 4900], ["cohort_approved", 4600], ["cohort_code_sent", 4590], ["cohort_activated", 4380]]),
    reasons: [["returned", "photo_blurred", 190], ["returned", "name", 120], ["rejected", "other_person", 44], ["ended", "deceased", 21]].map(([kind, reason, count]) => ({ kind, reason, count })),
    waits: [["registered_scanned", 4900, 2190, 14_400], ["scanned_decided", 5000, 6, 19], ["decided_activated", 4500, 31, 1440], ["second_person", 0, null, null]].map(([wait, count, median_minutes, p90_minutes]) => ({ wait, count, median_minutes, p90_minutes })),
  };
}

describe("figures", { timeout: 600_000 }, () => {
  let demo;
  let stage;
  const people = {};

  before(async () => {
    [demo, stage] = await startBoth();
    for (const [username, name, ...words] of [["sri.penyelia", "Sri Penyelia", "--role", "supervisor"], ["kartika", "Kartika Kepala", "--role", "head"]]) people[username] = addStaff(demo, username, name, ...words);
    demo.command("figures", "scope", "DEMO-01", "13.71");
    const file = path.join(demo.data, "wilayah.csv");
    writeFileSync(file, "kode_wilayah;tanggal;jumlah_penduduk;wajib_ktp;sudah_rekam\n13.71;2024-01-01;942.938;680.000;650.000\n");
    assert.equal(demo.command("figures", "import", file).imported, 1);
  });
  after(async () => {
    await stage?.stop();
    await demo?.stop();
  });

  const withPeople = (names, act) => inBrowsers(stage, demo, names, act, { prefix: "failed-figures", options: () => ({ viewport: DESK }) });
  const heading = (page, name) => page.getByRole("heading", { level: 1, name });
  const screen = (page, name) => checkAndKeep(page, `figures-${name}`, name);

  test("an office reads its figures, with eyes, ears or keys", async () => {
    await withPeople(["head"], async ({ head: { page } }) => {
      await logInAtCounter(demo, page, people.kartika, "Menunggu persetujuan kedua");
      await page.goto("/petugas#lainnya");
      await page.getByRole("link", { name: "Angka" }).click();
      await heading(page, "Angka kantor ini").waitFor();
      // Nothing happened yet: that is said in words, and the region's districts are there.
      await page.getByText("Belum ada aktivasi dalam jangka waktu ini.").waitFor();
      assert.equal(await page.locator(".tile").count(), 11);
      await screen(page, "empty");

      await page.route("**/v1/officer/office-figures?*", (route) => {
        const asked = new URL(route.request().url()).searchParams;
        return route.fulfill({ json: full(asked.get("from"), asked.get("to")) });
      });
      await page.getByLabel("Jangka waktu").selectOption("year");
      const chart = page.getByRole("img", { name: /aktivasi; terbanyak/ });
      await chart.waitFor();
      assert.equal(await page.evaluate(() => location.hash), "#angka/year");
      // What the line shows, the sentence and the table say.
      const rows = page.locator("section", { hasText: "Aktivasi per hari" }).locator("tbody tr");
      await page.locator("section", { hasText: "Aktivasi per hari" }).getByText("Lihat sebagai tabel").click();
      assert.equal(await rows.count(), 365);
      await page.getByText("17 penduduk luar daerah diaktifkan di kantor ini").waitFor();
      // The map, with keys alone: arrows from tile to tile, Enter chooses.
      await page.locator(".tile").first().focus();
      for (let step = 0; step < 10; step += 1) await page.keyboard.press("ArrowRight");
      await page.keyboard.press("Enter");
      const told = page.locator(".tile-told");
      await told.getByText("Koto Tangah").waitFor();
      await told.getByText("Dilayani di kantor ini 40, di kantor lain 8").waitFor();
      await page.keyboard.press("Home");
      assert.match(await page.evaluate(() => document.activeElement.textContent), /^Bungus Teluk Kabung 3,00 %/);
      assert.match(await page.locator(".tile").nth(3).textContent(), /target belum diketahui/);
      await screen(page, "full");
      await page.unroute("**/v1/officer/office-figures?*");
      await page.route("**/v1/officer/office-figures?*", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", json: { type: "/problems/unavailable", title: "Layanan sedang tidak tersedia", status: 503, code: "unavailable", detail: "Coba lagi sebentar lagi." } }));
      await page.getByLabel("Jangka waktu").selectOption("month");
      await page.getByRole("button", { name: "Coba lagi" }).waitFor();
      await screen(page, "failed");
    });
  });

  test("a supervisor asks for the month, the head gives it back and then signs", async () => {
    await withPeople(["supervisor", "head"], async ({ supervisor, head }) => {
      const lastMonth = new Date(Date.now() + 7 * 3_600_000);
      lastMonth.setUTCDate(0);
      const month = lastMonth.toISOString().slice(0, 7);
      await logInAtCounter(demo, supervisor.page, people["sri.penyelia"]);
      await supervisor.page.goto(`/petugas#rekap/${month}`);
      await supervisor.page.getByRole("button", { name: "Ajukan ke kepala" }).waitFor();
      await screen(supervisor.page, "recap");
      await supervisor.page.getByRole("button", { name: "Ajukan ke kepala" }).click();
      await supervisor.page.getByText("Menunggu kepala").waitFor();
      assert.equal(await supervisor.page.getByRole("button", { name: "Tanda tangani" }).count(), 0);

      await logInAtCounter(demo, head.page, people.kartika, "Menunggu persetujuan kedua");
      await head.page.goto("/petugas#rekap");
      await heading(head.page, "Rekap bulanan").waitFor();
      await head.page.locator(".line", { hasText: "Menunggu kepala" }).click();
      await head.page.getByRole("button", { name: "Kembalikan" }).click();
      await head.page.getByRole("button", { name: "Periksa lagi angka yang tidak wajar." }).click();
      await head.page.getByRole("dialog").getByRole("button", { name: "Kembalikan" }).click();
      await head.page.getByText("Dikembalikan dengan alasan").waitFor();
      await supervisor.page.reload();
      await supervisor.page.getByText("Periksa lagi angka yang tidak wajar.").waitFor();
      await screen(supervisor.page, "refused");
      await supervisor.page.getByRole("button", { name: "Ajukan ke kepala" }).click();
      await supervisor.page.getByText("Menunggu kepala").waitFor();
      await head.page.reload();
      await head.page.getByRole("button", { name: "Tanda tangani" }).click();
      await head.page.getByText("Ditandatangani kartika").waitFor();
      await screen(head.page, "signed");
      const [file] = await Promise.all([head.page.waitForEvent("download"), head.page.getByRole("link", { name: "Unduh XLSX" }).click()]);
      assert.equal(file.suggestedFilename(), `rekap-ktp-digital-${month}.xlsx`);
      assert.equal(readFileSync(await file.path()).subarray(0, 2).toString(), "PK");
      await head.page.goto("/petugas#rekap");
      await head.page.getByText("Ditandatangani kartika").waitFor();
      await screen(head.page, "months");
    });
  });
});
