// A person who uses the resident's app, step by step, as the tests and the screenshots need them.

import { readFileSync } from "node:fs";
import path from "node:path";
import { expectScreen, Officer, ROOT, waitForCode } from "./support.mjs";

/** The selfie: a portrait of somebody who does not exist. */
export const FACE = readFileSync(path.join(ROOT, "tests/browser/face.png"));
export const PIN = "902157";

let count = 0;

export class Resident {
  constructor(demo, person, data) {
    count += 1;
    Object.assign(this, { demo, page: person.page, data, email: `warga${count}.${Date.now() % 100000}@contoh.id` });
    // Drawing a screen anew asks for a newer token, which voids the one before: the last one counts.
    this.page.on("response", async (answer) => {
      if (!answer.url().endsWith("/v1/me/presentations") || !answer.ok()) return;
      // One that comes while the page is being closed has nothing left to read.
      const told = await answer.json().catch(() => null);
      if (told) this.token = told.token;
    });
  }

  /** Somebody with an active, open digital KTP, and its block code. */
  static async active(demo, person) {
    const resident = new Resident(demo, person, demo.resident());
    // Turning the clock may end an officer's session.
    await demo.later(30);
    demo.onDuty = await Officer.login(demo);
    await resident.register();
    await resident.activate();
    await resident.button("Buka KTP Digital").click();
    resident.blockCode = await resident.unlock();
    return resident;
  }

  button(name) {
    return this.page.getByRole("button", { name, exact: typeof name === "string" });
  }

  async at(screen) {
    await expectScreen(this.page, screen);
  }

  async openTerms() {
    await this.page.goto("/");
    await this.button("DAFTAR").click();
    await this.at("ketentuan");
  }

  async acceptTerms() {
    await this.button("SETUJU").click();
    await this.at("data");
  }

  async fillForm() {
    const { page, data } = this;
    const [year, month, day] = data.birth_date.split("-");
    await page.getByLabel("NIK").fill(data.nik.replace(/(\d{4})/g, "$1 "));
    await page.getByLabel("Nama lengkap").fill(data.full_name);
    await page.getByLabel("Tanggal", { exact: true }).fill(String(Number(day)));
    await page.getByLabel("Bulan").selectOption(month);
    await page.getByLabel("Tahun").fill(year);
    await page.getByLabel("Alamat surel").fill(this.email);
    await page.getByLabel("Nomor ponsel").fill("0812 3456 7890");
  }

  async sendForm() {
    await this.button("VERIFIKASI DATA").click();
    await this.at("swafoto");
  }

  async takeSelfie() {
    await this.button("Ambil foto").click();
    await this.button("Pakai foto ini").click();
    await this.at("status");
  }

  /** From the first screen to "ready for the counter". */
  async register() {
    await this.openTerms();
    await this.acceptTerms();
    await this.fillForm();
    await this.sendForm();
    await this.takeSelfie();
    await this.page.getByRole("heading", { name: "Siap ke loket" }).waitFor();
  }

  /** Shows the QR; gives the token that the page was sent. */
  async showActivationQr() {
    const sent = this.page.waitForResponse((answer) => answer.url().endsWith("/activation-token") && answer.ok());
    await this.button("Tunjukkan QR aktivasi").click();
    const { token } = await (await sent).json();
    await this.page.locator(".qr svg").waitFor();
    return token;
  }

  /** An officer scans and approves by the API; the page follows by itself. Gives the mail. */
  async beApproved() {
    const token = await this.showActivationQr();
    this.demo.onDuty ??= await Officer.login(this.demo);
    const { registration_id: id } = await this.demo.onDuty.scan(token);
    await this.demo.onDuty.approve(id);
    await this.page.getByRole("heading", { name: "Kode aktivasi dikirim" }).waitFor();
    this.mail = await waitForCode(this.demo, this.email);
    return this.mail;
  }

  async enterCode(code = this.mail.code) {
    await this.page.getByLabel("Kode aktivasi").fill(code);
    await this.button("AKTIFKAN").click();
  }

  async press(pin) {
    await this.page.getByRole("img", { name: /^0 (dari|of) 6/ }).waitFor();
    for (const digit of pin) await this.button(digit).click();
  }

  async setPin(pin = PIN) {
    await this.press(pin);
    await this.page.getByText("Ulangi PIN yang sama").first().waitFor();
    await this.press(pin);
    await this.page.getByRole("heading", { name: "Selesai!" }).waitFor();
  }

  /** From "ready for the counter" to the PIN being set. */
  async activate(pin = PIN) {
    await this.beApproved();
    await this.button("Masukkan kode").click();
    await this.enterCode();
    await this.button("Lanjut membuat PIN").click();
    await this.at("pin");
    await this.setPin(pin);
  }

  /** Opens the card. The first time the block code comes before it; gives the code then. */
  async unlock(pin = PIN) {
    await this.at("buka");
    await this.press(pin);
    await this.page.waitForURL(/#\/(kartu|kodeblokir)$/);
    if (this.page.url().endsWith("#/kartu")) return this.at("kartu");
    const code = await this.noteBlockCode();
    await this.at("kartu");
    return code;
  }

  /** Reads the block code off the screen and says that it is written down. */
  async noteBlockCode() {
    const code = await this.page.locator(".slip .big-code [aria-hidden]").textContent();
    await this.button("Sudah saya catat").click();
    return code;
  }

  /** Makes a QR for a share; its text is `token`. */
  async present(option) {
    if (!this.page.url().endsWith("#/bagikan")) await this.page.getByRole("link", { name: "Tunjukkan" }).click();
    await this.page.getByRole("radio", { name: option }).check();
    await this.button("Buat QR").click();
    await this.page.locator(".qr svg").waitFor();
    return this.token;
  }
}
