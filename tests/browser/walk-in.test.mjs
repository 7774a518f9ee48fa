// A holder without their phone at a counter: a copy of the data on paper, and the end of the digital KTP, by two people.
// Whoever helps many is looked at, and a face that cannot be compared takes two. The pages of all who take part are seen.

import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { handScanner } from "./device.mjs";
import { FACE, Resident } from "./resident.mjs";
import { addStaff, checkAndKeep, DESK, logInAtCounter, startBoth, waitForMail, withPeople as inBrowsers } from "./support.mjs";

describe("without the phone", { timeout: 900_000 }, () => {
  let demo;
  let stage;
  let budi;
  let ratna;
  let sari;

  before(async () => {
    [demo, stage] = await startBoth();
    await stage.camera.show(FACE, { fit: 1 });
    const staff = (...words) => addStaff(demo, ...words);
    budi = staff("budi.pintu", "Budi Santoso");
    ratna = staff("ratna.pintu", "Ratna Dewi", "--role", "supervisor");
    sari = staff("sari.pintu", "Sari Utami", "--role", "supervisor");
  });
  after(async () => {
    await stage?.stop();
    await demo?.stop();
  });

  const withPeople = (names, act) =>
    inBrowsers(stage, demo, names, act, { prefix: "failed-walk-in", options: (name) => (["first", "second", "third"].includes(name) ? { viewport: DESK } : {}) });
  const heading = (page, name) => page.getByRole("heading", { level: 1, name });
  const screen = (page, name) => checkAndKeep(page, `walk-in-${name}`, name);

  const logIn = (page, who) => logInAtCounter(demo, page, who);

  const active = (person) => Resident.active(demo, person);

  async function typeWho(page, person) {
    await page.getByLabel("NIK", { exact: true }).fill(person.nik);
    await page.locator("#full-name").fill(person.full_name);
    const [year, month, day] = person.birth_date.split("-");
    await page.locator("#birth-day").fill(String(Number(day)));
    await page.locator("#birth-month").selectOption(month);
    await page.locator("#birth-year").fill(year);
  }

  async function typeHelper(page, helper) {
    await page.getByText("Ada yang membantu warga ini?").click();
    await page.getByLabel("Nama pembantu").fill("Aminah");
    await page.getByLabel("Hubungan dengan warga").fill("kader");
    await page.getByLabel("NIK pembantu").fill(helper.nik);
  }

  /** The second person opens what waits and grants it. */
  async function grantNext(page, line, button) {
    await page.goto("/petugas#persetujuan");
    await page.locator(".line", { hasText: line }).first().click();
    await page.locator("#looked").check();
    await page.getByRole("button", { name: button }).click();
  }

  test("a copy is printed and the digital KTP closed; the phone says so", async () => {
    await withPeople(["phone", "first", "second"], async ({ phone, first, second }) => {
      const gita = await active(phone);
      const { page } = first;
      await logIn(page, budi);
      await logIn(second.page, ratna);
      await page.goto("/petugas#kartu");
      await page.getByRole("link", { name: "Layanan tanpa ponsel" }).click();
      await heading(page, "Layanan tanpa ponsel").waitFor();
      await screen(page, "form");
      const send = page.getByRole("button", { name: "Periksa dan lanjutkan" });
      await typeWho(page, { ...gita.data, full_name: "Orang Lain Sekali" });
      await send.click();
      await page.getByText("periksa ketiganya pada KTP-el").waitFor();
      await screen(page, "form refused");
      await page.locator("#full-name").fill(gita.data.full_name);
      await typeHelper(page, demo.residents.at(-1));
      await send.click();

      await heading(page, gita.data.full_name).waitFor();
      await page.getByRole("button", { name: "Ambil foto" }).click();
      await page.locator(".face img").waitFor();
      await page.getByText("Warga tidak dapat membaca?").click();
      await page.getByLabel("Nama saksi").fill("Pak Karim");
      await screen(page, "photo and witness");
      await page.getByRole("button", { name: "Minta persetujuan" }).click();
      await page.getByText("Warga belum menyatakan mau").waitFor();
      await page.getByLabel("Warga mendengar akibatnya, dan menginginkannya").check();
      await page.getByRole("button", { name: "Minta persetujuan" }).click();
      await page.getByText("Menunggu persetujuan kedua").first().waitFor();
      await screen(page, "waits");

      await second.page.goto("/petugas#persetujuan");
      await second.page.locator(".line", { hasText: "Layanan tanpa ponsel" }).click();
      await second.page.locator(".face img").nth(1).waitFor();
      await second.page.getByText("PAK KARIM").or(second.page.getByText("Pak Karim")).waitFor();
      await screen(second.page, "second person");
      await second.page.locator("#looked").check();
      await second.page.getByRole("button", { name: "Setujui salinan" }).click();
      await heading(second.page, "Salinan disetujui").waitFor();
      const print = page.getByRole("link", { name: "Buka salinan untuk dicetak (PDF)" });
      await print.waitFor();
      await screen(page, "print");
      const copy = await page.request.get(await print.getAttribute("href"));
      assert.equal(copy.headers()["content-type"], "application/pdf");
      assert.ok((await copy.body()).length > 10_000);
      await waitForMail(demo, gita.email, (text) => /disetujui untuk dicetak di loket/.test(text) && { told: true });

      await page.getByRole("button", { name: "Permintaan lain" }).click();
      await heading(page, "Layanan tanpa ponsel").waitFor();
      await page.locator(".line", { hasText: "Siap dicetak sampai" }).waitFor();
      await page.getByLabel("Menutup KTP Digital").check();
      await typeWho(page, gita.data);
      await send.click();
      await page.getByRole("button", { name: "Ambil foto" }).click();
      await page.locator(".face img").waitFor();
      await page.getByLabel("Warga mendengar akibatnya, dan menginginkannya").check();
      await page.getByRole("button", { name: "Minta persetujuan" }).click();
      await page.getByText("Menunggu persetujuan kedua").first().waitFor();
      await grantNext(second.page, "Layanan tanpa ponsel", "Tutup KTP Digital");
      await heading(second.page, "KTP Digital sudah ditutup").waitFor();
      await screen(second.page, "closed");
      await page.getByText("KTP Digital sudah ditutup").waitFor();
      await screen(page, "closed, first person");
      await phone.page.reload();
      await phone.page.getByText(/sudah ditutup|KTP Digital ditutup|berakhir/i).first().waitFor();
      await screen(phone.page, "closed, phone");
    });
  });

  test("a face that cannot be compared takes two, and who helps four people is looked at", async () => {
    await withPeople(["phone", "first", "second", "third"], async ({ phone, first, second, third }) => {
      const { page } = first;
      const helper = demo.residents.at(-1);
      await logIn(page, budi);
      await logIn(second.page, ratna);
      // Three cards with the same helper; the fourth person comes with a phone.
      for (let number = 0; number < 3; number += 1) {
        await page.goto("about:blank");
        await page.goto("/petugas#kartu");
        await heading(page, "Kartu cetak").waitFor();
        const person = demo.resident();
        await typeWho(page, person);
        await typeHelper(page, helper);
        await page.getByRole("button", { name: "Periksa dan lanjutkan" }).click();
        await heading(page, person.full_name).waitFor();
        await page.getByRole("button", { name: "Ambil foto" }).click();
        await page.getByLabel("Warga mendengar atau membaca data ini, dan setuju").check();
        await page.getByRole("button", { name: "Minta persetujuan" }).click();
        await page.getByText("Menunggu persetujuan kedua").first().waitFor();
        await grantNext(second.page, "Kartu cetak", "Setujui kartu");
        await heading(second.page, "Kartu disetujui").waitFor();
      }
      const hana = new Resident(demo, phone, demo.resident());
      await hana.register();
      const qr = await hana.showActivationQr();
      await page.goto("/petugas#pindai");
      await heading(page, "Pindai QR warga").waitFor();
      await handScanner(page, qr);
      await heading(page, hana.data.full_name).waitFor();
      await typeHelper(page, helper);
      await page.locator("#check-document").check();
      await page.locator("#check-data").check();
      await screen(page, "decision with helper");
      await page.getByRole("button", { name: "Wajah tidak dapat dicocokkan" }).click();
      await page.getByRole("button", { name: "Wajah diperban" }).click();
      await screen(page, "waiver");
      await page.getByRole("dialog").getByRole("button", { name: "Minta persetujuan" }).click();
      await page.getByText("Menunggu persetujuan kedua").first().waitFor();
      await screen(page, "waiver waits");
      await second.page.goto("/petugas#persetujuan");
      await second.page.locator(".line", { hasText: "Persetujuan tanpa mencocokkan wajah" }).click();
      await second.page.getByText("surat dokter dilihat").waitFor();
      await second.page.getByText(/Pembantu ini sudah membantu [34] orang lain/).waitFor();
      await screen(second.page, "waiver, second person");
      await second.page.locator("#looked").check();
      await second.page.getByRole("button", { name: "Setujui", exact: true }).click();
      await heading(second.page, "Disetujui").waitFor();

      // Who granted it does not look at it; another supervisor does.
      await second.page.goto("/petugas#pembantu");
      await second.page.getByText("Tidak ada yang perlu dilihat.").waitFor();
      await logIn(third.page, sari);
      await third.page.goto("/petugas#pembantu");
      await heading(third.page, "Pembantu banyak warga").waitFor();
      const line = third.page.locator(".line", { hasText: "Aminah" });
      await line.getByText(/[45] orang/).waitFor();
      await screen(third.page, "helpers");
      await line.getByRole("button", { name: "Sudah saya lihat" }).click();
      await third.page.getByRole("button", { name: "Kader atau perawat" }).click();
      await third.page.getByRole("dialog").locator("button[type=submit]").click();
      await third.page.getByText("Tidak ada yang perlu dilihat.").waitFor();
      await screen(third.page, "helpers, none");
    });
  });
});
