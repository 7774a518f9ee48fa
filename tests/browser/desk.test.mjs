// What an office does beside registrations: it blocks for callers and looks at who did, changes an address by two people
// for whose old one is somebody else's, and ends digital KTPs of who is no citizen any more. The pages of all who take
// part are seen.

import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { drawnFace } from "./device.mjs";
import { FACE, PIN, Resident } from "./resident.mjs";
import { addStaff, checkAndKeep, DESK, logInAtCounter, startBoth, waitForMail, withPeople as inBrowsers } from "./support.mjs";

const DAY = 86_400;

describe("desk", { timeout: 900_000 }, () => {
  let demo;
  let stage;
  let budi;
  let ratna;

  before(async () => {
    [demo, stage] = await startBoth();
    await stage.camera.show(FACE, { fit: 1 });
    await drawnFace(stage.browser);
    const staff = (...words) => addStaff(demo, ...words);
    budi = staff("budi.meja", "Budi Santoso");
    ratna = staff("ratna.meja", "Ratna Dewi", "--role", "supervisor");
  });
  after(async () => {
    await stage?.stop();
    await demo?.stop();
  });

  const withPeople = (names, act) =>
    inBrowsers(stage, demo, names, act, { prefix: "failed-desk", options: (name) => (["counter", "second"].includes(name) ? { viewport: DESK } : {}) });

  const heading = (page, name) => page.getByRole("heading", { level: 1, name });

  const screen = (page, name) => checkAndKeep(page, `desk-${name}`, name);

  const logIn = (page, who) => logInAtCounter(demo, page, who);

  const active = (person) => Resident.active(demo, person);

  test("blocked over the telephone and at the counter; a supervisor sees who did and looks at it", async () => {
    await withPeople(["phone", "counter", "second"], async ({ phone, counter, second }) => {
      const { page } = counter;
      const gita = await active(phone);
      await logIn(page, budi);
      const ask = async (present) => {
        const [year, month, day] = gita.data.birth_date.split("-");
        await page.goto("about:blank");
        await page.goto("/petugas#blokir");
        await heading(page, "Blokir lewat telepon").waitFor();
        await page.getByLabel("NIK").fill(gita.data.nik);
        await page.getByLabel("Nama", { exact: true }).fill(gita.data.full_name);
        await page.getByLabel("Tanggal", { exact: true }).fill(String(Number(day)));
        await page.getByLabel("Bulan").selectOption(month);
        await page.getByLabel("Tahun").fill(year);
        await page.getByLabel("Alasan").fill("Ponsel hilang di pasar");
        if (present) await page.getByLabel("Orangnya ada di loket ini").check();
        await page.getByRole("button", { name: present ? "Blokir sampai dipulihkan" : "Blokir sementara" }).click();
        await heading(page, "Permintaan blokir dicatat").waitFor();
        return page.locator(".outcome").innerText();
      };
      const first = await ask(false);
      await screen(page, "block, done");
      await phone.page.reload();
      await heading(phone.page, "Diblokir sementara").waitFor();
      await gita.button("Buka blokir dengan PIN").click();
      await gita.press(PIN);
      await gita.at("kartu");
      // The second one says the same, and blocks nothing.
      const again = await ask(false);
      const plain = (text) => text.replace(/\d\d\.\d\d/g, "").replace(/Sisa hari ini untuk Anda: \d+/, "");
      assert.equal(plain(again), plain(first));
      await phone.page.reload();
      await gita.at("buka");
      await page.goto("about:blank");
      await page.goto("/petugas#blokir");
      await page.getByLabel("Orangnya ada di loket ini").check();
      await screen(page, "block, at the counter");
      await ask(true);
      await page.getByText("sampai pemiliknya memulihkannya di loket").waitFor();
      await screen(page, "block, at the counter, done");

      await logIn(second.page, ratna);
      await second.page.getByRole("link", { name: "Persetujuan" }).click();
      await heading(second.page, "Menunggu persetujuan kedua").waitFor();
      await screen(second.page, "pending, supervisor");
      await second.page.getByRole("link", { name: "Lihat daftarnya" }).click();
      await heading(second.page, "Blokir lewat telepon, 7 hari terakhir").waitFor();
      await second.page.getByText("Dibuka pemiliknya").first().waitFor();
      await screen(second.page, "calls");
      const text = await second.page.locator("main").innerText();
      for (const datum of [gita.data.nik, gita.data.full_name]) assert.ok(!text.includes(datum));
      const open = second.page.getByRole("button", { name: "Sudah diperiksa" });
      const lines = await open.count();
      assert.equal(lines, 3, "blocked, asked, and at the counter");
      await open.first().click();
      await screen(second.page, "calls, reason");
      await second.page.locator("dialog .template").first().click();
      await second.page.locator("dialog").getByRole("button", { name: "Simpan" }).click();
      await second.page.getByText("Diperiksa ratna.meja").waitFor();
      assert.equal(await open.count(), lines - 1);
      await screen(second.page, "calls, looked at");
    });
  });

  test("the old address is somebody else's: typed on the own phone, asked and granted by two people, at once", async () => {
    await withPeople(["phone", "counter", "second"], async ({ phone, counter, second }) => {
      const { page } = phone;
      const heru = await active(phone);
      await demo.later(DAY + 60);
      const fresh = `baru.${Date.now() % 1_000_000}@contoh.id`;
      await page.reload();
      await heru.unlock();
      await page.getByRole("link", { name: "Menu" }).click();
      await heru.at("menu");
      await heru.button(/^Ganti alamat surel/).click();
      await heru.at("surelbaru");
      await page.getByText("24 jam sesudah kodenya diketik").waitFor();
      await page.getByText("Sampai 72 jam sesudahnya").waitFor();
      await screen(page, "email, rules");
      await heru.button("Ganti di loket").click();
      await heru.at("surelloket");
      await screen(page, "email at the counter");
      await heru.button("Kirim kode").click();
      await page.getByText("Alamat surel belum lengkap").first().waitFor();
      await page.getByLabel("Surel baru").fill(fresh);
      await heru.button("Kirim kode").click();
      await heading(page, "Masukkan kode").waitFor();
      await screen(page, "email at the counter, code");
      const { code } = await waitForMail(demo, fresh, (text) => {
        const found = /^\s*(\d{3} \d{3})\s*$/m.exec(text);
        return found && { code: found[1] };
      });
      await page.getByLabel("Kode dari surel").fill(code.startsWith("1") ? "222 222" : "111 111");
      await heru.button("Lanjut ke QR").click();
      await page.getByText(/Sisa 4/).first().waitFor();
      await page.getByLabel("Kode dari surel").fill(code);
      const sent = page.waitForResponse((answer) => answer.url().endsWith("/token") && answer.ok());
      await heru.button("Lanjut ke QR").click();
      const { token } = await (await sent).json();
      await heading(page, "Tunjukkan QR di loket").waitFor();
      await page.locator(".qr svg").first().waitFor();
      await screen(page, "email at the counter, QR");

      await logIn(counter.page, budi);
      await counter.page.goto("about:blank");
      await counter.page.goto("/petugas#pindai");
      await counter.page.locator("summary", { hasText: "Masukkan teks QR" }).click();
      await counter.page.locator("#qr-text").fill(token);
      await counter.page.getByRole("button", { name: "Periksa", exact: true }).click();
      await heading(counter.page, heru.data.full_name).waitFor();
      await screen(counter.page, "email, officer");
      const seen = await counter.page.locator("main").innerText();
      for (const datum of [fresh, heru.email, heru.data.nik]) assert.ok(!seen.includes(datum), "two letters of each");
      await heading(page, "Petugas sedang memeriksa").waitFor();
      await screen(page, "email at the counter, compared");
      await counter.page.getByRole("button", { name: "Minta persetujuan kedua" }).click();
      await counter.page.locator("dialog .template").first().click();
      await counter.page.locator("dialog").getByRole("button", { name: "Minta persetujuan" }).click();
      await counter.page.locator(".notice", { hasText: "Menunggu persetujuan kedua" }).waitFor();
      await heading(page, "Menunggu persetujuan kedua").waitFor();

      await logIn(second.page, ratna);
      await second.page.getByRole("link", { name: "Persetujuan" }).click();
      await second.page.locator(".line", { hasText: "Ganti alamat surel" }).click();
      await second.page.locator(".asked").waitFor();
      await screen(second.page, "email, second officer");
      await second.page.getByLabel("Sudah saya bandingkan").check();
      await second.page.getByRole("button", { name: "Ganti alamatnya" }).click();
      await heading(second.page, "Alamat surel diganti").waitFor();
      await screen(second.page, "email, granted");
      await heading(page, "Alamat surel sudah diganti").waitFor();
      await screen(page, "email at the counter, done");
      await waitForMail(demo, heru.email, (text) => /diganti di loket|mengganti alamat surel/.test(text) && { told: true });
    });
  });

  test("who is no citizen any more: the page asks for the NIK and says who is not meant", async () => {
    await withPeople(["counter"], async ({ counter }) => {
      const { page } = counter;
      await logIn(page, budi);
      await page.getByRole("link", { name: "Persetujuan" }).click();
      await page.getByRole("link", { name: "Minta KTP Digital diakhiri" }).click();
      await heading(page, "Minta KTP Digital diakhiri").waitFor();
      await screen(page, "departure");
      await page.getByLabel("NIK").fill("3171014404880009");
      await page.getByLabel("Alasan").fill("Surat pelepasan sudah dilihat");
      await page.getByRole("button", { name: "Minta KTP Digital diakhiri" }).click();
      await page.getByText("Tidak ada KTP Digital dengan NIK ini").first().waitFor();
      await screen(page, "departure, nobody");
    });
  });
});
