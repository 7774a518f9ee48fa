// The resident's app in a real browser: activation and showing through the pages, and everything that may go wrong. The
// officer and the bank work with the API here; their pages have tests of their own.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import test, { after, before, describe } from "node:test";
import { FACE, PIN, Resident } from "./resident.mjs";
import { budget, checkAccessibility as axe, checkScreen as axeAndReflow, eventually, keepPictures, Officer, openPerson, ROOT, startBoth, startBrowser, verify, waitForCode } from "./support.mjs";

let demo;
let chrome;

before(async () => {
  [demo, chrome] = await startBoth();
  await chrome.camera.show(FACE, { fit: 1 });
});
after(async () => {
  await chrome?.stop();
  await demo?.stop();
});

async function checkAccessibility(page, name) {
  await axe(page, name);
  await keepPictures(page, `resident-${name}`);
}

async function checkScreen(page, name) {
  await checkAccessibility(page, name);
  await axeAndReflow(page, name);
}

/** Runs `act` with a person who has a phone of their own. */
async function withPerson(act, options = {}) {
  const person = await openPerson(options.chrome ?? chrome, demo.base_url, options);
  try {
    await act(person);
  } catch (error) {
    await person.page.screenshot({ path: path.join(ROOT, "target", "failed.png") }).catch(() => {});
    await person.context.close();
    throw error;
  }
  await person.close();
}

