// Pictures of every screen on a phone and on a desk, into `target/screenshots`: `node tests/browser/screenshots.mjs`.
// Look at them after every change of the pages. `tests/run --browser` once installs what this needs. The resident's way is
// walked here; pages of officers and tellers, and states that are hard to come by, are kept by their tests, which run after.

import { spawnSync } from "node:child_process";
import { FACE, Resident } from "./resident.mjs";
import { DESK, keepPicture, Officer, openPerson, PHONE, startBoth, verify } from "./support.mjs";

process.env.IKD_TEST_PICTURES = "1";
const [demo, chrome] = await startBoth();

/** The way of one resident, a picture a screen. */
async function resident(size, viewport, language) {
  const person = await openPerson(chrome, demo.base_url, { viewport });
  const { page } = person;
  const me = new Resident(demo, person, demo.resident());
  let number = 0;
  const picture = async (name) => {
    await page.mouse.move(0, 0);
    if (language === "en") {
      await page.getByRole("button", { name: /^EN:/ }).click();
      await page.waitForTimeout(400);
    }
    await page.waitForTimeout(250);
    number += 1;
    await keepPicture(page, `${size}-${language}-${String(number).padStart(2, "0")}-${name}`);
    if (language === "en") {
      await page.getByRole("button", { name: /^ID:/ }).click();
      await page.waitForTimeout(250);
    }
  };
  await page.goto("/");
  await me.button("DAFTAR").waitFor();
  await picture("first");
  await me.openTerms();
  await picture("terms");
  await me.acceptTerms();
  await me.button("VERIFIKASI DATA").click();
  await picture("form-errors");
  await me.fillForm();
  await page.locator("h1").click();
  await page.waitForTimeout(400);
  await picture("form");
  await me.sendForm();
  await page.getByText("Cahaya cukup").waitFor();
  await picture("selfie");
  await me.takeSelfie();
  await page.getByRole("heading", { name: "Siap ke loket" }).waitFor();
  await picture("status-ready");
  await me.button("Ganti surel atau nomor").click();
  await picture("contact");
  await page.goto("/#/pindai");
  await page.waitForTimeout(800);
  await picture("scan");
  await page.goto("/#/status");
  demo.onDuty ??= await Officer.login(demo);
  const { registration_id: id, version } = await demo.onDuty.scan(await me.showActivationQr());
  await picture("activation-qr");
  await demo.onDuty.call("POST", `/v1/officer/registrations/${id}/return`, { version, to: "data", reason: "Nama di KTP-el ditulis tanpa singkatan. Samakan dengan KTP-el, termasuk gelar.", release: ["full_name"] });
  await page.getByRole("heading", { name: "Perlu diperbaiki" }).waitFor();
  await picture("status-correction");
  await me.button("Perbaiki data").click();
  await picture("correct");
  await me.button("Kirim perbaikan").click();
  await page.getByRole("heading", { name: "Siap ke loket" }).waitFor();
  await me.beApproved();
  await picture("status-code");
  await me.button("Masukkan kode").click();
  await me.at("kode");
  await me.enterCode(me.mail.code === "111111" ? "222222" : "111111");
  await page.getByText("Sisa 4 kali").first().waitFor();
  await picture("code-wrong");
  await me.enterCode();
  await me.button("Lanjut membuat PIN").waitFor();
  await picture("keep");
  await me.button("Lanjut membuat PIN").click();
  await me.at("pin");
  await me.press("111111");
  await page.getByText("mudah ditebak").first().waitFor();
  await picture("pin-weak");
  await me.setPin();
  await keepPicture(page, `${size}-${language}-done`);
  await page.goto("/");
  await me.at("buka");
  await me.press("112233");
  await page.getByText("Sisa 2 kali").first().waitFor();
  await (language === "id" ? picture("unlock-wrong") : keepPicture(page, `${size}-${language}-unlock-wrong`));
  await me.unlock();
  await picture("card");
  await page.getByRole("link", { name: "Riwayat" }).click();
  await page.waitForTimeout(300);
  await picture("history-empty");
  await page.getByRole("link", { name: "Tunjukkan" }).click();
  await page.waitForTimeout(300);
  await picture("share");
  await page.getByRole("radio", { name: "Pilih sendiri" }).check();
  await page.getByText("Tempat itu tidak punya internet?").click();
  await page.getByRole("checkbox", { name: "QR untuk diperiksa tanpa" }).check();
  await keepPicture(page, `${size}-${language}-share-own`);
  await page.getByRole("checkbox", { name: "QR untuk diperiksa tanpa" }).uncheck();
  await me.present("Data dasar");
  await picture("show");
  await me.button(/Tampilkan kode 10 angka/).click();
  await page.locator(".digits").waitFor();
  await keepPicture(page, `${size}-${language}-show-code`);
  await verify(demo, me.token);
  await page.getByText("sudah memeriksa").first().waitFor();
  await keepPicture(page, `${size}-${language}-show-checked`);
  await verify(demo, me.token);
  await page.getByRole("link", { name: "Riwayat" }).click();
  await page.locator("ul.history > li").nth(1).waitFor();
  await picture("history");
  await person.context.setOffline(true);
  await page.getByRole("button", { name: /^ID:/ }).waitFor();
  await page.goto("/#/orang");
  await page.waitForTimeout(300);
  await keepPicture(page, `${size}-${language}-people-offline`);
  await person.context.setOffline(false);
  await person.close();
}

try {
  await chrome.camera.show(FACE, { fit: 1 });
  await resident("360x740", PHONE, "id");
  await resident("1280x800", DESK, "id");
  await resident("360x740", PHONE, "en");
} finally {
  await chrome.stop();
  await demo.stop();
}

const tests = ["resident", "counter", "teller", "states"].map((name) => new URL(`${name}.test.mjs`, import.meta.url).pathname);
const { status } = spawnSync(process.execPath, ["--test", "--test-concurrency=1", "--test-reporter=dot", ...tests], { stdio: "inherit" });
process.exitCode = status;
