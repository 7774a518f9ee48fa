// Passkeys on the pages of the staff, with the authenticator that Chromium has for tests: add one, log in with it, remove it; and a role that
// needs one. The service is `ikd serve` at a name, because passkeys are bound to names and the demo's address is a number.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import test, { after, before, describe } from "node:test";
import { addStaff, BINARY, checkAndKeep, codeCountsAgain, DESK, openPerson, presentTotp, startBoth, withPeople } from "./support.mjs";

/** Serves what the demo made, at a name, where heads need a passkey. */
async function serveAtName(demo) {
  const { port } = new URL(demo.base_url);
  const env = {
    ...process.env,
    IKD__DATABASE__URL: `sqlite:${path.join(demo.data, "ikd.db")}`,
    IKD__KEYS__DIRECTORY: path.join(demo.data, "keys"),
    IKD__HTTP__LISTEN: `127.0.0.1:${port}`,
    IKD__HTTP__METRICS_LISTEN: "",
    // Residents have another name: the service is asked for by number there.
    IKD__SERVICE__PUBLIC_URL: demo.base_url,
    IKD__SERVICE__STAFF_URL: `http://localhost:${port}`,
    IKD__STAFF__REQUIRE_PASSKEY: '["head"]',
    IKD__MAIL__DIRECTORY: path.join(demo.data, "mail"),
  };
  const child = spawn(BINARY, ["serve"], { env, cwd: demo.data, stdio: ["ignore", "ignore", "pipe"] });
  await new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => line.includes('"message":"ready"') && resolve());
    child.once("exit", (code) => reject(new Error(`ikd serve ended with ${code}`)));
  });
  return { child, base_url: env.IKD__SERVICE__STAFF_URL, residents: demo.base_url };
}

/** A security key with a finger on it, plugged into this page's browser. */
async function plugIn({ context, page }) {
  const tools = await context.newCDPSession(page);
  await tools.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "usb", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
  const { authenticatorId } = await tools.send("WebAuthn.addVirtualAuthenticator", { options });
  return { finger: (right) => tools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: right }) };
}

