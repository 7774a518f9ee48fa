// How the service is set, at /admin: read by auditors, changed by two administrators.

import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import path from "node:path";
import test, { after, before, describe } from "node:test";
import { ask, grant } from "./staff.mjs";
import { checkAndKeep, DESK, eventually, logInAt, PHONE, settled, startBoth, withPeople as inBrowsers } from "./support.mjs";

describe("settings of the service", { timeout: 600_000 }, () => {
  let demo;
  let stage;
  let auditor;

  before(async () => {
    [demo, stage] = await startBoth();
    const added = demo.command("administrator", "add", "periksa.pusat", "Ayu Periksa", "--role", "auditor", "--generate-password");
    auditor = settled(demo, { username: "periksa.pusat", ...added });
  });
  after(async () => {
    await stage?.stop();
    await demo?.stop();
  });

  const options = (name) => ({ viewport: name === "reader" ? { ...PHONE, width: 320 } : DESK });
  const withPeople = (names, act) => inBrowsers(stage, demo, names, act, { prefix: "failed-settings", options });
  const screen = (page, name) => checkAndKeep(page, `settings-${name}`, name);
  const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true });

  test("a key waits until its file is everywhere, and the one that leaked is retired by two", async () => {
    await withPeople(["one", "two", "reader"], async ({ one, two, reader }) => {
      const [first, second] = demo.administrators;
      const { keys } = demo.command("keys", "list");
      const former = keys.find(({ purpose, state }) => purpose === "token" && state === "active").kid;
      // As if the file were not copied yet.
      const { kid } = demo.command("keys", "rotate", "token");
      const file = path.join(demo.data, "keys", `token-${kid}.pem`);
      renameSync(file, `${file}.away`);

      await logInAt(demo, one.page, "/admin", first, "Pegawai");
      await one.page.getByRole("link", { name: "Pengaturan" }).click();
      await heading(one.page, "Kunci tanda tangan").waitFor();
      await eventually("the key is seen to be lacking", async () => {
        await one.page.reload();
        await heading(one.page, "Kunci tanda tangan").waitFor();
        await one.page.getByRole("button", { name: `Hentikan sekarang: ${former}` }).waitFor();
        return one.page.getByText("0 dari 1 server").isVisible();
      });
      await screen(one.page, "keys");
      await one.page.getByRole("button", { name: `Hentikan sekarang: ${former}` }).focus();
      await one.page.keyboard.press("Enter");
      await screen(one.page, "retire a key");
      await ask(one.page, { Alasan: "Server dicuri" });
      await one.page.getByText("Sudah diminta").first().waitFor();

      await logInAt(demo, two.page, "/admin", second, "Pegawai");
      await two.page.goto("/admin#persetujuan");
      await two.page.getByText("Penggantinya").waitFor();
      await two.page.getByText(kid).waitFor();
      await screen(two.page, "key to be retired");
      await grant(two.page, `Kunci ${former}: dihentikan`);
      renameSync(`${file}.away`, file);
      const after = demo.command("keys", "list").keys;
      const state = (id) => after.find((one) => one.kid === id).state;
      assert.deepEqual([state(former), state(kid)], ["retired", "active"]);

      // An auditor reads it on a phone, in the other language, and finds no button.
      await logInAt(demo, reader.page, "/admin", auditor, "Pegawai");
      await reader.page.goto("/admin#pengaturan");
      await heading(reader.page, "Kunci tanda tangan").waitFor();
      await reader.page.getByText("Kunci yang sudah berakhir (1)").click();
      await screen(reader.page, "keys, phone");
      assert.equal(await reader.page.locator("main").getByRole("button").count(), 0);
    });
  });

  test("a period is made shorter by two, and waits for a day in which it can be taken back", async () => {
    await withPeople(["one", "two", "reader"], async ({ one, two, reader }) => {
      const [first, second] = demo.administrators;
      await demo.later(30);
      await logInAt(demo, one.page, "/admin", first, "Pegawai");
      await one.page.getByRole("link", { name: "Pengaturan" }).click();
      await one.page.getByRole("link", { name: "Masa simpan" }).click();
      await heading(one.page, "Masa simpan").waitFor();
      await one.page.getByText("Belum pernah diubah.").first().waitFor();
      await screen(one.page, "retention");
      await one.page.getByRole("button", { name: "Ubah masa simpan: Jumlah pencarian petugas" }).focus();
      await one.page.keyboard.press("Enter");
      const dialog = one.page.getByRole("dialog");
      await dialog.getByLabel("Jumlah hari").fill("3");
      await dialog.getByLabel("Alasan").fill("Terlalu lama");
      await dialog.getByRole("button", { name: "Minta persetujuan" }).click();
      await dialog.getByText("di antara batas").waitFor();
      await screen(one.page, "retention out of bounds");
      await ask(one.page, { "Jumlah hari": "45" });
      await one.page.getByText("Sudah diminta").first().waitFor();

      await logInAt(demo, two.page, "/admin", second, "Pegawai");
      await two.page.goto("/admin#persetujuan");
      await two.page.getByText("yang dihapus tidak kembali").waitFor();
      await screen(two.page, "period to be granted");
      await grant(two.page, "Masa simpan: Jumlah pencarian petugas");
      await one.page.reload();
      await one.page.getByText("Berlaku mulai").waitFor();
      await one.page.getByText("45 hari", { exact: true }).waitFor();
      await screen(one.page, "shorter period");

      await logInAt(demo, reader.page, "/admin", auditor, "Pegawai");
      await reader.page.goto("/admin#pengaturan/simpan");
      await heading(reader.page, "Masa simpan").waitFor();
      await reader.page.getByText("Tidak dapat diubah").waitFor();
      await screen(reader.page, "retention, phone");
      assert.equal(await reader.page.locator("main").getByRole("button").count(), 0);

      // Without the network it says so, and goes on when asked again.
      await reader.context.setOffline(true);
      await reader.page.getByRole("link", { name: "Kunci tanda tangan" }).click();
      await reader.page.getByRole("button", { name: "Coba lagi" }).waitFor();
      await reader.context.setOffline(false);
      await reader.page.getByRole("button", { name: "Coba lagi" }).click();
      await reader.page.getByText("Kunci kartu cetak").waitFor();
    });
  });

  test("an auditor reads what every mail says", async () => {
    await withPeople(["reader"], async ({ reader }) => {
      const { page } = reader;
      await demo.later(30);
      await logInAt(demo, page, "/admin", auditor, "Pegawai");
      await page.goto("/admin#pengaturan/surel");
      await heading(page, "Isi surel").waitFor();
      const code = page.locator("details", { hasText: "Kode aktivasi IKD Anda" });
      await code.getByText("Kode aktivasi IKD Anda", { exact: true }).focus();
      await page.keyboard.press("Enter");
      await code.getByText("012 345").waitFor();
      const [html] = await Promise.all([page.waitForEvent("popup"), code.getByRole("link").click()]);
      await html.getByText("012 345").first().waitFor();
      await html.close();
      await screen(page, "mails, phone");
    });
  });
});
