// What happens to a digital KTP after it is active: blocked from anywhere, recovered at a counter by two people, moved to
// another phone, replaced because the old one is lost. The pages of all who take part are seen.

import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { Device, drawnFace } from "./device.mjs";
import { FACE, PIN, Resident } from "./resident.mjs";
import { addStaff, checkAndKeep, DESK, eventually, logInAtCounter, Officer, startBoth, verify, withPeople as inBrowsers } from "./support.mjs";

const NEW_PIN = "740158";

describe("life", { timeout: 900_000 }, () => {
  let demo;
  let stage;
  let selfie;
  let budi;
  let ratna;

  before(async () => {
    [demo, stage] = await startBoth();
    await stage.camera.show(FACE, { fit: 1 });
    selfie = await drawnFace(stage.browser);
    const staff = (...words) => addStaff(demo, ...words);
    budi = staff("budi.loket", "Budi Santoso");
    ratna = staff("ratna.penyelia", "Ratna Dewi", "--role", "supervisor");
  });
  after(async () => {
    await stage?.stop();
    await demo?.stop();
  });

  const withPeople = (names, act) =>
    inBrowsers(stage, demo, names, act, { prefix: "failed", options: (name) => (["counter", "second"].includes(name) ? { viewport: DESK } : {}) });

  const heading = (page, name) => page.getByRole("heading", { level: 1, name });

  const screen = (page, name) => checkAndKeep(page, `life-${name}`, name);

  /** An officer of the demo, of now: turning the clock may end sessions. */
  async function onDuty() {
    await demo.later(30);
    demo.onDuty = await Officer.login(demo);
    return demo.onDuty;
  }

  const logIn = (page, who) => logInAtCounter(demo, page, who);

  const active = (person) => Resident.active(demo, person);

  /** The QR on a phone's screen as its text, and what it is asked for. */
  async function tokenAt(page, part, act) {
    const sent = page.waitForResponse((answer) => answer.url().endsWith(`/${part}`) && answer.ok());
    await act();
    const { token } = await (await sent).json();
    await page.locator(".qr svg").first().waitFor();
    return token;
  }

  /** A text that comes to the scanner's field. */
  async function type(page, token) {
    await page.goto("about:blank");
    await page.goto("/petugas#pindai");
    await page.locator("summary", { hasText: "Masukkan teks QR" }).click();
    await page.locator("#qr-text").fill(token);
    await page.getByRole("button", { name: "Periksa", exact: true }).click();
  }

  test("blocked in the app: at once, with a reference, and nobody takes a QR any more", async () => {
    await withPeople(["phone"], async ({ phone }) => {
      const { page } = phone;
      const siti = await active(phone);
      const token = await siti.present("Data dasar");
      await page.getByRole("link", { name: "Menu" }).click();
      await siti.at("menu");
      await screen(page, "menu");
      await siti.button("Blokir KTP Digital ini").click();
      await page.getByRole("heading", { name: "Blokir sekarang?" }).waitFor();
      await screen(page, "block confirm");
      await siti.button("Tidak, kembali").click();
      await siti.button("Blokir KTP Digital ini").click();
      await siti.button("Ya, blokir sekarang").click();
      await siti.at("henti");
      await heading(page, "KTP Digital diblokir").waitFor();
      await page.getByText(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/).waitFor();
      await page.getByText(/\d\d\.\d\d\.\d\d/).first().waitFor();
      await screen(page, "self_block");
      const { result, reason } = await verify(demo, token);
      assert.deepEqual([result, reason], ["invalid", "holder_not_active"]);
      // The same after the app was closed, and in the list of people; there is no PIN to be entered.
      await page.goto("/");
      await heading(page, "KTP Digital diblokir").waitFor();
      await page.goto("/#/orang");
      await page.locator(".person", { hasText: "KTP Digital diblokir" }).waitFor();
    });
  });

  test("blocked from any browser with the code, typed as people type; a wrong one tells nothing and keeps what was typed", async () => {
    await withPeople(["phone", "other"], async ({ phone, other }) => {
      const agus = await active(phone);
      const { page } = other;
      await page.goto("/blokir");
      await screen(page, "block page");
      await page.getByRole("button", { name: "BLOKIR SEKARANG" }).click();
      await page.getByText("Isi NIK: 16 angka.").waitFor();
      await screen(page, "block page, errors");
      await page.getByLabel("NIK").fill(agus.data.nik.replace(/(\d{4})/g, "$1 "));
      const wrong = agus.blockCode.startsWith("2222") ? "3333-3333" : "2222-2222";
      await page.getByLabel("Kode blokir").fill(wrong);
      await page.getByRole("button", { name: "BLOKIR SEKARANG" }).click();
      await page.getByText("NIK dan kode blokir tidak cocok").first().waitFor();
      await screen(page, "block page, refused");
      // The very same for a NIK that nobody has.
      const said = await page.locator(".trouble").innerText();
      await page.getByLabel("NIK").fill("3171014404880009");
      await page.getByRole("button", { name: "BLOKIR SEKARANG" }).click();
      await page.locator(".trouble .notice").waitFor();
      assert.equal(await page.locator(".trouble").innerText(), said);
      // Without network nothing is lost; then the button there sends it.
      await page.getByLabel("NIK").fill(agus.data.nik);
      await page.getByLabel("Kode blokir").fill(agus.blockCode.toLowerCase().replace("-", " ").replace(/0/g, "o").replace(/1/g, "l"));
      await other.context.setOffline(true);
      await page.getByRole("button", { name: "BLOKIR SEKARANG" }).click();
      await page.locator(".trouble .notice", { hasText: "Tidak ada jaringan" }).waitFor();
      assert.equal(await page.getByLabel("NIK").inputValue(), agus.data.nik);
      await other.context.setOffline(false);
      await page.getByRole("button", { name: "Coba lagi" }).click();
      await heading(page, /^Diblokir, mulai \d\d\.\d\d\.\d\d/).waitFor();
      await screen(page, "block page, done");
      assert.equal(await page.evaluate(() => JSON.stringify([localStorage, sessionStorage]).includes("3171")), false, "nothing is kept in a browser that may be anybody's");
      await phone.page.reload();
      await heading(phone.page, "KTP Digital diblokir").waitFor();
    });
  });

  test("after five tries the page solves a captcha by itself", async () => {
    await withPeople(["other"], async ({ other }) => {
      const { page } = other;
      const sent = [];
      page.on("request", (request) => request.url().endsWith("/v1/blocks") && sent.push(request.postDataJSON()));
      await page.goto("/blokir");
      await page.getByLabel("NIK").fill(demo.resident().nik);
      await page.getByLabel("Kode blokir").fill("2222-2222");
      for (let tries = 1; tries <= 6; tries += 1) {
        const answered = page.waitForResponse((answer) => answer.url().endsWith("/v1/blocks") && answer.status() === 422 && answer.request().postDataJSON().captcha !== undefined === tries > 5);
        await page.getByRole("button", { name: "BLOKIR SEKARANG" }).click();
        await answered;
        await page.getByText("NIK dan kode blokir tidak cocok").first().waitFor();
      }
      assert.ok(sent.some((body) => body.captcha), "the sixth carried a solution");
    });
  });

  test("the link of a mail leaves the address at once; NIK alone is asked for", async () => {
    await withPeople(["other"], async ({ other }) => {
      const { page } = other;
      await page.goto("/blokir#bukan-tautan-yang-benar");
      await page.getByText("Tautan dari surel Anda terbaca").waitFor();
      assert.equal(new URL(page.url()).hash, "");
      assert.equal(await page.getByLabel("Kode blokir").count(), 0);
      await screen(page, "block page, link");
      await page.getByLabel("NIK").fill(demo.resident().nik);
      await page.getByRole("button", { name: "BLOKIR SEKARANG" }).click();
      await page.getByText("NIK dan tautan ini tidak cocok").first().waitFor();
      await page.getByRole("button", { name: "Pakai kode blokir saja" }).click();
      await page.getByLabel("Kode blokir").waitFor();
    });
  });

  test("another block code: the one before no longer works", async () => {
    await withPeople(["phone"], async ({ phone }) => {
      const { page } = phone;
      const rina = await active(phone);
      await page.getByRole("link", { name: "Menu" }).click();
      await page.getByRole("button", { name: /^Kode blokir/ }).click();
      await page.getByText("Anda sudah punya kode").waitFor();
      await screen(page, "block code, again");
      await rina.button("Buat kode baru").click();
      await page.locator(".slip").waitFor();
      // Another language draws the screen anew, and makes no other code.
      const shown = () => page.locator(".slip .big-code [aria-hidden]").textContent();
      const code = await shown();
      await screen(page, "block code, new");
      assert.equal(await shown(), code);
      assert.notEqual(code, rina.blockCode);
      // Left without a word: the next unlock comes back to it.
      await page.goto("/#/kartu");
      await rina.button("Kunci").click();
      await rina.at("buka");
      await rina.press(PIN);
      await rina.at("kodeblokir");
      await page.getByText("belum ditandai").waitFor();
      await rina.button("Nanti saja").click();
      await rina.at("kartu");
      // Tries from one address cost work after the fifth of an hour; this is of another hour.
      await demo.later(3600);
      const ask = (block_code) => fetch(`${demo.base_url}/v1/blocks`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ nik: rina.data.nik, block_code }) });
      assert.equal((await ask(rina.blockCode)).status, 422);
      assert.equal((await ask(code)).status, 200);
    });
  });

  test("another PIN: not the same, the old one has to be right, and then only the new one opens", async () => {
    await withPeople(["phone"], async ({ phone }) => {
      const { page } = phone;
      const dian = await active(phone);
      await page.getByRole("link", { name: "Menu" }).click();
      await page.getByRole("button", { name: /^Ubah PIN/ }).click();
      await page.getByText("Masukkan PIN yang sekarang.").first().waitFor();
      await screen(page, "change, old PIN");
      await dian.press("112233");
      await page.getByText("Pilih PIN baru").first().waitFor();
      await dian.press("123456");
      await page.getByText("PIN itu mudah ditebak").first().waitFor();
      await dian.press(NEW_PIN);
      await page.getByText("Ulangi PIN yang sama").first().waitFor();
      await dian.press(NEW_PIN);
      await page.getByText("PIN salah").first().waitFor();
      await screen(page, "change, old PIN wrong");
      await dian.press(PIN);
      await page.getByText("Pilih PIN baru").first().waitFor();
      await dian.press(PIN);
      await page.getByText("PIN itu sama dengan yang sekarang").first().waitFor();
      await dian.press(NEW_PIN);
      await page.getByText("Ulangi PIN yang sama").first().waitFor();
      await dian.press(NEW_PIN);
      await heading(page, "PIN sudah diubah").waitFor();
      await screen(page, "change, done");
      await dian.button("Buka KTP Digital").click();
      await dian.press(PIN);
      await page.getByText("Sisa 2 kali").first().waitFor();
      await dian.unlock(NEW_PIN);
    });
  });

  test("PIN forgotten: an officer asks, a second person agrees, and the same phone gets a new PIN", async () => {
    await withPeople(["phone", "counter", "second"], async ({ phone, counter, second }) => {
      const { page } = phone;
      const eko = await active(phone);
      await page.goto("/#/kartu");
      await eko.button("Kunci").click();
      await eko.at("buka");
      await eko.button("Lupa PIN?").click();
      await heading(page, "Pulihkan di loket").waitFor();
      await screen(page, "recovery");
      const show = () => tokenAt(page, "token", () => eko.button("Saya di loket: tampilkan QR").click());
      let token = await show();
      await screen(page, "recovery, QR");

      await logIn(counter.page, budi);
      await type(counter.page, token);
      await heading(counter.page, eko.data.full_name).waitFor();
      await counter.page.getByText(/^\d{4}\*+\d{4}$/).waitFor();
      assert.equal(await counter.page.getByText(eko.data.nik).count(), 0);
      await screen(counter.page, "recovery, officer");
      await heading(page, "Petugas sedang memeriksa").waitFor();
      await screen(page, "recovery, at the counter");

      // Refused: nothing changes, the reason is read on the phone, and the next QR begins anew.
      await counter.page.getByRole("button", { name: "Tolak pemulihan" }).click();
      await counter.page.locator("dialog .template").first().click();
      await counter.page.locator("dialog").getByRole("button", { name: "Tolak pemulihan" }).click();
      await heading(counter.page, "Pemulihan ditolak").waitFor();
      await page.getByText("Pemulihan tidak disetujui").first().waitFor();
      await screen(page, "recovery, refused");
      token = await show();

      await type(counter.page, token);
      await counter.page.getByRole("button", { name: "Minta pemulihan" }).click();
      await screen(counter.page, "recovery, reason");
      await counter.page.locator("dialog").getByRole("button", { name: "Minta persetujuan" }).click();
      await counter.page.getByText("paling sedikit 5 huruf").waitFor();
      await counter.page.locator("dialog .template").first().click();
      await counter.page.locator("dialog").getByRole("button", { name: "Minta persetujuan" }).click();
      await counter.page.locator(".notice", { hasText: "Menunggu persetujuan kedua" }).waitFor();
      await screen(counter.page, "recovery, waits");
      await heading(page, "Menunggu persetujuan kedua").waitFor();
      await screen(page, "recovery, second person");

      // One's own request cannot be granted.
      await counter.page.keyboard.press("F6");
      await counter.page.locator(".line", { hasText: "Permintaan Anda" }).click();
      await counter.page.locator(".decision").waitFor();
      assert.equal(await counter.page.getByRole("button", { name: "Setujui pemulihan" }).count(), 0);

      await logIn(second.page, ratna);
      await second.page.getByRole("link", { name: "Persetujuan" }).click();
      await heading(second.page, "Menunggu persetujuan kedua").waitFor();
      await screen(second.page, "pending");
      await second.page.locator(".line", { hasText: "Pemulihan" }).click();
      await second.page.locator(".asked", { hasText: "Lupa PIN" }).waitFor();
      await screen(second.page, "recovery, second officer");
      await second.page.getByRole("button", { name: "Setujui pemulihan" }).click();
      await second.page.locator(".notice", { hasText: "Periksa dahulu" }).waitFor();
      await second.page.getByLabel("Sudah saya bandingkan").check();
      await second.page.getByRole("button", { name: "Setujui pemulihan" }).click();
      await heading(second.page, "Pemulihan disetujui").waitFor();
      await screen(second.page, "recovery, granted");

      await heading(page, "Buat PIN baru").waitFor();
      await screen(page, "recovery, new PIN");
      await eko.press(NEW_PIN);
      await page.getByText("Ulangi PIN yang sama").first().waitFor();
      await eko.press(NEW_PIN);
      await heading(page, "PIN baru sudah berlaku").waitFor();
      await screen(page, "recovery, done");
      await eko.button("Buka KTP Digital").click();
      await eko.unlock(NEW_PIN);
    });
  });

  test("a new phone from the old one: QR, the same number on both, the old PIN, a new PIN", async () => {
    await withPeople(["old", "fresh"], async ({ old, fresh }) => {
      const fajar = await active(old);
      const { page } = fresh;
      const onNew = new Resident(demo, fresh, fajar.data);
      await page.goto("/");
      await page.getByRole("button", { name: "Saya punya KTP Digital di ponsel lama" }).click();
      await onNew.at("pindah");
      await screen(page, "transfer, new phone");
      await onNew.button("Tampilkan QR").click();
      await page.locator(".qr svg").waitFor();
      await screen(page, "transfer, QR");

      await old.page.getByRole("link", { name: "Menu" }).click();
      await old.page.getByRole("button", { name: /^Pindah ke ponsel baru/ }).click();
      await heading(old.page, "Pindah ke ponsel baru").waitFor();
      await screen(old.page, "transfer, old phone");
      await old.page.locator("input[type=file]").setInputFiles({ name: "qr.png", mimeType: "image/png", buffer: await page.locator(".qr").screenshot() });
      await old.page.locator(".match").waitFor();
      await page.locator(".match").waitFor();
      const number = await page.locator(".match").textContent();
      assert.match(number, /^\d\d$/);
      assert.equal(await old.page.locator(".match").textContent(), number);
      await screen(old.page, "transfer, compare on the old phone");
      await screen(page, "transfer, compare on the new phone");
      await fajar.button("Ya, sama").click();
      await fajar.press("112233");
      await old.page.getByText("PIN salah").first().waitFor();
      await fajar.press(PIN);
      await heading(old.page, "Lanjutkan di ponsel baru").waitFor();
      await screen(old.page, "transfer, allowed on the old phone");

      await heading(page, "Buat PIN di ponsel ini").waitFor();
      await screen(page, "transfer, new PIN");
      await onNew.press(NEW_PIN);
      await page.getByText("Ulangi PIN yang sama").first().waitFor();
      await onNew.press(NEW_PIN);
      await heading(page, "KTP Digital ada di ponsel ini").waitFor();
      await screen(page, "transfer, done");
      await onNew.button("Buka KTP Digital").click();
      await onNew.unlock(NEW_PIN);
      await page.getByText(fajar.data.nik).waitFor();
      await page.goto("/#/orang");
      await page.locator(".person", { hasText: fajar.data.full_name.split(" ")[0] }).waitFor();

      await heading(old.page, "Sudah pindah ke ponsel lain").waitFor();
      await screen(old.page, "transferred");
      await fajar.button("Hapus dari ponsel ini").click();
      await fajar.button("Hapus").click();
      await old.page.getByRole("button", { name: "DAFTAR" }).waitFor();
    });
  });

  test("blocked over the telephone: the same answer for everybody, lifted by the PIN", async () => {
    await withPeople(["phone", "counter"], async ({ phone, counter }) => {
      const gita = await active(phone);
      const { page } = counter;
      await logIn(page, budi);
      const ask = async (nik) => {
        const [year, month, day] = gita.data.birth_date.split("-");
        await page.goto("about:blank");
        await page.goto("/petugas#blokir");
        await heading(page, "Blokir lewat telepon").waitFor();
        await page.getByLabel("NIK").fill(nik);
        await page.getByLabel("Nama", { exact: true }).fill(gita.data.full_name);
        await page.getByLabel("Tanggal", { exact: true }).fill(String(Number(day)));
        await page.getByLabel("Bulan").selectOption(month);
        await page.getByLabel("Tahun").fill(year);
        await page.getByLabel("Alasan").fill("Ponsel hilang di pasar");
        await page.getByRole("button", { name: "Blokir sementara" }).click();
        await heading(page, "Permintaan blokir dicatat").waitFor();
        return page.locator(".outcome .lead").innerText();
      };
      await page.getByRole("link", { name: "Blokir lewat telepon" }).click();
      await heading(page, "Blokir lewat telepon").waitFor();
      await screen(page, "phone block");
      await page.getByRole("button", { name: "Blokir sementara" }).click();
      await page.getByText("Isi NIK: 16 angka.").waitFor();
      await screen(page, "phone block, errors");
      const nobody = await ask("3171014404880009");
      const somebody = await ask(gita.data.nik);
      // But for the minute it is one text.
      assert.equal(somebody.replace(/\d\d\.\d\d/, ""), nobody.replace(/\d\d\.\d\d/, ""));
      await screen(page, "phone block, done");

      await phone.page.reload();
      await heading(phone.page, "Diblokir sementara").waitFor();
      await screen(phone.page, "officer_block_provisional");
      await gita.button("Buka blokir dengan PIN").click();
      await gita.at("bukablokir");
      await screen(phone.page, "unblock");
      await gita.press(PIN);
      await gita.at("kartu");
    });
  });

  test("the old phone is lost: an officer asks for the release, a second person sees both faces and agrees, the registration goes on", async () => {
    await withPeople(["old", "phone", "counter", "second"], async ({ old, phone, counter, second }) => {
      const hari = await active(old);
      const { page } = phone;
      const anew = new Resident(demo, phone, hari.data);
      await anew.register();
      await logIn(counter.page, budi);
      await type(counter.page, await anew.showActivationQr());
      await counter.page.locator(".notice", { hasText: "KTP Digital sudah aktif" }).waitFor();
      await screen(counter.page, "already active");
      await counter.page.getByRole("button", { name: "Minta pelepasan yang lama" }).click();
      await counter.page.locator("dialog .template").first().click();
      await counter.page.locator("dialog").getByRole("button", { name: "Minta persetujuan" }).click();
      await counter.page.locator(".waits .notice").waitFor();
      await screen(counter.page, "release, waits");
      await heading(page, "Menunggu persetujuan kedua").waitFor();
      await screen(page, "status, second person");

      await logIn(second.page, ratna);
      await second.page.keyboard.press("F6");
      await second.page.locator(".line", { hasText: "Pelepasan" }).click();
      await heading(second.page, hari.data.full_name).waitFor();
      assert.equal(await second.page.locator(".face img").count(), 2, "what the first one saw");
      await screen(second.page, "release, second officer");
      // Refused, the first officer is told, and may ask again; withdrawn, too.
      await second.page.getByRole("button", { name: "Tolak", exact: true }).click();
      await heading(second.page, "Pelepasan ditolak").waitFor();
      await screen(second.page, "release, refused");
      await counter.page.getByText("Pelepasan tidak disetujui, atau waktunya habis").first().waitFor();
      await heading(page, "Siap ke loket").waitFor();
      const askAgain = async () => {
        await counter.page.getByRole("button", { name: "Minta pelepasan yang lama" }).click();
        await counter.page.locator("dialog .template").first().click();
        await counter.page.locator("dialog").getByRole("button", { name: "Minta persetujuan" }).click();
        await counter.page.locator(".waits .notice").waitFor();
      };
      await askAgain();
      await counter.page.getByRole("button", { name: "Tarik permintaan" }).click();
      await counter.page.getByRole("button", { name: "Minta pelepasan yang lama" }).waitFor();
      await askAgain();
      await second.page.getByRole("button", { name: "Ke daftar yang menunggu" }).click();
      await second.page.locator(".line", { hasText: "Pelepasan" }).click();
      await heading(second.page, hari.data.full_name).waitFor();
      await second.page.getByLabel("Sudah saya bandingkan").check();
      await second.page.getByRole("button", { name: "Setujui pelepasan" }).click();
      await heading(second.page, "Pelepasan disetujui").waitFor();

      // The first officer's screen follows by itself.
      await counter.page.locator("#check-face").waitFor();
      for (const check of ["face", "document", "data"]) await counter.page.locator(`#check-${check}`).check();
      await counter.page.getByRole("button", { name: "Setujui" }).click();
      await heading(counter.page, "Disetujui").waitFor();
      await heading(page, "Kode aktivasi dikirim").waitFor();

      await old.page.reload();
      await heading(old.page, "Sudah diganti yang baru").waitFor();
      await screen(old.page, "superseded");
    });
  });

  test("without an e-mail address: a second person in place of the code, and the PIN is chosen in the same visit", async () => {
    await withPeople(["phone", "counter", "second"], async ({ phone, counter, second }) => {
      const { page } = phone;
      const sari = new Resident(demo, phone, demo.resident());
      await sari.openTerms();
      await sari.acceptTerms();
      await sari.fillForm();
      await page.getByLabel("Saya tidak punya surel").check();
      await page.getByLabel("Alamat surel").waitFor({ state: "hidden" });
      await screen(page, "form, no e-mail");
      await page.reload();
      assert.ok(await page.getByLabel("Saya tidak punya surel").isChecked(), "kept over a reload");
      await sari.sendForm();
      await sari.takeSelfie();
      await heading(page, "Siap ke loket").waitFor();
      // A change of mind, there and back.
      await page.getByRole("button", { name: "Ganti surel atau nomor" }).click();
      await page.getByText("Sekarang: tidak ada").waitFor();
      await page.getByRole("button", { name: "Kembali" }).click();

      await logIn(counter.page, budi);
      await type(counter.page, await sari.showActivationQr());
      await counter.page.locator(".notice", { hasText: "Tanpa surel" }).waitFor();
      await screen(counter.page, "no e-mail, first officer");
      const ask = async () => {
        for (const check of ["face", "document", "data"]) await counter.page.locator(`#check-${check}`).check();
        await counter.page.getByRole("button", { name: "Minta persetujuan orang kedua" }).click();
        await counter.page.locator(".waits .notice", { hasText: "Menunggu persetujuan kedua" }).waitFor();
      };
      await ask();
      await screen(counter.page, "no e-mail, waits");
      await heading(page, "Menunggu persetujuan kedua").waitFor();
      await screen(page, "status, no e-mail, second person");

      await logIn(second.page, ratna);
      const open = async () => {
        await second.page.locator(".line", { hasText: "Persetujuan tanpa surel" }).click();
        await heading(second.page, sari.data.full_name).waitFor();
      };
      await second.page.keyboard.press("F6");
      await open();
      assert.equal(await second.page.locator(".face img").count(), 2, "what the first one saw");
      await screen(second.page, "no e-mail, second officer");
      await second.page.getByRole("button", { name: "Tolak", exact: true }).click();
      await heading(second.page, "Persetujuan ditolak").waitFor();
      await counter.page.getByText("Persetujuan tidak diberikan, atau waktunya habis").first().waitFor();
      await ask();
      await second.page.getByRole("button", { name: "Ke daftar yang menunggu" }).click();
      await open();
      await second.page.getByLabel("Sudah saya bandingkan").check();
      await second.page.getByRole("button", { name: "Setujui", exact: true }).click();
      await heading(second.page, "Disetujui").waitFor();
      await screen(second.page, "no e-mail, granted");

      await counter.page.getByText("Perlu PIN").first().waitFor();
      await screen(counter.page, "no e-mail, first officer after");
      await heading(page, "Tinggal membuat PIN").waitFor();
      await screen(page, "status, no e-mail, PIN");
      await sari.button("Buat PIN").click();
      await sari.at("simpan");
      await sari.button("Lanjut membuat PIN").click();
      await sari.setPin();
      await sari.button("Buka KTP Digital").click();
      await sari.unlock();
      await page.goto("/#/surelbaru");
      await page.getByText("Sekarang: tidak ada").waitFor();
    });
  });

  test("an officer without the right to agree is told who has it", async () => {
    await withPeople(["counter"], async ({ counter }) => {
      const person = demo.resident();
      const first = await new Device(demo).register(person, selfie);
      const officer = await onDuty();
      await officer.scan(await first.activationToken());
      await officer.approve(first.id);
      await first.activate();
      const second = await new Device(demo).register(person, selfie);
      const { registration_id: id, version } = await officer.scan(await second.activationToken());
      await officer.call("POST", `/v1/officer/registrations/${id}/release`, { version, reason: "Ponsel hilang, wajah cocok" });
      await logIn(counter.page, budi);
      await counter.page.goto(`/petugas#pelepasan/${id}`);
      await counter.page.getByText("Penyelia yang menyetujui").waitFor();
      await screen(counter.page, "release, not a supervisor");
      await eventually("the phone's page knows", async () => (await second.state()).awaits_second_person);
    });
  });
});
