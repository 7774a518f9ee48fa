// What others read of the offices: figures of regions that tell no small group, and the log, which an auditor searches with a
// reason, of which they open one subject's data once, and whose chains they check from the beginning.

import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { FACE, Resident } from "./resident.mjs";
import { checkAndKeep, DESK, logInAt, Officer, startBoth, withPeople as inBrowsers } from "./support.mjs";

const PROVINCES = [["11", "Aceh"], ["12", "Sumatera Utara"], ["13", "Sumatera Barat"], ["31", "DKI Jakarta"], ["51", "Bali"], ["96", "Papua Barat Daya"]];

/** Months that are public, as the service would answer. */
function published(query) {
  const code = query.get("region");
  const row = (region, at) => {
    const active = at === 5 ? null : 1200 + 7310 * at;
    const recorded = at === 3 ? null : 90_000 + 15_000 * at;
    const target = recorded && Math.round(recorded * 0.3);
    const share = (whole) => active && whole && Math.round((active / whole) * 10_000) / 100;
    return {
      region, population: 190_000, eligible: recorded && recorded + 5441, recorded, unserved: recorded && 5441, target,
      before: active && active - 40, activated_first: active && 45, activated_again: null, ended: active && 9, moved_in: at === 2 ? 6 : null, moved_out: null,
      active_now: active, coverage: share(recorded), attainment: share(target),
    };
  };
  const name = { code: "13", name: "Sumatera Barat" };
  const parts = code ? [["13.01", "Kabupaten Pesisir Selatan"], ["13.71", "Kota Padang"]] : PROVINCES;
  return {
    region: code ? name : null, from: query.get("from") ?? "2026-10", to: query.get("to") ?? "2026-10", oldest: "2026-07", newest: "2026-10",
    total: row(code ? name : null, 8), rows: parts.map(([part, called], at) => row({ code: part, name: called }, at)).concat(code ? [] : [row(null, 5)]),
  };
}

