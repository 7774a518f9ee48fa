// Flow A and Flow B through the pages only, as three people who never see each other's: a resident with a phone, an officer
// and a teller with a desk. Every QR is read off the other one's screen by the camera; the code comes from the demo's
// mailbox page; the officer and the teller were added by command.

import assert from "node:assert/strict";
import path from "node:path";
import test, { after, before, describe } from "node:test";
import { addNewcomer, budget, checkScreen, DESK, openPerson, ROOT, startBoth } from "./support.mjs";
import { FACE, PIN, Resident } from "./resident.mjs";
import { chooseOwn } from "./staff.mjs";

describe("the whole flow through the pages", { timeout: 600_000 }, () => {
  let demo;
  let stage;
  let budi;
  let dewi;

  before(async () => {
    [demo, stage] = await startBoth();
    budi = addNewcomer(demo, "budi.loket", "Budi Santoso");
    dewi = { username: "dewi.kasir", ...demo.command("relying-party", "employee", "add", "Bank Contoh", "dewi.kasir", "Dewi Lestari") };
  });
  after(async () => {
    await stage?.stop();
    await demo?.stop();
  });

  /** Three people with a browser profile each; a failure leaves pictures of what they saw in `target/`. */
  async function withThree(act) {
    const phone = await openPerson(stage, demo.base_url, { deviceScaleFactor: 2 });
    const [counter, desk] = [await openPerson(stage, demo.base_url, { viewport: DESK }), await openPerson(stage, demo.base_url, { viewport: DESK })];
    try {
      await act(phone, counter.page, desk.page);
    } catch (error) {
      for (const [name, { page }] of Object.entries({ phone, counter, desk })) await page.screenshot({ path: path.join(ROOT, "target", `failed-${name}.png`) }).catch(() => {});
      for (const { context } of [phone, counter, desk]) await context.close();
      throw error;
    }
    for (const person of [phone, counter, desk]) await person.close();
  }

  const heading = (page, name) => page.getByRole("heading", { level: 1, name });

  /** What the authenticator shows. Each code counts once, so the service's clock goes on to the next. */
  async function authenticator(who) {
    await demo.later(30);
    return await demo.totp(who.totp_secret);
  }

  /** Whoever comes with what a command printed chooses secrets of their own first, once. */
  async function logIn(page, address, who) {
    await page.goto(address);
    await page.getByLabel("Nama pengguna").fill(who.username);
    await page.getByLabel("Kata sandi").fill(who.password);
    await page.getByLabel("Kode autentikator").fill(await authenticator(who));
    await page.getByRole("button", { name: "Masuk", exact: true }).click();
    if (!who.chosen) await chooseOwn(demo, page, who, "enam layang putih sore");
    who.chosen = true;
  }

  /** The newest mail to somebody, read on the mailbox's page by the person themselves. */
  async function readCode({ context }, address) {
    const page = await context.newPage();
    try {
      await page.goto("/mailbox");
      for (let left = 100; !(await page.getByText(address).count()); left -= 1) {
        assert.ok(left, "no mail came");
        await page.waitForTimeout(100);
        await page.reload();
      }
      await checkScreen(page, "mailbox");
      await page.locator("li").filter({ hasText: address }).getByRole("link").first().click();
      await page.locator("h1").waitFor();
      await checkScreen(page, "letter");
      return /\b(\d{6})\b/.exec(await page.locator("body").innerText())[1];
    } finally {
      await page.close();
    }
  }

  async function approve(page, name) {
    await heading(page, name).waitFor();
    assert.equal(await page.locator(".face img").count(), 2, "both faces side by side");
    assert.equal(await page.locator(".compared .badge.bad").count(), 0);
    for (const check of ["face", "document", "data"]) await page.locator(`#check-${check}`).check();
    await page.getByRole("button", { name: "Setujui" }).click();
    await heading(page, "Disetujui").waitFor();
  }

  test("the officer scans the resident; the teller scans the resident; the resident sees who looked", async () => {
    await withThree(async (phone, counter, desk) => {
      const siti = new Resident(demo, phone, demo.resident());
      const { page } = phone;
      await stage.camera.show(FACE, { fit: 1 });
      await siti.register();
      stage.camera.blank();
      await siti.showActivationQr();

      await logIn(counter, "/petugas", budi);
      await heading(counter, "Pindai QR warga").waitFor();
      await counter.getByText("Arahkan kamera").waitFor();
      await stage.camera.pointAt(page.locator(".qr svg"));
      let begun = performance.now();
      await counter.locator(".compared").first().waitFor();
      budget("counter, QR before the camera to both data sets", performance.now() - begun, 1000);
      stage.camera.blank();
      await approve(counter, siti.data.full_name);

      // The resident's page goes on by itself.
      await heading(page, "Kode aktivasi dikirim").waitFor();
      const code = await readCode(phone, siti.email);
      await siti.button("Masukkan kode").click();
      await siti.enterCode(code);
      await siti.button("Lanjut membuat PIN").click();
      await siti.setPin();
      await siti.button("Buka KTP Digital").click();
      await siti.unlock();
      await page.getByText(siti.data.nik).waitFor();
      await siti.present("Data dasar");

      await logIn(desk, "/verifikasi", dewi);
      await desk.getByLabel("Membuka rekening").check();
      await desk.getByText("Arahkan kamera").waitFor();
      await stage.camera.pointAt(page.locator(".qr svg"));
      begun = performance.now();
      await heading(desk, "SAH").waitFor();
      budget("teller, QR before the camera to the result", performance.now() - begun, 1000);
      stage.camera.blank();
      await desk.getByText(siti.data.full_name, { exact: true }).waitFor();
      const portrait = desk.getByAltText("Foto pemegang KTP");
      assert.ok(await portrait.evaluate(async (image) => (await image.decode(), image.naturalWidth > 0)));
      assert.equal(await desk.getByText(siti.data.nik).count(), 0, "what was not shared is not shown");

      await page.getByText("Bank Contoh sudah memeriksa").waitFor();
      await page.getByRole("button", { name: "Lihat riwayat" }).click();
      const entry = page.locator("ul.history > li");
      await entry.first().waitFor();
      assert.equal(await entry.count(), 1);
      assert.match(await entry.innerText(), /Sah[\s\S]*Bank Contoh[\s\S]*Membuka rekening[\s\S]*Nama/);
    });
  });

  test("the other direction: the resident scans the officer's screen, both see the same number", async () => {
    await withThree(async (phone, counter) => {
      const agus = new Resident(demo, phone, demo.resident());
      const { page } = phone;
      await logIn(counter, "/petugas", budi);
      await stage.camera.show(FACE, { fit: 1 });
      await agus.register();
      stage.camera.blank();
      await counter.getByRole("link", { name: "QR loket" }).click();
      await counter.locator(".qr svg").waitFor();
      await agus.button("Pindai QR petugas").click();
      await page.getByText("Arahkan ke QR di layar petugas").waitFor();
      await stage.camera.pointAt(counter.locator(".qr svg"));
      const number = await page.locator(".match").textContent();
      stage.camera.blank();
      assert.match(number, /^\d\d$/);
      // The resident reads it out; the officer's screen does not show it.
      await counter.locator(".match input").fill(number);
      await counter.locator(".match input").press("Enter");
      await approve(counter, agus.data.full_name);
      await heading(page, "Kode aktivasi dikirim").waitFor();
      await agus.button("Masukkan kode").click();
      await agus.enterCode(await readCode(phone, agus.email));
      await agus.button("Lanjut membuat PIN").click();
      await agus.setPin();
    });
  });

  test("by keyboard alone: resident, officer and teller", async () => {
    await withThree(async (phone, counter, desk) => {
      const rina = new Resident(demo, phone, demo.resident());
      const { page } = phone;
      const [resident, officer, teller] = [page, counter, desk].map((one) => new Keys(one));
      await stage.camera.show(FACE, { fit: 1 });
      await page.goto("/");
      await resident.press("DAFTAR");
      await resident.press("SETUJU");
      const [year, month, day] = rina.data.birth_date.split("-");
      for (const [label, text] of [["NIK", rina.data.nik], ["Nama lengkap", rina.data.full_name], ["Tanggal", String(Number(day))]]) await resident.type(label, text);
      await resident.to(page.getByLabel("Bulan"));
      for (let step = 0; step < Number(month); step += 1) await page.keyboard.press("ArrowDown");
      for (const [label, text] of [["Tahun", year], ["Alamat surel", rina.email], ["Nomor ponsel", "0812 3456 7890"]]) await resident.type(label, text);
      await page.keyboard.press("Enter");
      await rina.at("swafoto");
      await page.getByText("Cahaya cukup").waitFor();
      await resident.press("Ambil foto");
      await rina.button("Pakai foto ini").waitFor();
      await resident.press("Pakai foto ini", "Space");
      await rina.at("status");
      stage.camera.blank();
      await resident.press("Tunjukkan QR aktivasi");
      await page.locator(".qr svg").waitFor();

      await counter.goto("/petugas");
      for (const [label, text] of [["Nama pengguna", budi.username], ["Kata sandi", budi.password], ["Kode autentikator", await authenticator(budi)]]) await officer.type(label, text);
      await counter.keyboard.press("Enter");
      await counter.getByText("Arahkan kamera").waitFor();
      await stage.camera.pointAt(page.locator(".qr svg"));
      await counter.locator(".compared").first().waitFor();
      stage.camera.blank();
      for (const check of ["face", "document", "data"]) {
        await officer.to(counter.locator(`#check-${check}`));
        await counter.keyboard.press("Space");
      }
      await officer.press("Setujui");
      await heading(counter, "Disetujui").waitFor();
      await counter.keyboard.press("Enter");
      await heading(counter, "Pindai QR warga").waitFor();

      await heading(page, "Kode aktivasi dikirim").waitFor();
      const code = await readCode(phone, rina.email);
      await resident.press("Masukkan kode");
      await resident.type("Kode aktivasi", code);
      await page.keyboard.press("Enter");
      await resident.press("Lanjut membuat PIN");
      await page.getByRole("img", { name: "0 dari 6" }).waitFor();
      await page.keyboard.type(PIN);
      await page.getByText("Ulangi PIN yang sama").first().waitFor();
      await page.keyboard.type(PIN);
      await resident.press("Buka KTP Digital");
      await page.getByRole("img", { name: "0 dari 6" }).waitFor();
      // The pad's keys, one after the other: not everybody types digits.
      for (const digit of PIN) await resident.press(digit, "Space");
      await rina.at("kodeblokir");
      await resident.press("Sudah saya catat");
      await rina.at("kartu");
      await resident.press("Tunjukkan KTP");
      await resident.to(page.getByRole("radio", { name: "Data dasar" }));
      await page.keyboard.press("ArrowUp");
      assert.ok(await page.getByRole("radio", { name: "Usia saja" }).isChecked());
      await resident.press("Buat QR");
      await page.locator(".qr svg").waitFor();

      await desk.goto("/verifikasi");
      for (const [label, text] of [["Nama pengguna", dewi.username], ["Kata sandi", dewi.password], ["Kode autentikator", await authenticator(dewi)]]) await teller.type(label, text);
      await desk.keyboard.press("Enter");
      await desk.getByText("Arahkan kamera").waitFor();
      await teller.to(desk.getByLabel("Memeriksa usia").or(desk.getByLabel("Membuka rekening")).first());
      await desk.keyboard.press("Space");
      await stage.camera.pointAt(page.locator(".qr svg"));
      await heading(desk, "SAH").waitFor();
      stage.camera.blank();
      await desk.getByText("Berusia 17 tahun atau lebih").waitFor();
      await desk.keyboard.press("Enter");
      await heading(desk, "Pindai QR nasabah").waitFor();
      await desk.keyboard.press("F8");
      await heading(desk, "Pemeriksaan saya").waitFor();
      await resident.press("Lihat riwayat");
      await page.getByText("Bank Contoh").first().waitFor();
    });
  });

});

/** Somebody without a pointer: goes on by Tab until what they want has the focus, and demands to see where they are. */
class Keys {
  constructor(page) {
    this.page = page;
  }

  async to(target) {
    await target.waitFor();
    for (let steps = 0; steps < 90; steps += 1) {
      if (await target.evaluate((node) => node === document.activeElement)) {
        const seen = await target.evaluate((node) => {
          // The pad of a field may carry the ring for it.
          for (let one = node; one && one !== document.body; one = one.parentElement) {
            const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
            if ((outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none") return true;
          }
          return false;
        });
        assert.ok(seen, `the focus is seen on ${target}`);
        return;
      }
      await this.page.keyboard.press("Tab");
    }
    throw new Error(`no Tab leads to ${target}`);
  }

  async press(name, key = "Enter") {
    await this.to(this.page.getByRole("button", { name, exact: !/^(Setujui)$/.test(name) }).first());
    await this.page.keyboard.press(key);
  }

  async type(label, text) {
    await this.to(this.page.getByLabel(label, { exact: label !== "Alamat surel" && label !== "Nomor ponsel" }));
    await this.page.keyboard.type(text);
  }
}
