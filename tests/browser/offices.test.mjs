// Where residents are served and whether the service works, as anybody reads it; and the page on which an office says
// when it is open.

import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { addStaff, checkAndKeep, DESK, logInAtCounter, startBoth, withPeople as inBrowsers } from "./support.mjs";

describe("offices", { timeout: 600_000 }, () => {
  let demo;
  let stage;

  before(async () => {
    [demo, stage] = await startBoth();
    const office = (...words) => demo.command("office", ...words);
    office("add", "ACS-01", "Dukcapil Aceh Selatan");
    office("edit", "ACS-01", "--regions", "1101", "--address", "Jl. Merdeka No. 1, Tapaktuan", "--point", "3.2579,97.1838", "--phone", "0656 12345", "--note", "Loket kursi roda di sisi timur.");
    office("hours", "ACS-01", "mon-sun 00:00-24:00");
    office("add", "ACS-BKG", "UPT Bakongan", "--kind", "upt");
    office("edit", "ACS-BKG", "--regions", "110101", "--parent", "ACS-01", "--zone", "wit");
  });
  after(async () => {
    await stage?.stop();
    await demo?.stop();
  });

  const withPeople = (names, act) => inBrowsers(stage, demo, names, act, { prefix: "failed-offices", options: (name) => (name === "head" ? { viewport: DESK } : {}) });
  const screen = (page, name) => checkAndKeep(page, `offices-${name}`, name);

  test("anybody finds an office by place and keyboard, and reads whether it is open", async () => {
    await withPeople(["anybody"], async ({ anybody: { page, context } }) => {
      await page.goto("/loket");
      await page.getByRole("heading", { level: 2, name: "Dukcapil Aceh Selatan" }).waitFor();
      await screen(page, "all");
      await page.getByLabel("Nama tempat atau kantor").fill("keude bakongan");
      await page.keyboard.press("Enter");
      await page.waitForURL(/cari=keude%20bakongan/);
      await page.getByRole("heading", { level: 2, name: "UPT Bakongan" }).waitFor();
      const names = await page.locator(".office h2").allTextContents();
      assert.deepEqual(names, ["UPT Bakongan", "Dukcapil Aceh Selatan"], "the nearest first");
      const dinas = page.locator("#ACS-01");
      await dinas.getByText("Buka sampai tengah malam").waitFor();
      assert.equal(await dinas.getByRole("link", { name: "+6265612345" }).getAttribute("href"), "tel:+6265612345");
      await dinas.getByText("Jam buka dan hari libur").press("Enter");
      await dinas.getByText("Senin–Minggu").waitFor();
      await screen(page, "found");
      await page.reload();
      await page.getByRole("heading", { level: 2, name: "UPT Bakongan" }).waitFor();
      await page.getByLabel("Nama tempat atau kantor").fill("<b>tidak ada</b>");
      await page.getByRole("button", { name: "Cari loket" }).click();
      await page.getByText("Tidak ada loket yang cocok").waitFor();
      await screen(page, "none");
      await page.route("**/v1/offices*", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: "{}" }));
      await page.getByRole("button", { name: "Cari loket" }).click();
      await page.getByRole("button", { name: "Coba lagi" }).waitFor({ timeout: 30_000 });
      await screen(page, "not reached");
      await page.unroute("**/v1/offices*");

      await page.goto("/status");
      await page.getByText("1 dari 1 buka").waitFor();
      await page.getByText("Sampai dalam dua menit.").waitFor();
      await screen(page, "status");
      demo.command("register", "close");
      await page.getByText("Tidak menjawab").waitFor({ timeout: 40_000 });
      await screen(page, "status, register down");
      demo.command("register", "open");
      assert.deepEqual(await context.cookies(), [], "nobody is remembered");
    });
  });

  test("the head says when the office is open, and residents read it", async () => {
    const kepala = addStaff(demo, "kepala.kantor", "Kartini", "--role", "head");
    await withPeople(["head", "anybody"], async ({ head, anybody }) => {
      const { page } = head;
      await logInAtCounter(demo, page, kepala, "Menunggu persetujuan kedua");
      await page.goto("/petugas#lainnya");
      await page.getByRole("link", { name: "Kantor", exact: true }).click();
      await page.getByRole("heading", { level: 1, name: "Dukcapil Contoh (demo)" }).waitFor();
      for (const day of ["Senin", "Selasa"]) {
        await page.getByLabel(`${day}, buka 1`).fill("08.00");
        await page.getByLabel(`${day}, tutup 1`).fill("15.30");
      }
      await page.getByLabel("Jumat, buka 1").fill("08.00");
      await page.getByRole("button", { name: "Simpan" }).click();
      await page.locator("#hours-error").getByText("08:00").waitFor();
      await screen(page, "own, half a time");
      await page.getByLabel("Jumat, tutup 1").fill("11.30");
      await page.getByRole("button", { name: "Jumat: tambah waktu" }).click();
      await page.getByLabel("Jumat, buka 2").fill("13.00");
      await page.getByLabel("Jumat, tutup 2").fill("15.00");
      await page.getByLabel("Catatan untuk warga").fill("Lift di lobi utara.");
      await page.getByRole("button", { name: "Simpan" }).click();
      await page.getByText("Tersimpan").first().waitFor();
      const day = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10);
      await page.getByLabel("Tanggal").fill(day);
      await page.getByLabel("Alasan").fill("Cuti bersama");
      await page.getByRole("button", { name: "Tambah hari libur" }).click();
      await page.locator(".entry", { hasText: "Cuti bersama" }).waitFor();
      await screen(page, "own");
      await page.setViewportSize({ width: 360, height: 740 });
      await screen(page, "own, narrow");

      await demo.later(6);
      await anybody.page.goto("/loket?cari=contoh");
      await anybody.page.getByText("Lift di lobi utara.").waitFor();
      await anybody.page.getByText("Jam buka dan hari libur").click();
      await anybody.page.getByText("08.00–11.30, 13.00–15.00").waitFor();
      await anybody.page.getByText(/tutup, Cuti bersama/).waitFor();
      await page.getByRole("button", { name: /Hapus hari libur/ }).click();
      await page.getByText("Belum ada hari libur").waitFor();
    });
  });
});
