// What time, outages and clumsy fingers do, seen in the pages. The demo's clock and its register are turned from outside; the
// network is the browser's to cut. What `resident`, `counter` and `teller` show already is not shown again.

import assert from "node:assert/strict";
import path from "node:path";
import test, { after, before, describe } from "node:test";
import { Device, drawnFace, handScanner } from "./device.mjs";
import { FACE, PIN, Resident } from "./resident.mjs";
import { checkAccessibility, checkReflow, checkScreen, DESK, DRAWN, expectScreen, keepPictures, Officer, openPerson, ROOT, startBoth, startBrowser, waitForCode } from "./support.mjs";

const DAY = 86_400;

describe("states", { timeout: 900_000 }, () => {
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

  async function withPerson(act, options = {}) {
    const person = await openPerson(options.stage ?? stage, demo.base_url, options);
    try {
      await act(person);
    } catch (error) {
      await person.page.screenshot({ path: path.join(ROOT, "target", "failed.png") }).catch(() => {});
      await person.context.close();
      throw error;
    }
    await person.close();
  }

  const heading = (page, name) => page.getByRole("heading", { level: 1, name });

  /** Every state: axe and reflow in both languages, and a picture to look at on a phone and on a desk. */
  async function screen(page, name) {
    // As it stands, before another language draws it anew and some notices with it go.
    await checkAccessibility(page, name);
    await checkReflow(page, name);
    await keepPictures(page, `state-${name}`);
    await checkScreen(page, name);
  }

  /** An officer whose session is of now: turning the clock by days ends every session. */
  async function onDuty() {
    await demo.later(30);
    demo.onDuty = await Officer.login(demo);
    return demo.onDuty;
  }

  async function logIn(page, address, who) {
    await demo.later(30);
    await page.goto(address);
    await page.getByLabel("Nama pengguna").fill(who.username);
    await page.getByLabel("Kata sandi").fill(who.password);
    await page.getByLabel("Kode autentikator").fill(await demo.totp(who.totp_secret));
    await page.keyboard.press("Enter");
    await page.getByText("Arahkan kamera").waitFor();
  }

  test("an activation code that is older than a day; the next comes without a visit", async () => {
    await withPerson(async (person) => {
      const { page } = person;
      const dian = new Resident(demo, person, demo.resident());
      await dian.register();
      await onDuty();
      const mail = await dian.beApproved();
      await dian.button("Masukkan kode").click();
      await demo.later(DAY + 60);
      await dian.enterCode();
      await page.getByText("Kode tidak berlaku lagi").first().waitFor();
      assert.equal((await page.getByLabel("Kode aktivasi").inputValue()).replace(" ", ""), mail.code, "what was typed stays");
      await screen(page, "code expired");
      await dian.button("Kirim kode lagi").click();
      const next = await waitForCode(demo, dian.email, { notMail: mail.mail });
      assert.notEqual(next.code, mail.code);
      await dian.enterCode(next.code);
      await dian.button("Lanjut membuat PIN").waitFor();
    });
  });

  test("five wrong codes use it up; the next comes by mail", async () => {
    await withPerson(async (person) => {
      const { page } = person;
      const eko = new Resident(demo, person, demo.resident());
      await eko.register();
      await onDuty();
      const mail = await eko.beApproved();
      await eko.button("Masukkan kode").click();
      const wrong = mail.code === "111111" ? "222222" : "111111";
      for (const left of [4, 3, 2, 1]) {
        await eko.enterCode(wrong);
        await page.getByText(`Sisa ${left} kali`).first().waitFor();
      }
      await eko.enterCode(wrong);
      await page.getByText(/Sisa 0 kali|Kode tidak berlaku lagi/).first().waitFor();
      await eko.enterCode(mail.code);
      await page.getByText("Kode tidak berlaku lagi").first().waitFor();
      await screen(page, "code used up");
      await eko.button("Kirim kode lagi").click();
      const next = await waitForCode(demo, eko.email, { notMail: mail.mail });
      await eko.enterCode(next.code);
      await eko.button("Lanjut membuat PIN").waitFor();
    });
  });

  test("a registration whose time has run out, and one that waits for the register", async () => {
    await withPerson(async (person) => {
      const { page } = person;
      const fajar = new Resident(demo, person, demo.resident());
      try {
        await demo.register(false);
        await fajar.register();
        const officer = await onDuty();
        const { registration_id: id } = await officer.scan(await fajar.showActivationQr());
        await officer.approve(id);
        await heading(page, "Menunggu data pusat").waitFor();
        await page.getByText("Anda tidak perlu antre lagi").waitFor();
        assert.equal(await page.getByRole("button", { name: "Tunjukkan QR aktivasi" }).count(), 0);
        await screen(page, "status approved_pending_register");
        await page.reload();
        await heading(page, "Menunggu data pusat").waitFor();
      } finally {
        await demo.register(true);
      }
      // The check is repeated by itself; the page follows without a touch.
      await demo.later(3600);
      await heading(page, "Kode aktivasi dikirim").waitFor();
      await demo.later(8 * DAY);
      await page.getByRole("button", { name: "CEK STATUS" }).click();
      await heading(page, "Pendaftaran kedaluwarsa").waitFor();
      await screen(page, "status expired");
      await page.getByRole("button", { name: "Daftar lagi" }).click();
      await fajar.at("ketentuan");
      // A page that looks twice a second would be ahead of the hand that asks it to look.
    }, { hurried: false });
  });

  test("nine wrong PINs: three, a wait, three, a wait, three, blocked; the counter is the way on", async () => {
    await withPerson(async (person) => {
      const { page } = person;
      const gita = new Resident(demo, person, demo.resident());
      await gita.register();
      await onDuty();
      await gita.activate();
      await page.goto("/");
      await gita.at("buka");
      for (const [round, wait] of [[1, 60], [2, 3600]]) {
        for (const left of [2, 1]) {
          await gita.press("112233");
          await page.getByText(`Sisa ${left} kali`).first().waitFor();
        }
        await gita.press("112233");
        await page.getByText(round === 1 ? /Coba lagi dalam (1 menit|\d+ detik)/ : /Coba lagi dalam (1 jam|60 menit)/).first().waitFor();
        await demo.later(wait);
        await page.reload();
        await gita.at("buka");
      }
      for (const left of [2, 1]) {
        await gita.press("112233");
        await page.getByText(`Sisa ${left} kali`).first().waitFor();
      }
      await gita.press("112233");
      await heading(page, "PIN diblokir").waitFor();
      await screen(page, "PIN blocked");
      // There is nothing left to enter, and the page says the same after a reload.
      await page.reload();
      await heading(page, "PIN diblokir").waitFor();
      await gita.button("Pulihkan di loket").waitFor();
      await page.goto("/#/orang");
      await page.locator(".person", { hasText: "PIN diblokir" }).waitFor();
      await screen(page, "people, one blocked");
      await page.locator(".person").click();
      await gita.at("henti");
    });
  });

  test("an officer scans an activation QR that is too old, and one that was used", async () => {
    const selfie = await drawnFace(stage.browser);
    await withPerson(async (person) => {
      const { page } = person;
      await logIn(page, "/petugas", demo.officer);
      const hana = await new Device(demo).register(demo.resident(), selfie);
      const token = await hana.activationToken();
      await demo.later(91);
      await handScanner(page, token);
      await page.locator(".intake-say", { hasText: /habis|kedaluwarsa|90 detik/ }).waitFor();
      await screen(page, "counter, QR expired");
      await handScanner(page, await hana.activationToken());
      await page.locator("#check-face").waitFor();
      for (const check of ["face", "document", "data"]) await page.locator(`#check-${check}`).check();
      await page.locator("#note").fill("Cocok.");
      // Ticks and note outlive a reload, and going away and back.
      await page.reload();
      await page.locator("#check-data:checked").waitFor();
      await page.getByRole("link", { name: "Antrean" }).click();
      await heading(page, "Antrean kantor ini").waitFor();
      await page.goBack();
      await page.locator("#check-data:checked").waitFor();
      assert.equal(await page.locator("#note").inputValue(), "Cocok.");
      const used = await hana.activationToken();
      await page.keyboard.press("Control+Enter");
      await heading(page, "Disetujui").waitFor();
      await page.keyboard.press("Enter");
      await heading(page, "Pindai QR warga").waitFor();
      await page.getByText("Arahkan kamera").waitFor();
      await handScanner(page, used);
      // It leads to the same registration, which is decided; or is refused: nothing is approved twice.
      await page.locator(".intake-say:not(:empty)").or(page.getByText("Tidak ada yang perlu diputuskan")).first().waitFor();
      assert.equal(await page.getByRole("button", { name: "Setujui" }).count(), 0);
      await screen(page, "counter, QR used");
    }, { viewport: DESK });
  });

  test("a teller reloads on a result, and has no camera", async () => {
    const selfie = await drawnFace(stage.browser);
    const officer = await onDuty();
    const indah = await new Device(demo).register(demo.resident(), selfie);
    await officer.scan(await indah.activationToken());
    await officer.approve(indah.id);
    await indah.activate();
    const blind = await startBrowser({ camera: "refused" });
    try {
      await withPerson(async (person) => {
        const { page } = person;
        await demo.later(30);
        await page.goto("/verifikasi");
        await page.getByLabel("Nama pengguna").fill(demo.teller.username);
        await page.reload();
        await page.getByLabel("Nama pengguna").fill(demo.teller.username);
        await page.getByLabel("Kata sandi").fill(demo.teller.password);
        await page.getByLabel("Kode autentikator").fill(await demo.totp(demo.teller.totp_secret));
        await page.keyboard.press("Enter");
        await page.getByText("Kamera tidak diizinkan").waitFor();
        await screen(page, "teller, camera refused");
        await page.getByLabel("Membuka rekening").check();
        await page.reload();
        await page.getByText("Kamera tidak diizinkan").waitFor();
        assert.ok(await page.getByLabel("Membuka rekening").isChecked(), "the purpose stays");
        await handScanner(page, await indah.present("basic"));
        await heading(page, "SAH").waitFor();
        // The QR is used up, but this is the same check: the answer comes again.
        await page.reload();
        await heading(page, "SAH").waitFor();
        await page.getByRole("link", { name: "Riwayat" }).click();
        await heading(page, "Pemeriksaan saya").waitFor();
        await page.locator("li.line").first().waitFor();
        assert.equal(await page.locator("li.line").count(), 1);
        await page.goBack();
        await heading(page, "SAH").waitFor();
        await page.goForward();
        await heading(page, "Pemeriksaan saya").waitFor();
        await page.keyboard.press("F2");
        await page.getByText("Kamera tidak diizinkan").waitFor();
        assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), [], "nothing is left of the check");
      }, { stage: blind, camera: false, viewport: DESK });
    } finally {
      await blind.stop();
    }
  });

  test("localhost leads to the demo's own address", async () => {
    const there = demo.base_url.replace("127.0.0.1", "localhost");
    await withPerson(async ({ page }) => {
      await page.goto(`${there}/#/ketentuan`);
      await expectScreen(page, "ketentuan");
      assert.ok(page.url().startsWith(`${demo.base_url}/#/`), page.url());
    }, { allowed: [there] });
  });

  test("reload, back and forward at every step: nothing typed is lost, no error page, the flow goes on", async () => {
    await withPerson(async (person) => {
      const { page, context } = person;
      const joko = new Resident(demo, person, demo.resident());
      const value = (label) => page.getByLabel(label, { exact: true }).inputValue();
      const qr = () => page.locator(".qr svg[role=img]").waitFor();
      const title = (name) => () => heading(page, name).waitFor();
      const unlockTo = (screen) => async () => {
        await joko.press(PIN);
        await joko.at(screen);
      };
      await onDuty();
      await page.goto("/");
      // `go` leads to the step and does half of what is to be done there; `holds` is true then and after each disturbance;
      // `again` is what the person does first when they have to (the PIN after a reload).
      const steps = [
        { screen: "", go: () => page.goto("/"), holds: () => joko.button("DAFTAR").waitFor() },
        { screen: "ketentuan", go: () => joko.button("DAFTAR").click(), holds: () => joko.button("SETUJU").waitFor() },
        {
          screen: "data",
          go: async () => {
            await joko.button("SETUJU").click();
            await joko.at("data");
            await page.getByLabel("NIK").fill(joko.data.nik.slice(0, 9));
            await page.getByLabel("Nama lengkap").fill("Jok");
            await page.getByLabel("Bulan").selectOption("03");
          },
          holds: async () => {
            await joko.at("data");
            assert.deepEqual([await value("NIK"), await value("Nama lengkap"), await value("Bulan")], [joko.data.nik.slice(0, 9), "Jok", "03"]);
          },
        },
        {
          screen: "swafoto",
          go: async () => {
            await joko.fillForm();
            await joko.sendForm();
          },
          holds: () => page.getByText("Cahaya cukup").waitFor(),
        },
        { screen: "status", go: () => joko.takeSelfie(), holds: title("Siap ke loket") },
        {
          screen: "surel",
          go: async () => {
            await joko.button("Ganti surel atau nomor").click();
            await page.getByLabel("Surel baru").fill("baru@contoh");
          },
          holds: async () => {
            await joko.at("surel");
            assert.equal(await value("Surel baru"), "baru@contoh");
          },
        },
        { screen: "pindai", go: async () => { await page.goto("/#/status"); await joko.button("Pindai QR petugas").click(); }, holds: () => page.getByText("Arahkan ke QR di layar petugas").waitFor() },
        { screen: "qr", go: async () => { await page.goto("/#/status"); await joko.showActivationQr(); }, holds: qr },
        {
          screen: "perbaiki",
          go: async () => {
            const { registration_id: id, version } = await demo.onDuty.scan(joko.activation);
            await demo.onDuty.call("POST", `/v1/officer/registrations/${id}/return`, { version, to: "data", reason: "Samakan nama dengan KTP-el.", release: [] });
            await heading(page, "Perlu diperbaiki").waitFor();
            await joko.button("Perbaiki data").click();
            await page.getByLabel("Nama lengkap").fill("JOKO SETENGAH");
          },
          holds: async () => {
            await joko.at("perbaiki");
            assert.equal(await value("Nama lengkap"), "JOKO SETENGAH");
          },
        },
        {
          screen: "status",
          go: async () => {
            await page.getByLabel("Nama lengkap").fill(joko.data.full_name);
            await joko.button("Kirim perbaikan").click();
            await heading(page, "Siap ke loket").waitFor();
            await joko.beApproved();
          },
          holds: title("Kode aktivasi dikirim"),
        },
        {
          screen: "kode",
          go: async () => {
            await joko.button("Masukkan kode").click();
            await page.getByLabel("Kode aktivasi").fill("123");
          },
          holds: async () => {
            await joko.at("kode");
            assert.equal(await value("Kode aktivasi"), "123");
          },
        },
        { screen: "simpan", go: () => joko.enterCode(), holds: () => joko.button("Lanjut membuat PIN").waitFor() },
        // Digits of a PIN are the one thing that must not be kept.
        { screen: "pin", go: async () => { await joko.button("Lanjut membuat PIN").click(); await joko.press("9021"); }, holds: title("Buat PIN") },
        { screen: "buka", go: async () => { await page.reload(); await joko.setPin(); await joko.button("Buka KTP Digital").click(); }, holds: title("Masukkan PIN") },
        { screen: "kartu", go: () => joko.unlock(), again: unlockTo("kartu"), holds: () => page.getByText(joko.data.nik).waitFor() },
        {
          screen: "bagikan",
          go: async () => {
            await page.getByRole("link", { name: "Tunjukkan" }).click();
            await page.getByRole("radio", { name: "Pilih sendiri" }).check();
            await page.getByRole("checkbox", { name: "NIK" }).check();
          },
          again: unlockTo("bagikan"),
          holds: async () => {
            await joko.at("bagikan");
            assert.ok(await page.getByRole("radio", { name: "Pilih sendiri" }).isChecked());
            assert.ok(await page.getByRole("checkbox", { name: "NIK" }).isChecked());
          },
        },
        { screen: "tunjukkan", go: async () => { await joko.button("Buat QR").click(); }, again: async () => { await unlockTo("bagikan")(); await joko.button("Buat QR").click(); }, holds: qr },
        { screen: "riwayat", go: () => page.getByRole("link", { name: "Riwayat" }).click(), again: unlockTo("riwayat"), holds: () => page.getByText("Belum ada yang memeriksa").waitFor() },
      ];
      page.on("response", async (answer) => {
        if (answer.url().endsWith("/activation-token") && answer.ok()) joko.activation = (await answer.json()).token;
      });
      /** Sees to it that the step stands again: at once, or after the PIN. */
      const stands = async (step, what) => {
        try {
          await page.locator(DRAWN).first().waitFor();
          if (step.again && new URL(page.url()).hash === "#/buka") await step.again();
          await step.holds();
          assert.equal(await page.getByText("Ada gangguan").count(), 0);
        } catch (error) {
          throw new Error(`${step.screen || "first screen"}, ${what}: ${error.message}`);
        }
      };
      for (const step of steps) {
        await step.go();
        await stands(step, "at first");
        await page.reload();
        await stands(step, "after a reload");
        const before = page.url();
        if (await page.evaluate(() => navigation.canGoBack)) {
          await page.goBack();
          await page.locator(DRAWN).first().waitFor();
          await page.goForward();
          // What was passed for good has no way back: then forward leads to where the person stands now.
          if (page.url() !== before) await page.goto(before);
          await stands(step, "after back and forward");
        }
      }
      await context.setOffline(false);
    });
  });

  test("who has left a screen is not moved by what it was waiting for", async () => {
    await withPerson(async (person) => {
      const { page } = person;
      const mira = new Resident(demo, person, demo.resident());
      await mira.register();
      /** Holds the next answer back until `meanwhile` is done; gives once the page has dealt with it. */
      const heldBack = async (method, ask, meanwhile) => {
        let release;
        const held = new Promise((done) => (release = done));
        await page.route("**/v1/registrations/*", async (route) => {
          if (route.request().method() !== method) return route.fallback();
          await held;
          return route.continue();
        });
        const asked = page.waitForRequest((request) => request.method() === method && request.url().includes("/v1/registrations/"));
        await ask();
        await asked;
        await meanwhile();
        const answered = page.waitForResponse((answer) => answer.request().method() === method && answer.url().includes("/v1/registrations/"));
        release();
        await (await answered).finished();
        await page.unrouteAll({ behavior: "wait" });
        await page.waitForTimeout(500);
      };
      // A screen that is not this person's, asked for and left again: its answer must not replace the step they are at.
      await heldBack("GET", () => page.evaluate(() => (location.hash = "#/kode")), async () => {
        await page.evaluate(() => (location.hash = "#/surel"));
        await page.getByLabel("Surel baru").fill("baru@contoh.id");
      });
      await mira.at("surel");
      assert.equal(await page.getByLabel("Surel baru").inputValue(), "baru@contoh.id");
      // A form that is sent, and left for another screen before the answer.
      await heldBack("PATCH", () => page.locator("main form button[type=submit]").click(), async () => {
        await page.evaluate(() => (location.hash = "#/orang"));
        await mira.at("orang");
      });
      await mira.at("orang");
      await page.goto("/#/status");
      await heading(page, "Siap ke loket").waitFor();
    });
  });

  test("the network is lost while the selfie, the PIN and a QR are on their way", async () => {
    await withPerson(async (person) => {
      const { page, context } = person;
      const lia = new Resident(demo, person, demo.resident());
      await lia.openTerms();
      await lia.acceptTerms();
      await lia.fillForm();
      // The service takes it; the answer does not arrive; asking again is the same registration. One route for the whole test: the
      // browser loses what is on its way when another one is put in or taken out.
      const losing = new Set();
      const lose = (end) => losing.add(end);
      await page.route("**/v1/**", async (route) => {
        const end = [...losing].find((one) => route.request().url().endsWith(one));
        if (!end || route.request().method() === "GET") return route.continue();
        losing.delete(end);
        await route.fetch();
        return route.abort("connectionreset");
      });
      lose("/v1/registrations");
      await lia.sendForm();
      await lia.button("Ambil foto").click();
      await context.setOffline(true);
      await lia.button("Pakai foto ini").click();
      await page.getByText("Tidak ada jaringan").first().waitFor();
      await lia.button("Coba lagi").waitFor();
      await screen(page, "selfie, offline");
      // Another language, and a step back and forward: the photo is still there.
      await page.getByAltText("Foto Anda").waitFor();
      await context.setOffline(false);
      lose("/selfie");
      await lia.button("Pakai foto ini").click();
      await heading(page, "Siap ke loket").waitFor();
      await onDuty();
      await lia.beApproved();
      await lia.button("Masukkan kode").click();
      lose("/activation-code");
      await lia.enterCode();
      await lia.button("Lanjut membuat PIN").click();
      lose("/pin");
      await lia.setPin();
      await lia.button("Buka KTP Digital").click();
      await lia.at("buka");
      // The parts of the wallet have come, with all that they need; what becomes of one that has not is played in `update`.
      const parts = ["card", "share", "present", "history", "menu", "block-code"];
      await page.evaluate((names) => Promise.all(names.map((name) => import(`/web/app/${name}.js`))), parts);
      await context.setOffline(true);
      await lia.press(PIN);
      await page.getByText("Membuka …").waitFor();
      // The same line stands at the top while there is no network; this one is the answer to the PIN.
      await page.locator("main .notice", { hasText: "Tidak ada jaringan" }).waitFor();
      await screen(page, "unlock, offline");
      await context.setOffline(false);
      await lia.unlock();
      await page.getByRole("link", { name: "Tunjukkan" }).click();
      await page.getByRole("radio", { name: "Data dasar" }).check();
      await context.setOffline(true);
      await lia.button("Buat QR").click();
      await page.locator("main .notice", { hasText: "Tidak ada jaringan" }).waitFor();
      await screen(page, "show, offline");
      await context.setOffline(false);
      // It goes on by itself.
      await page.locator(".qr svg[role=img]").waitFor();
      lose("/presentations");
      await page.getByRole("button", { name: "Ubah yang ditunjukkan" }).click();
      await lia.button("Buat QR").click();
      await page.locator(".qr svg[role=img]").waitFor();
    });
  });
});
