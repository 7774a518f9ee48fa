// The national administration: one administrator asks, another grants; a bank comes, its administrator makes a key
// that works, one stops it, two bring it back; an auditor reads all of it and does nothing.

import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { ask, grant } from "./staff.mjs";
import { checkAndKeep, DESK, logInAt, settled, startBoth, waitForMail, withPeople as inBrowsers } from "./support.mjs";

describe("the national administration", { timeout: 600_000 }, () => {
  let demo;
  let stage;
  let auditor;

  before(async () => {
    [demo, stage] = await startBoth();
    const added = demo.command("administrator", "add", "periksa.pusat", "Ayu Periksa", "--role", "auditor", "--generate-password");
    auditor = settled(demo, { username: "periksa.pusat", ...added });
  });
  after(async () => {
    await stage?.stop();
    await demo?.stop();
  });

  const withPeople = (names, act) => inBrowsers(stage, demo, names, act, { prefix: "failed-admin", options: () => ({ viewport: DESK }) });
  const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true });
  const screen = (page, name) => checkAndKeep(page, `admin-${name}`, name);

  test("an office is asked for, granted, and found by anybody at /loket", async () => {
    await withPeople(["one", "two", "anybody"], async ({ one, two, anybody }) => {
      const [first, second] = demo.administrators;
      await logInAt(demo, one.page, "/admin", first, "Pegawai");
      await one.page.getByRole("link", { name: "Kantor" }).click();
      await one.page.getByRole("link", { name: /DEMO-01/ }).waitFor();
      await screen(one.page, "offices");
      await one.page.getByRole("link", { name: "Tambah kantor" }).click();
      await one.page.getByLabel("Kode kantor", { exact: true }).fill("demo-09");
      await one.page.getByLabel("Nama kantor").fill("Loket Kecamatan Contoh");
      await one.page.getByLabel("Jenis").selectOption("district");
      await one.page.getByLabel("Kode kantor di atasnya").fill("demo-01");
      await one.page.getByLabel("Kode wilayah yang dilayani").fill("317");
      await one.page.getByLabel("Alasan").fill("SK kepala dinas");
      await screen(one.page, "add office");
      await one.page.getByRole("button", { name: "Minta persetujuan" }).click();
      await one.page.getByText("Pakai kode wilayah yang ada").waitFor();
      await one.page.getByLabel("Kode wilayah yang dilayani").fill("3171");
      await one.page.getByRole("button", { name: "Minta persetujuan" }).click();
      await heading(one.page, "Menunggu persetujuan").waitFor();
      await logInAt(demo, two.page, "/admin", second, "Pegawai");
      await two.page.goto("/admin#persetujuan");
      await two.page.getByText("loket kecamatan", { exact: true }).waitFor();
      await screen(two.page, "office to be granted");
      await grant(two.page, "Kantor baru: Loket Kecamatan Contoh");
      await anybody.page.goto("/loket?cari=DEMO-09");
      await anybody.page.getByText("Loket Kecamatan Contoh").first().waitFor();

      await one.page.getByRole("link", { name: "Kantor" }).click();
      await one.page.getByRole("link", { name: /DEMO-01/ }).click();
      await one.page.getByRole("link", { name: /Loket Kecamatan Contoh/ }).click();
      await heading(one.page, "Loket Kecamatan Contoh").waitFor();
      await one.page.getByText("Belum ada pegawai.").waitFor();
      await screen(one.page, "office");
      await one.page.getByRole("link", { name: "Ubah data kantor" }).click();
      await one.page.getByLabel("Alamat").fill("Jalan Contoh 9");
      await one.page.getByLabel("Alasan").fill("Pindah gedung");
      await one.page.getByRole("button", { name: "Minta persetujuan" }).click();
      await one.page.getByText("Jalan Contoh 9").waitFor();
      assert.equal(await one.page.locator(".request dt").count(), 1, "what was not touched is no change");
      await screen(one.page, "office change");
      await grant(two.page, "Loket Kecamatan Contoh: data kantor diubah");
      await one.page.goto("/admin#kantor");
      await one.page.getByRole("link", { name: /DEMO-01/ }).click();
      await one.page.getByRole("link", { name: /Loket Kecamatan Contoh/ }).click();
      await one.page.getByText("Jalan Contoh 9").waitFor();
      await one.page.getByRole("button", { name: "Tutup kantor" }).click();
      await ask(one.page, { Alasan: "Digabung" });
      await grant(two.page, "Loket Kecamatan Contoh: ditutup");
      await one.page.reload();
      await one.page.getByText("Ditutup sejak").waitFor();
      await screen(one.page, "office closed");
    });
  });

  test("a bank comes by two, its key works, one stops it and two bring it back", async () => {
    await withPeople(["one", "two", "bank", "reader"], async ({ one, two, bank, reader }) => {
      const [first, second] = demo.administrators;
      await logInAt(demo, one.page, "/admin", first, "Pegawai");
      await one.page.getByRole("link", { name: "Lembaga" }).click();
      await one.page.getByText("Bank Contoh").first().waitFor();
      await screen(one.page, "parties");

      // By keyboard: what is missing says so, and the first of it gets the focus.
      await one.page.getByRole("link", { name: "Tambah lembaga" }).click();
      await one.page.getByRole("button", { name: "Minta persetujuan" }).focus();
      await one.page.keyboard.press("Enter");
      await one.page.getByText("Isi bagian ini.").first().waitFor();
      assert.ok(await one.page.locator("#party-name").evaluate((node) => node === document.activeElement));
      await one.page.keyboard.type("Klinik Sehat");
      await screen(one.page, "add party");
      await one.page.getByLabel("Nama", { exact: true }).check();
      await one.page.getByLabel("Pas foto").check();
      await one.page.getByLabel("Kode (huruf kecil, angka, garis bawah)").fill("Daftar Pasien");
      await one.page.getByLabel("Teks Indonesia").fill("Mendaftar sebagai pasien");
      await one.page.getByLabel("Teks Inggris").fill("Registering as a patient");
      await one.page.getByLabel("Nomor perjanjian (PKS)").fill("12/PKS/2026");
      await one.page.getByLabel("Hari pertama").fill("2026-11-01");
      await one.page.getByLabel("Hari terakhir").fill("2030-10-31");
      await one.page.getByLabel("Alasan").fill("PKS ditandatangani");
      await one.page.getByRole("button", { name: "Minta persetujuan" }).click();
      await one.page.getByText("Perlu 1-50 tujuan").waitFor();
      await one.page.getByLabel("Kode (huruf kecil, angka, garis bawah)").fill("daftar_pasien");
      await one.page.getByRole("button", { name: "Minta persetujuan" }).click();
      await one.page.getByText("Anda yang meminta; administrator lain menyetujui.").waitFor();
      assert.equal(await one.page.getByRole("button", { name: /^Setujui/ }).count(), 0);
      await screen(one.page, "own request");

      // The other one sees that something waits, and what.
      await logInAt(demo, two.page, "/admin", second, "Pegawai");
      await two.page.getByText("(1 menunggu)").waitFor({ state: "attached" });
      await two.page.getByRole("link", { name: "Persetujuan" }).click();
      await two.page.getByText("Mendaftar sebagai pasien").waitFor();
      await screen(two.page, "to be granted");
      await two.page.getByRole("button", { name: "Setujui: Lembaga baru: Klinik Sehat" }).click();
      await two.page.getByText("Tidak ada yang menunggu.").waitFor();
      assert.equal(await two.page.locator(".count").count(), 0);

      // Its administrator is invited, joins and makes a key, which opens.
      await one.page.getByRole("link", { name: "Lembaga" }).click();
      await one.page.getByRole("link", { name: /Klinik Sehat/ }).click();
      await heading(one.page, "Klinik Sehat").waitFor();
      await one.page.getByText("Tidak ada pemeriksaan pada bulan").waitFor();
      await screen(one.page, "party");
      await one.page.getByRole("button", { name: "Undang administrator" }).click();
      await screen(one.page, "invite");
      await ask(one.page, { "Nama lengkap": "Rina Klinik", "Nama pengguna": "rina.klinik", "Alamat surel": "rina@klinik.example", Alasan: "Disebut dalam PKS" });
      await one.page.getByText("Sudah diminta").first().waitFor();
      await grant(two.page, "Klinik Sehat: administrator baru");
      const { link } = await waitForMail(demo, "rina@klinik.example", (text) => {
        const found = /\/undangan#[\w-]+/.exec(text);
        return found && { link: found[0] };
      });
      await bank.page.goto(link);
      await bank.page.getByText("administrator lembaga").waitFor();
      await screen(bank.page, "invited");
      const secret = (await bank.page.locator(".authenticator-key").innerText()).replace(/\s/g, "");
      await bank.page.getByLabel("Kata sandi baru").fill("perahu-merah-di-teluk");
      await bank.page.getByLabel("Kode autentikator").fill(await demo.totp(secret));
      await bank.page.getByRole("button", { name: "Simpan kata sandi" }).click();
      await heading(bank.page, "Selesai").waitFor();
      await demo.later(30);
      const rina = { username: "rina.klinik", password: "perahu-merah-di-teluk", totp_secret: secret };
      await logInAt(demo, bank.page, "/verifikasi", rina, "Kunci API");
      await bank.page.getByLabel("Untuk apa").fill("Pendaftaran");
      await bank.page.getByRole("button", { name: "Buat kunci" }).click();
      const key = (await bank.page.locator("#new-key").textContent()).trim();
      const status = async () => (await fetch(`${demo.base_url}/v1/annulled-verifications`, { headers: { Authorization: `Bearer ${key}` } })).status;
      assert.equal(await status(), 200);

      // Stopped by one, at once; back by two.
      await one.page.reload();
      await one.page.getByText("Pendaftaran").waitFor();
      await one.page.getByRole("button", { name: "Hentikan sekarang" }).click();
      await ask(one.page, { Alasan: "Kunci bocor" }, "Hentikan sekarang");
      await one.page.getByText("Dihentikan sejak").waitFor();
      await screen(one.page, "suspended");
      await one.page.waitForTimeout(1000);
      assert.equal(await status(), 401);
      await one.page.getByRole("button", { name: "Izinkan lagi" }).click();
      await ask(one.page, { Alasan: "Kunci diganti" });
      await one.page.getByRole("link", { name: "Ubah data dan tujuan" }).click();
      await one.page.getByLabel("NIK", { exact: true }).check();
      await one.page.getByLabel("Alasan").fill("PKS baru");
      await screen(one.page, "entitlement");
      await one.page.getByRole("button", { name: "Minta persetujuan" }).click();
      await one.page.getByText("Data yang ditambah").waitFor();
      await grant(two.page, "Klinik Sehat: diizinkan lagi");
      assert.equal(await status(), 200);
      await two.page.getByRole("button", { name: "Tolak: Klinik Sehat: hak diubah" }).click();
      await ask(two.page, { Alasan: "NIK tidak perlu" }, "Tolak");
      await two.page.getByText("Alasan penolakan: NIK tidak perlu").waitFor();
      await screen(two.page, "decided");

      // A quota by two; whoever looks after the bank is stopped by one.
      await one.page.getByRole("link", { name: "Lembaga" }).click();
      await one.page.getByRole("link", { name: /Klinik Sehat/ }).click();
      await one.page.getByRole("button", { name: "Ubah kuota" }).click();
      await one.page.getByLabel("Pemeriksaan per hari").fill("banyak");
      await one.page.getByLabel("Alasan").fill("PKS baru");
      await one.page.locator("dialog").getByRole("button", { name: "Minta persetujuan" }).click();
      await one.page.getByText("Isi 1 sampai 1.000.000.000").waitFor();
      await screen(one.page, "quota");
      await ask(one.page, { "Pemeriksaan per hari": "50.000", Alasan: "PKS baru" });
      await one.page.getByText("Sudah diminta").first().waitFor();
      await grant(two.page, "Klinik Sehat: kuota");
      await one.page.reload();
      await one.page.getByText("50.000 per hari").waitFor();
      await one.page.getByRole("button", { name: "Hentikan: Rina Klinik" }).click();
      await ask(one.page, { Alasan: "Ponsel dicuri" }, "Hentikan sekarang");
      await one.page.getByText(/Dihentikan .*: Ponsel dicuri/).waitFor();
      await screen(one.page, "administrator stopped");
      await bank.page.reload();
      await bank.page.getByLabel("Nama pengguna").waitFor();

      // An auditor reads, and finds no button.
      await logInAt(demo, reader.page, "/admin", auditor, "Pegawai");
      await reader.page.goto("/admin#persetujuan");
      await reader.page.getByText("Klinik Sehat: diizinkan lagi").waitFor();
      await reader.page.getByRole("link", { name: "Lembaga" }).click();
      await reader.page.getByRole("link", { name: /Klinik Sehat/ }).click();
      await reader.page.getByText("Rina Klinik").waitFor();
      await screen(reader.page, "auditor");
      assert.equal(await reader.page.locator("main").getByRole("button").count(), 0);

      // Without the network the page says so, and goes on when asked again.
      await reader.context.setOffline(true);
      await reader.page.getByRole("link", { name: "Persetujuan" }).click();
      await reader.page.getByRole("button", { name: "Coba lagi" }).first().waitFor();
      await reader.context.setOffline(false);
      await reader.page.getByRole("button", { name: "Coba lagi" }).first().click();
      await reader.page.getByText("Tidak ada yang menunggu.").waitFor();
    });
  });
});
