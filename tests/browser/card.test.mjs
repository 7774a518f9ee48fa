// A card for somebody without a phone: asked for with a photo at one counter, granted at another, printed. The paper is read from its
// pixels by others, who see that it counts, and that it does not once it is blocked with the slip.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { handScanner } from "./device.mjs";
import { listReaders, reference } from "./lists.mjs";
import { FACE } from "./resident.mjs";
import { addStaff, checkAndKeep, DESK, logInAtCounter, PHONE, ROOT, startBoth, TARGET, verify, withPeople as inBrowsers } from "./support.mjs";

const PYTHON = process.env.IKD_WITNESS_PYTHON ?? process.env.IKD_TEST_PYTHON ?? path.join(TARGET, "venv/bin/python");
const script = (name, ...words) => {
  const file = path.join(ROOT, "tests/witness", name);
  return JSON.parse(execFileSync(PYTHON, [file, ...words], { encoding: "utf8", maxBuffer: 1 << 24 }));
};

describe("printed cards", { timeout: 600_000 }, () => {
  let demo;
  let stage;
  let budi;
  let ratna;
  let folder;

  before(async () => {
    [demo, stage] = await startBoth();
    await stage.camera.show(FACE, { fit: 1 });
    const staff = (...words) => addStaff(demo, ...words);
    budi = staff("budi.loket", "Budi Santoso");
    ratna = staff("ratna.penyelia", "Ratna Dewi", "--role", "supervisor");
    folder = mkdtempSync(path.join(tmpdir(), "ikd-card-"));
  });
  after(async () => {
    await stage?.stop();
    await demo?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const withPeople = (names, act) =>
    inBrowsers(stage, demo, names, act, { prefix: "failed-card", options: (name) => ({ viewport: name === "stranger" ? PHONE : DESK }) });
  const heading = (page, name) => page.getByRole("heading", { level: 1, name });
  const screen = (page, name) => checkAndKeep(page, `card-${name}`, name);

  const logIn = (page, who) => logInAtCounter(demo, page, who);

  async function typeDate(page, date) {
    const [year, month, day] = date.split("-");
    await page.locator("#birth-day").fill(String(Number(day)));
    await page.locator("#birth-month").selectOption(month);
    await page.locator("#birth-year").fill(year);
  }

  /** What is read from the paper: the text of its QR, and the block code on the slip. */
  function paper(pdf) {
    const file = path.join(folder, "kartu.pdf");
    writeFileSync(file, pdf);
    const { pages } = script("read_sheet.py", "--pdf", file, "--out", folder);
    const texts = pages.flatMap(({ qr }) => Object.values(qr).flatMap((found) => found.map(({ text }) => text)));
    assert.equal(texts.length, 4, "one QR on each page at 150 and at 300 dpi");
    assert.equal(new Set(texts).size, 1);
    const [code] = pages[0].text.match(/\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b(?=\s+Kartu hilang)/);
    return { token: texts[0], code, text: pages[0].text };
  }

  test("asked for, granted, printed, read by others, and void with the code of the slip", async () => {
    await withPeople(["first", "second", "stranger", "bank"], async ({ first, second, stranger, bank }) => {
      const person = demo.resident();
      const { page } = first;
      await logIn(page, budi);
      await page.getByRole("link", { name: "Kartu", exact: true }).click();
      await heading(page, "Kartu cetak").waitFor();
      await page.getByText("Belum ada kartu.").waitFor();
      await screen(page, "form");
      const send = page.getByRole("button", { name: "Periksa dan lanjutkan" });
      await send.click();
      await page.getByText("Isi NIK: 16 angka.").waitFor();
      await page.getByLabel("NIK", { exact: true }).fill(person.nik);
      await page.locator("#full-name").fill("Orang Lain Sekali");
      await typeDate(page, person.birth_date);
      await send.click();
      await page.getByText("Berbeda dari database kependudukan").first().waitFor();
      await screen(page, "form refused");
      await page.locator("#full-name").fill(person.full_name);
      await page.getByText("Ada yang membantu warga ini?").click();
      await page.getByLabel("Nama pembantu").fill("Aminah");
      await page.getByLabel("Hubungan dengan warga").fill("anak");
      await page.getByLabel("NIK pembantu").fill(demo.residents.at(-1).nik);
      await screen(page, "form with helper");
      await send.click();

      await heading(page, person.full_name).waitFor();
      assert.equal(await page.getByRole("button", { name: "Minta persetujuan" }).count(), 0, "without a photo nothing is asked");
      await page.getByRole("button", { name: "Ambil foto" }).click();
      await page.locator(".face img").first().waitFor();
      assert.equal(await page.locator(".face img").count(), 1, "the portrait is for who compares it");
      await screen(page, "photo");
      await page.getByRole("button", { name: "Minta persetujuan" }).click();
      await page.getByText("Belum ada persetujuan warga").first().waitFor();
      await page.getByLabel("Warga mendengar atau membaca data ini, dan setuju").check();
      await page.getByRole("button", { name: "Minta persetujuan" }).click();
      await page.getByText("Menunggu persetujuan kedua").first().waitFor();
      await screen(page, "waits");

      await logIn(second.page, ratna);
      await second.page.getByRole("link", { name: "Persetujuan" }).click();
      const line = second.page.locator(".line", { hasText: "Kartu cetak" });
      await line.waitFor();
      await screen(second.page, "inbox");
      await line.click();
      await heading(second.page, person.full_name).waitFor();
      await second.page.locator(".face img").nth(1).waitFor();
      await screen(second.page, "second person");
      await second.page.getByRole("button", { name: "Setujui kartu" }).click();
      await second.page.getByText("Centang bila Anda sudah membandingkan wajah.").waitFor();
      await second.page.locator("#looked").check();
      await second.page.getByRole("button", { name: "Setujui kartu" }).click();
      await heading(second.page, "Kartu disetujui").waitFor();
      await screen(second.page, "granted");

      const print = page.getByRole("link", { name: "Buka lembar untuk dicetak (PDF)" });
      await print.waitFor();
      await screen(page, "print");
      const sheet = await page.request.get(await print.getAttribute("href"));
      assert.equal(sheet.headers()["content-type"], "application/pdf");
      const { token, code, text } = paper(await sheet.body());
      assert.ok(text.includes("Bukan pengganti KTP-el") && !text.includes(person.nik));

      // Others judge the paper with nothing but what is published.
      const jwks = path.join(folder, "jwks.json");
      writeFileSync(jwks, await (await fetch(`${demo.base_url}/.well-known/jwks.json`)).text());
      const picture = path.join(folder, "page1-300.png");
      assert.ok(readFileSync(picture).length > 1_000);
      const judged = script("verify_png.py", "--jwks", jwks, "--png", picture, "--library", "claim169");
      assert.equal(judged.claim169.fullName, person.full_name);
      const { byJwt, byCwt } = await listReaders(demo);
      const place = reference(token);
      assert.deepEqual([await byJwt(place), await byCwt(place)], [0, 0]);
      const good = await verify(demo, token);
      assert.deepEqual([good.result, good.medium], ["valid", "printed_card"]);

      // A teller is told what it is.
      const teller = bank.page;
      await teller.goto("/verifikasi");
      await demo.later(30);
      await teller.getByLabel("Nama pengguna").fill(demo.teller.username);
      await teller.getByLabel("Kata sandi").fill(demo.teller.password);
      await teller.getByLabel("Kode autentikator").fill(await demo.totp(demo.teller.totp_secret));
      await teller.keyboard.press("Enter");
      await heading(teller, "Pindai QR nasabah").waitFor();
      await teller.getByLabel("Membuka rekening").check();
      await handScanner(teller, token);
      await heading(teller, "SAH").waitFor();
      await teller.getByText("Cocokkan wajah dengan foto di sini").waitFor();
      await teller.locator(".badge", { hasText: "Kartu cetak" }).waitFor();
      await screen(teller, "teller");

      // Whoever holds the slip blocks, from any browser.
      await stranger.page.goto("/blokir");
      await stranger.page.locator("#nik").fill(person.nik);
      await stranger.page.locator("#code").fill(code);
      await stranger.page.locator("form button[type=submit]").click();
      await stranger.page.locator("#blocked").waitFor();
      await new Promise((done) => setTimeout(done, 1_100));
      assert.deepEqual([await byJwt(place), await byCwt(place)], [1, 1]);
      const bad = await verify(demo, token);
      assert.deepEqual([bad.result, bad.reason, bad.medium], ["invalid", "holder_not_active", "printed_card"]);

      await teller.locator(".result-actions button").first().click();
      await heading(teller, "Pindai QR nasabah").waitFor();
      await handScanner(teller, token);
      await teller.getByText("Jangan terima; minta KTP-el").waitFor();
      await screen(teller, "teller refuses");

      await page.reload();
      await page.getByText("Tidak berlaku").first().waitFor();
      await screen(page, "void");
      await page.getByRole("link", { name: "Kartu", exact: true }).click();
      await page.locator(".line", { hasText: "Tidak berlaku" }).waitFor();
      await screen(page, "list");
    });
  });
});
