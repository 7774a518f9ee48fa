// What holders may ask of what is kept about them: another address, what the register changed, a signed copy, and the end.
// Played as people do: with a wrong PIN, a reload, steps back and forward, and a second thought.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, createPublicKey, verify as verifySignature } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import test, { after, before, describe } from "node:test";
import { FACE, PIN, Resident } from "./resident.mjs";
import { checkAndKeep, eventually, Officer, openPerson, ROOT, startBoth, verify, waitForMail } from "./support.mjs";

const PYTHON = process.env.IKD_WITNESS_PYTHON ?? process.env.IKD_TEST_PYTHON ?? path.join(ROOT, "target/venv/bin/python");
const WRONG_PIN = "112233";
const DAY = 86_400;

describe("rights", { timeout: 900_000 }, () => {
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

  const heading = (page, name) => page.getByRole("heading", { level: 1, name });

  const screen = (page, name) => checkAndKeep(page, `rights-${name}`, name);

  /** Somebody with an open digital KTP; `card` is what the service said of it. A failure leaves a picture of what they saw. */
  async function withHolder(act) {
    const person = await openPerson(stage, demo.base_url);
    const { page } = person;
    try {
      const holder = new Resident(demo, person, demo.resident());
      page.on("response", async (answer) => {
        if (!answer.url().endsWith("/v1/me") || !answer.ok()) return;
        holder.card = (await answer.json().catch(() => null)) ?? holder.card;
      });
      // Turning the clock may end an officer's session.
      await demo.later(30);
      demo.onDuty = await Officer.login(demo);
      await holder.register();
      await holder.activate();
      await holder.button("Buka KTP Digital").click();
      await holder.unlock();
      await eventually("the card was read", () => holder.card);
      await act(holder, page);
    } catch (error) {
      await page.screenshot({ path: path.join(ROOT, "target", "failed-rights.png"), fullPage: true }).catch(() => {});
      await person.context.close();
      throw error;
    }
    await person.close();
  }

  /** From the menu to a screen. */
  async function choose(holder, name, screenName) {
    await holder.page.getByRole("link", { name: "Menu" }).click();
    await holder.at("menu");
    await holder.button(name).click();
    await holder.at(screenName);
  }

  /** The page is loaded anew: the PIN leads back to where the person was. */
  async function reload(holder, screenName) {
    await holder.page.reload();
    await holder.at("buka");
    await holder.press(PIN);
    await holder.at(screenName);
  }

  /** The text of a QR that the holder shows. */
  async function presented(holder) {
    holder.token = null;
    await holder.present("Data dasar");
    return eventually("the QR was read", () => holder.token);
  }

  /** All that this browser keeps, as text. */
  const kept = (page) =>
    page.evaluate(async () => {
      const opened = await new Promise((done) => (indexedDB.open("ikd", 1).onsuccess = (event) => done(event.target.result)));
      const profiles = await new Promise((done) => (opened.transaction("profiles").objectStore("profiles").getAll().onsuccess = (event) => done(event.target.result)));
      opened.close();
      return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, profiles]);
    });

  /** Saves what a button offers; gives the file's name and content. */
  async function download(page, button) {
    const [file] = await Promise.all([page.waitForEvent("download"), button.click()]);
    return { name: file.suggestedFilename(), content: readFileSync(await file.path()) };
  }

  /** What PDFium and pypdf read of a PDF; its pages are pictures beside the others. */
  function readPaper(pdf) {
    const folder = path.join(ROOT, "target", "paper");
    mkdirSync(folder, { recursive: true });
    const file = path.join(folder, "copy.pdf");
    writeFileSync(file, pdf);
    const script = path.join(ROOT, "tests", "witness", "read_copy.py");
    return JSON.parse(execFileSync(PYTHON, [script, file, folder], { encoding: "utf8", maxBuffer: 1 << 28 }));
  }

  // ---------------------------------------------------------------- another address

  test("another address: the PIN, a code, a day in which it can be stopped, and then it counts", async () => {
    await withHolder(async (holder, page) => {
      const fresh = `baru.${Date.now() % 1_000_000}@contoh.id`;
      await page.getByRole("link", { name: "Menu" }).click();
      await holder.at("menu");
      await screen(page, "menu");
      await choose(holder, /^Ganti alamat surel/, "surelbaru");
      await screen(page, "email");
      await holder.button("Lanjut dengan PIN").click();
      await page.getByText("Alamat surel belum lengkap").first().waitFor();
      await page.getByLabel("Surel baru").fill(fresh);
      await holder.button("Lanjut dengan PIN").click();
      await holder.at("surelpin");
      await page.getByText(fresh).waitFor();
      await screen(page, "email, PIN");

      // This phone has the digital KTP for some minutes only.
      await holder.press(PIN);
      await page.getByText("baru saja aktif di ponsel ini").first().waitFor();
      await page.getByText("Sisa waktu: 24 jam").first().waitFor();
      await screen(page, "email, new phone");
      await demo.later(DAY + 60);
      await reload(holder, "surelbaru");

      // A step back keeps what was typed, and nothing of it is kept on the phone.
      await page.getByLabel("Surel baru").fill(holder.email);
      await holder.button("Lanjut dengan PIN").click();
      await holder.press(PIN);
      await page.getByText("Alamat ini sudah dipakai untuk KTP Digital Anda").first().waitFor();
      await page.goBack();
      await holder.at("surelbaru");
      assert.equal(await page.getByLabel("Surel baru").inputValue(), holder.email);
      await page.getByLabel("Surel baru").fill(fresh);
      await holder.button("Lanjut dengan PIN").click();
      await holder.press(WRONG_PIN);
      await page.getByText("PIN salah").first().waitFor();
      await page.goBack();
      await holder.at("surelbaru");
      await page.goForward();
      await holder.at("surelpin");
      assert.ok(!(await kept(page)).includes(fresh));
      await holder.press(PIN);
      await holder.at("gantisurel");
      await heading(page, "Masukkan kode").waitFor();
      await screen(page, "email, code");
      assert.ok(!(await kept(page)).includes(fresh));

      // Whoever looks for the mail leaves the app: back with the PIN it is the code's turn still.
      await reload(holder, "gantisurel");
      const readCode = (text) => {
        const code = /^\s*(\d{3} \d{3})\s*$/m.exec(text);
        return code && { code: code[1] };
      };
      const { code } = await waitForMail(demo, fresh, readCode);
      await page.getByLabel("Kode dari surel").fill("12");
      await holder.button("Pakai alamat ini").click();
      await page.getByText("Kode terdiri dari 6 angka").first().waitFor();
      await page.getByLabel("Kode dari surel").fill(code.startsWith("1") ? "222 222" : "111 111");
      await holder.button("Pakai alamat ini").click();
      await page.getByText(/Sisa 4/).first().waitFor();
      await screen(page, "email, code wrong");
      await page.getByLabel("Kode dari surel").fill(code);
      await holder.button("Pakai alamat ini").click();
      await heading(page, "Alamat baru menunggu 24 jam").waitFor();
      await screen(page, "email, cools");

      // Stopped after a second thought.
      await holder.button("Hentikan penggantian").click();
      await page.getByRole("heading", { name: "Hentikan penggantian?" }).waitFor();
      await screen(page, "email, stop");
      await holder.button("Tidak, lanjutkan").click();
      await holder.button("Hentikan penggantian").click();
      await holder.button("Ya, hentikan").click();
      await holder.at("menu");
      await page.locator("#toast", { hasText: "Penggantian dihentikan" }).waitFor();

      // And begun again; the same address asked for twice has the same code.
      await holder.button(/^Ganti alamat surel/).click();
      await holder.at("surelbaru");
      await page.getByLabel("Surel baru").fill(fresh);
      await holder.button("Lanjut dengan PIN").click();
      await holder.press(PIN);
      await holder.at("gantisurel");
      await holder.button("Kode belum datang?").click();
      await holder.at("surelbaru");
      await page.getByText("Kode sudah dikirim ke").waitFor();
      await screen(page, "email, again");
      await holder.button("Saya sudah punya kodenya").click();
      await holder.at("gantisurel");
      // Tried out: the address is written once more, and brings another code.
      const known = [code];
      const another = async () => {
        const mail = await waitForMail(demo, fresh, (text) => {
          const found = readCode(text);
          return found && !known.includes(found.code) ? found : null;
        });
        known.push(mail.code);
        return mail.code;
      };
      const second = await another();
      for (let left = 4; left >= 0; left -= 1) {
        await page.getByLabel("Kode dari surel").fill(second.startsWith("1") ? "222 222" : "111 111");
        await holder.button("Pakai alamat ini").click();
        await page.getByText(left ? `Sisa ${left} kali` : "Kode sudah dicoba 5 kali").first().waitFor();
      }
      await screen(page, "email, tried out");
      await holder.button("Minta kode baru").click();
      await holder.at("surelbaru");
      await holder.button("Lanjut dengan PIN").click();
      await holder.press(PIN);
      await holder.at("gantisurel");
      await page.getByLabel("Kode dari surel").fill((await another()).replace(" ", ""));
      await page.keyboard.press("Enter");
      await heading(page, "Alamat baru menunggu 24 jam").waitFor();

      // A copy of own data waits with it, and says how long.
      await page.goto("/#/salinan");
      await holder.button("Buat salinan dengan PIN").click();
      await holder.press(PIN);
      await page.getByText("Sisa waktu: 96 jam").first().waitFor();
      await screen(page, "copy, waits");

      await demo.later(DAY + 60);
      await page.goto("/#/gantisurel");
      await eventually("the new address counts", async () => {
        await page.reload();
        await holder.at("buka");
        await holder.press(PIN);
        await heading(page, /^(Ganti alamat surel|Alamat baru menunggu 24 jam)$/).waitFor();
        return (await page.getByText("Sekarang: b***@c***").count()) > 0;
      }, 90);
    });
  });

  // ---------------------------------------------------------------- what the register changed

  /** What the register says of a holder from now on; each time the file has another name. */
  let files = 0;
  function registerSays(holder, changes, portrait) {
    const { attributes: a, issued_place: place, issued_on: on } = holder.card;
    const [rt, rw] = a.rt_rw.split("/");
    const record = {
      nik: a.nik, full_name: a.full_name, birth_place: a.birth_place, birth_date: a.birth_date, sex: a.sex, blood_type: a.blood_type,
      address: a.address, rt, rw, village: a.village, district: a.district, regency: a.regency, province: a.province, religion: a.religion,
      marital_status: a.marital_status, occupation: a.occupation, nationality: a.nationality, issued_place: place ?? "", issued_on: on ?? "", ...changes,
    };
    files += 1;
    const file = path.join(demo.data, `changes-${files}.csv`);
    const quoted = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
    writeFileSync(file, `${Object.keys(record).join(",")}\n${Object.values(record).map(quoted).join(",")}\n`);
    if (!portrait) return demo.command("register", "apply", file).digital_ktp;
    const folder = path.join(demo.data, `portraits-${files}`);
    mkdirSync(folder);
    writeFileSync(path.join(folder, `${a.nik}.png`), portrait);
    return demo.command("register", "apply", file, "--portraits", folder).digital_ktp;
  }

  test("the register changed a name: seen with the PIN, old and new, confirmed with it, or taken to a counter", async () => {
    await withHolder(async (holder, page) => {
      const { full_name: name } = holder.card.attributes;
      // As it was before anything changed.
      const original = { card: structuredClone(holder.card) };
      assert.equal(registerSays(original, { occupation: "GURU" }).refreshed, 1);
      await choose(holder, /^Perubahan data/, "perubahan");
      await page.getByText("GURU").waitFor();
      await screen(page, "changes, updated");

      assert.equal(registerSays(original, { full_name: `${name} PUTRI` }).paused, 1);
      await page.reload();
      await holder.at("henti");
      await heading(page, "Menunggu kepastian Anda").waitFor();
      await screen(page, "changes, paused");
      await page.goto("/#/orang");
      await page.locator(".person", { hasText: "KTP Digital menunggu kepastian Anda" }).click();
      await holder.at("henti");
      // The way of other blocks leads here, too.
      await page.goto("/#/bukablokir");
      await holder.at("perubahan");
      await screen(page, "changes, look");
      await holder.press(WRONG_PIN);
      await page.getByText("PIN salah").first().waitFor();
      await holder.press(PIN);
      await heading(page, "Yang berubah").waitFor();
      await page.getByText(`${name} PUTRI`, { exact: true }).waitFor();
      await page.getByText(name, { exact: true }).waitFor();
      await page.getByText(/Sumber: database kependudukan, per \d+ \p{L}+ \d{4}/u).first().waitFor();
      await screen(page, "changes");

      // Not mine: where to go, what to bring; what was looked at is still there after a step back.
      await holder.button("Bukan data saya").click();
      await holder.at("bukandata");
      await page.getByText("Bawa KTP-el, Kartu Keluarga, dan ponsel ini").waitFor();
      await screen(page, "changes, not mine");
      await page.goBack();
      await heading(page, "Yang berubah").waitFor();
      await page.goForward();
      await holder.at("bukandata");
      await holder.button("Kembali ke perubahan").click();
      await heading(page, "Yang berubah").waitFor();

      // Loaded anew nothing that was seen is left: the PIN comes first.
      await holder.button("Ini data saya").click();
      await holder.at("pastikan");
      await screen(page, "changes, confirm");
      await page.reload();
      await holder.at("perubahan");
      assert.equal(await page.getByText("PUTRI").count(), 0);
      assert.ok(!(await kept(page)).includes("PUTRI"));
      await holder.press(PIN);
      await heading(page, "Yang berubah").waitFor();

      // Something else changed since it was seen: not confirmed unseen.
      await holder.button("Ini data saya").click();
      await holder.at("pastikan");
      registerSays(original, { full_name: `${name} PERTIWI` });
      await holder.press(PIN);
      await holder.at("perubahan");
      await page.locator("#toast", { hasText: "Data berubah lagi" }).waitFor();
      await holder.press(PIN);
      await page.getByText(`${name} PERTIWI`, { exact: true }).waitFor();
      await holder.button("Ini data saya").click();
      await holder.at("pastikan");
      await holder.press(WRONG_PIN);
      await page.getByText("PIN salah").first().waitFor();
      await screen(page, "changes, confirm, PIN wrong");
      await holder.press(PIN);
      await holder.at("kartu");
      await page.locator("#toast", { hasText: "berlaku lagi" }).waitFor();
      await page.locator(".ktp").getByText(`${name} PERTIWI`, { exact: true }).waitFor();
      assert.equal((await verify(demo, await presented(holder))).result, "valid");

      // Another portrait: nobody confirms a face that was not seen.
      assert.equal(registerSays(original, { full_name: `${name} PERTIWI` }, FACE).paused, 1);
      await page.reload();
      await holder.at("henti");
      await holder.button("Lihat yang berubah").click();
      await holder.press(PIN);
      await page.getByText("Inilah foto yang sekarang ada di database kependudukan").waitFor();
      await eventually("the portrait", () => page.locator("img.portrait-now").evaluate((image) => image.naturalWidth > 50));
      await screen(page, "changes, portrait");
      await holder.button("Ini data saya").click();
      await holder.press(PIN);
      await holder.at("kartu");

      // Taken back before it was confirmed: there is nothing to compare, and it still needs the holder's word.
      registerSays(original, { full_name: "ORANG LAIN" });
      registerSays(original, { full_name: `${name} PERTIWI` });
      await page.goto("/#/kartu");
      await page.reload();
      await holder.at("henti");
      await holder.button("Lihat yang berubah").click();
      await holder.press(PIN);
      await page.getByText("Data Anda kembali seperti dahulu").waitFor();
      await screen(page, "changes, undone");
      await holder.button("Ini data saya").click();
      await holder.press(PIN);
      await holder.at("kartu");

      // After 30 days a counter confirms it.
      registerSays(original, { full_name: "ORANG LAIN" });
      await demo.later(31 * DAY);
      await page.reload();
      await heading(page, "Kepastian sekarang di loket").waitFor();
      await screen(page, "changes, late");
      await holder.button("Bukan data saya").click();
      await holder.at("bukandata");
      await page.goBack();
      await holder.button("Pulihkan di loket").click();
      await holder.at("lupa");
    });
  });

  // ---------------------------------------------------------------- a copy

  test("a copy of own data: after the PIN, signed, readable, and gone from the screen", async () => {
    await withHolder(async (holder, page) => {
      assert.equal((await verify(demo, await presented(holder))).result, "valid");
      await choose(holder, /^Salinan data saya/, "salinan");
      await screen(page, "copy");
      await page.goto("/#/salinansiap");
      await holder.at("salinan");
      await holder.button("Buat salinan dengan PIN").click();
      await holder.at("salinanpin");
      await screen(page, "copy, PIN");
      await holder.press(WRONG_PIN);
      await page.getByText("PIN salah").first().waitFor();
      await holder.press(PIN);
      await holder.at("salinansiap");
      await heading(page, "Salinan sudah siap").waitFor();
      await screen(page, "copy, ready");

      const signed = await download(page, holder.button("Simpan dokumen bertanda tangan"));
      assert.match(signed.name, /^ikd-salinan-\d{4}-\d\d-\d\d\.jws\.json$/);
      const { payload, protected: head, signature, ...others } = JSON.parse(signed.content);
      assert.deepEqual(others, {}, "what is signed, and nothing else");
      const { kid, typ } = JSON.parse(Buffer.from(head, "base64url"));
      assert.equal(typ, "ikd-export+json");
      const { keys } = await (await fetch(`${demo.base_url}/.well-known/jwks.json`)).json();
      const key = createPublicKey({ key: keys.find((one) => one.kid === kid), format: "jwk" });
      assert.ok(verifySignature(null, Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, "base64url")));
      const json = Buffer.from(payload, "base64url");
      const document = JSON.parse(json);
      assert.equal(document.data.attributes.nik, holder.data.nik);
      assert.equal(document.checks.length, 1);

      // The PDF of the same PIN: read by another program, it says the same and names the document. tests/api reads all of it.
      const paper = await download(page, holder.button("Simpan PDF untuk dibaca"));
      assert.match(paper.name, /^ikd-salinan-\d{4}-\d\d-\d\d\.pdf$/);
      const read = readPaper(paper.content);
      const text = read.pages.join("").replace(/\s/g, "");
      assert.ok(text.includes(createHash("sha256").update(json).digest("hex")));
      for (const value of [document.data.attributes.nik, document.data.attributes.full_name, document.contact.email, document.checks[0].relying_party])
        assert.ok(text.includes(value.replace(/\s/g, "")), value);
      assert.deepEqual([read.tagged, read.language], [true, "id"]);
      assert.ok(text.includes(`Halaman${read.pages.length}dari${read.pages.length}`));

      assert.ok(!(await kept(page)).includes(holder.data.nik));
      await page.goBack();
      await holder.at("salinan");
      await page.goForward();
      await holder.at("salinan");
      await reload(holder, "salinan");
    });
  });

  // ---------------------------------------------------------------- the end

  test("closed with the consent withdrawn: what is deleted and what stays, before, after, and when all is deleted", async () => {
    await withHolder(async (holder, page) => {
      const token = await presented(holder);
      await choose(holder, /^Tutup KTP Digital/, "tutup");
      await page.getByText("Kunci PIN, ikatan dengan ponsel ini, dan kode blokir").waitFor();
      await page.getByText("Kewajiban mencatat pemrosesan data pribadi").waitFor();
      await screen(page, "close");
      // Nobody gets to the PIN without what stands here.
      await page.goto("/#/tutuppin");
      await holder.at("tutup");
      await reload(holder, "tutup");
      await page.getByLabel("Saya juga mencabut persetujuan").check();
      await holder.button("Lanjut menutup").click();
      await holder.at("tutuppin");
      await page.getByText("persetujuan Anda dicabut").waitFor();
      await screen(page, "close, PIN");
      await holder.press(WRONG_PIN);
      await page.getByText("PIN salah").first().waitFor();
      await page.goBack();
      await holder.at("tutup");
      assert.ok(await page.getByLabel("Saya juga mencabut persetujuan").isChecked());
      await page.goForward();
      await holder.at("tutuppin");
      await holder.press(PIN);
      await holder.at("henti");
      await heading(page, "KTP Digital ditutup").waitFor();
      assert.equal(await holder.button("Batalkan penutupan dengan PIN").count(), 0, "a withdrawal is not undone");
      const told = async () => {
        await page.getByText("Anda mencabut persetujuan").waitFor();
        await page.getByText("Kunci PIN, ikatan dengan ponsel ini, dan kode blokir").waitFor();
        await page.getByText("Pengawasan; tidak memuat data Anda").waitFor();
        await page.getByText(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/).waitFor();
      };
      await told();
      await screen(page, "closed");
      const { result, reason } = await verify(demo, token);
      assert.deepEqual([result, reason], ["invalid", "holder_not_active"]);
      await page.goBack();
      await holder.at("henti");
      await page.reload();
      await told();

      // A day later the service knows nothing of this phone any more; what happened is still said.
      const gone = page.waitForResponse((answer) => answer.url().endsWith("/v1/me/status") && answer.status() === 404, { timeout: 90_000 });
      await demo.later(DAY + 60);
      await gone;
      await page.reload();
      await told();
      await page.waitForResponse((answer) => answer.url().endsWith("/v1/me/status") && answer.status() === 404);
      await told();
      await screen(page, "closed, deleted");
      await holder.button("Hapus dari ponsel ini").click();
      await holder.button("Hapus").click();
      await page.getByRole("button", { name: "DAFTAR" }).waitFor();
      assert.ok(!(await kept(page)).includes(holder.data.full_name));
    });
  });

  test("closed, and undone with a second thought: until when is said before and after, and everything is as before", async () => {
    await withHolder(async (holder, page) => {
      await choose(holder, /^Tutup KTP Digital/, "tutup");
      await page.getByText("24 jam untuk berubah pikiran").waitFor();
      await screen(page, "close, can be undone");
      await page.getByLabel("Saya juga mencabut persetujuan").check();
      await page.getByText("Pencabutan tidak dapat dibatalkan").waitFor();
      await page.getByLabel("Saya juga mencabut persetujuan").uncheck();
      await holder.button("Lanjut menutup").click();
      await holder.at("tutuppin");
      await holder.press(PIN);
      await holder.at("henti");
      await page.getByText(/^Bisa sampai .+ hanya di ponsel ini\.$/).waitFor();
      await page.getByText("Dapat dibatalkan sampai").waitFor();
      await screen(page, "closed, can be undone");
      // Whoever removes it from the phone is told what goes with it.
      await holder.button("Hapus dari ponsel ini").click();
      await page.getByText("Penutupan masih dapat dibatalkan dengan PIN di ponsel ini").waitFor();
      await holder.button("Jangan hapus").click();
      await page.reload();
      await holder.button("Batalkan penutupan dengan PIN").click();
      await holder.at("bataltutup");
      await screen(page, "undo, PIN");
      await holder.press(WRONG_PIN);
      await page.getByText("PIN salah").first().waitFor();
      await page.goBack();
      await holder.at("henti");
      await page.goForward();
      await holder.at("bataltutup");
      await holder.press(PIN);
      await holder.at("kartu");
      await page.locator("#toast", { hasText: "Penutupan dibatalkan" }).waitFor();
      assert.equal((await verify(demo, await presented(holder))).result, "valid");
      await demo.later(DAY + 60);
      await page.goto("/#/kartu");
      await reload(holder, "kartu");

      // A day after another closure nothing can be undone; the page says so by itself.
      await choose(holder, /^Tutup KTP Digital/, "tutup");
      await holder.button("Lanjut menutup").click();
      await holder.at("tutuppin");
      await holder.press(PIN);
      await holder.at("henti");
      await holder.button("Batalkan penutupan dengan PIN").click();
      await holder.at("bataltutup");
      // The day ends while the PIN is asked for; a page that looks by itself before that would ask for none.
      await demo.later(DAY + 60);
      await holder.press(PIN);
      await holder.at("henti");
      await holder.button("Daftar lagi").first().waitFor();
      assert.equal(await holder.button("Batalkan penutupan dengan PIN").count(), 0);
    });
  });

  // ---------------------------------------------------------------- many people on one phone

  test("five people on one phone: the sixth is told what to do, and nobody is taken off without a word", async () => {
    await withHolder(async (holder, page) => {
      await choose(holder, /^Lepas dari ponsel ini/, "lepas");
      await screen(page, "take off");
      await page.getByRole("button", { name: /^Pindahkan ke ponsel lain/ }).waitFor();
      await page.getByRole("button", { name: "Blokir" }).first().waitFor();
      await page.getByRole("button", { name: /^Tutup KTP Digital/ }).click();
      await holder.at("tutup");
      // Four more, as the phone keeps them; one of them has ended.
      await page.evaluate(async () => {
        const opened = await new Promise((done) => (indexedDB.open("ikd", 1).onsuccess = (event) => done(event.target.result)));
        const store = (mode) => opened.transaction("profiles", mode).objectStore("profiles");
        const [one] = await new Promise((done) => (store("readonly").getAll().onsuccess = (event) => done(event.target.result)));
        for (const [at, name] of ["Made", "Nyoman", "Ketut", "Wayan", "Putu"].entries()) {
          const life = name === "Putu" ? { state: "deactivated", reason: "closed", lift: "none" } : one.life;
          await new Promise((done) => (store("readwrite").put({ ...one, id: `test-${at}`, name, made: one.made + at + 1, life }).onsuccess = done));
        }
        opened.close();
      });
      await page.goto("/#/orang");
      // Over the shoulder nobody reads more than a first name.
      await page.locator(".person", { hasText: "Nyoman" }).waitFor();
      assert.ok(!(await page.locator("main").innerText()).includes(holder.data.full_name));
      await screen(page, "people");
      await page.getByRole("button", { name: "Daftarkan orang lain" }).click();
      await holder.at("penuh");
      await heading(page, "Sudah 5 orang di ponsel ini").waitFor();
      await page.getByText("Daftar di ponsel lain").waitFor();
      await page.getByText("Tanpa ponsel: kartu cetak").waitFor();
      await screen(page, "phone full");
      await page.goto("/#/pindah");
      await holder.at("penuh");
      await holder.button("Lihat orang di ponsel ini").click();
      await holder.at("orang");
      // Who has ended is removed at once; with one living person less there is room.
      await page.evaluate(async () => {
        const opened = await new Promise((done) => (indexedDB.open("ikd", 1).onsuccess = (event) => done(event.target.result)));
        await new Promise((done) => (opened.transaction("profiles", "readwrite").objectStore("profiles").delete("test-3").onsuccess = done));
        opened.close();
      });
      await page.reload();
      await page.getByRole("button", { name: "Daftarkan orang lain" }).click();
      await holder.at("ketentuan");
    });
  });

  test("closed, and the answer got lost: the phone finds out that it is over", async () => {
    await withHolder(async (holder, page) => {
      await choose(holder, /^Tutup KTP Digital/, "tutup");
      await holder.button("Lanjut menutup").click();
      await holder.at("tutuppin");
      await page.route("**/v1/me/closure", async (route) => {
        await route.fetch();
        await route.abort("connectionreset");
      });
      await holder.press(PIN);
      await holder.at("henti");
      await page.getByText("Ditutup atas permintaan Anda").waitFor();
      await page.getByText("Kunci PIN, ikatan dengan ponsel ini, dan kode blokir").waitFor();
      await page.unrouteAll({ behavior: "ignoreErrors" });
    });
  });
});
