// A day outside with an intern: an officer asks for a session, a supervisor confirms it and takes the photos, the intern
// receives, the officer serves and shows who they are, somebody at the door checks them, and the sheet is locked.

import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { handScanner } from "./device.mjs";
import { FACE, Resident } from "./resident.mjs";
import { addStaff, checkAndKeep, DESK, logInAtCounter, PHONE, startBoth, withPeople as inBrowsers } from "./support.mjs";

describe("outreach", { timeout: 900_000 }, () => {
  let demo;
  let stage;
  const people = {};

  before(async () => {
    [demo, stage] = await startBoth();
    // A duty ends with the day in Jakarta: shortly before that, the day after is played.
    const left = 86_400 - ((Date.now() / 1000 + 7 * 3_600) % 86_400);
    if (left < 1_800) await demo.later(1_800);
    await stage.camera.show(FACE, { fit: 1 });
    const until = new Date(Date.now() + 60 * 86_400_000).toISOString().slice(0, 10);
    for (const [username, name, ...words] of [
      ["ani.magang", "Ani Magang", "--role", "assistant", "--until", until],
      ["budi.keliling", "Budi Santoso"],
      ["sari.penyelia", "Sari Utami", "--role", "supervisor"],
    ])
      people[username] = addStaff(demo, username, name, ...words);
  });
  after(async () => {
    await stage?.stop();
    await demo?.stop();
  });

  // Where it is morning now: a session begins and ends on one day.
  const timezoneId = `Etc/GMT${new Date().getUTCHours() < 10 ? "-" : "+"}${Math.min(12, Math.abs(new Date().getUTCHours() - 10))}`;
  const options = (name) => ({ viewport: ["intern", "officer", "chief"].includes(name) ? DESK : PHONE, timezoneId });
  const withPeople = (names, act) => inBrowsers(stage, demo, names, act, { prefix: "failed-outreach", options });
  const heading = (page, name) => page.getByRole("heading", { level: 1, name });
  const screen = (page, name) => checkAndKeep(page, `outreach-${name}`, name);
  const go = async (page, hash, name) => {
    await page.goto("about:blank");
    await page.goto(`/petugas#${hash}`);
    await heading(page, name).waitFor();
  };

  test("a day in a village hall, from the plan to the locked sheet", async () => {
    await withPeople(["phone", "intern", "officer", "chief", "stranger"], async ({ phone, intern, officer, chief, stranger }) => {
      const [ani, budi, sari, door] = [intern.page, officer.page, chief.page, stranger.page];
      await logInAtCounter(demo, budi, people["budi.keliling"]);
      await logInAtCounter(demo, sari, people["sari.penyelia"]);
      await logInAtCounter(demo, ani, people["ani.magang"], "Terima warga");

      // The plan, with the keyboard where it matters.
      await go(budi, "jemputbola", "Jemput bola");
      await budi.getByText("Belum ada sesi.").waitFor();
      await screen(budi, "list, none");
      await budi.getByRole("link", { name: "Rencanakan sesi" }).click();
      await heading(budi, "Rencanakan sesi").waitFor();
      await screen(budi, "form");
      await budi.getByRole("button", { name: "Usulkan sesi" }).click();
      await budi.getByText("Pilih desa atau kelurahan dari daftar.").waitFor();
      await budi.locator("#village").fill("gambir");
      await budi.getByRole("button", { name: "Gambir, Gambir, Kota Administrasi Jakarta Pusat" }).press("Enter");
      await budi.getByRole("button", { name: "Usulkan sesi" }).click();
      await budi.locator("#place-error").getByText(/huruf|terlihat/).waitFor();
      await screen(budi, "form refused");
      await budi.locator("#place").fill("Balai Warga RW 05");
      const [day, begins] = await budi.evaluate(() => new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 16).split("T"));
      await budi.locator("#day").fill(day);
      await budi.locator("#begins").fill(begins);
      await budi.locator("#ends").fill("23:59");
      await budi.locator("#lead").selectOption({ label: "Budi Santoso" });
      await budi.getByLabel(/Ani Magang/).check();
      await budi.locator("#coordinator").fill("Bu Rina");
      await budi.locator("#phone").fill("0812 3456 7890");
      await budi.getByRole("button", { name: "Usulkan sesi" }).click();
      await heading(budi, "Balai Warga RW 05").waitFor();
      await budi.locator(".notice", { hasText: "Menunggu persetujuan" }).waitFor();
      await screen(budi, "asked");

      // The supervisor confirms, and takes the photos.
      await go(sari, "jemputbola", "Jemput bola");
      await sari.locator("a.line", { hasText: "Balai Warga RW 05" }).click();
      await sari.getByRole("button", { name: "Setujui sesi" }).click();
      await sari.getByText("Terjadwal").waitFor();
      await screen(sari, "planned");
      await go(budi, "bukti", "Bukti petugas");
      await budi.getByText("Foto Anda belum ada").waitFor();
      await screen(budi, "no photo");
      await go(sari, "foto", "Foto petugas");
      for (const username of ["budi.keliling", "ani.magang"]) {
        await sari.locator(`#take-${username.replace(".", "\\.")}`).click();
        await sari.getByRole("dialog").getByRole("button", { name: "Ambil foto" }).click();
        await sari.locator(".line", { hasText: username }).getByText("Ada foto").waitFor();
      }
      await sari.getByText("Anda: minta rekan mengambilnya").waitFor();
      await screen(sari, "photos");

      // The day itself.
      await go(budi, "jemputbola", "Jemput bola");
      await budi.locator("a.line", { hasText: "Balai Warga RW 05" }).click();
      await budi.getByRole("button", { name: "Buka sesi" }).click();
      await budi.getByText("Sesi ini sedang berlangsung").waitFor();
      await go(budi, "bukti", "Bukti petugas");
      await budi.getByLabel(/Balai Warga RW 05/).waitFor();
      await screen(budi, "begin duty");
      await budi.getByRole("button", { name: "Mulai bertugas" }).click();
      await budi.locator(".proof-qr svg").first().waitFor();
      await screen(budi, "proof");
      const typed = await budi.locator(".proof-code").innerText();

      // Somebody at the door, on a phone of their own.
      await door.goto("/cek");
      await heading(door, "Cek petugas Dukcapil").waitFor();
      await screen(door, "check");
      await door.getByLabel("Kode pada poster").fill(typed.slice(0, 4));
      await door.keyboard.press("Enter");
      await door.getByText("yang terisi 3").waitFor();
      await door.getByLabel("Kode pada poster").fill(typed.toLowerCase());
      await door.keyboard.press("Enter");
      await heading(door, "Petugas resmi").waitFor();
      await door.getByText("Budi S.").waitFor();
      await door.getByText("Balai Warga RW 05").waitFor();
      const drawn = await door.locator(".portrait").evaluate((image) => image.naturalWidth);
      assert.ok(drawn >= 200, `${drawn}`);
      await screen(door, "official");
      await door.goto("/cek/000000");
      await heading(door, "Jangan dilanjutkan").waitFor();
      await screen(door, "refused");
      // A QR that is shown to others five minutes later; the poster's code goes on.
      const { address } = await budi.evaluate(async () => {
        const answer = await fetch("/v1/officer/duty/token", { method: "POST" });
        return answer.json();
      });
      await door.goto(new URL(address).pathname);
      await heading(door, "Petugas resmi").waitFor();
      await demo.later(301);
      await door.reload();
      await heading(door, "Jangan dilanjutkan").waitFor();

      // The poster of the day.
      await door.goto("about:blank");
      await door.goto(`/poster-cek#${encodeURIComponent(typed)}/${encodeURIComponent("Balai Warga RW 05")}`);
      await door.getByText(typed).waitFor();
      await screen(door, "poster");

      // The intern receives, the officer serves.
      const hana = new Resident(demo, phone, demo.resident());
      await hana.register();
      await go(ani, "terima", "Terima warga");
      await ani.getByText("Anda bekerja dalam sesi jemput bola").waitFor();
      await screen(ani, "intern receives");
      await handScanner(ani, await hana.showActivationQr());
      await ani.getByText("Petugas akan memanggil").first().waitFor();
      await go(budi, "pindai", "Pindai QR warga");
      await budi.getByText("Anda bekerja dalam sesi jemput bola").waitFor();
      await screen(budi, "scanner in the session");
      await budi.getByRole("button", { name: "Layani" }).click();
      await heading(budi, hana.data.full_name).waitFor();

      // A report from the door.
      await door.goto("/cek/000000");
      await door.getByRole("button", { name: "Lapor" }).click();
      await heading(door, "Laporkan orang yang mengaku petugas").waitFor();
      await door.getByRole("button", { name: "Kirim laporan" }).click();
      await door.getByText("paling sedikit 10 huruf").waitFor();
      await screen(door, "report");
      await door.getByLabel("Kantor Dukcapil").fill("contoh");
      await door.getByRole("button", { name: /^Dukcapil Contoh/ }).click();
      await door.getByLabel("Apa yang terjadi?").fill("Seseorang meminta PIN saya dan Rp50.000");
      await door.getByLabel("Di mana?").fill("Pasar Senen, pintu barat");
      await door.getByRole("button", { name: "Kirim laporan" }).click();
      await heading(door, "Laporan diterima").waitFor();
      await screen(door, "reported");
      const reference = await door.locator(".reference").innerText();
      await go(sari, "persetujuan", "Menunggu persetujuan kedua");
      await sari.getByRole("link", { name: "Buka laporan" }).click();
      await sari.getByText(reference).waitFor();
      await screen(sari, "reports");
      await sari.getByRole("button", { name: "Tutup laporan" }).click();
      await sari.getByRole("button", { name: /diteruskan ke polisi/ }).click();
      await sari.getByRole("dialog").locator("button[type=submit]").click();
      await sari.getByText("Tidak ada laporan yang menunggu.").waitFor();

      // The end of the day.
      await go(budi, "bukti", "Bukti petugas");
      await budi.getByRole("button", { name: "Selesai bertugas" }).click();
      await budi.getByRole("button", { name: "Mulai bertugas" }).waitFor();
      await go(budi, "jemputbola", "Jemput bola");
      await budi.locator("a.line", { hasText: "Balai Warga RW 05" }).click();
      await budi.getByRole("button", { name: "Tutup sesi" }).click();
      await budi.getByLabel("Menit tanpa jaringan").fill("25");
      await screen(budi, "closed");
      await budi.getByRole("button", { name: "Laporkan dan kunci" }).click();
      await budi.getByRole("dialog").getByRole("button", { name: "Laporkan dan kunci" }).click();
      await budi.getByText("Tanpa jaringan: 25 menit").waitFor();
      assert.equal(await budi.locator(".mine b").innerText(), "1");
      await screen(budi, "reported sheet");
    });
  });
});
