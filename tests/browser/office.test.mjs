// A whole office in one play: the nation invites its head, the head and a supervisor take on the others, they go out with an intern,
// two people let somebody through whose face cannot be compared, a report of fraud comes in, and the month is signed. What each
// screen looks like is looked at where it is tested alone; here each person works with what the one before did.

import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { handScanner } from "./device.mjs";
import { FACE, Resident } from "./resident.mjs";
import { inDialog, join } from "./staff.mjs";
import { DESK, logInAt, logInAtCounter, PHONE, startBoth, waitForCode, withPeople } from "./support.mjs";

describe("a whole office", { timeout: 600_000 }, () => {
  let demo;
  let stage;
  let resident;

  before(async () => {
    [demo, stage] = await startBoth();
    // A day that is not about to end: a session of outreach ends with it.
    const left = 86_400 - ((Date.now() / 1000 + 7 * 3_600) % 86_400);
    if (left < 3_600) await demo.later(3_600);
    await stage.camera.show(FACE, { fit: 1 });
    // The office of where the resident is at home.
    resident = demo.resident();
    demo.command("figures", "scope", "DEMO-01", `${resident.nik.slice(0, 2)}.${resident.nik.slice(2, 4)}`);
  });
  after(async () => {
    await stage?.stop();
    await demo?.stop();
  });

  const timezoneId = `Etc/GMT${new Date().getUTCHours() < 10 ? "-" : "+"}${Math.min(12, Math.abs(new Date().getUTCHours() - 10))}`;
  const options = (name) => ({ viewport: ["phone", "door"].includes(name) ? PHONE : DESK, timezoneId });
  const heading = (page, name) => page.getByRole("heading", { level: 1, name });
  const go = async (page, hash, name) => {
    await page.goto("about:blank");
    await page.goto(`/petugas#${hash}`);
    await heading(page, name).waitFor();
  };

  /** Asks that somebody join: what the page says then. */
  async function invite(page, name, role, said, more = {}) {
    await page.getByRole("button", { name: "Undang pegawai" }).click();
    await page.getByLabel("Peran").selectOption(role);
    const username = name.split(" ")[0].toLowerCase();
    await inDialog(page, "Minta", { "Nama lengkap": name, "Nama pengguna": username, "Surel dinas": `${username}@dukcapil.example`, ...more });
    await page.getByText(said).first().waitFor();
  }

  test("from the first invitation to the signed month", async () => {
    const names = ["one", "two", "head", "supervisor", "officer", "intern", "phone", "door"];
    await withPeople(stage, demo, names, play, { prefix: "failed-office", options });
  });

  async function play({ one, two, head, supervisor, officer, intern, phone, door }) {
    // The nation: a head and a supervisor, each by two.
    const [first, second] = demo.administrators;
    await logInAt(demo, one.page, "/admin", first, "Pegawai");
    await one.page.getByLabel("Kode kantor").fill("DEMO-01");
    await one.page.getByRole("button", { name: "Tampilkan", exact: true }).click();
    await one.page.getByText("Penyelia Contoh").waitFor();
    await invite(one.page, "Ratna Kepala", "head", "Orang lain harus menyetujui");
    await invite(one.page, "Sari Utami", "supervisor", "Orang lain harus menyetujui");
    await logInAt(demo, two.page, "/admin", second, "Pegawai");
    for (const name of ["Ratna Kepala", "Sari Utami"]) {
      await two.page.getByRole("button", { name: `Setujui: ${name}` }).click();
      await two.page.getByText(`${name} akan bergabung`).waitFor({ state: "detached" });
    }
    await two.page.getByText("Tidak ada yang menunggu.").waitFor();
    const ratna = await join(demo, head.page, "ratna@dukcapil.example", "perahu-merah-di-teluk");
    await logInAtCounter(demo, head.page, ratna, "Menunggu persetujuan kedua");
    const sari = await join(demo, supervisor.page, "sari@dukcapil.example", "kapal-biru-di-dermaga");
    await logInAtCounter(demo, supervisor.page, sari);

    // The office: an officer and an intern, asked for by the supervisor and granted by the head.
    await go(supervisor.page, "pegawai", "Pegawai");
    const until = new Date(Date.now() + 60 * 86_400_000).toISOString().slice(0, 10);
    await invite(supervisor.page, "Tono Santoso", "officer", "Orang lain harus menyetujui");
    await invite(supervisor.page, "Ani Magang", "assistant", "Orang lain harus menyetujui", { "Hari terakhir": until });
    await go(head.page, "pegawai", "Pegawai");
    for (const name of ["Tono Santoso", "Ani Magang"]) {
      await head.page.getByRole("button", { name: `Setujui: ${name}` }).click();
      await head.page.getByText(`${name} akan bergabung`).waitFor({ state: "detached" });
    }
    const tono = await join(demo, officer.page, "tono@dukcapil.example", "sampan-hijau-di-muara");
    await logInAtCounter(demo, officer.page, tono);
    const ani = await join(demo, intern.page, "ani@dukcapil.example", "layar-putih-di-selat");
    await logInAtCounter(demo, intern.page, ani, "Terima warga");

    // A day outside: the officer asks, the supervisor confirms, the officer opens.
    await go(officer.page, "jemputbola", "Jemput bola");
    await officer.page.getByRole("link", { name: "Rencanakan sesi" }).click();
    await officer.page.locator("#village").fill("gambir");
    await officer.page.getByRole("button", { name: "Gambir, Gambir, Kota Administrasi Jakarta Pusat" }).click();
    await officer.page.locator("#place").fill("Balai Warga RW 05");
    const [day, begins] = await officer.page.evaluate(() => new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 16).split("T"));
    await officer.page.locator("#day").fill(day);
    await officer.page.locator("#begins").fill(begins);
    await officer.page.locator("#ends").fill("23:59");
    await officer.page.locator("#lead").selectOption({ label: "Tono Santoso" });
    await officer.page.getByLabel(/Ani Magang/).check();
    await officer.page.locator("#coordinator").fill("Bu Rina");
    await officer.page.locator("#phone").fill("0812 3456 7890");
    await officer.page.getByRole("button", { name: "Usulkan sesi" }).click();
    await officer.page.locator(".notice", { hasText: "Menunggu persetujuan" }).waitFor();
    await go(supervisor.page, "jemputbola", "Jemput bola");
    await supervisor.page.locator("a.line", { hasText: "Balai Warga RW 05" }).click();
    await supervisor.page.getByRole("button", { name: "Setujui sesi" }).click();
    await supervisor.page.getByText("Terjadwal").waitFor();
    await officer.page.reload();
    await officer.page.getByRole("button", { name: "Buka sesi" }).click();
    await officer.page.getByText("Sesi ini sedang berlangsung").waitFor();

    // The intern receives, the officer serves; the face cannot be compared, so the head looks too.
    const hana = new Resident(demo, phone, resident);
    await hana.register();
    await go(intern.page, "terima", "Terima warga");
    await intern.page.getByText("Anda bekerja dalam sesi jemput bola").waitFor();
    await handScanner(intern.page, await hana.showActivationQr());
    await phone.page.getByText("Nomor antrean Anda: 1").waitFor();
    await go(officer.page, "pindai", "Pindai QR warga");
    await officer.page.getByRole("button", { name: "Layani" }).click();
    await heading(officer.page, hana.data.full_name).waitFor();
    await officer.page.locator("#check-document").check();
    await officer.page.locator("#check-data").check();
    await officer.page.getByRole("button", { name: "Wajah tidak dapat dicocokkan" }).click();
    await officer.page.getByRole("button", { name: "Wajah diperban" }).click();
    await officer.page.getByRole("dialog").getByRole("button", { name: "Minta persetujuan" }).click();
    await officer.page.getByText("Menunggu persetujuan kedua").first().waitFor();
    await go(head.page, "persetujuan", "Menunggu persetujuan kedua");
    await head.page.locator(".line", { hasText: "tanpa mencocokkan wajah" }).click();
    await head.page.locator("#looked").check();
    await head.page.getByRole("button", { name: "Setujui", exact: true }).click();
    await heading(head.page, "Disetujui").waitFor();
    await phone.page.getByRole("heading", { name: "Kode aktivasi dikirim" }).waitFor();
    hana.mail = await waitForCode(demo, hana.email);
    await hana.button("Masukkan kode").click();
    await hana.enterCode();
    await hana.button("Lanjut membuat PIN").click();
    await hana.at("pin");
    await hana.setPin();

    // Somebody at a door reports a stranger; the supervisor closes it.
    await door.page.goto("/cek/000000");
    await door.page.getByRole("button", { name: "Lapor" }).click();
    await door.page.getByLabel("Kantor Dukcapil").fill("contoh");
    await door.page.getByRole("button", { name: /^Dukcapil Contoh/ }).click();
    await door.page.getByLabel("Apa yang terjadi?").fill("Seseorang meminta PIN saya dan Rp50.000");
    await door.page.getByLabel("Di mana?").fill("Pasar Senen, pintu barat");
    await door.page.getByRole("button", { name: "Kirim laporan" }).click();
    await heading(door.page, "Laporan diterima").waitFor();
    await go(supervisor.page, "persetujuan", "Menunggu persetujuan kedua");
    await supervisor.page.getByRole("link", { name: "Buka laporan" }).click();
    await supervisor.page.getByRole("button", { name: "Tutup laporan" }).click();
    await supervisor.page.getByRole("button", { name: /diteruskan ke polisi/ }).click();
    await supervisor.page.getByRole("dialog").locator("button[type=submit]").click();
    await supervisor.page.getByText("Tidak ada laporan yang menunggu.").waitFor();

    // The end of the day, and of the month.
    await go(officer.page, "jemputbola", "Jemput bola");
    await officer.page.locator("a.line", { hasText: "Balai Warga RW 05" }).click();
    await officer.page.getByRole("button", { name: "Tutup sesi" }).click();
    await officer.page.getByLabel("Menit tanpa jaringan").fill("25");
    await officer.page.getByRole("button", { name: "Laporkan dan kunci" }).click();
    await officer.page.getByRole("dialog").getByRole("button", { name: "Laporkan dan kunci" }).click();
    await officer.page.getByText("Tanpa jaringan: 25 menit").waitFor();
    assert.equal(await officer.page.locator(".mine b").innerText(), "1", "who was activated out there");
    const jakarta = new Date(Date.now() + demo.ahead * 1000 + 7 * 3_600_000);
    const month = jakarta.toISOString().slice(0, 7);
    const next = Date.UTC(jakarta.getUTCFullYear(), jakarta.getUTCMonth() + 1, 2);
    await demo.later(Math.ceil((next - jakarta) / 1000));
    await logInAtCounter(demo, supervisor.page, sari);
    await go(supervisor.page, `rekap/${month}`, /Rekap/);
    await supervisor.page.getByText("0 aktif sampai bulan lalu, 1 bertambah, 0 berkurang: 1 aktif.").waitFor();
    await supervisor.page.getByRole("button", { name: "Ajukan ke kepala" }).click();
    await supervisor.page.getByText("Menunggu kepala").waitFor();
    await logInAtCounter(demo, head.page, ratna, "Menunggu persetujuan kedua");
    await go(head.page, `rekap/${month}`, /Rekap/);
    await head.page.getByRole("button", { name: "Tanda tangani" }).click();
    await head.page.getByText("Ditandatangani ratna").waitFor();
    await supervisor.page.reload();
    await supervisor.page.getByText("Ditandatangani ratna").waitFor();
  }
});
