// A resident's data differ from the register's: a case is opened in the app, taken and passed on at the counter, and closes when the
// register agrees. The pages of all who take part are seen.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import test, { after, before, describe } from "node:test";
import { FACE, Resident } from "./resident.mjs";
import { addStaff, checkAndKeep, DESK, logInAtCounter, Officer, startBoth, waitForMail, withPeople as inBrowsers } from "./support.mjs";

describe("correction cases", { timeout: 900_000 }, () => {
  let demo;
  let stage;
  let budi;
  let ratna;
  let files = 0;

  before(async () => {
    [demo, stage] = await startBoth();
    await stage.camera.show(FACE, { fit: 1 });
    const staff = (...words) => addStaff(demo, ...words);
    budi = staff("budi.loket", "Budi Santoso");
    ratna = staff("ratna.penyelia", "Ratna Dewi", "--role", "supervisor");
  });
  after(async () => {
    await stage?.stop();
    await demo?.stop();
  });

  const withPeople = (names, act) =>
    inBrowsers(stage, demo, names, act, { prefix: "failed-corrections", options: (name) => (name === "phone" ? {} : { viewport: DESK }) });
  const screen = (page, name) => checkAndKeep(page, `corrections-${name}`, name);
  const heading = (page, name) => page.getByRole("heading", { level: 1, name });

  /** What the register says of somebody from now on; beside who they are, invented. */
  function registerSays({ nik, full_name, birth_date }, changes) {
    const record = {
      nik, full_name, birth_place: "JAKARTA", birth_date, sex: Number(nik.slice(6, 8)) > 40 ? "female" : "male", blood_type: "O",
      address: "JL. MELATI 5", rt: "001", rw: "002", village: "MENTENG", district: "MENTENG", regency: "KOTA JAKARTA PUSAT",
      province: "DKI JAKARTA", religion: "islam", marital_status: "married", occupation: "GURU", nationality: "WNI",
      issued_place: "JAKARTA PUSAT", issued_on: "2020-01-02", ...changes,
    };
    files += 1;
    const file = path.join(demo.data, `corrections-${files}.csv`);
    const quoted = (value) => `"${value.replaceAll('"', '""')}"`;
    writeFileSync(file, `${Object.keys(record).join(",")}\n${Object.values(record).map(quoted).join(",")}\n`);
    return demo.command("register", "apply", file);
  }

  const logIn = (page, who) => logInAtCounter(demo, page, who);

  /** Takes the case that a resident names. */
  async function take(page, data, reference) {
    await page.goto("/petugas#kasus");
    await heading(page, "Kasus data kantor ini").waitFor();
    await page.getByLabel("NIK").fill(data.nik);
    await page.getByLabel("Nomor kasus").fill(reference);
    await page.getByRole("button", { name: "Ambil kasus" }).click();
  }

  const referenceOn = (page) => page.locator(".case").first().getByText(/^[0-9A-F]{4}-[0-9A-F]{4}$/).textContent();

  test("a misspelt name: opened in the app, taken, sent back, passed on, and closed by the register", async () => {
    await withPeople(["phone", "desk"], async ({ phone, desk }) => {
      const { page } = phone;
      const original = demo.resident();
      const data = { ...original, full_name: "SITI NURAINI BAGUS" };
      const resident = new Resident(demo, phone, data);
      await resident.register();
      await page.getByRole("button", { name: "Data saya berbeda di Dukcapil" }).click();
      await resident.at("kasus");
      await page.getByRole("button", { name: "Buka kasus" }).click();
      await page.getByText("Pilih dahulu apa yang keliru.").waitFor();
      await page.getByRole("radio", { name: /Salah tulis/ }).check();
      await page.getByRole("button", { name: "Buka kasus" }).click();
      await page.getByText("Pilih paling sedikit satu data.").waitFor();
      await page.getByRole("checkbox", { name: "Nama" }).check();
      await screen(page, "form");
      await page.getByRole("radio", { name: /Salah tulis/ }).check();
      await page.getByRole("checkbox", { name: "Nama" }).check();
      await page.getByRole("button", { name: "Buka kasus" }).click();
      await resident.at("status");
      await page.getByRole("heading", { name: "Salah tulis di data kependudukan" }).waitFor();
      await screen(page, "status-opened");
      const reference = await referenceOn(page);
      assert.ok(!(await page.locator("main").textContent()).includes(original.full_name), "nothing of what the register says");

      const counter = desk.page;
      await logIn(counter, budi);
      await take(counter, data, "0000-0000");
      await counter.getByText("Tidak ada kasus terbuka dengan NIK dan nomor ini").waitFor();
      await take(counter, data, reference);
      await heading(counter, "Salah tulis di data kependudukan").waitFor();
      await counter.getByText(original.full_name).first().waitFor();
      await screen(counter, "desk-taken");
      await counter.getByRole("button", { name: "Kembalikan ke warga" }).click();
      await counter.getByRole("button", { name: /Dokumen autentik/ }).click();
      await screen(counter, "desk-return");
      await counter.getByRole("dialog").getByRole("button", { name: "Kembalikan ke warga" }).click();
      await counter.getByText("Kata terakhir untuk warga:").waitFor();
      await page.getByRole("button", { name: "CEK STATUS" }).click();
      await page.getByText("Dokumen autentik dengan ejaan yang benar belum dibawa.").waitFor();
      await page.getByRole("heading", { name: "Lanjut dengan ejaan Dukcapil?" }).waitFor();
      await screen(page, "status-waiting");
      await page.getByRole("button", { name: "Setuju dan lanjut" }).click();
      await page.getByText("Centang dahulu persetujuannya").first().waitFor();
      await counter.getByRole("button", { name: "Dokumen lengkap, teruskan" }).click();
      await counter.getByText("Sedang dibetulkan").first().waitFor();
      await counter.getByRole("button", { name: "Ke daftar kasus" }).click();
      await heading(counter, "Kasus data kantor ini").waitFor();
      await counter.getByText(reference).waitFor();
      await screen(counter, "desk-list");

      registerSays(original, { full_name: data.full_name });
      const mail = await waitForMail(demo, resident.email, (text) => /Siap dilanjutkan/.test(text) && { text });
      for (const secret of ["NURAINI", original.full_name, data.nik]) assert.ok(!mail.text.toUpperCase().includes(secret), secret);
      await page.reload();
      await page.getByText("Database kependudukan sekarang sama dengan data Anda.").waitFor();
      await screen(page, "status-resolved");
      demo.onDuty = await Officer.login(demo);
      await resident.beApproved();
    });
  });

  test("at the scan an officer opens a case, the resident agrees to the spelling, and the holder's own case is listed", async () => {
    await withPeople(["phone", "desk"], async ({ phone, desk }) => {
      const { page } = phone;
      const original = demo.resident();
      const resident = new Resident(demo, phone, { ...original, full_name: "DEWI LESTARI BAGUS" });
      await resident.register();
      const counter = desk.page;
      await logIn(counter, budi);
      const token = await resident.showActivationQr();
      await counter.evaluate(async (text) => {
        const sent = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ token: text }) };
        const answer = await fetch("/v1/officer/scans", sent);
        location.hash = `#warga/${(await answer.json()).registration_id}`;
      }, token);
      await heading(counter, "DEWI LESTARI BAGUS").waitFor();
      await counter.getByRole("button", { name: "Buka kasus data" }).click();
      await counter.getByLabel("Apa yang keliru?").selectOption("register_misspelling");
      assert.ok(await counter.getByRole("checkbox", { name: "Nama" }).isChecked(), "what differs is ticked already");
      await screen(counter, "desk-open");
      await counter.getByRole("dialog").getByRole("button", { name: "Buka kasus data" }).click();
      await heading(counter, "Kasus dibuka").waitFor();

      await page.goto("/#/status");
      await page.getByRole("heading", { name: "Lanjut dengan ejaan Dukcapil?" }).waitFor();
      await page.getByRole("checkbox", { name: /Saya setuju KTP Digital saya/ }).check();
      await page.getByRole("button", { name: "Setuju dan lanjut" }).click();
      await page.getByText("Ejaan disetujui").first().waitFor();
      await screen(page, "status-agreed");
      demo.onDuty = await Officer.login(demo);
      await resident.activate();
      await resident.button("Buka KTP Digital").click();
      await resident.unlock();
      await page.goto("/#/datasalah");
      await resident.at("datasalah");
      await page.getByRole("heading", { name: "Kasus saya" }).waitFor();
      await page.getByRole("radio", { name: /Data lain berubah/ }).check();
      await page.getByRole("checkbox", { name: "Agama" }).check();
      await page.getByRole("button", { name: "Buka kasus" }).click();
      await page.locator(".case").nth(1).waitFor();
      await screen(page, "card");

      // What the holder opened they take back, after a second thought; what the officer opened has no such button.
      assert.equal(await page.getByRole("button", { name: "Tarik kasus ini" }).count(), 1);
      await page.getByRole("button", { name: "Tarik kasus ini" }).click();
      await screen(page, "withdraw");
      await page.getByRole("button", { name: "Tidak, lanjutkan" }).click();
      await page.getByRole("button", { name: "Tarik kasus ini" }).click();
      await page.getByRole("button", { name: "Tarik kasus", exact: true }).click();
      await page.locator(".case", { hasText: "Anda menarik kasus ini" }).waitFor();
      assert.equal(await page.getByRole("button", { name: "Tarik kasus ini" }).count(), 0);
      await screen(page, "withdrawn");
    });
  });

  test("who was recorded as dead opens a case on the phone, and two officers pass it on", async () => {
    await withPeople(["phone", "desk", "second"], async ({ phone, desk, second }) => {
      const { page } = phone;
      const original = demo.resident();
      const resident = new Resident(demo, phone, original);
      demo.onDuty = await (await demo.later(30), Officer.login(demo));
      await resident.register();
      await resident.activate();
      registerSays(original, { vital_status: "deceased" });
      await page.reload();
      await resident.button("Buka KTP Digital").click();
      await resident.at("henti");
      await screen(page, "ended");
      await page.getByRole("button", { name: "Ini keliru" }).click();
      await resident.at("kasushenti");
      await page.getByRole("button", { name: "Buka kasus" }).click();
      await page.getByText("Kasus ini diteruskan oleh dua petugas").waitFor();
      await screen(page, "stopped");
      const reference = await referenceOn(page);
      await logIn(desk.page, budi);
      await take(desk.page, original, reference);
      await desk.page.getByRole("button", { name: "Minta persetujuan kedua" }).click();
      await desk.page.getByText(/budi.loket meminta persetujuan kedua/).waitFor();
      await screen(desk.page, "desk-asked");
      await logIn(second.page, ratna);
      await second.page.goto("/petugas#kasus");
      await second.page.getByRole("link", { name: new RegExp(reference) }).click();
      await screen(second.page, "second");
      await second.page.getByRole("button", { name: "Setujui dan teruskan" }).click();
      await second.page.getByText("Sedang dibetulkan").first().waitFor();
      registerSays(original, {});
      await page.reload();
      await page.getByText("Siap dilanjutkan").first().waitFor();
    });
  });
});
