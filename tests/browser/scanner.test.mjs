// Hand scanners as they are set up in the world: other endings, none, stalls, cut texts, caps lock, prefixes, other keyboards,
// and the focus anywhere. Nothing is swallowed in silence and nothing half is sent.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Device, drawnFace, handScanner } from "./device.mjs";
import { checkScreen, DESK, eventually, keepPicture, Officer, openPerson, PHONE, startBoth } from "./support.mjs";

describe("hand scanners", { timeout: 300_000 }, () => {
  let demo;
  let stage;
  let desk;
  let page;
  let resident;
  let holder;
  let asked;

  before(async () => {
    [demo, stage] = await startBoth([], { camera: "refused" });
    const selfie = await drawnFace(stage.browser);
    const officer = await Officer.login(demo);
    holder = await new Device(demo).register(demo.resident(), selfie);
    await officer.scan(await holder.activationToken());
    await officer.approve(holder.id);
    await holder.activate();
    resident = await new Device(demo).register(demo.resident(), selfie);
    desk = await openPerson(stage, demo.base_url, { viewport: DESK, camera: false });
    ({ page } = desk);
    page.on("request", (request) => request.method() === "POST" && /\/(scans|verifications)$/.test(request.url()) && asked.push(request.postDataJSON().token));
    await demo.later(30);
  });
  after(async () => {
    await desk?.close();
    await stage?.stop();
    await demo?.stop();
  });

  const heading = (name) => page.getByRole("heading", { level: 1, name, exact: true });
  async function logIn(address, who, first) {
    await page.goto(address);
    await page.getByLabel("Nama pengguna").fill(who.username);
    await page.getByLabel("Kata sandi").fill(who.password);
    await page.getByLabel("Kode autentikator").fill(await demo.totp(who.totp_secret));
    await page.keyboard.press("Enter");
    await heading(first).waitFor();
  }
  const atCounter = async () => {
    await page.evaluate(() => (location.hash = "#antrean"));
    await heading("Antrean kantor ini").waitFor();
    await page.evaluate(() => (location.hash = "#pindai"));
    await heading("Pindai QR warga").waitFor();
    asked = [];
  };
  const opened = async (what, token) => {
    await page.locator(".compared").first().waitFor().catch((error) => assert.fail(`${what}: ${error.message}`));
    assert.deepEqual(asked, [token], what);
  };
  const said = (text) => page.locator(".intake-say", { hasText: text }).waitFor();

  test("what a password manager types to log in is no scan, and a scan there leaves nothing behind", async () => {
    await page.goto("/petugas");
    const username = page.getByLabel("Nama pengguna");
    await username.focus();
    await handScanner(page, await resident.activationToken());
    await page.locator("#toast", { hasText: "Pindaian itu tidak dipakai" }).waitFor();
    assert.equal(await username.inputValue(), "");
    await handScanner(page, demo.officer.username, { endings: ["Tab"] });
    await handScanner(page, "satu kata sandi yang sangat panjang", { endings: ["Tab"] });
    await page.getByRole("button", { name: "Tampilkan" }).and(page.locator(":focus")).waitFor();
    assert.equal(await page.getByLabel("Kata sandi").inputValue(), "satu kata sandi yang sangat panjang");
    await page.getByLabel("Kata sandi").fill("");
    await page.getByLabel("Kata sandi").focus();
    await handScanner(page, demo.officer.password, { endings: ["Tab", "Tab"] });
    await handScanner(page, await demo.totp(demo.officer.totp_secret));
    await heading("Pindai QR warga").waitFor();
    await page.getByRole("button", { name: "Keluar" }).click();
    await demo.later(30);
  });

  test("every ending, and none; a stall, a line end inside, caps lock and an AIM identifier", async () => {
    await logIn("/petugas", demo.officer, "Pindai QR warga");
    // Each with a token of its own: one lives for 90 seconds, and the machine may be busy.
    for (const [what, written, options] of [
      ["Tab", (token) => token, { endings: ["Tab"] }], ["line feed", (token) => token, { endings: ["LF"] }], ["carriage return and line feed", (token) => token, { endings: ["CR", "LF"] }],
      ["two Enters", (token) => token, { endings: ["Enter", "Enter"] }], ["none", (token) => token, { endings: [] }], ["a stall", (token) => token, { stallAfter: 170, stall: 800 }],
      ["AIM identifier", (token) => `]Q1${token}`], ["caps lock", (token) => token.toLowerCase()], ["line ends inside", (token) => `${token.slice(0, 120)}\n${token.slice(120, 240)}\n${token.slice(240)}`],
    ]) {
      await atCounter();
      const token = await resident.activationToken();
      await handScanner(page, written(token), options);
      await opened(what, token);
    }
  });

  test("what is cut is said and never sent; scanned again it works", async () => {
    let token = await resident.activationToken();
    const wrong = token.slice(0, 200) + (token[200] === "A" ? "B" : "A") + token.slice(201);
    for (const [what, text, endings] of [["cut at the end", token.slice(0, 200), ["Enter"]], ["cut, no ending", token.slice(0, 200), []], ["cut at the front", token.slice(40), ["Tab"]], ["a few keys", token.slice(0, 9), ["Enter"]], ["one sign wrong", wrong, ["Enter"]]]) {
      await atCounter();
      await page.getByRole("button", { name: "Keluar" }).focus();
      await handScanner(page, text, { endings });
      await said("tidak utuh").catch((error) => assert.fail(`${what}: ${error.message}`));
      assert.deepEqual(asked, [], what);
    }
    await keepPicture(page, "scanner-part-desk");
    await checkScreen(page, "scan, cut");
    // In another language and back it is still said.
    await said("tidak utuh");
    await page.setViewportSize(PHONE);
    await keepPicture(page, "scanner-part-phone");
    await page.setViewportSize(DESK);
    token = await resident.activationToken();
    await handScanner(page, token);
    await opened("again", token);
    // A German keyboard: the symbols are elsewhere.
    await atCounter();
    await handScanner(page, `${token.slice(0, 100)}ß${token.slice(101)}`);
    await said("tidak cocok dengan pemindai");
    assert.deepEqual(asked, []);
    // Cut and at once again.
    await atCounter();
    token = await resident.activationToken();
    await handScanner(page, `${token.slice(0, 90)}\n${token}`);
    await opened("cut, then whole", token);
  });

  test("wherever the focus is: no button is pressed, no field keeps a key, no dialog is answered", async () => {
    let token = await resident.activationToken();
    await atCounter();
    await page.getByRole("button", { name: "Keluar" }).focus();
    await handScanner(page, token, { endings: ["Enter", "Enter"] });
    await opened("a button", token);
    // On the person's own screen no scan is expected: it is said, and nothing of it stays.
    await page.locator("#note").focus();
    asked = [];
    await handScanner(page, token);
    await page.locator("#toast", { hasText: "Pindaian itu tidak dipakai" }).waitFor();
    assert.equal(await page.locator("#note").inputValue(), "");
    await page.keyboard.press("F9");
    await page.getByLabel("Alasan (dibaca warga)").fill("Fo");
    await handScanner(page, token);
    await page.locator("#toast", { hasText: "jawab dahulu" }).waitFor();
    assert.equal(await page.getByLabel("Alasan (dibaca warga)").inputValue(), "Fo");
    assert.equal(await page.locator("dialog[open]").count(), 1);
    assert.deepEqual(asked, []);
    await page.keyboard.press("Escape");
    // What quick hands type is theirs, key by key.
    await page.locator("#note").fill("");
    await page.locator("#note").focus();
    for (const [text, gap] of [["yang bersangkutan hadir", 70], ["cepat sekali ini", 30]]) {
      await page.locator("#note").fill("");
      await handScanner(page, text, { endings: [], gap });
      await eventually(text, async () => (await page.locator("#note").inputValue()) === text, 5);
    }
    await page.keyboard.press("Escape");
    // Two scans at once: the first one is on the screen, the second is said.
    await atCounter();
    token = await resident.activationToken();
    await handScanner(page, `${token}\n${token}`);
    await opened("two at once", token);
    await page.locator("#toast", { hasText: "Pindaian itu tidak dipakai" }).waitFor();
    // What is said outlives the screen it was said on: the next screen may come a moment later.
    await page.evaluate(() => (location.hash = "#antrean"));
    await heading("Antrean kantor ini").waitFor();
    assert.equal(await page.locator("#toast", { hasText: "Pindaian itu tidak dipakai" }).count(), 1);
  });

  test("a pasted text, by mouse and with line ends in it", async () => {
    let token = await resident.activationToken();
    await atCounter();
    await page.getByText("Masukkan teks QR").first().click();
    await page.locator("#qr-text").fill(token.slice(0, 150));
    await page.locator(".typed button").click();
    await said("tidak utuh");
    await page.locator("#qr-text").fill(` ${token} `);
    await page.locator(".typed button").click();
    await opened("typed", token);
    await atCounter();
    token = await resident.activationToken();
    await page.evaluate((text) => {
      const data = new DataTransfer();
      data.setData("text/plain", text);
      document.querySelector("h1").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }, `${token.slice(0, 99)}\r\n${token.slice(99)}\r\n`);
    await opened("pasted", token);
  });

  test("the teller's desk: the same endings; half is not sent; a trigger pressed twice does not replace the result", async () => {
    await logIn("/verifikasi", demo.teller, "Pindai QR nasabah");
    await page.getByLabel("Membuka rekening").check();
    asked = [];
    let token = await holder.present("basic");
    await handScanner(page, token.slice(0, 180));
    await said("tidak utuh");
    assert.deepEqual(asked, []);
    await handScanner(page, token.toLowerCase(), { endings: ["Tab"] });
    await heading("SAH").waitFor();
    await handScanner(page, token);
    await page.locator("#toast", { hasText: "QR yang sama" }).waitFor();
    await heading("SAH").waitFor();
    assert.deepEqual(asked, [token]);
    await handScanner(page, token.slice(0, 180));
    await page.locator("#toast", { hasText: "tidak utuh" }).waitFor();
    token = await holder.present("age");
    await handScanner(page, token, { endings: [] });
    await page.getByText("Berusia 17 tahun atau lebih").waitFor();
    assert.equal(asked.length, 2);
  });
});