describe("others", { timeout: 600_000 }, () => {
  let demo;
  let stage;

  before(async () => {
    [demo, stage] = await startBoth();
    await stage.camera.show(FACE, { fit: 1 });
  });
  after(async () => {
    await stage?.stop();
    await demo?.stop();
  });

  const withPeople = (names, act) =>
    inBrowsers(stage, demo, names, act, { prefix: "failed-others", options: (name) => (name === "phone" ? {} : { viewport: DESK }) });
  const heading = (page, name) => page.getByRole("heading", { level: 1, name });
  const screen = (page, name) => checkAndKeep(page, `others-${name}`, name);

  test("figures of regions are read with eyes, ears or keys, and small groups are nowhere", async () => {
    await withPeople(["province"], async ({ province: { page } }) => {
      await logInAt(demo, page, "/admin", demo.province, "Angka wilayah");
      await page.getByText("Belum ada bulan yang terbit").waitFor();
      await screen(page, "figures-none");
      await page.route("**/v1/admin/figures?*", (route) => route.fulfill({ json: published(new URL(route.request().url()).searchParams) }));
      await page.reload();
      await page.getByText(/KTP Digital aktif di Indonesia; targetnya/).waitFor();
      assert.equal(await page.locator(".tile").count(), 7);
      // A group that is not told has no number, no percentage and no bar.
      const hidden = page.locator("tr", { hasText: "Papua Barat Daya" }).first();
      assert.match(await hidden.innerText(), /<5\s+–\s+–/);
      assert.match(await page.locator("tr.sum").first().innerText(), /Jumlah/);
      await screen(page, "figures");
      await page.getByLabel("Dari bulan").selectOption("2026-07");
      await page.getByRole("button", { name: "Tampilkan" }).click();
      await page.getByRole("heading", { name: "Juli 2026 sampai Oktober 2026" }).waitFor();
      const file = page.getByRole("link", { name: "Unduh CSV" });
      assert.match(await file.getAttribute("href"), /rows\?from=2026-07&to=2026-10$/);
      // Tiles are reached with arrows, and what one says is told below.
      await page.locator(".tile").first().focus();
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("Enter");
      await page.locator(".tile-told", { hasText: "Sumatera Utara" }).waitFor();
      await page.getByRole("link", { name: "Sumatera Barat" }).first().click();
      await page.getByText(/KTP Digital aktif di Sumatera Barat/).waitFor();
      assert.equal(await page.evaluate(() => location.hash), "#angka/13");
      await screen(page, "figures-province");
    });
  });

  test("an auditor searches with a reason, opens one subject's data once, and checks every chain", async () => {
    await withPeople(["phone", "auditor"], async ({ phone, auditor: { page } }) => {
      const resident = new Resident(demo, phone, demo.resident());
      await resident.register();
      const officer = await Officer.login(demo);
      await officer.scan(await resident.showActivationQr());

      await logInAt(demo, page, "/admin", demo.auditor, "Pegawai");
      await page.getByRole("link", { name: "Catatan audit" }).click();
      await heading(page, "Catatan audit").waitFor();
      await screen(page, "log");
      await page.getByRole("button", { name: "Cari", exact: true }).click();
      await page.getByText("Tulis alasan, paling sedikit 5 huruf.").waitFor();
      const line = page.locator("li.line", { hasText: demo.officer.username }).first();
      const search = async () => {
        await page.getByLabel("Mengapa Anda mencari?").first().fill("Pemeriksaan triwulan");
        await page.getByLabel("Kode kantor").fill("demo-01");
        await page.getByLabel("Tindakan").selectOption("scan");
        await page.getByRole("button", { name: "Cari", exact: true }).click();
        await line.waitFor();
      };
      await search();
      const told = await page.locator("main").innerText();
      assert.ok(!told.includes(resident.data.full_name) && !told.includes(resident.data.nik), "the log names no resident");
      let searches = 0;
      page.on("request", (request) => (searches += request.url().endsWith("/v1/admin/audit/searches") ? 1 : 0));
      await screen(page, "found");
      // In another language the page is drawn anew, with what was found, in its words; and the log says nothing of a second search.
      await page.getByRole("button", { name: /^EN:/ }).click();
      await line.getByRole("button", { name: /Open the data/ }).waitFor();
      // The acts to choose from arrive when they do, and the one that was chosen with them.
      await page.locator("#audit-what option[value=scan]:checked").waitFor({ state: "attached" });
      await page.getByRole("button", { name: /^ID:/ }).click();
      await line.getByRole("button", { name: /Buka data/ }).waitFor();
      assert.equal(searches, 0);
      await line.getByRole("button", { name: /Buka data/ }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Mengapa Anda mencari?").fill("Keluhan warga tentang datanya");
      await screen(page, "reason");
      await dialog.getByRole("button", { name: "Buka dan catat" }).click();
      await dialog.getByText(resident.data.nik).waitFor();
      await screen(page, "opened");
      await dialog.getByRole("button", { name: "Tutup" }).click();
      await dialog.waitFor({ state: "detached" });
      assert.ok(!(await page.content()).includes(resident.data.nik), "once closed it is not there any more");

      await page.getByRole("button", { name: "Periksa semua" }).click();
      await page.getByText("Utuh.").first().waitFor();
      await page.getByText(/catatan dalam \d+ rantai sudah dibaca/).waitFor();
      await screen(page, "checked");
      await page.getByRole("button", { name: /^EN:/ }).click();
      await page.getByText(/entries in \d+ chains/).waitFor();
      await page.getByRole("button", { name: /^ID:/ }).click();
      await page.getByText("Utuh.").first().waitFor();
      assert.equal(await line.count(), 1, "nor is what was found before");
      await page.getByRole("link", { name: "Pegawai" }).click();
      await heading(page, "Pegawai").waitFor();
      await page.getByRole("link", { name: "Catatan audit" }).click();
      await heading(page, "Catatan audit").waitFor();
      assert.equal(await line.count(), 0, "whoever leaves the screen begins anew");
    });
  });
});