describe("passkeys", { timeout: 300_000 }, () => {
  let demo;
  let stage;
  let service;
  const people = {};

  before(async () => {
    [demo, stage] = await startBoth();
    people.budi = addStaff(demo, "budi.loket", "Budi Santoso");
    people.sari = addStaff(demo, "sari.loket", "Sari Loket");
    people.kartika = addStaff(demo, "kartika", "Kartika Kepala", "--role", "head");
    await demo.halt();
    service = await serveAtName(demo);
  });
  after(async () => {
    service?.child.kill("SIGTERM");
    await stage?.stop();
    await demo?.stop();
  });

  const inBrowser = (name, act) => withPeople(stage, service, [name], (all) => act(all[name]), { prefix: "failed-passkeys", options: () => ({ viewport: DESK }) });
  const heading = (page, name) => page.getByRole("heading", { level: 1, name });
  const screen = (page, name) => checkAndKeep(page, `passkeys-${name}`, name);
  // The clock is this machine's here, and each code works once.
  const code = async (who) => presentTotp(codeCountsAgain(demo, who).totp_secret);

  async function name(page, who) {
    await page.getByLabel("Nama pengguna").fill(who.username);
    await page.getByLabel("Kata sandi").fill(who.password);
  }

  async function byCode(page, who) {
    await name(page, who);
    await page.getByLabel("Kode autentikator").fill(await code(who));
    await page.getByRole("button", { name: "Masuk", exact: true }).click();
  }

  async function byPasskey(page, who) {
    await name(page, who);
    await page.getByRole("button", { name: "Masuk dengan kunci sandi" }).click();
  }

  test("pages of the staff and of residents have names of their own, and nothing of one is there at the other", async () => {
    const person = await openPerson(stage, service.base_url, { viewport: DESK, allowed: [service.residents] });
    const { page, context } = person;
    await page.goto(`${service.residents}/`);
    await page.getByRole("button", { name: /^EN:/ }).click();
    await page.evaluate(() => localStorage.setItem("of-residents", "1"));
    await page.goto(`${service.residents}/petugas#akun`);
    await page.getByLabel("Nama pengguna").waitFor();
    assert.equal(page.url(), `${service.base_url}/petugas#akun`, "led there, with what stands behind the #");
    assert.equal(await page.evaluate(() => localStorage.getItem("of-residents")), null);
    await byCode(page, people.sari);
    // Whoever is in: the request with their cookie is answered here alone.
    await page.getByRole("button", { name: "Keluar", exact: true }).waitFor();
    const [session] = (await context.cookies()).filter((cookie) => cookie.name === "__Host-ikd_officer");
    assert.ok(session);
    for (const [base, status] of [[service.base_url, 200], [service.residents, 421]]) {
      const headers = { Cookie: `${session.name}=${session.value}` };
      assert.equal((await fetch(`${base}/v1/officer/sessions/current`, { headers })).status, status, base);
    }
    await page.goto(`${service.base_url}/`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    assert.equal(new URL(page.url()).origin, service.residents);
    await person.close();
  });

  test("added, logged in with, removed", async () => {
    await inBrowser("budi", async (person) => {
      const { page } = person;
      const key = await plugIn(person);
      await page.goto("/petugas#akun");
      // Who has none yet is told no more than who mistyped.
      await byPasskey(page, people.budi);
      await page.getByText("Kunci sandi baru dapat dipakai setelah ditambahkan").waitFor();
      await screen(page, "log-in");
      await byCode(page, people.budi);
      await page.getByText("Belum ada.").waitFor();
      await screen(page, "none");
      await page.getByRole("button", { name: "Tambah kunci sandi" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Nama", { exact: true }).fill("Kunci biru");
      await dialog.getByLabel("Kata sandi").fill(people.budi.password);
      await dialog.getByLabel("Kode autentikator").fill(await code(people.budi));
      await screen(page, "add");
      await page.keyboard.press("Enter");
      await page.getByRole("listitem").filter({ hasText: "Kunci biru" }).getByText("Belum dipakai.").waitFor();
      await screen(page, "one");

      await page.getByRole("button", { name: "Keluar", exact: true }).click();
      // The wrong finger: the browser says no, and the page says what to do.
      await key.finger(false);
      await byPasskey(page, people.budi);
      await page.getByText("Kunci sandi tidak jadi dipakai").waitFor();
      await key.finger(true);
      await page.getByRole("button", { name: "Masuk dengan kunci sandi" }).click();
      await heading(page, "Akun Anda").waitFor();
      await page.getByRole("listitem").filter({ hasText: "Kunci biru" }).getByText("Terakhir dipakai").waitFor();

      // The same key again is known. It proves who asks, too.
      await page.getByRole("button", { name: "Tambah kunci sandi" }).click();
      await dialog.getByLabel("Nama", { exact: true }).fill("Lagi");
      await dialog.getByLabel("Kata sandi").fill(people.budi.password);
      await dialog.getByRole("button", { name: "Pastikan dengan kunci sandi" }).click();
      await dialog.getByText("Yang ini sudah ada di akun Anda").waitFor();
      await dialog.getByRole("button", { name: "Tutup" }).click();
      await page.getByRole("button", { name: "Hapus Kunci biru" }).click();
      await dialog.getByLabel("Kata sandi").fill(people.budi.password);
      await screen(page, "remove");
      await dialog.getByRole("button", { name: "Pastikan dengan kunci sandi" }).click();
      await page.getByText("Belum ada.").waitFor();
    });
  });

  test("a role that needs one has to add it, and is let in by a code no more", async () => {
    await inBrowser("kartika", async (person) => {
      const { page } = person;
      await plugIn(person);
      await page.goto("/petugas");
      await byCode(page, people.kartika);
      await heading(page, "Tambah kunci sandi dahulu").waitFor();
      assert.equal(await page.locator("nav a").count(), 0, "there is nowhere else to go");
      await screen(page, "first");
      await page.getByLabel("Nama", { exact: true }).fill("Kunci kepala");
      await page.getByLabel("Kata sandi").fill(people.kartika.password);
      await page.getByLabel("Kode autentikator").fill(await code(people.kartika));
      await page.keyboard.press("Enter");
      await heading(page, "Menunggu persetujuan kedua").waitFor();
      await page.getByRole("link", { name: "Akun" }).click();
      await page.getByText("Diperlukan").waitFor();
      await page.getByRole("button", { name: "Ganti, pastikan dengan kunci sandi" }).waitFor();
      await page.getByLabel("Kode autentikator").waitFor({ state: "hidden" });
      await screen(page, "needed");
      await page.getByRole("button", { name: "Keluar", exact: true }).click();
      await byCode(page, people.kartika);
      await page.getByText("Akun ini masuk dengan kunci sandi").waitFor();
      await byPasskey(page, people.kartika);
      await heading(page, "Akun Anda").waitFor();
    });
  });
});