describe("activation and showing", () => {
  test("from the first screen to the bank's check, with every screen accessible in both languages", async () => {
    await withPerson(async (person) => {
      const { page } = person;
      const siti = new Resident(demo, person, demo.resident());
      await page.goto("/");
      await siti.button("DAFTAR").waitFor();
      await checkScreen(page, "first screen");
      await siti.openTerms();
      await checkScreen(page, "terms");
      await siti.acceptTerms();
      await siti.button("VERIFIKASI DATA").click();
      assert.equal(await page.locator("[aria-invalid=true]").count(), 7, "all empty fields are marked");
      await checkScreen(page, "form");
      await siti.fillForm();
      await siti.sendForm();
      await siti.button("Ambil foto").waitFor();
      await checkScreen(page, "selfie");
      await siti.button("Ambil foto").click();
      await siti.button("Ambil ulang").waitFor();
      await checkAccessibility(page, "selfie, review");
      await page.evaluate(() => {
        const send = window.fetch;
        window.fetch = (url, options) => {
          if (options?.body instanceof Blob) window.sentBytes = options.body.size;
          return send(url, options);
        };
      });
      await siti.button("Pakai foto ini").click();
      const bytes = await eventually("the selfie is sent", () => page.evaluate(() => window.sentBytes));
      console.log(`budget: selfie ${Math.ceil(bytes / 1024)} KiB of 150`);
      assert.ok(bytes <= 150 * 1024);
      await siti.at("status");
      await page.getByRole("heading", { name: "Siap ke loket" }).waitFor();
      await checkScreen(page, "status awaiting_officer");
      await page.getByRole("button", { name: "Ganti surel" }).click();
      await siti.at("surel");
      await checkScreen(page, "change of contact");
      await page.goBack();
      await siti.at("status");

      await siti.showActivationQr();
      await checkScreen(page, "activation QR");
      await page.goBack();
      await siti.at("status");
      await siti.beApproved();
      await checkScreen(page, "status code_sent");
      await siti.button("Masukkan kode").click();
      await siti.at("kode");
      await checkScreen(page, "code");

      await siti.enterCode(siti.mail.code === "111111" ? "222222" : "111111");
      await page.getByText("Sisa 4 kali").first().waitFor();
      await checkAccessibility(page, "code, wrong");
      // The whole link, as some mail programs copy it.
      await siti.enterCode(siti.mail.link);
      await siti.button("Lanjut membuat PIN").waitFor();
      await checkScreen(page, "keep");
      await siti.button("Lanjut membuat PIN").click();
      await siti.at("pin");
      await checkScreen(page, "PIN");

      for (const [pin, why] of [["777777", "satu angka"], ["345678", "berurutan"], ["987654", "berurutan"], [siti.data.birth_date.slice(2).replaceAll("-", ""), "tanggal lahir"]]) {
        await siti.press(pin);
        await page.getByText(why).first().waitFor();
      }
      await siti.press(PIN);
      await page.getByText("Ulangi PIN").first().waitFor();
      await siti.press("112358");
      await page.getByText("PIN kedua berbeda").waitFor();
      await checkAccessibility(page, "PIN, differs");
      await siti.setPin();
      await checkAccessibility(page, "done");
      await page.goto("/#/status");
      await page.getByRole("heading", { name: "KTP Digital aktif" }).waitFor();
      await checkScreen(page, "status active");
      await page.goto("/");
      await siti.at("buka");
      await checkScreen(page, "unlock");

      // By keyboard, without the pad.
      await page.keyboard.type(PIN);
      await siti.at("kodeblokir");
      await checkScreen(page, "block code");
      assert.match(await siti.noteBlockCode(), /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
      await siti.at("kartu");
      await page.getByText(siti.data.nik).waitFor();
      await checkScreen(page, "card");
      await page.getByRole("link", { name: "Tunjukkan" }).click();
      await page.getByRole("radio", { name: "Pilih sendiri" }).check();
      await checkScreen(page, "share");
      await page.getByRole("checkbox", { name: "NIK" }).check();

      await siti.present("Usia saja");
      await checkScreen(page, "show");
      const seen = await verify(demo, siti.token);
      assert.deepEqual([seen.result, Object.keys(seen.attributes)], ["valid", ["age_over_17"]]);
      await page.getByText("Bank Contoh sudah memeriksa").waitFor();
      await checkAccessibility(page, "show, checked");
      assert.equal((await verify(demo, siti.token)).reason, "already_used");

      await page.getByRole("link", { name: "Riwayat" }).click();
      await page.getByText("QR ini sudah dipakai").waitFor();
      await page.locator("ul.history > li").nth(1).waitFor();
      assert.equal(await page.locator("ul.history > li").count(), 2);
      await checkScreen(page, "history");

      // Leaving locks.
      await page.evaluate(() => {
        Object.defineProperty(document, "hidden", { value: true, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      });
      await siti.at("buka");
      await page.evaluate(() => delete document.hidden);
      await page.goBack();
      await siti.at("buka");

      for (const left of [2, 1]) {
        await siti.press("112233");
        await page.getByText(`Sisa ${left} kali`).first().waitFor();
      }
      await siti.press("112233");
      await page.getByText(/Coba lagi dalam (1 menit|\d+ detik)/).first().waitFor();
      await checkAccessibility(page, "unlock, wait");
      await page.getByText("Lupa PIN?").click();
      await siti.at("lupa");
      await page.getByText("PIN tidak disimpan di mana pun").waitFor();
    });
  });

  test("the resident scans the officer's QR; both see the same number", async () => {
    await withPerson(async (person) => {
      const { page } = person;
      const budi = new Resident(demo, person, demo.resident());
      await budi.register();
      demo.onDuty ??= await Officer.login(demo);
      const { token } = await demo.onDuty.call("POST", "/v1/officer/counter-tokens", {});
      const desk = await openPerson(chrome, demo.base_url);
      await desk.page.goto("/bantuan").catch(() => {});
      await desk.page.goto("/");
      await desk.page.evaluate(async (text) => {
        const { drawQr } = await import("/web/shared/qr.js");
        document.body.replaceChildren(drawQr(text, "QR"));
      }, token);
      await chrome.camera.pointAt(desk.page.locator("svg"));
      await desk.close();
      await budi.button("Pindai QR petugas").click();
      const number = await page.locator(".match").textContent();
      assert.match(number, /^\d\d$/);
      await checkAccessibility(page, "match number");
      const waiting = await demo.onDuty.call("GET", "/v1/officer/matches");
      const [mine] = waiting.items;
      assert.ok(mine?.initials && mine.match_number === undefined, JSON.stringify(waiting));
      await demo.onDuty.call("POST", `/v1/officer/registrations/${mine.registration_id}/match`, { match_number: Number(number) });
      await demo.onDuty.approve(mine.registration_id);
      await page.getByRole("heading", { name: "Kode aktivasi dikirim" }).waitFor();
      await chrome.camera.show(FACE, { fit: 1 });

      // The link of the mail: on this phone it fills the code in, on another it shows it.
      const mail = await waitForCode(demo, budi.email);
      await withPerson(async (other) => {
        await other.page.goto(mail.link);
        await other.page.getByText(`${mail.code.slice(0, 3)} ${mail.code.slice(3)}`).waitFor();
        await other.page.getByText("Buka IKD di ponsel Anda").waitFor();
        await checkScreen(other.page, "link on another device");
      });
      await page.goto(mail.link);
      await budi.at("kode");
      assert.equal((await page.getByLabel("Kode aktivasi").inputValue()).replace(" ", ""), mail.code);
    });
  });
});

describe("what goes wrong", () => {
  test("reload, back and a lost network at every step lose nothing", async () => {
    await withPerson(async (person) => {
      const { page, context } = person;
      const ani = new Resident(demo, person, demo.resident());
      await ani.openTerms();
      await page.reload();
      await ani.acceptTerms();
      await ani.fillForm();
      await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
      await page.goBack();
      await ani.at("ketentuan");
      await page.goForward();
      await ani.at("data");
      const typed = () => page.getByLabel("Nama lengkap").inputValue();
      assert.equal(await typed(), ani.data.full_name);

      await eventually("the shell is kept", () => page.evaluate(async () => Boolean(navigator.serviceWorker.controller) && (await caches.keys()).length === 1));
      await context.setOffline(true);
      await page.reload();
      await page.getByText("Tidak ada jaringan. Yang tampil").waitFor();
      assert.equal(await typed(), ani.data.full_name);
      await checkAccessibility(page, "form, offline");
      await ani.button("VERIFIKASI DATA").click();
      await page.getByText("Yang Anda isi tetap tersimpan").first().waitFor();
      await context.setOffline(false);
      await ani.button("Coba lagi").click();
      await ani.at("swafoto");
      await page.goBack();
      await page.goto("/#/swafoto");
      await page.reload();
      await ani.takeSelfie();
      await page.reload();
      await page.getByRole("heading", { name: "Siap ke loket" }).waitFor();
      await page.goto("/#/data");
      await ani.at("ketentuan");
      await page.goto("/");
      await ani.at("status");

      await context.setOffline(true);
      await ani.button("CEK STATUS").click();
      await page.getByText("Tidak ada jaringan").first().waitFor();
      await page.reload();
      await page.getByRole("heading", { name: "Siap ke loket" }).waitFor();
      await context.setOffline(false);

      await ani.showActivationQr();
      await page.reload();
      await page.locator(".qr svg").waitFor();
      await page.goBack();
      await ani.at("status");
      await ani.beApproved();
      await ani.button("Masukkan kode").click();
      await page.getByLabel("Kode aktivasi").fill("12");
      await page.reload();
      assert.equal(await page.getByLabel("Kode aktivasi").inputValue(), "12");
      await context.setOffline(true);
      await ani.enterCode();
      await ani.button("Coba lagi").waitFor();
      await context.setOffline(false);
      await ani.button("Coba lagi").click();
      await ani.button("Lanjut membuat PIN").waitFor();
      await page.reload();
      await ani.button("Lanjut membuat PIN").click();
      await ani.press(PIN.slice(0, 4));
      await page.reload();
      await page.goBack();
      await ani.at("simpan");
      await ani.button("Lanjut membuat PIN").click();
      await ani.setPin();
      await ani.button("Buka KTP Digital").click();
      await ani.unlock();
      await page.reload();
      await ani.unlock();
      // The card has come before the network goes.
      await page.locator(".ktp").waitFor();
      await context.setOffline(true);
      await page.getByRole("link", { name: "Riwayat" }).click();
      await page.getByText("Tidak ada jaringan").first().waitFor();
      await context.setOffline(false);
      // It repeats by itself when the network is back.
      await page.getByText("Belum ada yang memeriksa").waitFor();
      await checkAccessibility(page, "history, empty");

      // A second person on the same phone has a key of their own.
      await page.getByRole("link", { name: "IKD" }).click();
      await ani.button("Daftarkan orang lain").click();
      const second = new Resident(demo, person, demo.resident());
      await second.acceptTerms();
      await second.fillForm();
      await second.sendForm();
      await second.takeSelfie();
      await page.goto("/#/orang");
      await page.getByRole("heading", { name: "Siapa yang memakai" }).waitFor();
      assert.equal(await page.locator(".person").count(), 2);
      await checkScreen(page, "people");
      const keys = await page.evaluate(async () => {
        const { all } = await import("/web/app/profiles.js");
        return (await all()).map(({ key, jwk }) => [key.extractable, jwk.x]);
      });
      assert.deepEqual(keys.map(([extractable]) => extractable), [false, false]);
      assert.notEqual(keys[0][1], keys[1][1]);

      await page.getByRole("button", { name: second.data.full_name.split(" ")[0] }).click();
      await second.at("status");
      await page.getByRole("button", { name: "Batalkan pendaftaran" }).click();
      await checkAccessibility(page, "cancel");
      await page.getByRole("button", { name: "Ya, batalkan" }).click();
      await page.getByRole("heading", { name: "Pendaftaran dibatalkan" }).waitFor();
      await checkScreen(page, "status cancelled");
    });
  });

  test("returns and refusals say what the officer said, as text", async () => {
    await withPerson(async (person) => {
      const { page } = person;
      const evil = '<img src=x onerror="alert(1)"> {email} &amp; "petik"';
      const data = demo.resident();
      const hadi = new Resident(demo, person, { ...data, full_name: "HADI <B>TEBAL</B>" });
      page.on("dialog", () => person.wrong.push("a dialog opened"));
      await hadi.openTerms();
      await hadi.acceptTerms();
      await hadi.fillForm();
      await hadi.button("VERIFIKASI DATA").click();
      const refused = page.locator("#full_name[aria-invalid=true]");
      await Promise.race([refused.waitFor(), hadi.at("swafoto").catch(() => {})]);
      if (await refused.count()) {
        hadi.data.full_name = data.full_name;
        await page.getByLabel("Nama lengkap").fill(data.full_name);
        await hadi.button("VERIFIKASI DATA").click();
      }
      await hadi.at("swafoto");
      await hadi.takeSelfie();
      const token = await hadi.showActivationQr();
      demo.onDuty ??= await Officer.login(demo);
      const { registration_id: id, version } = await demo.onDuty.scan(token);
      await demo.onDuty.call("POST", `/v1/officer/registrations/${id}/return`, { version, to: "data", reason: evil, release: [] });
      await page.getByRole("heading", { name: "Perlu diperbaiki" }).waitFor();
      assert.equal(await page.locator("blockquote").textContent(), evil);
      assert.equal(await page.locator("main img").count(), 0);
      await checkScreen(page, "status needs_correction");
      await hadi.button("Perbaiki data").click();
      await checkScreen(page, "correct");
      await page.getByLabel("Nama lengkap").fill(data.full_name);
      await hadi.button("Kirim perbaikan").click();
      await page.getByRole("heading", { name: "Siap ke loket" }).waitFor();
      const again = await demo.onDuty.scan(await hadi.showActivationQr());
      await demo.onDuty.call("POST", `/v1/officer/registrations/${again.registration_id}/rejection`, { version: again.version, reason: "Bukan orang yang sama.", note: "" });
      await page.getByRole("heading", { name: "Pendaftaran ditolak" }).waitFor();
      await page.getByText("Bukan orang yang sama.").waitFor();
      await checkScreen(page, "status rejected");
    });
  });

  test("without a camera a photo from the phone does", async () => {
    const blind = await startBrowser({ camera: "refused" });
    try {
      await withPerson(async (person) => {
        const { page } = person;
        const tono = new Resident(demo, person, demo.resident());
        await tono.openTerms();
        await tono.acceptTerms();
        await tono.fillForm();
        await tono.sendForm();
        await page.getByText("Kamera tidak diizinkan").waitFor();
        await checkScreen(page, "selfie, camera refused");
        await page.locator("input[type=file]").setInputFiles({ name: "x.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") });
        await page.getByText("Foto tidak dapat dibuka").waitFor();
        await page.locator("input[type=file]").setInputFiles({ name: "face.png", mimeType: "image/png", buffer: FACE });
        await tono.button("Pakai foto ini").click();
        await page.getByRole("heading", { name: "Siap ke loket" }).waitFor();
        await tono.button("Pindai QR petugas").click();
        await page.getByText("Kamera tidak diizinkan").waitFor();
        await checkScreen(page, "scan, camera refused");
      }, { chrome: blind, camera: false });
    } finally {
      await blind.stop();
    }
  });
});

describe("QR codes", () => {
  test("a QR renews itself at 60 seconds and is taken away when it cannot be renewed in time", async () => {
    await withPerson(async (person) => {
      const { page, context } = person;
      const wati = new Resident(demo, person, demo.resident());
      await wati.register();
      await page.clock.install();
      const first = await wati.showActivationQr();
      const renewed = page.waitForResponse((answer) => answer.url().endsWith("/activation-token") && answer.ok());
      await page.clock.fastForward(61_000);
      const { token } = await (await renewed).json();
      assert.notEqual(token, first);
      await page.getByText("QR diganti sendiri").waitFor();
      await context.setOffline(true);
      await page.clock.fastForward(61_000);
      await page.clock.runFor(6_000);
      await page.getByText("Yang Anda isi tetap tersimpan").first().waitFor();
      assert.equal(await page.locator(".qr svg[role=img]").count(), 1, "it still lives and is still shown");
      await page.clock.fastForward(30_000);
      await page.getByText("QR ini sudah habis waktunya").waitFor();
      await checkAccessibility(page, "activation QR, ended");
      await context.setOffline(false);
      await page.getByRole("button", { name: "Coba lagi" }).click();
      await page.locator(".qr svg[role=img]").waitFor();
    });
  });

  test("at least 99 of 100 pictures that are turned, blurred, dark or shot at an angle are read", async () => {
    await withPerson(async (person) => {
      const { page } = person;
      await page.goto("/");
      await page.getByRole("button", { name: "DAFTAR" }).waitFor();
      const read = await page.evaluate(async () => {
        const { drawQr } = await import("/web/shared/qr.js");
        const { decodeFile } = await import("/web/shared/scanner.js");
        const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
        // The same pictures in every run.
        let state = 20261121;
        const random = () => ((state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 8) / 2 ** 24;
        const missed = [];
        let longest = 0;
        for (let n = 0; n < 100; n += 1) {
          // The length of an online token.
          const text = Array.from({ length: 330 }, () => letters[Math.floor(random() * 45)]).join("");
          const svg = drawQr(text, "QR");
          const size = Number(svg.getAttribute("viewBox").split(" ")[2]);
          const canvas = new OffscreenCanvas(960, 720);
          const context = canvas.getContext("2d");
          const dim = 0.35 + random() * 0.65;
          context.filter = `blur(${(random() * 1.4).toFixed(2)}px) brightness(${dim.toFixed(2)}) contrast(${(0.6 + random() * 0.4).toFixed(2)})`;
          context.fillStyle = "#b9b2a6";
          context.fillRect(0, 0, 960, 720);
          context.translate(480 + random() * 40 - 20, 360 + random() * 40 - 20);
          context.rotate((random() - 0.5) * Math.PI * 0.9);
          // Seen from the side by up to some 40 degrees: narrower, and leaning.
          context.transform(1, (random() - 0.5) * 0.3, (random() - 0.5) * 0.3, 0.75 + random() * 0.25, 0, 0);
          const scale = (380 + random() * 60) / size;
          context.scale(scale, scale);
          context.translate(-size / 2, -size / 2);
          const matrix = context.getTransform();
          // Like a photo, the whole code is in the picture.
          const inside = [[0, 0], [size, 0], [0, size], [size, size]].every(([x, y]) => {
            const at = matrix.transformPoint(new DOMPoint(x, y));
            return at.x >= 0 && at.x <= 960 && at.y >= 0 && at.y <= 720;
          });
          if (!inside) {
            n -= 1;
            continue;
          }
          context.fillStyle = "#fff";
          context.fillRect(0, 0, size, size);
          context.fillStyle = "#000";
          context.fill(new Path2D(svg.querySelector("path").getAttribute("d")));
          const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 });
          const begin = performance.now();
          const found = await decodeFile(blob);
          if (n > 0) longest = Math.max(longest, performance.now() - begin);
          if (found !== text) missed.push(`${n}: ${found === null ? "nothing" : "another text"}`);
        }
        return { missed, longest };
      });
      console.log(`budget: ${100 - read.missed.length} of 100 distorted QR pictures read (99 wanted), the slowest in ${Math.round(read.longest)} ms`);
      assert.ok(read.missed.length <= 1, `missed ${read.missed}`);
    });
  });
});

describe("keys", () => {
  test("the PIN key is the published vectors' key, with and without the browser's own Ed25519", async () => {
    const { cases } = JSON.parse(readFileSync(path.join(ROOT, "docs/vectors/pin.json"), "utf8"));
    await withPerson(async ({ page }) => {
      await page.goto("/");
      for (const own of [true, false]) {
        for (const vector of cases) {
          const made = await page.evaluate(async ({ vector, own }) => {
            const { pinKey, answer } = await import("/web/app/pin.js");
            const { fromBase64url } = await import("/web/shared/http.js");
            const salt = Uint8Array.from(vector.salt_hex.match(/../g), (hex) => parseInt(hex, 16));
            const key = await pinKey(vector.pin, salt, own);
            return [key.publicKey, await answer(key, vector.purpose, vector.challenge, fromBase64url(vector.device_thumbprint))];
          }, { vector, own });
          assert.deepEqual(made, [vector.pin_public_key, vector.signature]);
        }
      }
      const weak = await page.evaluate(async () => {
        const { weakness } = await import("/web/app/pin.js");
        return ["170390", "900317", "031990", "171990", "199003", "000000", "012345", "543210", "902157", "135790"].map((pin) => weakness(pin, "1990-03-17"));
      });
      assert.deepEqual(weak, ["birth", "birth", "birth", "birth", "birth", "repeat", "run", "run", null, null]);
    });
  });
});

describe("budgets", () => {
  test("first load: at most 12 requests and 100 KB; usable within 3 s on a slow phone and network", async () => {
    await withPerson(async ({ page, context }) => {
      const session = await context.newCDPSession(page);
      await session.send("Network.enable");
      await session.send("Network.emulateNetworkConditions", { offline: false, latency: 50, downloadThroughput: 400_000 / 8, uploadThroughput: 400_000 / 8 });
      await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
      let [requests, bytes] = [0, 0];
      session.on("Network.requestWillBeSent", () => (requests += 1));
      session.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
      const begin = performance.now();
      await page.goto("/");
      await page.getByRole("button", { name: "DAFTAR" }).waitFor();
      const seconds = (performance.now() - begin) / 1000;
      await page.waitForLoadState("networkidle");
      console.log(`budget: first load: ${requests} requests of 12, ${(bytes / 1000).toFixed(1)} KB of 100 (400 kbit/s, CPU 4x slower)`);
      assert.ok(requests <= 12 && bytes <= 100_000);
      // The time is the machine's too. Within four times the budget a busy one passes; twice as heavy a page does not pass
      // unseen: requests and bytes above are exact.
      budget("first load, usable (400 kbit/s, CPU 4x slower)", seconds * 1000, 3000, { slack: 4 });
    });
  });
});
