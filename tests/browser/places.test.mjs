// Where digital KTPs are accepted: a party lists its places at `/verifikasi`, anybody finds them at `/terima` and reports one, the
// party deals with the report, and the administration reads how many there are.

import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { inDialog } from "./staff.mjs";
import { checkAndKeep, DESK, logInAt, settled, startBoth, withPeople as inBrowsers } from "./support.mjs";

describe("places", { timeout: 600_000 }, () => {
  let demo;
  let stage;
  let rina;

  before(async () => {
    [demo, stage] = await startBoth();
    const words = ["relying-party", "administrator", "add", "Bank Contoh", "rina.admin", "Rina Wati"];
    rina = settled(demo, { username: "rina.admin", ...demo.command(...words) });
  });
  after(async () => {
    await stage?.stop();
    await demo?.stop();
  });

  const withPeople = (names, act) =>
    inBrowsers(stage, demo, names, act, { prefix: "failed-places", options: (name) => (name === "anybody" ? {} : { viewport: DESK }) });
  const screen = (page, name) => checkAndKeep(page, `places-${name}`, name);
  const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true });
  const focused = (page) => page.evaluate(() => document.activeElement.textContent);

  /** Adds places as the page does, in one go. */
  const addMany = (page, many) =>
    page.evaluate(async (many) => {
      for (let n = 1; n <= many; n += 1) {
        const name = `KCP ${String(n).padStart(3, "0")}`;
        const body = { name, address: `Jl. Sudirman ${n}, Padang`, regency: "1371", hours: null, shown: true };
        const answer = await fetch("/v1/partner/branches", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
        if (answer.status !== 201) throw new Error(await answer.text());
      }
    }, many);

  test("a party lists a place by keyboard, anybody finds it, and a report is dealt with", async () => {
    await withPeople(["rina", "anybody"], async ({ rina: { page }, anybody }) => {
      const open = anybody.page;
      await open.goto("/terima");
      await open.getByText("Belum ada tempat di daftar ini").waitFor();
      await screen(open, "empty");

      await logInAt(demo, page, "/verifikasi", rina, "Kunci API");
      await page.getByRole("link", { name: "Tempat", exact: true }).click();
      await heading(page, "Tempat yang menerima KTP Digital").waitFor();
      await page.getByText("Belum ada tempat. Tambahkan cabang pertama Anda.").waitFor();
      await screen(page, "own-empty");
      await page.getByRole("button", { name: "Tambah tempat" }).focus();
      await page.keyboard.press("Enter");
      await page.getByLabel("Nama tempat").fill("KCP Seririt");
      await page.keyboard.press("Enter");
      await page.getByText("Isi bagian ini.").first().waitFor();
      await page.getByLabel("Alamat", { exact: true }).fill("Jl. Gajah Mada 12, Seririt");
      await page.getByLabel("Kabupaten atau kota").fill("bulel");
      await page.getByRole("button", { name: "Kabupaten Buleleng Bali" }).waitFor();
      await screen(page, "own-form");
      await page.getByRole("button", { name: "Kabupaten Buleleng Bali" }).press("Enter");
      await page.getByLabel("Jam buka").fill("Senin-Jumat 08.00-15.00 WITA");
      await page.keyboard.press("Enter");
      await page.getByText("KCP Seririt ditambahkan.").first().waitFor();
      const line = page.locator("li.line", { hasText: "KCP Seririt" });
      await line.getByText("Tampil", { exact: true }).waitFor();
      await screen(page, "own-one");
      await line.getByRole("button", { name: "Sembunyikan: KCP Seririt" }).press("Enter");
      await line.getByText("Disembunyikan", { exact: true }).waitFor();
      assert.equal(await focused(page), "Tampilkan", "the button that undoes it has the focus");
      await page.keyboard.press("Enter");
      await line.getByText("Tampil", { exact: true }).waitFor();
      await line.getByRole("button", { name: "Ubah: KCP Seririt" }).click();
      await inDialog(page, "Simpan", { "Nama tempat": "KCP Seririt Baru" });
      await page.getByText("KCP Seririt Baru disimpan.").first().waitFor();

      await demo.later(6);
      await open.goto("/terima?cari=gerokgak");
      await open.getByRole("heading", { level: 2, name: "KCP Seririt Baru" }).waitFor();
      await open.getByText("Jl. Gajah Mada 12, Seririt, Kabupaten Buleleng").waitFor();
      await screen(open, "found");
      await open.getByLabel("Nama tempat, lembaga, atau daerah").fill("<b>tidak ada</b>");
      await open.keyboard.press("Enter");
      await open.getByText("Tidak ada tempat yang cocok").waitFor();
      await screen(open, "none");
      await open.route("**/v1/branches?*", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: "{}" }));
      await open.getByRole("button", { name: "Cari tempat" }).click();
      await open.getByRole("button", { name: "Coba lagi" }).waitFor({ timeout: 30_000 });
      await screen(open, "not-reached");
      await open.unroute("**/v1/branches?*");
      await open.getByLabel("Nama tempat, lembaga, atau daerah").fill("bank seririt");
      await open.getByRole("button", { name: "Coba lagi" }).click();
      await open.getByRole("button", { name: "Cari tempat" }).click();

      const report = open.getByRole("button", { name: "Laporkan penolakan di KCP Seririt Baru, Bank Contoh" });
      await report.press("Enter");
      await heading(open, "Laporkan penolakan").waitFor();
      await open.getByRole("button", { name: "Kirim laporan" }).press("Enter");
      await open.getByText("Pilih apa yang terjadi.").waitFor();
      assert.equal(await open.evaluate(() => document.activeElement.id), "what-photocopy");
      await screen(open, "report");
      await open.getByLabel("Saya diminta fotokopi KTP").press("Space");
      await open.getByLabel("Kapan?").selectOption({ index: 1 });
      await open.getByLabel("Ceritakan").fill("Teller minta fotokopi <i>dua</i> lembar");
      // In another language nothing that was filled in is lost.
      await open.getByRole("button", { name: /^EN/ }).click();
      await heading(open, "Report a refusal").waitFor();
      assert.equal(await open.getByLabel("Tell more").inputValue(), "Teller minta fotokopi <i>dua</i> lembar");
      assert.ok(await open.getByLabel("I was asked for a photocopy").isChecked());
      assert.match(await open.getByLabel("When?").evaluate((node) => node.selectedOptions[0].textContent), /^Yesterday/);
      await open.getByRole("button", { name: /^ID/ }).click();
      await open.getByRole("button", { name: "Kirim laporan" }).click();
      await heading(open, "Laporan Anda diterima").waitFor();
      await screen(open, "reported");
      await open.getByRole("button", { name: "Kembali ke daftar" }).press("Enter");
      await report.waitFor();
      assert.equal(await focused(open), "Laporkan penolakan", "where the reader was before");
      await report.press("Enter");
      await open.getByLabel("KTP Digital saya ditolak").check();
      await open.getByRole("button", { name: "Kirim laporan" }).click();
      await heading(open, "Tempat ini sudah dilaporkan hari ini").waitFor();
      await screen(open, "reported-again");
      assert.deepEqual(await anybody.context.cookies(), [], "nobody is remembered");

      await page.getByRole("link", { name: "Laporan fotokopi" }).click();
      await heading(page, "Laporan fotokopi").waitFor();
      const told = page.locator("#reports li");
      await told.getByText("Teller minta fotokopi <i>dua</i> lembar").waitFor();
      assert.equal(await told.count(), 1);
      await page.locator("table tbody tr", { hasText: "KCP Seririt Baru" }).waitFor();
      await screen(page, "reports");
      await told.getByRole("button", { name: /^Tandai sudah ditangani/ }).press("Enter");
      await page.getByText("Tidak ada laporan yang menunggu.").waitFor();
      await page.getByLabel("Laporan", { exact: true }).selectOption("closed");
      await told.getByText(/^Kejadian .* Ditangani/).waitFor();
      await screen(page, "reports-closed");
    });
  });

  test("who goes back while a report is being sent is told of its place, not of the next", async () => {
    await withPeople(["rina", "anybody"], async ({ rina: { page }, anybody }) => {
      await demo.later(31);
      await logInAt(demo, page, "/verifikasi", rina, "Kunci API");
      await addMany(page, 2);
      await demo.later(6);
      const open = anybody.page;
      const begin = async (name) => {
        await open.getByRole("button", { name: `Laporkan penolakan di ${name}, Bank Contoh` }).click();
        await open.getByLabel("Saya diminta fotokopi KTP").check();
      };
      const held = [];
      await open.route("**/v1/branches/*/reports", (route) => held.push(route));
      await open.goto("/terima?cari=padang");
      await begin("KCP 001");
      await open.getByRole("button", { name: "Kirim laporan" }).click();
      await open.waitForFunction(() => document.querySelector("form button[type=submit]").disabled);
      // Another language draws the page anew: it is still on its way.
      await open.getByRole("button", { name: /^EN/ }).click();
      assert.ok(await open.getByRole("button", { name: "Send the report" }).isDisabled());
      await open.getByRole("button", { name: /^ID/ }).click();
      await open.getByRole("button", { name: "Kembali ke daftar" }).click();
      await begin("KCP 002");
      assert.equal(held.length, 1);
      await held[0].continue();
      await open.locator("#toast", { hasText: "KCP 001: Laporan Anda diterima" }).waitFor();
      await heading(open, "Laporkan penolakan").waitFor();
      assert.ok(await open.getByLabel("Saya diminta fotokopi KTP").isChecked(), "the next report is as it was");
      assert.match(await open.locator("p.lead").textContent(), /^KCP 002/);
      // What is refused on its own screen is said there.
      await open.getByRole("button", { name: "Kirim laporan" }).click();
      await open.waitForFunction(() => document.querySelector("form button[type=submit]").disabled);
      await held[1].fulfill({ status: 429, contentType: "application/problem+json", body: JSON.stringify({ code: "too_many", status: 429 }) });
      await open.locator(".notice.danger").waitFor();
      assert.ok(await open.getByRole("button", { name: "Kirim laporan" }).isEnabled());
      await page.goto("/verifikasi#tempat");
      for (const name of ["001", "002"]) {
        await page.getByRole("button", { name: `Hapus: KCP ${name}` }).click();
        await page.getByRole("dialog").getByRole("button", { name: "Hapus", exact: true }).click();
        await page.getByText(`KCP ${name} dihapus.`).first().waitFor();
      }
    });
  });

  test("many places are read page by page, and searched; what is removed is gone", async () => {
    await withPeople(["rina", "anybody"], async ({ rina: { page }, anybody }) => {
      // A code of the authenticator opens once.
      await demo.later(31);
      await logInAt(demo, page, "/verifikasi", rina, "Kunci API");
      await addMany(page, 60);
      await page.goto("/verifikasi#tempat");
      const lines = page.locator("#branches li");
      await lines.nth(49).waitFor();
      await page.getByRole("button", { name: "Tampilkan berikutnya" }).click();
      await lines.nth(60).waitFor();
      await screen(page, "own-many");
      await page.getByLabel("Cari di daftar ini").fill("kcp 007");
      await lines.nth(1).waitFor({ state: "detached" });
      assert.equal(await lines.count(), 1);
      await page.getByRole("button", { name: /^EN/ }).click();
      await heading(page, "Places that accept the digital KTP").waitFor();
      await lines.nth(1).waitFor({ state: "detached" });
      assert.equal(await page.getByLabel("Search this list").inputValue(), "kcp 007");
      await page.getByRole("button", { name: /^ID/ }).click();
      await page.getByRole("button", { name: "Hapus: KCP 007" }).click();
      await page.getByRole("heading", { name: "Hapus KCP 007?" }).waitFor();
      await screen(page, "own-remove");
      await page.getByRole("dialog").getByRole("button", { name: "Hapus", exact: true }).click();
      await page.getByText("Tidak ada tempat yang cocok.").first().waitFor();

      await demo.later(6);
      const open = anybody.page;
      await open.goto("/terima?cari=padang");
      const found = open.locator(".office h2");
      await found.nth(19).waitFor();
      await open.getByRole("button", { name: "Tampilkan lagi" }).press("Enter");
      await found.nth(39).waitFor();
      assert.equal(await focused(open), "KCP 022", "reading goes on at the first that came");
      await open.getByRole("button", { name: "Tampilkan lagi" }).click();
      await found.nth(58).waitFor();
      assert.equal(await found.count(), 59);
      assert.equal(await open.getByRole("button", { name: "Tampilkan lagi" }).count(), 0);
      await screen(open, "many");
    });
  });

  test("the administration reads numbers and finds parties by name", async () => {
    await withPeople(["auditor"], async ({ auditor: { page } }) => {
      await logInAt(demo, page, "/admin", demo.auditor, "Pegawai");
      await page.goto("/admin#lembaga");
      await heading(page, "Lembaga pengguna").waitFor();
      const bank = page.locator("li", { hasText: "Bank Contoh" });
      await bank.waitFor();
      await page.getByLabel("Cari lembaga").fill("tidak ada");
      await page.getByText("Tidak ada lembaga dengan nama ini.").waitFor();
      await screen(page, "parties-none");
      await page.getByLabel("Cari lembaga").fill("contoh");
      await bank.waitFor();
      await screen(page, "parties");
      await page.getByRole("link", { name: "Laporan fotokopi" }).press("Enter");
      await heading(page, "Laporan fotokopi").waitFor();
      await page.locator("tbody tr", { hasText: "Bank Contoh" }).waitFor();
      assert.match(await page.locator("tbody tr").innerText(), /Bank Contoh\s+2\s+0/);
      await screen(page, "counts");
      await page.getByLabel("Bulan kejadian").selectOption({ index: 11 });
      await page.getByText("Tidak ada laporan untuk bulan ini.").waitFor();
      await screen(page, "counts-none");
    });
  });
});
