// How people of the staff come to work, as several plays need it.

import assert from "node:assert/strict";
import { waitForMail } from "./support.mjs";

/** Fills fields of the dialog that is open, and presses a button of it. */
export async function inDialog(page, button, typed) {
  const dialog = page.getByRole("dialog");
  for (const [label, text] of Object.entries(typed)) await dialog.getByLabel(label).fill(text);
  await dialog.getByRole("button", { name: button, exact: true }).click();
}

/** Asks for something in the dialog that is open, and waits until it was taken. */
export async function ask(page, typed, send = "Minta persetujuan") {
  await inDialog(page, send, typed);
  await page.getByRole("dialog").waitFor({ state: "detached" });
}

/** Grants at `/admin` what another administrator asked for. */
export async function grant(page, name) {
  await page.goto("/admin#persetujuan");
  await page.reload();
  await page.getByRole("button", { name: `Setujui: ${name}` }).click();
  await page.getByText("Disetujui dan sudah dijalankan.").first().waitFor();
}

/**
 * Whoever was invited opens the link of the mail and sets a password; where `screen(page, name)` is given, each screen is looked at
 * and what is refused is tried. Gives the account.
 */
export async function join(demo, page, address, password, screen) {
  const { link } = await waitForMail(demo, address, (text) => {
    const found = /\/undangan#[\w-]+/.exec(text);
    return found && { link: found[0] };
  });
  await page.goto(link);
  await page.getByText("Pasang autentikator").waitFor();
  assert.ok(!page.url().includes("#"), "the link is taken out of the address");
  await screen?.(page, `invited ${address}`);
  const secret = (await page.locator(".authenticator-key").innerText()).replace(/\s/g, "");
  await page.getByLabel("Kode autentikator").fill(await demo.totp(secret));
  if (screen) {
    await page.getByLabel("Kata sandi baru").fill("lemah-lemah");
    await page.getByRole("button", { name: "Simpan kata sandi" }).click();
    await page.locator(".field .error:visible").first().waitFor();
  }
  await page.getByLabel("Kata sandi baru").fill(password);
  await page.getByLabel("Kode autentikator").fill(await demo.totp(secret));
  await page.getByRole("button", { name: "Simpan kata sandi" }).click();
  await page.getByRole("heading", { level: 1, name: "Selesai" }).waitFor();
  if (screen) {
    await screen(page, `joined ${address}`);
    await page.goto(link);
    await page.getByRole("heading", { level: 1, name: "Tautan ini tidak berlaku lagi" }).waitFor();
    await screen(page, `used ${address}`);
  }
  return { username: address.split("@")[0], password, totp_secret: secret };
}

/**
 * Whoever a command added has logged in with what it printed, and chooses secrets of their own, which `who` holds then; where
 * `screen(page, name)` is given, what is refused is tried and looked at.
 */
export async function chooseOwn(demo, page, who, password, screen) {
  await page.getByRole("heading", { level: 1, name: "Buat kata sandi dan autentikator Anda sendiri" }).waitFor();
  const send = page.getByRole("button", { name: "Simpan dan lanjutkan" });
  const secret = (await page.locator(".authenticator-key").innerText()).replace(/\s/g, "");
  if (screen) {
    await screen(page, "own secrets");
    await send.click();
    await page.locator(".field .error:visible").first().waitFor();
    await page.getByLabel("Kata sandi baru").fill(who.password);
    await page.getByLabel("Kode autentikator").fill(await demo.totp(secret));
    await send.click();
    await page.getByText("Pilih kata sandi lain: yang ini diketahui").waitFor();
    await page.getByLabel("Kata sandi baru").fill(password);
    await page.getByLabel("Kode autentikator").fill(await demo.totp(who.totp_secret));
    await send.click();
    await page.getByText("Kode tidak cocok.").waitFor();
    await page.getByText("Cocokkan jam ponsel Anda").waitFor();
    await screen(page, "own secrets refused");
  }
  await page.getByLabel("Kata sandi baru").fill(password);
  await page.getByLabel("Kode autentikator").fill(await demo.totp(secret));
  await page.keyboard.press("Enter");
  Object.assign(who, { password, totp_secret: secret });
}
