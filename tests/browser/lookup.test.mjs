// An office finds its people and knows itself: whether somebody is active, the own registrations by name, a colleague's
// searches looked at, a resident passed on, and the log read by whom it is about and by the head.

import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { handScanner } from "./device.mjs";
import { FACE, Resident } from "./resident.mjs";
import { addStaff, checkAndKeep, DESK, logInAtCounter, startBoth, withPeople as inBrowsers } from "./support.mjs";

describe("finding people", { timeout: 600_000 }, () => {
  let demo;
  let stage;
  const people = {};

  before(async () => {
    [demo, stage] = await startBoth();
    await stage.camera.show(FACE, { fit: 1 });
    for (const [username, name, ...words] of [
      ["budi.cari", "Budi Santoso"],
      ["sari.cari", "Sari Utami"],
      ["ratna.cari", "Ratna Dewi", "--role", "supervisor"],
      ["kartika.cari", "Kartika Kepala", "--role", "head"],
    ])
      people[username] = addStaff(demo, username, name, ...words);
  });
  after(async () => {
    await stage?.stop();
    await demo?.stop();
  });

  const withPeople = (names, act) =>
    inBrowsers(stage, demo, names, act, { prefix: "failed-lookup", options: (name) => (name === "phone" ? {} : { viewport: DESK }) });
  const heading = (page, name) => page.getByRole("heading", { level: 1, name });
  const screen = (page, name) => checkAndKeep(page, `lookup-${name}`, name);

  test("found, looked at, passed on, and written down", async () => {
    await withPeople(["phone", "officer", "other", "supervisor", "head"], async ({ phone, officer, other, supervisor, head }) => {
      const { page } = officer;
      const hana = new Resident(demo, phone, demo.resident());
      await hana.register();
      await logInAtCounter(demo, page, people["budi.cari"]);
      await handScanner(page, await hana.showActivationQr());
      await heading(page, hana.data.full_name).waitFor();

      // Passed on to a colleague who is on duty.
      await logInAtCounter(demo, other.page, people["sari.cari"]);
      await logInAtCounter(demo, supervisor.page, people["ratna.cari"]);
      await supervisor.page.getByRole("button", { name: "Alihkan" }).click();
      // Who is on duty is asked first.
      await supervisor.page.locator("dialog[open]").waitFor();
      await screen(supervisor.page, "pass on");
      await supervisor.page.locator("dialog").getByRole("button", { name: "sari.cari" }).click();
      await supervisor.page.getByText("Diterima sari.cari").waitFor();
      await other.page.getByRole("button", { name: "Layani" }).click();
      await heading(other.page, hana.data.full_name).waitFor();

      // Whether somebody is active; and the office's own, by the name.
      await page.getByRole("link", { name: "Cari" }).click();
      await heading(page, "Cari orang").waitFor();
      await screen(page, "people");
      await page.getByLabel("NIK", { exact: true }).fill("123");
      await page.getByRole("button", { name: "Periksa" }).click();
      await page.getByText("16 angka").first().waitFor();
      await page.getByLabel("NIK", { exact: true }).fill(demo.residents.at(-1).nik);
      await page.getByRole("button", { name: "Periksa" }).click();
      await page.locator(".notice", { hasText: /aktif/ }).waitFor();
      const search = async (text) => {
        await page.getByLabel("Siapa yang dicari?").fill(text);
        await page.keyboard.press("Enter");
      };
      await search(hana.data.full_name.split(" ")[0]);
      await page.locator("a.line").first().waitFor();
      const told = await page.locator("main .lines").innerText();
      assert.ok(!told.includes(hana.data.full_name) && !told.includes(hana.data.nik), told);
      await screen(page, "found");
      await search("Ratna Dewi");
      await page.getByText("Tidak ada yang cocok di kantor ini.").waitFor();
      await screen(page, "nobody");

      // It stands out; the supervisor looks, and lifts the limit.
      await supervisor.page.keyboard.press("F6");
      await supervisor.page.locator(".line", { hasText: "Pencarian data untuk dilihat" }).waitFor();
      await screen(supervisor.page, "inbox");
      await supervisor.page.locator(".line", { hasText: "Pencarian data untuk dilihat" }).click();
      await heading(supervisor.page, "Pencarian data").waitFor();
      await supervisor.page.getByText("Mencari nama rekan").waitFor();
      await screen(supervisor.page, "searches");
      await supervisor.page.getByRole("button", { name: "Sudah saya lihat" }).click();
      await supervisor.page.locator("dialog .template").first().click();
      await supervisor.page.locator("dialog").getByRole("button", { name: "Simpan" }).click();
      await supervisor.page.getByText("Diperiksa ratna.cari").waitFor();
      await supervisor.page.getByRole("button", { name: "Buka batas hari ini" }).first().click();
      await supervisor.page.getByText("Batas dibuka ratna.cari").waitFor();
      await screen(supervisor.page, "searches, looked at");

      // The own acts, and those of the office with a reason.
      await supervisor.page.goto("/petugas#catatan");
      await heading(supervisor.page, "Catatan audit").waitFor();
      await supervisor.page.getByText("Batas pencarian rekan dibuka").first().waitFor();
      assert.equal(await supervisor.page.getByText("Cari di catatan kantor").count(), 0);
      await screen(supervisor.page, "own acts");
      await logInAtCounter(demo, head.page, people["kartika.cari"], "Menunggu persetujuan kedua");
      await head.page.getByRole("link", { name: "Lihat catatan" }).click();
      await heading(head.page, "Catatan audit").waitFor();
      await head.page.getByRole("button", { name: "Cari catatan" }).click();
      await head.page.getByText("paling sedikit 5 huruf").waitFor();
      await head.page.getByLabel("Mengapa Anda mencari?").fill("Keluhan warga tentang data");
      await head.page.getByLabel("Siapa", { exact: true }).selectOption({ label: "budi.cari · Budi Santoso" });
      await head.page.getByRole("button", { name: "Cari catatan" }).click();
      await head.page.locator("main li").filter({ hasText: "Orang dicari di kantor ini" }).first().waitFor();
      await head.page.getByRole("button", { name: "Periksa keutuhan" }).click();
      await head.page.getByText("Utuh.").waitFor();
      const log = await head.page.locator("main").innerText();
      for (const datum of [hana.data.nik, hana.data.full_name]) assert.ok(!log.includes(datum));
      await screen(head.page, "office log");
    });
  });
});
