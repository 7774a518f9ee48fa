// An office with its roles: an assistant receives residents and sees nothing of them, an officer calls and serves them,
// the head grants what was asked for, and a data officer works on cases. Each sees the places that are theirs.

import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { handScanner } from "./device.mjs";
import { FACE, Resident } from "./resident.mjs";
import { chooseOwn, inDialog, join } from "./staff.mjs";
import { addNewcomer, addStaff, checkAndKeep, DESK, logInAt, logInAtCounter, startBoth, withPeople as inBrowsers } from "./support.mjs";

describe("roles", { timeout: 600_000 }, () => {
  let demo;
  let stage;
  const people = {};

  before(async () => {
    [demo, stage] = await startBoth();
    await stage.camera.show(FACE, { fit: 1 });
    const until = new Date(Date.now() + 60 * 86_400_000).toISOString().slice(0, 10);
    for (const [username, name, ...words] of [
      ["ani.magang", "Ani Magang", "--role", "assistant", "--until", until],
      ["budi.loket", "Budi Santoso"],
      ["kartika", "Kartika Kepala", "--role", "head"],
      ["dedi.data", "Dedi Data", "--role", "data-officer"],
    ])
      people[username] = addStaff(demo, username, name, ...words);
  });
  after(async () => {
    await stage?.stop();
    await demo?.stop();
  });

  const withPeople = (names, act) =>
    inBrowsers(stage, demo, names, act, { prefix: "failed-roles", options: (name) => (name === "phone" ? {} : { viewport: DESK }) });
  const heading = (page, name) => page.getByRole("heading", { level: 1, name });
  const screen = (page, name) => checkAndKeep(page, `roles-${name}`, name);
  const places = (page) => page.locator("nav a").allInnerTexts();

  const logIn = (page, who, first) => logInAtCounter(demo, page, who, first);

  test("received by an assistant, served by an officer, granted by the head", async () => {
    await withPeople(["phone", "assistant", "officer", "head", "hall"], async ({ phone, assistant, officer, head, hall }) => {
      const hana = new Resident(demo, phone, demo.resident());
      await hana.register();
      await logIn(assistant.page, people["ani.magang"], "Terima warga");
      const seen = (await places(assistant.page)).join(" ");
      assert.ok(/Terima warga/.test(seen) && !/Pindai|Persetujuan|Kartu|Kasus/.test(seen), seen);
      await assistant.page.getByText("Tidak ada yang menunggu.").waitFor();
      await screen(assistant.page, "receive");
      await handScanner(assistant.page, await hana.showActivationQr());
      await assistant.page.getByText("Petugas akan memanggil").first().waitFor();
      await assistant.page.getByText("Diterima ani.magang").waitFor();
      // The number stands on the phone by itself, and on the hall's screen once it is called.
      await phone.page.getByText("Nomor antrean Anda: 1").waitFor();
      await screen(phone.page, "number");
      await hall.page.goto("/antrean");
      await hall.page.getByText("Loket ini tidak ditemukan").waitFor();
      await hall.page.goto(await assistant.page.getByRole("link", { name: "Layar panggilan" }).getAttribute("href"));
      await hall.page.getByText("1 orang menunggu dipanggil.").waitFor();
      await screen(hall.page, "hall, nobody called");
      await screen(assistant.page, "received");
      const told = await assistant.page.locator("main").innerText();
      assert.ok(!told.includes(hana.data.full_name) && !told.includes(hana.data.nik));

      await logIn(officer.page, people["budi.loket"], "Pindai QR warga");
      await officer.page.getByText("Diterima ani.magang").waitFor();
      await screen(officer.page, "waiting");
      demo.command("register", "close");
      await officer.page.getByText("Data kependudukan tidak menjawab").waitFor();
      await screen(officer.page, "register down");
      demo.command("register", "open");
      await officer.page.getByText("Data kependudukan tidak menjawab").waitFor({ state: "detached" });
      await officer.page.getByRole("button", { name: "Layani" }).click();
      await heading(officer.page, hana.data.full_name).waitFor();
      await phone.page.locator("#isi").getByText("Nomor 1 dipanggil").waitFor();
      await screen(phone.page, "called");
      await hall.page.getByText("Silakan menuju petugas.").waitFor();
      assert.equal(await hall.page.locator(".call-number").innerText(), "1");
      await screen(hall.page, "hall");
      await officer.page.locator("#check-document").check();
      await officer.page.locator("#check-data").check();
      await officer.page.getByRole("button", { name: "Wajah tidak dapat dicocokkan" }).click();
      await officer.page.getByRole("button", { name: "Wajah diperban" }).click();
      await officer.page.getByRole("dialog").getByRole("button", { name: "Minta persetujuan" }).click();
      await officer.page.getByText("Menunggu persetujuan kedua").first().waitFor();

      await logIn(head.page, people.kartika, "Menunggu persetujuan kedua");
      const hers = (await places(head.page)).join(" ");
      assert.ok(!/Pindai|Tampilkan QR|Kartu/.test(hers) && /Antrean/.test(hers), hers);
      await screen(head.page, "head");
      await head.page.locator(".line", { hasText: "tanpa mencocokkan wajah" }).click();
      await head.page.locator("#looked").check();
      await head.page.getByRole("button", { name: "Setujui", exact: true }).click();
      await heading(head.page, "Disetujui").waitFor();
      await phone.page.getByRole("heading", { name: "Kode aktivasi dikirim" }).waitFor();
      await assistant.page.getByText("Tidak ada yang menunggu.").waitFor();
    });
  });

  test("two administrators invite a head, a supervisor and the head take on an officer, and the head stops them", async () => {
    await withPeople(["one", "two", "head", "supervisor", "new"], async ({ one, two, head, supervisor, new: fresh }) => {
      const [first, second] = demo.administrators;
      await logInAt(demo, one.page, "/admin", first, "Pegawai");
      await screen(one.page, "nation");
      await one.page.getByLabel("Kode kantor").fill("demo-01");
      await one.page.getByRole("button", { name: "Tampilkan", exact: true }).click();
      await one.page.getByText("Penyelia Contoh").waitFor();
      await one.page.getByRole("button", { name: "Undang pegawai" }).click();
      await screen(one.page, "invite");
      await one.page.getByLabel("Peran").selectOption("head");
      await inDialog(one.page, "Minta", { "Nama lengkap": "Ratna Kepala" , "Nama pengguna": "Ratna", "Surel dinas": "ratna@dukcapil.example" });
      await one.page.getByText("Pakai 3-40 huruf kecil").waitFor();
      await inDialog(one.page, "Minta", { "Nama pengguna": "ratna" });
      await one.page.getByText("Orang lain harus menyetujui").first().waitFor();
      assert.equal(await one.page.getByRole("button", { name: /^Setujui/ }).count(), 0);
      await logInAt(demo, two.page, "/admin", second, "Pegawai");
      await two.page.getByText("Ratna Kepala akan bergabung sebagai").waitFor();
      await screen(two.page, "to be granted");
      await two.page.getByRole("button", { name: /^Setujui/ }).click();
      await two.page.getByText("Tidak ada yang menunggu.").waitFor();

      const ratna = await join(demo, fresh.page, "ratna@dukcapil.example", "perahu-merah-di-teluk", screen);
      await logIn(head.page, ratna, "Menunggu persetujuan kedua");
      await logIn(supervisor.page, demo.supervisors[0]);
      await supervisor.page.getByRole("link", { name: "Lainnya" }).click();
      await screen(supervisor.page, "more");
      await supervisor.page.getByRole("link", { name: "Pegawai" }).click();
      await supervisor.page.getByRole("button", { name: "Undang pegawai" }).click();
      await inDialog(supervisor.page, "Minta", { "Nama lengkap": "Tono Baru", "Nama pengguna": "tono", "Surel dinas": "tono@dukcapil.example" });
      await supervisor.page.getByText("Anda yang meminta").waitFor();
      await head.page.goto("/petugas#pegawai");
      await head.page.getByRole("button", { name: "Setujui: Tono Baru" }).click();
      await head.page.getByText("Tidak ada yang menunggu.").waitFor();
      const tono = await join(demo, fresh.page, "tono@dukcapil.example", "kapal-biru-di-dermaga", screen);
      await logIn(fresh.page, tono);
      await head.page.reload();
      const line = head.page.locator(".line", { hasText: "Tono Baru" });
      await line.getByText("Tindakan").click();
      await screen(head.page, "acts");
      // Drawn anew in the other language, it is closed.
      await line.getByText("Tindakan").click();
      await line.getByRole("button", { name: "Hentikan sekarang" }).click();
      await head.page.getByRole("dialog").getByRole("button", { name: "Hentikan sekarang" }).click();
      await line.getByText("dihentikan").waitFor();
      await screen(head.page, "stopped");
      await fresh.page.reload();
      await heading(fresh.page, "Masuk ke loket").waitFor();
    });
  });

  test("what a command printed leads to the choice of one's own; own sessions end with that password", async () => {
    const who = addNewcomer(demo, "nina.baru", "Nina Baru");
    const password = "enam layang putih sore";
    await withPeople(["desk", "elsewhere"], async ({ desk, elsewhere }) => {
      const { page } = desk;
      await logIn(page, who, "Buat kata sandi dan autentikator Anda sendiri");
      assert.deepEqual(await places(page), [], "nothing else is offered");
      // Another address of the page leads to the same, loaded anew too.
      await page.goto("/petugas#akun");
      await page.reload();
      await page.setViewportSize({ width: 360, height: 740 });
      await chooseOwn(demo, page, who, password, screen);
      await heading(page, "Akun Anda").waitFor();
      await page.setViewportSize(DESK);
      await logIn(elsewhere.page, who);

      await page.reload();
      const end = page.getByRole("button", { name: /^Akhiri sesi/ });
      await end.focus();
      await page.keyboard.press("Enter");
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Kata sandi sekarang").fill("bukan kata sandinya");
      await page.keyboard.press("Enter");
      await dialog.getByText("Kata sandi tidak cocok.").waitFor();
      await screen(page, "ending a session");
      await dialog.getByLabel("Kata sandi sekarang").fill(password);
      await page.keyboard.press("Enter");
      await dialog.waitFor({ state: "detached" });
      await end.waitFor({ state: "detached" });
      await elsewhere.page.getByRole("link", { name: "Akun", exact: true }).click();
      await elsewhere.page.getByRole("heading", { name: "Sesi berakhir" }).waitFor();
    });
  });

  test("a data officer works on cases, and everybody reads in the account what they are", async () => {
    await withPeople(["data", "assistant"], async ({ data, assistant }) => {
      await logIn(data.page, people["dedi.data"], "Kasus data kantor ini");
      await screen(data.page, "data officer");
      await data.page.getByRole("link", { name: "Blokir telepon" }).click();
      await heading(data.page, "Blokir lewat telepon").waitFor();
      await logIn(assistant.page, people["ani.magang"], "Terima warga");
      await assistant.page.goto("/petugas#akun");
      await assistant.page.getByText("Peran Anda: asisten.").waitFor();
      await assistant.page.getByText("Masa tugas Anda di kantor ini sampai").waitFor();
      await screen(assistant.page, "account");
      // A place that is not theirs leads to the one that is.
      await assistant.page.goto("/petugas#pindai");
      await heading(assistant.page, "Terima warga").waitFor();
      demo.command("officer", "acting", "dedi.data", "--as", "supervisor", "--until", new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10));
      await data.page.reload();
      await data.page.getByRole("link", { name: "Persetujuan" }).waitFor();
      await data.page.goto("/petugas#akun");
      await data.page.getByText("Anda bertindak sebagai penyelia sampai").waitFor();
    });
  });
});
