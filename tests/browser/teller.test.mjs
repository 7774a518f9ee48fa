// The teller's page, as an employee of a bank uses it; and the public pages beside it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { Device, drawnFace, handScanner } from "./device.mjs";
import { checkScreen, DESK, keepPictures, Officer, openPerson, PHONE, startBoth } from "./support.mjs";

describe("teller", { timeout: 600_000 }, () => {
  let demo;
  let stage;
  let teller;
  let page;
  let holder;
  let stopped = false;

  before(async () => {
    [demo, stage] = await startBoth();
    const officer = await Officer.login(demo);
    holder = await new Device(demo).register(demo.resident(), await drawnFace(stage.browser));
    await officer.scan(await holder.activationToken());
    await officer.approve(holder.id);
    await holder.activate();
    teller = await openPerson(stage, demo.base_url, { viewport: DESK });
    ({ page } = teller);
  });

  after(async () => {
    await teller?.close();
    await stage?.stop();
    if (!stopped) await demo?.stop();
  });

  const heading = (name) => page.getByRole("heading", { level: 1, name, exact: true });

  async function screen(name) {
    await keepPictures(page, `teller-${name}`);
    await checkScreen(page, name);
  }

  const wedge = (token) => handScanner(page, token);

  /** Begins at the scanner, whatever went before. */
  async function home() {
    await page.goto("about:blank");
    await page.goto("/verifikasi");
    await heading("Pindai QR nasabah").waitFor();
  }

  test("logging in and choosing the purpose", async () => {
    await page.goto("/verifikasi");
    await heading("Masuk untuk memeriksa").waitFor();
    await screen("log-in");
    await page.getByLabel("Nama pengguna").fill(demo.teller.username);
    await page.getByLabel("Kata sandi").fill(demo.teller.password);
    await page.getByLabel("Kode autentikator").fill(await demo.totp(demo.teller.totp_secret));
    await page.keyboard.press("Enter");
    await heading("Pindai QR nasabah").waitFor();
    await wedge("PEMINDAI TANGAN TANPA KEPERLUAN");
    await page.getByText("Pilih keperluannya dahulu.").first().waitFor();
    await screen("purpose");
    await page.getByLabel("Membuka rekening").check();
  });

  test("a QR before the camera is valid: a huge word, the portrait, the data, the receipt", async () => {
    await stage.camera.show(await holder.presentationPicture("basic"));
    await heading("SAH").waitFor();
    stage.camera.blank();
    await page.getByText("Cocokkan wajah dengan foto ini.").waitFor();
    const size = await heading("SAH").evaluate((node) => parseFloat(getComputedStyle(node).fontSize));
    assert.ok(size >= 72, `the word is ${size} px high`);
    const portrait = page.getByAltText("Foto pemegang KTP");
    assert.ok(await portrait.evaluate(async (image) => (await image.decode(), image.naturalWidth > 0)));
    assert.ok((await portrait.boundingBox()).width >= 240);
    await screen("valid");
    const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Simpan bukti" }).click()]);
    const receipt = JSON.parse(readFileSync(await saved.path(), "utf8"));
    assert.match(saved.suggestedFilename(), /^ikd-[0-9a-f-]{36}\.json$/);
    assert.deepEqual([receipt.result, receipt.purpose, receipt.relying_party], ["valid", "open_account", "Bank Contoh"]);
    assert.ok(receipt.receipt.proof.startsWith("0oR") && receipt.receipt.statement && receipt.receipt.salt.length === 22 && receipt.attributes.full_name);
  });

  test("a used QR, told without colour; the next one by a key", async () => {
    await page.keyboard.press("F2");
    await heading("Pindai QR nasabah").waitFor();
    const token = await holder.present("full");
    await wedge(token);
    await heading("SAH").waitFor();
    const shown = performance.now();
    await screen("valid-full");
    // Within two seconds of the result the same QR is a trigger that was pressed twice.
    await page.waitForTimeout(Math.max(0, shown + 2500 - performance.now()));
    // On a result a hand scanner goes on at once.
    await page.getByRole("button", { name: "Periksa berikutnya" }).focus();
    await wedge(token);
    await heading("TIDAK SAH").waitFor();
    await page.getByText("Sudah pernah dipakai. Minta QR baru.").waitFor();
    await screen("used");
    // For 0.8 s after a scan an Enter may be the scanner's own; a person reads the result first.
    await page.waitForTimeout(900);
    await page.getByRole("button", { name: "Periksa berikutnya" }).focus();
    await page.keyboard.press("Enter");
    await heading("Pindai QR nasabah").waitFor();
  });

  test("without a portrait, and something that is no QR of ours", async () => {
    await home();
    await wedge(await holder.present(["full_name", "birth_date"]));
    await page.getByText("Pemegang tidak membagikan foto").waitFor();
    await screen("no-portrait");
    await home();
    await wedge("<SCRIPT>ALERT(1)</SCRIPT> BUKAN QR KTP");
    await page.getByText("Bukan QR KTP Digital. Minta QR baru.").waitFor();
    await screen("malformed");
    await page.keyboard.press("F2");
  });

  test("a photo of a QR", async () => {
    await home();
    await page.getByText("Arahkan kamera").waitFor();
    await page.locator("input[type=file]").setInputFiles({ name: "qr.png", mimeType: "image/png", buffer: await holder.presentationPicture("age") });
    await heading("SAH").waitFor();
    await page.getByText("Berusia 17 tahun atau lebih").waitFor();
    await page.keyboard.press("F2");
  });

  test("an answer that was lost is asked for again under the same key, and is the first one", async () => {
    await home();
    const keys = [];
    let lost = 0;
    await page.route("**/v1/teller/verifications", async (route) => {
      keys.push(route.request().headers()["idempotency-key"]);
      if (lost < 1) {
        lost += 1;
        // The service has answered; the answer does not arrive.
        await route.fetch();
        await route.abort("connectionreset");
      } else await route.continue();
    });
    await wedge(await holder.present("basic"));
    await heading("BELUM PASTI").waitFor();
    await heading("SAH").waitFor();
    assert.equal(keys.length, 2);
    assert.equal(keys[0], keys[1]);
    await page.unroute("**/v1/teller/verifications");
  });

  test("idle in the middle: the password is asked for and the check goes on", async () => {
    await home();
    const locked = { status: 401, contentType: "application/problem+json", body: JSON.stringify({ code: "password_required", status: 401 }) };
    await page.route("**/v1/teller/verifications", (route) => route.fulfill(locked), { times: 1 });
    await wedge(await holder.present("basic"));
    await page.getByRole("heading", { name: "Layar terkunci" }).waitFor();
    assert.equal(await page.locator("main").isVisible(), false, "what was shown is not");
    await page.getByLabel("Kata sandi").fill("salah sama sekali");
    await page.keyboard.press("Enter");
    await page.getByText("Gagal masuk").waitFor();
    await page.getByLabel("Kata sandi").fill(demo.teller.password);
    await page.keyboard.press("Enter");
    await heading("SAH").waitFor();
  });

  test("left alone for half an hour the page locks itself and shows nothing of anybody", async () => {
    // A window of its own: a fake clock stays, and with it every key would come at the moment at which it is read.
    const alone = await openPerson(stage, demo.base_url, { viewport: DESK, storageState: await page.context().storageState() });
    const idle = alone.page;
    await idle.clock.install();
    await idle.goto("/verifikasi");
    await idle.locator("input[type=file]").setInputFiles({ name: "qr.png", mimeType: "image/png", buffer: await holder.presentationPicture("basic") });
    await idle.getByRole("heading", { level: 1, name: "SAH", exact: true }).waitFor();
    const locked = idle.getByRole("heading", { name: "Layar terkunci" });
    for (const hand of ["Shift", null]) {
      await idle.clock.fastForward("29:30");
      assert.equal(await locked.count(), 0);
      if (hand) await idle.keyboard.press(hand);
    }
    await idle.clock.fastForward("01:00");
    await locked.waitFor();
    assert.equal(await idle.locator("main").isVisible(), false);
    await keepPictures(idle, "teller-locked");
    await checkScreen(idle, "locked");
    // Loaded anew it is locked still, though the service has heard of this session a moment ago.
    await idle.reload();
    await locked.waitFor();
    assert.equal(await idle.locator("main").isVisible(), false);
    await idle.getByLabel("Kata sandi").fill(demo.teller.password);
    await idle.keyboard.press("Enter");
    await locked.waitFor({ state: "detached" });
    assert.ok(await idle.locator("main").isVisible());
    // The session goes on under another cookie, here too.
    await page.context().addCookies(await alone.context.cookies());
    await alone.close();
  });

  test("own checks, newest first, without names", async () => {
    await page.keyboard.press("F8");
    await heading("Pemeriksaan saya").waitFor();
    await page.locator("li.line").nth(6).waitFor();
    assert.equal(await page.locator("li.line").first().locator(".badge").textContent(), "SAH");
    await screen("history");
    await page.goBack();
    await page.goForward();
    await heading("Pemeriksaan saya").waitFor();
    await page.reload();
    await page.locator("li.line").first().waitFor();
  });

  test("help, doors, poster and leaflet; what stands in the address stays text", async () => {
    const person = await openPerson(stage, demo.base_url, { viewport: PHONE });
    const hostile = encodeURIComponent("<img src=x onerror=alert(1)> Dukcapil Kabupaten Kepulauan Siau Tagulandang Biaro");
    for (const [name, address] of [["help", "/bantuan"], ["start", "/mulai"], ["poster", `/poster?kantor=${hostile}`], ["leaflet", `/selebaran?kantor=${hostile}`]]) {
      await person.page.goto(address);
      await person.page.getByRole("heading", { level: 1 }).waitFor();
      if (name === "help") for (const one of await person.page.locator("summary").all()) await one.click();
      await checkScreen(person.page, name);
      await keepPictures(person.page, name);
      if (address.includes("kantor")) {
        await person.page.getByText("<img src=x onerror=alert(1)>").waitFor();
        const paper = await person.page.pdf({ preferCSSPageSize: true });
        assert.equal(paper.toString("latin1").match(/\/Type\s*\/Page\b/g).length, 1, `${name} is one A4 page`);
      }
    }
    const read = await person.page.evaluate(async () => {
      const { decodeFile } = await import("/web/shared/scanner.js");
      const picture = new XMLSerializer().serializeToString(document.querySelector(".paper-qr svg"));
      const image = new Image(400, 400);
      image.src = `data:image/svg+xml,${encodeURIComponent(picture)}`;
      await image.decode();
      const canvas = new OffscreenCanvas(400, 400);
      canvas.getContext("2d").drawImage(image, 0, 0, 400, 400);
      return decodeFile(await canvas.convertToBlob());
    });
    assert.equal(read, `${demo.base_url}/`);
    await person.close();
  });

  test("a QR older than 90 seconds", async () => {
    await home();
    const token = await holder.present("age");
    await demo.later(91);
    await wedge(token);
    await heading("TIDAK SAH").waitFor();
    await page.getByText("Lewat 90 detik. Minta QR baru.").waitFor();
    await screen("expired");
  });

  test("a service that does not answer is a third state of its own", async () => {
    await home();
    const token = await holder.present("basic");
    await demo.stop();
    stopped = true;
    await wedge(token);
    await heading("BELUM PASTI").waitFor();
    await page.getByText("Jangan menerima, jangan menolak. Tunggu.").waitFor();
    await page.getByText(/Dicoba lagi dalam \d+ detik/).waitFor();
    await keepPictures(page, "teller-undetermined");
    await page.setViewportSize(PHONE);
    await page.getByRole("button", { name: "Berhenti, pindai baru" }).waitFor();
  });
});
