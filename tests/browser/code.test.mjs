// The code under the QR, for cameras that fail: the resident shows it on one page, the teller types it on another.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { handScanner } from "./device.mjs";
import { FACE, Resident } from "./resident.mjs";
import { checkAccessibility, checkReflow, checkScreen, DESK, expectScreen, keepPicture, openPerson, PHONE, startBoth } from "./support.mjs";

describe("a code in place of the QR", { timeout: 300_000 }, () => {
  let demo;
  let stage;
  let person;
  let siti;
  let phone;
  let teller;
  let desk;

  before(async () => {
    [demo, stage] = await startBoth();
    await stage.camera.show(FACE, { fit: 1 });
    person = await openPerson(stage, demo.base_url);
    phone = person.page;
    siti = new Resident(demo, person, demo.resident());
    await siti.register();
    await siti.activate();
    await siti.button("Buka KTP Digital").click();
    await siti.unlock();
    stage.camera.blank();
    teller = await openPerson(stage, demo.base_url, { viewport: DESK });
    desk = teller.page;
    await desk.goto("/verifikasi");
    await desk.getByLabel("Nama pengguna").fill(demo.teller.username);
    await desk.getByLabel("Kata sandi").fill(demo.teller.password);
    await desk.getByLabel("Kode autentikator").fill(await demo.totp(demo.teller.totp_secret));
    await desk.keyboard.press("Enter");
    await heading("Pindai QR nasabah").waitFor();
    await desk.getByLabel("Membuka rekening").check();
  });

  after(async () => {
    await person?.close();
    await teller?.close();
    await stage?.stop();
    await demo?.stop();
  });

  const heading = (name) => desk.getByRole("heading", { level: 1, name, exact: true });
  const field = () => desk.getByLabel("Ketik kode 10 angka");
  const spoken = () => phone.locator(".digits .sr-only").textContent();
  const showCode = async () => {
    await phone.getByRole("button", { name: /Tampilkan kode 10 angka|Show a 10-digit code/ }).click();
    await phone.locator(".digits").waitFor();
    const code = (await spoken()).replace(/\D/g, "");
    assert.match(code, /^\d{10}$/);
    return code;
  };
  const home = async () => {
    await desk.goto("about:blank");
    await desk.goto("/verifikasi");
    await heading("Pindai QR nasabah").waitFor();
  };

  test("the phone shows the code on request, large, in groups, and to ears digit by digit", async () => {
    await siti.present("Data dasar");
    assert.equal(await phone.locator(".digits").count(), 0, "not unasked");
    await keepPicture(phone, "code-phone-button");
    const before = siti.token;
    const code = await showCode();
    assert.notEqual(siti.token, before, "QR and code are one presentation");
    assert.deepEqual(await phone.locator(".digits [aria-hidden]").allTextContents(), [code.slice(0, 3), code.slice(3, 6), code.slice(6)]);
    assert.equal(await spoken(), [code.slice(0, 3), code.slice(3, 6), code.slice(6)].map((group) => [...group].join(" ")).join(", "));
    assert.ok(await phone.locator(".digits").evaluate((node) => node.parentElement === document.activeElement), "it takes the focus");
    for (const width of [320, 360]) {
      await phone.setViewportSize({ width, height: 740 });
      await phone.locator(".digits").scrollIntoViewIfNeeded();
      const { height } = await phone.locator(".digits").boundingBox();
      assert.ok(height < 60, `one line at ${width} px: ${height}`);
      await keepPicture(phone, `code-phone-${width}`);
    }
    await phone.setViewportSize(PHONE);
    await checkAccessibility(phone, "code (ID)");
    await checkReflow(phone, "code (ID)");
    await phone.getByRole("button", { name: /^EN:/ }).click();
    // Drawn anew: a new QR, which has no code.
    await phone.locator(".digits").waitFor({ state: "detached" });
    await showCode();
    await keepPicture(phone, "code-phone-en");
    await checkAccessibility(phone, "code (EN)");
    await checkReflow(phone, "code (EN)");
    await phone.getByRole("button", { name: /^ID:/ }).click();
    await phone.locator(".digits").waitFor({ state: "detached" });
    await phone.getByRole("button", { name: /Tampilkan kode/ }).waitFor();
  });

  test("the teller types it in any grouping and sees the holder; the phone says so", async () => {
    await checkScreen(desk, "scanner and code");
    await keepPicture(desk, "code-desk");
    await desk.setViewportSize({ width: 360, height: 740 });
    await keepPicture(desk, "code-desk-360");
    await desk.setViewportSize(DESK);
    const code = await showCode();
    await field().fill(`${code.slice(0, 3)} ${code.slice(3, 6)}–${code.slice(6)}`);
    await desk.getByRole("button", { name: "Periksa", exact: true }).first().click();
    await heading("SAH").waitFor();
    await desk.getByText(siti.data.full_name).first().waitFor();
    await phone.getByText("sudah memeriksa").first().waitFor();
    assert.equal(await phone.locator(".digits").count(), 0);

    // As fast as practised fingers, and again: the code is used up.
    await home();
    await field().focus();
    await handScanner(desk, code);
    await heading("TIDAK SAH").waitFor();
    await desk.getByText("Sudah pernah dipakai. Minta QR baru.").waitFor();
  });

  test("what is no code is said at once; a wrong one with the tries that are left, then with the wait", async () => {
    await home();
    await field().fill("12345");
    await field().press("Enter");
    await desk.getByText("Kode terdiri dari 10 angka. Periksa lagi yang diketik.").waitFor();
    await checkAccessibility(desk, "no code");
    await keepPicture(desk, "code-desk-malformed");
    for (let left = 9; left >= 0; left -= 1) {
      await home();
      await field().fill("000 000 0000");
      await field().press("Enter");
      await heading("TIDAK SAH").waitFor();
      await desk.getByText(`Sisa ${left} kode salah`).waitFor();
      if (left === 9) {
        await keepPicture(desk, "code-desk-wrong");
        await checkAccessibility(desk, "wrong code");
      }
    }
    await home();
    await field().fill("0000000000");
    await field().press("Enter");
    await heading("TIDAK DIPERIKSA").waitFor();
    await desk.getByText(/Tunggu (10 menit|9 menit), lalu ketik lagi/).first().waitFor();
    await keepPicture(desk, "code-desk-wait");
    await checkAccessibility(desk, "wait");
  });

  test("a hand scanner works beside the field, and leaves what was typed", async () => {
    await phone.getByRole("button", { name: "Buat QR lagi" }).click();
    await phone.locator(".qr svg").waitFor();
    // Without a purpose nothing is asked yet, so the field is still there to look at.
    await home();
    await desk.evaluate(() => localStorage.removeItem("ikd.teller.purpose"));
    await home();
    await field().fill("407");
    await field().focus();
    await handScanner(desk, siti.token);
    await desk.getByText("Pilih keperluannya dahulu.").first().waitFor();
    assert.equal(await field().inputValue(), "407");
    await desk.getByLabel("Membuka rekening").check();
    await field().focus();
    await handScanner(desk, siti.token);
    await heading("SAH").waitFor();
  });

  test("the code lives as long as its QR, which waits with its renewal; without network both end", async () => {
    await phone.getByRole("button", { name: "Buat QR lagi" }).click();
    // Drawn before the clock stands still: what is being drawn then never becomes steady.
    await phone.locator(".qr svg").waitFor();
    await phone.getByRole("link", { name: "Tunjukkan" }).click();
    await expectScreen(phone, "bagikan");
    await phone.clock.install();
    await siti.present("Usia saja");
    const code = await showCode();
    // Whoever types it has all of its 90 seconds: the next QR would void it, so that one waits.
    const shown = siti.token;
    await phone.clock.fastForward(61_000);
    await phone.clock.runFor(2_000);
    assert.equal((await spoken()).replace(/\D/g, ""), code);
    assert.equal(siti.token, shown, "no other QR meanwhile");
    await phone.clock.fastForward(30_000);
    await phone.locator(".digits").waitFor({ state: "detached" });
    const ask = phone.getByRole("button", { name: /Tampilkan kode 10 angka/ });
    await ask.waitFor();
    assert.ok(await ask.evaluate((node) => node === document.activeElement), "the focus is not lost with the code");
    await phone.locator(".qr svg").waitFor();
    await showCode();
    await person.context.setOffline(true);
    await phone.clock.fastForward(61_000);
    await phone.clock.runFor(6_000);
    assert.equal(await phone.locator(".digits").count(), 1, "QR and code still live");
    await phone.clock.fastForward(30_000);
    await phone.getByText("QR ini sudah habis waktunya").waitFor();
    assert.equal(await phone.locator(".digits").count(), 0);
    await person.context.setOffline(false);
  });
});
