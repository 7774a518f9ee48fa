// The counter's page, as an officer uses it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Device, drawnFace, handScanner } from "./device.mjs";
import { budget, checkAccessibility, checkReflow, checkScreen, DESK, eventually, keepPicture, keepPictures, openPerson, startBoth, startBrowser } from "./support.mjs";

const HOSTILE = "Nama O'Brien-Sitorus, S.H., M.Kn. yang panjang sekali sampai ke tepi layar dan lebih jauh lagi";

describe("counter", { timeout: 600_000 }, () => {
  let demo;
  let stage;
  let officer;
  let page;
  let selfie;

  before(async () => {
    [demo, stage] = await startBoth();
    selfie = await drawnFace(stage.browser);
    officer = await openPerson(stage, demo.base_url, { viewport: DESK });
    ({ page } = officer);
  });

  after(async () => {
    await officer?.close();
    await stage?.stop();
    await demo?.stop();
  });

  const heading = (name) => page.getByRole("heading", { level: 1, name });
  const ready = (changes) => new Device(demo).register(demo.resident(), selfie, changes);

  const wedge = (token) => handScanner(page, token);

  /** Begins at the post, whatever went before. */
  async function home() {
    await page.goto("about:blank");
    await page.goto("/petugas");
    await heading("Pindai QR warga").waitFor();
  }

  /** Every screen: axe and reflow in both languages (a dialog in the present one), and a picture to look at. */
  async function screen(name) {
    await keepPictures(page, `counter-${name}`);
    if (await page.locator("dialog[open]").count()) {
      await checkAccessibility(page, name);
      await checkReflow(page, name);
    } else await checkScreen(page, name);
  }

  async function approveByKeyboard() {
    for (const name of ["face", "document", "data"]) {
      await page.locator(`#check-${name}`).focus();
      await page.keyboard.press("Space");
    }
    await page.keyboard.press("Control+Enter");
    await heading("Disetujui").waitFor();
  }

  test("logging in, with the wrong password first", async () => {
    await page.goto("/petugas");
    await screen("log-in");
    await page.getByLabel("Nama pengguna").fill(demo.officer.username);
    await page.getByLabel("Kata sandi").fill("salah sekali 123");
    await page.getByLabel("Kode autentikator").fill("000 000");
    await page.keyboard.press("Enter");
    await page.getByText("Gagal masuk").waitFor();
    // Whose phone is off sees it by the service's time, which runs.
    const clock = page.locator(".service-time");
    const shown = await clock.innerText();
    assert.match(shown, /^\d\d\.\d\d\.\d\d \S/);
    await page.waitForFunction((before) => document.querySelector(".service-time").textContent !== before, shown);
    await screen("log-in-refused");
    assert.equal(await page.getByLabel("Nama pengguna").inputValue(), demo.officer.username, "what was typed stays");
    await page.getByLabel("Kata sandi").fill(demo.officer.password);
    await page.getByLabel("Kode autentikator").fill(await demo.totp(demo.officer.totp_secret));
    await page.keyboard.press("Enter");
    await heading("Pindai QR warga").waitFor();
    await screen("scan");
  });

  test("a QR before the camera, compared and approved by keyboard, the next person in one key", async () => {
    const resident = await ready();
    const picture = await resident.activationPicture();
    await stage.camera.show(picture);
    const begun = Date.now();
    await page.locator(".compared").first().waitFor();
    budget("counter, QR before the camera to both data sets", Date.now() - begun, 1000);
    stage.camera.blank();
    await page.locator(".face img").first().waitFor();
    assert.equal(await page.locator(".face img").count(), 2);
    assert.ok(await page.locator(".face img").evaluateAll((all) => Promise.all(all.map(async (image) => (await image.decode(), image.naturalWidth > 0)))));
    await screen("review");
    await page.keyboard.press("Control+Enter");
    await page.locator(".decision .notice", { hasText: "Periksa dahulu" }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), "check-face", "the first open check has the focus");
    await page.getByRole("button", { name: "Perbesar: Swafoto tadi" }).click();
    await page.getByLabel("Perbesaran").fill("300");
    await screen("zoom");
    await page.keyboard.press("Escape");
    await approveByKeyboard();
    assert.equal((await resident.state()).state, "code_sent");
    await page.keyboard.press("Enter");
    await heading("Pindai QR warga").waitFor();
    await eventually("the figure", async () => (await page.locator(".mine b").textContent().catch(() => "")) === "1");
  });

  test("scan to result within a second on loopback, by a hand scanner", async () => {
    const token = await (await ready()).activationToken();
    await home();
    const begun = await wedge(token);
    await page.locator(".compared").first().waitFor();
    budget("counter, hand scanner's Enter to both data sets", performance.now() - begun, 1000);
    assert.equal(await page.locator("#note").inputValue(), "", "no field got the scanner's keys");
    await page.reload();
    await page.locator("#check-face").waitFor();
    // A face that was lost on the way is said to be, and asked for again.
    await page.route("**/selfie", (route) => route.abort());
    await page.reload();
    await page.getByText("Foto ini belum termuat.").waitFor();
    await screen("face-lost");
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await page.locator(".face.none").getByRole("button", { name: "Coba lagi" }).click();
    await page.getByRole("button", { name: "Perbesar: Swafoto tadi" }).locator("img").evaluate((image) => image.decode());
    await page.keyboard.press("F2");
  });

  test("what comes late takes neither focus, nor a pressed key, nor the outcome's place", async (t) => {
    t.after(() => page.unrouteAll({ behavior: "ignoreErrors" }));
    const resident = await ready();
    const token = await resident.activationToken();
    await home();
    // The check of the data is still under way when the officer sees the person, and ends while the officer works.
    const asked = [];
    let holding = true;
    const answered = {};
    const unanswered = { check_state: "pending", register: null, differences: [] };
    let changes = { ...unanswered, version: "before the register answered" };
    const hold = async (route) => {
      const scan = route.request().url().endsWith("/scans");
      if (route.request().method() !== "GET" && !scan) return route.fallback();
      const answer = await route.fetch();
      const body = JSON.stringify({ ...(await answer.json()), ...changes });
      if (holding && !scan) await new Promise((go) => asked.push(go));
      await route.fulfill({ response: answer, body });
    };
    const places = [/\/v1\/officer\/scans$/, /\/v1\/officer\/registrations\/[0-9a-f-]+$/];
    const waits = page.getByText("Data kependudukan belum menjawab");
    const changed = page.getByText("Yang dibandingkan berubah", { exact: true });
    const ticked = () => page.evaluate(() => ["face", "document", "data"].filter((name) => document.getElementById(`check-${name}`).checked));
    for (const place of places) await page.route(place, hold);
    await wedge(token);
    await waits.waitFor();
    // What comes within 0.3 s of a scan is the scanner's; no hand is that quick.
    await page.waitForTimeout(400);
    await page.getByRole("button", { name: "Perbesar: Swafoto tadi" }).click();
    await page.locator("dialog[open]").waitFor();
    // A quick hand: the focus is moved before the browser tells that the dialog was closed.
    await page.evaluate(() => {
      document.querySelector("dialog[open]").close();
      document.getElementById("check-face").focus();
    });
    await page.locator("dialog").waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => document.activeElement.id), "check-face");

    await page.keyboard.press("Space");
    await page.locator("#note").fill("KK dib");
    await page.locator("#check-document").focus();
    await eventually("a look at the check", () => asked.length);
    await page.keyboard.down("Space");
    changes = answered;
    // The first one was asked before, and says the same again.
    await eventually("the register's data", async () => (asked.shift()?.(), page.locator(".compared .badge.good").count()));
    await page.keyboard.up("Space");
    assert.deepEqual(await ticked(), ["document"], "the press was not forgotten, and what has to be compared anew is not ticked");
    assert.equal(await page.evaluate(() => document.activeElement.id), "check-document");
    assert.equal(await page.locator("#note").inputValue(), "KK dib");
    assert.equal(await waits.count(), 0);
    await changed.waitFor();
    holding = false;
    await screen("changed");
    holding = true;

    // The service has given the register's answer, but it is not on the screen: nothing is approved unseen.
    changes = { ...unanswered, version: "before the register answered" };
    await page.reload();
    await eventually("the look after the reload", () => asked.length);
    asked.shift()();
    await waits.waitFor();
    assert.deepEqual(await ticked(), ["document"], "ticks outlive a reload");
    await eventually("a look that is under way", () => asked.length);
    const late = asked.shift();
    changes = answered;
    for (const name of ["face", "data"]) await page.locator(`#check-${name}`).check();
    await page.keyboard.press("Control+Enter");
    await eventually("another look, after the refusal", () => asked.length);
    asked.shift()();
    await page.getByText("Ada yang berubah sejak Anda membukanya").waitFor();
    assert.deepEqual(await ticked(), ["document"]);
    assert.equal((await resident.state()).state, "awaiting_officer");
    const seen = page.waitForResponse(places[1]);
    late();
    await (await seen).finished();
    await page.waitForTimeout(100);
    assert.equal(await waits.count(), 0, "an older answer does not take a newer one's place");

    // Asked before the decision, answered after it.
    changes = unanswered;
    await page.reload();
    await eventually("the look after the reload", () => asked.length);
    asked.shift()();
    await waits.waitFor();
    await eventually("a look that is under way", () => asked.length);
    for (const name of ["face", "data"]) await page.locator(`#check-${name}`).check();
    await page.keyboard.press("Control+Enter");
    await heading("Disetujui").waitFor();
    const afterwards = page.waitForResponse(places[1]);
    asked.shift()();
    await (await afterwards).finished();
    await page.waitForTimeout(100);
    assert.ok(await heading("Disetujui").isVisible(), "the outcome stays");
    assert.equal((await resident.state()).state, "code_sent");
    await page.keyboard.press("Enter");
    await heading("Pindai QR warga").waitFor();
  });

  test("differences are marked in words, returned with released fields; the resident reads the reason", async () => {
    const resident = await ready({ full_name: HOSTILE });
    await home();
    await wedge(await resident.activationToken());
    const name = page.locator(".compared[data-field=full_name]");
    await name.locator(".badge", { hasText: "Berbeda" }).waitFor();
    assert.ok((await name.locator(".why").textContent()).length > 20, "it is explained");
    assert.equal(await page.getByRole("heading", { level: 1 }).textContent(), HOSTILE, "hostile text stays text");
    await screen("differs");
    await page.keyboard.press("F9");
    await page.getByRole("heading", { name: "Kembalikan kepada warga" }).waitFor();
    await screen("return");
    await page.getByRole("button", { name: "Kembalikan", exact: true }).last().click();
    await page.getByText("Tulis alasan, paling sedikit 5 huruf.").waitFor();
    await page.locator(".template").first().click();
    await page.locator("dialog").getByText("Nama", { exact: true }).click();
    // Idle in the middle: the password is asked for above the screen, then the same act goes on.
    const locked = { status: 401, contentType: "application/problem+json", body: JSON.stringify({ code: "password_required", status: 401 }) };
    await page.route("**/return", (route) => route.fulfill(locked), { times: 1 });
    await page.getByRole("button", { name: "Kembalikan", exact: true }).last().click();
    await page.getByRole("heading", { name: "Layar terkunci" }).waitFor();
    await screen("locked");
    await page.getByLabel("Kata sandi").fill(demo.officer.password);
    await page.keyboard.press("Enter");
    await heading("Dikembalikan").waitFor();
    await screen("returned");
    const { state, reason } = await resident.state();
    assert.equal(state, "needs_correction");
    assert.ok(JSON.stringify(reason ?? "").length > 2);
    await page.keyboard.press("F2");
  });

  test("refused with a reason of one's own", async () => {
    const resident = await ready();
    await home();
    await wedge(await resident.activationToken());
    await page.locator("#check-face").waitFor();
    await page.keyboard.press("F10");
    await page.getByLabel("Alasan (dibaca warga)").fill("<img src=x onerror=alert(1)> Bukan orangnya.");
    await screen("reject");
    await page.getByRole("button", { name: "Tolak pendaftaran" }).click();
    await heading("Ditolak").waitFor();
    assert.equal((await resident.state()).state, "rejected");
    await page.keyboard.press("F8");
    await heading("Antrean kantor ini").waitFor();
    await page.locator("a.line").first().waitFor();
    await page.getByLabel("Keadaan").selectOption("rejected");
    await page.locator("a.line").first().waitFor();
    await screen("queue");
    await page.locator("a.line").first().click();
    await page.getByText("<img src=x onerror=alert(1)>").waitFor();
    await screen("closed");
    await page.goBack();
    await heading("Antrean kantor ini").waitFor();
    await page.getByLabel("Keadaan").selectOption("cancelled");
    await page.getByText("Tidak ada yang menunggu di sini.").waitFor();
    await screen("queue-empty");
  });

  test("the other direction: the officer's QR is read off the screen and the number is confirmed", async () => {
    const resident = await ready();
    await home();
    await page.keyboard.press("F4");
    await page.locator(".qr svg").waitFor();
    const picture = await page.locator(".qr").screenshot();
    const token = await readQr(picture);
    const number = await resident.scanCounter(token);
    await page.locator(".match").waitFor();
    // When it was scanned is told with numbers of its own.
    const told = await page.locator(".matches").evaluate((list) => {
      const copy = list.cloneNode(true);
      for (const when of copy.querySelectorAll("label .small")) when.remove();
      return copy.textContent;
    });
    assert.ok(!told.match(new RegExp(`\\b${number}\\b`)), "the number is on the resident's phone alone");
    await screen("counter-qr");
    const digits = page.locator(".match .two-digits");
    await digits.fill("1");
    await page.keyboard.press("Enter");
    await page.getByText("Ketik dua angka yang disebutkan warga.").waitFor();
    await digits.fill(String(number === 99 ? 10 : number + 1));
    await page.keyboard.press("Enter");
    await page.getByText("sisa percobaan: 2").waitFor();
    await screen("counter-qr-wrong");
    await digits.fill(String(number));
    await page.keyboard.press("Enter");
    await approveByKeyboard();
    await screen("approved");
    assert.equal((await resident.state()).state, "code_sent");
    await page.keyboard.press("F2");
  });

  test("without the resident present the data are shown for a reason only", async () => {
    const resident = await ready();
    const { id } = resident;
    await home();
    await wedge(await resident.activationToken());
    await page.locator("#check-face").waitFor();
    // As for a colleague who did not scan it.
    const refused = { status: 403, contentType: "application/problem+json", body: JSON.stringify({ code: "reason_required", status: 403 }) };
    const data = new RegExp(`/v1/officer/registrations/${id}$`);
    await page.route(data, (route) => route.fulfill(refused));
    await page.reload();
    await heading("Warganya tidak di sini").waitFor();
    assert.equal(await page.locator(".compared, .face").count(), 0);
    await screen("why");
    await page.getByRole("button", { name: "Buka dengan alasan ini" }).click();
    await page.getByText("Tulis alasan paling sedikit 5 huruf.").waitFor();
    await page.locator("#why").fill("Warga bertanya lewat telepon");
    await page.unroute(data);
    await page.keyboard.press("Enter");
    await page.locator(".compared").first().waitFor();
    await page.keyboard.press("F2");
  });

  /** Reads a picture with the page's own decoder. */
  async function readQr(picture) {
    return page.evaluate(async (bytes) => {
      const { decodeFile } = await import("/web/shared/scanner.js");
      return decodeFile(new Blob([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], { type: "image/png" }));
    }, Buffer.from(picture).toString("base64"));
  }

  test("a photo of the QR; a photo without one; a QR that is no activation QR", async () => {
    const resident = await ready();
    await home();
    const upload = page.locator("input[type=file]");
    await page.getByText("Arahkan kamera").waitFor();
    await upload.setInputFiles({ name: "wajah.png", mimeType: "image/png", buffer: selfie });
    await page.getByText("Tidak ada QR yang terbaca").waitFor();
    await page.locator("summary").click();
    await page.getByLabel("Masukkan teks QR").fill("BUKAN QR");
    await page.getByRole("button", { name: "Periksa" }).click();
    await page.locator(".intake-say:not(:empty)").waitFor();
    await screen("scan-refused");
    await upload.setInputFiles({ name: "qr.png", mimeType: "image/png", buffer: await resident.activationPicture() });
    await page.locator(".compared").first().waitFor();
    await page.keyboard.press("F2");
  });

  test("99 of 100 frames are read: rotated, blurred, dimmed, at an angle", async () => {
    const resident = await ready();
    const picture = (await resident.activationPicture()).toString("base64");
    const token = await readQr(Buffer.from(picture, "base64"));
    assert.match(token, /^[0-9A-Z $%*+\-./:]+$/);
    const { read, slowest } = await page.evaluate(async ({ picture, token }) => {
      const { decodeFile } = await import("/web/shared/scanner.js");
      const image = await createImageBitmap(new Blob([Uint8Array.from(atob(picture), (c) => c.charCodeAt(0))]));
      // A fixed sequence, so that a frame that fails fails again.
      let seed = 20261121;
      const next = () => ((seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) / 2 ** 32);
      let read = 0;
      let slowest = 0;
      for (let frame = 0; frame < 100; frame += 1) {
        const canvas = new OffscreenCanvas(960, 720);
        const context = canvas.getContext("2d");
        const light = 0.35 + next() * 0.65;
        context.fillStyle = `rgb(${[150, 140, 130].map((part) => Math.round(part * light)).join()})`;
        context.fillRect(0, 0, 960, 720);
        context.filter = `blur(${(next() * 1.6).toFixed(2)}px) brightness(${light.toFixed(2)})`;
        context.translate(480 + (next() - 0.5) * 120, 360 + (next() - 0.5) * 60);
        context.rotate(next() * 2 * Math.PI);
        // Shot at an angle of up to 35 degrees: one axis is shorter and leans.
        context.transform(1, (next() - 0.5) * 0.35, (next() - 0.5) * 0.35, 0.82 + next() * 0.18, 0, 0);
        const side = 400 + next() * 90;
        context.drawImage(image, -side / 2, -side / 2, side, side);
        const begun = performance.now();
        if ((await decodeFile(await canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 }))) === token) read += 1;
        slowest = Math.max(slowest, performance.now() - begun);
      }
      return { read, slowest };
    }, { picture, token });
    console.log(`budget: counter, ${read} of 100 distorted frames read (99 wanted), the slowest in ${Math.round(slowest)} ms`);
    assert.ok(read >= 99, `${read} of 100`);
  });

  test("practice asks the service nothing", async () => {
    const asked = [];
    await page.goto("/petugas#latihan");
    await page.locator(".visitor").first().waitFor();
    await screen("practice");
    page.on("request", (request) => request.url().includes("/v1/") && asked.push(request.url()));
    for (const [index, key] of [[0, "approve"], [1, "F9"], [2, "F10"]]) {
      await page.locator(".visitor").nth(index).click();
      await page.locator("#check-face").waitFor();
      if (index === 1) await screen("practice-review");
      if (key === "approve") await approveByKeyboard();
      else {
        await page.keyboard.press(key);
        await page.locator(".template").first().click();
        await page.locator("dialog button[type=submit]").click();
      }
      await page.getByText("Tepat", { exact: true }).waitFor();
      if (index === 0) await screen("practice-lesson");
      await page.keyboard.press(index === 0 ? "F2" : "Enter");
      await page.locator(".visitor").first().waitFor();
    }
    assert.deepEqual(asked, []);
  });

  test("a camera that is refused leaves photo and hand scanner", async () => {
    const refused = await startBrowser({ camera: "refused" });
    const person = await openPerson(refused, demo.base_url, { viewport: DESK, camera: false, storageState: await officer.context.storageState() });
    try {
      await person.page.goto("/petugas");
      await person.page.getByText("Kamera tidak diizinkan").waitFor();
      await checkScreen(person.page, "camera refused");
      await keepPicture(person.page, "counter-camera-refused-desk");
      await handScanner(person.page, await (await ready()).activationToken());
      await person.page.locator(".compared").first().waitFor();
    } finally {
      await person.close();
      await refused.stop();
    }
  });

  test("every answer carries the strict policy", async () => {
    for (const path of ["/petugas", "/verifikasi", "/bantuan", "/mulai", "/poster", "/selebaran", "/web/counter/main.js", "/web/staff/staff.css", "/web/counter/i18n/en.json", "/v1/officer/sessions/current", "/nowhere"]) {
      const { headers } = await fetch(`${demo.base_url}${path}`);
      const policy = headers.get("content-security-policy");
      assert.match(policy, /default-src 'none'/, path);
      assert.doesNotMatch(policy, /unsafe|http/, path);
      assert.equal(headers.get("x-content-type-options"), "nosniff", path);
      assert.equal(headers.get("referrer-policy"), "no-referrer", path);
      assert.equal(headers.get("x-frame-options"), "DENY", path);
    }
  });

  test("the own account: last log-in, sessions, a weak password is refused, another one counts", async () => {
    await home();
    await page.getByRole("link", { name: "Akun" }).click();
    await heading("Akun Anda").waitFor();
    await page.getByText(/pertama kali|Masuk terakhir/).waitFor();
    await page.locator("li.line .badge", { hasText: "Sesi ini" }).waitFor();
    await screen("account");
    await page.getByLabel("Kata sandi sekarang").fill(demo.officer.password);
    await page.getByLabel("Kata sandi baru").fill("password1234");
    await page.getByLabel("Kode autentikator").fill("000000");
    await page.keyboard.press("Enter");
    await page.getByText("mudah ditebak").waitFor();
    await page.getByLabel("Kata sandi baru").fill("tujuh ember hujan kemarin");
    await page.keyboard.press("Enter");
    await page.getByText("Kata sandi tidak diganti").waitFor();
    await screen("account-wrong");
    await page.keyboard.press("F2");
  });

  test("a log-out that does not get through is not called one", async (t) => {
    t.after(() => page.unrouteAll({ behavior: "ignoreErrors" }));
    await home();
    await page.route("**/sessions/current", (route) => (route.request().method() === "DELETE" ? route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify({ code: "unavailable", status: 503 }) }) : route.fallback()));
    await page.getByRole("button", { name: "Keluar" }).click();
    await page.getByRole("heading", { name: "Anda masih masuk" }).waitFor({ timeout: 30_000 });
    await screen("still-in");
    await page.getByRole("button", { name: "Tetap masuk" }).click();
    assert.ok(await heading("Pindai QR warga").isVisible(), "the screen is as it was");
  });

  test("logging out", async () => {
    await home();
    await page.getByRole("button", { name: "Keluar" }).click();
    await heading("Masuk ke loket").waitFor();
  });
});
