// What an administrator of a relying party sees: keys, people, figures, the contract.

import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import test, { after, before, describe } from "node:test";
import { chooseOwn } from "./staff.mjs";
import { checkAndKeep, DESK, openPerson, PHONE, startBoth } from "./support.mjs";

describe("a relying party's administrator", { timeout: 600_000 }, () => {
  let demo;
  let stage;
  let rina;
  let page;

  before(async () => {
    [demo, stage] = await startBoth();
    const words = ["relying-party", "administrator", "add", "Bank Contoh", "rina.admin", "Rina Wati"];
    rina = { username: "rina.admin", ...demo.command(...words) };
    const person = await openPerson(stage, demo.base_url, { viewport: DESK });
    ({ page } = person);
    stage.person = person;
  });
  after(async () => {
    await stage?.person?.close();
    await stage?.stop();
    await demo?.stop();
  });

  const heading = (name) => page.getByRole("heading", { level: 1, name, exact: true });
  const screen = (name) => checkAndKeep(page, `partner-${name}`, name);

  test("logging in at the tellers' entrance leads to the keys", async () => {
    await page.goto("/verifikasi");
    await page.getByLabel("Nama pengguna").fill(rina.username);
    await page.getByLabel("Kata sandi").fill(rina.password);
    await page.getByLabel("Kode autentikator").fill(await demo.totp(rina.totp_secret));
    await page.keyboard.press("Enter");
    await chooseOwn(demo, page, rina, "enam layang putih sore");
    await heading("Kunci API").waitFor();
    await page.getByText("Tanpa batas waktu.").waitFor();
    assert.equal(await page.getByText("Pindai").count(), 0, "nothing to check here");
    await screen("keys");
  });

  test("a key is made by keyboard, shown once, and opens; it is revoked", async () => {
    await page.getByRole("button", { name: "Buat kunci" }).click();
    await page.getByText("Isi bagian ini.").waitFor();
    assert.ok(await page.locator("#key-label").evaluate((node) => node === document.activeElement));
    await page.keyboard.type("Kasir Jakarta", { delay: 90 });
    await page.keyboard.press("Enter");
    await page.getByText("Hanya tampil sekali ini").waitFor();
    const key = (await page.locator("#new-key").textContent()).trim();
    assert.match(key, /^ikd_rp_[0-9a-f]{32}_[0-9a-f]{64}$/);
    await screen("new key");
    const asked = () => fetch(`${demo.base_url}/v1/annulled-verifications`, { headers: { Authorization: `Bearer ${key}` } });
    assert.equal((await asked()).status, 200);
    await page.getByRole("button", { name: "Sudah saya simpan" }).focus();
    await page.keyboard.press("Enter");
    const line = page.locator("li.line", { hasText: "Kasir Jakarta" });
    await line.getByText("Berlaku", { exact: true }).waitFor();
    assert.equal(await page.getByText(key).count(), 0, "it is not shown again");

    await page.getByLabel("Untuk apa").fill("Ketiga");
    await page.getByRole("button", { name: "Buat kunci" }).click();
    await page.getByText("Dua kunci sudah berlaku.").waitFor();
    await screen("two live");
    await line.getByRole("button", { name: "Cabut kunci Kasir Jakarta" }).click();
    await page.getByRole("heading", { name: "Cabut kunci Kasir Jakarta?" }).waitFor();
    await screen("revoke");
    await page.locator("dialog").getByRole("button", { name: "Cabut", exact: true }).click();
    await line.getByText("Dicabut").waitFor();
    assert.equal((await asked()).status, 401);
  });

  test("a public key is registered by keyboard, a private one is not sent, and its token opens", async () => {
    const pair = generateKeyPairSync("ed25519");
    const sent = [];
    page.on("request", (request) => request.url().endsWith("/public-keys") && sent.push(request.postData()));
    await page.getByRole("button", { name: "Daftarkan kunci", exact: true }).focus();
    await page.keyboard.press("Enter");
    const dialog = page.locator("dialog");
    await dialog.getByRole("heading", { name: "Daftarkan kunci publik" }).waitFor();
    await page.keyboard.type("Inti", { delay: 90 });
    const register = dialog.getByRole("button", { name: "Daftarkan", exact: true });
    await register.click();
    await dialog.getByText("Isi bagian ini.").waitFor();
    const jwk = dialog.getByLabel("Kunci publik (JWK)");
    for (const secret of [
      JSON.stringify(pair.privateKey.export({ format: "jwk" })),
      pair.privateKey.export({ format: "pem", type: "pkcs8" }),
    ]) {
      await jwk.fill(secret);
      await register.click();
      await dialog.getByText("Ini kunci privat; tidak dikirim.").waitFor();
    }
    await jwk.fill("bukan JSON");
    await register.click();
    await dialog.getByText("Ini bukan JWK.").waitFor();
    assert.deepEqual(sent, [], "none of these was sent");
    await screen("public key");
    const buffer = Buffer.from(JSON.stringify(pair.publicKey.export({ format: "jwk" })));
    await dialog.locator("input[type=file]").setInputFiles({ name: "bank.jwk", mimeType: "application/json", buffer });
    await page.waitForFunction(() => document.querySelector("#public-jwk").value.includes("Ed25519"));
    await register.click();
    await page.getByRole("heading", { name: "Kunci didaftarkan" }).waitFor();
    await screen("public key registered");
    const value = async (name) => (await page.locator(`#new-${name}`).textContent()).trim();
    const [id, kid, issuer] = [await value("client_id"), await value("kid"), await value("issuer")];
    const endpoint = await value("token_endpoint");
    await page.getByRole("button", { name: "Sudah saya catat" }).click();
    const line = page.locator("li.line", { hasText: "Inti" });
    await line.getByText("Kunci publik", { exact: true }).waitFor();
    assert.equal(sent.length, 1);

    // The demo's clock may be turned: its own answer says what time it is.
    const now = Math.floor(Date.parse((await fetch(`${demo.base_url}/health/live`)).headers.get("date")) / 1000);
    const part = (json) => Buffer.from(JSON.stringify(json)).toString("base64url");
    const claims = { iss: id, sub: id, aud: issuer, exp: (now || Math.floor(Date.now() / 1000)) + 60, jti: kid };
    const signed = `${part({ alg: "EdDSA", kid })}.${part(claims)}`;
    const body = new URLSearchParams({
      grant_type: "client_credentials",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: `${signed}.${sign(null, Buffer.from(signed), pair.privateKey).toString("base64url")}`,
    });
    const answer = await fetch(endpoint, { method: "POST", body });
    assert.equal(answer.status, 200, await answer.clone().text());
    const headers = { Authorization: `Bearer ${(await answer.json()).access_token}` };
    const asked = () => fetch(`${demo.base_url}/v1/annulled-verifications`, { headers });
    assert.equal((await asked()).status, 200);
    await line.getByRole("button", { name: "Cabut kunci Inti" }).click();
    await page.locator("dialog").getByRole("button", { name: "Cabut", exact: true }).click();
    await line.getByText("Dicabut").waitFor();
    assert.equal((await asked()).status, 401);
  });

  test("an answer that comes late does not replace a newer one", async () => {
    let held = null;
    await page.route("**/v1/partner/keys", async (route) => {
      if (route.request().method() !== "GET" || held) return route.continue();
      // What the service says now, told later.
      held = { route };
      held.response = await route.fetch();
      return undefined;
    });
    await page.getByRole("link", { name: "Pegawai" }).click();
    await heading("Pegawai").waitFor();
    await page.getByRole("link", { name: "Kunci", exact: true }).click();
    await heading("Kunci API").waitFor();
    await page.getByLabel("Untuk apa").fill("Sesudahnya");
    await page.getByRole("button", { name: "Buat kunci" }).click();
    await page.getByRole("button", { name: "Sudah saya simpan" }).click();
    const line = page.locator("li.line", { hasText: "Sesudahnya" });
    await line.getByText("Berlaku", { exact: true }).waitFor();
    const late = page.waitForResponse((answer) => answer.url().endsWith("/v1/partner/keys"));
    await held.route.fulfill({ response: held.response });
    await (await late).finished();
    // Whatever the page does with it is done before a later task.
    await page.evaluate(() => new Promise((done) => setTimeout(done)));
    assert.equal(await line.count(), 1, "the newer answer stays");
    await page.unroute("**/v1/partner/keys");
    await line.getByRole("button", { name: "Cabut kunci Sesudahnya" }).click();
    await page.locator("dialog").getByRole("button", { name: "Cabut", exact: true }).click();
    await line.getByText("Dicabut").waitFor();
  });

  test("people are kept out and let in again", async () => {
    await page.getByRole("link", { name: "Pegawai" }).click();
    await heading("Pegawai").waitFor();
    const line = page.locator("li.line", { hasText: demo.teller.username });
    await line.getByRole("button", { name: /Nonaktifkan/ }).click();
    await page.locator("dialog").getByRole("button", { name: "Nonaktifkan" }).click();
    await line.getByText("Nonaktif", { exact: true }).waitFor();
    await screen("people");
    await line.getByRole("button", { name: /Aktifkan lagi/ }).click();
    await line.getByText("Aktif", { exact: true }).waitFor();
    assert.equal(await page.locator("li.line", { hasText: "rina.admin" }).getByRole("button").count(), 0);
  });

  test("an employee is invited by keyboard, the link sent anew and taken back", async () => {
    await page.getByRole("button", { name: "Undang pegawai" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Undang pegawai" }).waitFor();
    await page.getByLabel("Nama lengkap").fill("Sari Dewi");
    await page.keyboard.press("Enter");
    await page.getByText("Isi bagian ini.").waitFor();
    await screen("invite");
    await page.getByLabel("Alamat surel").fill("sari@bank.example");
    await page.keyboard.press("Enter");
    await page.getByText("Tautan untuk Sari Dewi dikirim.").first().waitFor();
    const line = page.locator("#invitations li", { hasText: "Sari Dewi" });
    await line.getByText("sari.dewi").waitFor();
    await screen("invited");
    // The new line arrives late: the old one's buttons, of an invitation that is over, are not what the person is left with.
    const slowly = (route) => setTimeout(() => route.continue(), 400);
    await page.route("**/v1/partner/invitations?*", slowly);
    await line.getByRole("button", { name: "Kirim ulang: Sari Dewi" }).click();
    await page.getByText("yang lama tidak berlaku").first().waitFor();
    await line.getByRole("button", { name: "Tarik: Sari Dewi" }).click();
    await page.locator("dialog").getByRole("button", { name: "Tarik", exact: true }).click();
    await line.waitFor({ state: "detached" });
    await page.unroute("**/v1/partner/invitations?*", slowly);
  });

  test("a list is judged, put right, shown and sent; on a narrow phone too", async () => {
    const list = (name, text) => ({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
    await page.getByRole("link", { name: "Unggah daftar" }).click();
    await heading("Undang banyak pegawai").waitFor();
    await page.getByLabel("Berkas CSV").setInputFiles(list("salah.csv", "kolom;lain\nx;y\n"));
    await page.getByText("Baris pertama harus berisi judul kolom").waitFor();
    await page.getByLabel("Berkas CSV").setInputFiles(list("hampir.csv", "\ufeffNama;Surel\r\n=1+1;a@bank.example\r\nAgus Salim;bukan\r\nBudi Utomo;budi@bank.example\r\n"));
    await page.getByRole("table", { name: "2 hal yang harus diperbaiki" }).waitFor();
    assert.equal(await page.getByRole("button", { name: /Kirim .* undangan/ }).count(), 0, "nothing can be sent");
    await screen("list wrong");
    const good = Array.from({ length: 30 }, (_, n) => `Orang Ke${n};orang${n}@bank.example`).join("\r\n");
    await page.getByLabel("Berkas CSV").setInputFiles(list("pegawai.csv", `Nama;Surel\r\n${good}\r\n`));
    await page.getByRole("table", { name: "30 orang" }).waitFor();
    await screen("list good");
    await page.setViewportSize({ ...PHONE, width: 320 });
    await screen("list good narrow");
    await page.setViewportSize(DESK);
    await page.getByRole("button", { name: "Kirim 30 undangan" }).click();
    await page.getByText("30 undangan dikirim").first().waitFor();
    await page.getByRole("link", { name: "Lihat undangan terbuka" }).click();
    await page.locator("#invitations li").nth(29).waitFor();
    await page.setViewportSize({ ...PHONE, width: 320 });
    await screen("people narrow");
    await page.setViewportSize(DESK);
  });

  test("figures of the month, with tables", async () => {
    for (const key of ["one", "two"]) {
      const answer = await fetch(`${demo.base_url}/v1/verifications`, {
        method: "POST",
        headers: { Authorization: `Bearer ${demo.relying_party.api_key}`, "Idempotency-Key": key, "Content-Type": "application/json" },
        body: JSON.stringify({ token: "NONSENSE", purpose: "open_account" }),
      });
      assert.equal(answer.status, 200);
    }
    await page.getByRole("link", { name: "Pemakaian" }).click();
    await heading("Pemakaian").waitFor();
    // Counted within seconds.
    for (let tries = 0; (await page.getByRole("cell", { name: "2", exact: true }).count()) === 0; tries += 1) {
      assert.ok(tries < 40, "the figures never came");
      await page.locator("#month").dispatchEvent("change");
      await page.waitForTimeout(500);
    }
    await page.getByRole("table", { name: "Per hari" }).waitFor();
    await screen("figures");
    await page.locator("#month").selectOption({ index: 3 });
    await page.getByText("Tidak ada pemeriksaan pada bulan ini.").waitFor();
  });

  test("a webhook is set, its secret shown once, and an address beside the service is refused", async () => {
    await page.getByRole("link", { name: "Webhook" }).click();
    await heading("Webhook").waitFor();
    await page.getByLabel("Alamat", { exact: true }).fill("http://bank.example/ikd");
    await page.getByRole("button", { name: "Simpan alamat" }).click();
    await page.getByText("Tulis alamat https").waitFor();
    await screen("webhook wrong");
    // In the other language the form is drawn when the service has answered; what is written into it at once stands,
    // and what was written before is back where nobody wrote.
    const written = () => page.locator("#hook-url").inputValue();
    await page.route("**/webhook", async (route) => {
      await new Promise((done) => setTimeout(done, 400));
      await route.continue();
    });
    await page.getByRole("button", { name: /^EN:/ }).click();
    await page.getByRole("button", { name: /^ID:/ }).click();
    await page.locator("#hook-url").waitFor();
    assert.equal(await written(), "http://bank.example/ikd");
    await page.evaluate(() => {
      const before = document.getElementById("hook-url");
      const drawn = new MutationObserver(() => {
        const field = document.getElementById("hook-url");
        if (!field || field === before) return;
        drawn.disconnect();
        field.value = "https://localhost:9/ikd";
        field.dispatchEvent(new Event("input", { bubbles: true }));
      });
      drawn.observe(document.body, { childList: true, subtree: true });
    });
    await page.getByRole("button", { name: /^EN:/ }).click();
    await page.getByRole("button", { name: /^ID:/ }).click();
    await page.locator("#hook-url").waitFor();
    await page.waitForTimeout(300);
    assert.equal(await written(), "https://localhost:9/ikd");
    await page.unroute("**/webhook");
    await page.locator("#hook-url").focus();
    await page.keyboard.press("Enter");
    await page.locator("#new-secret").waitFor();
    assert.match(await page.locator("#new-secret").textContent(), /^whsec_[A-Za-z0-9+/]{43}=$/);
    await screen("webhook secret");
    await page.getByRole("button", { name: "Sudah saya simpan" }).click();
    await page.getByText("Belum diuji").waitFor();
    // What was emptied stays empty, in whichever language.
    await page.locator("#hook-url").fill("");
    await page.getByRole("button", { name: /^EN:/ }).click();
    await page.getByText("Not tested", { exact: true }).waitFor();
    await page.getByRole("button", { name: /^ID:/ }).click();
    await page.getByText("Belum diuji").waitFor();
    assert.equal(await written(), "");
    await page.getByRole("button", { name: "Uji sekarang" }).click();
    await page.getByText("tidak menuju alamat internet umum").waitFor();
    await screen("webhook");
    await page.getByRole("button", { name: "Hapus webhook" }).click();
    await page.locator("dialog").getByRole("button", { name: "Hapus webhook" }).click();
    await page.getByRole("heading", { name: "Atur webhook" }).waitFor();
  });

  test("the contract: none, in force, ending, ended; in English and on a phone", async () => {
    await page.getByRole("link", { name: "Perjanjian" }).click();
    await page.getByText("Belum ada perjanjian yang dicatat").waitFor();
    await screen("no contract");
    const day = (days) => new Date(Date.now() + 7 * 3600_000 + days * 86_400_000).toISOString().slice(0, 10);
    const contract = (from, until) => demo.command("relying-party", "contract", "Bank Contoh", "--number", "100/PKS/2026", "--from", day(from), "--until", day(until));
    for (const [from, until, told, name] of [[-9, 200, "Berlaku", "in force"], [-9, 19, /Berakhir (19|20) hari lagi/, "ending"], [9, 99, "Belum mulai berlaku", "not begun"], [-90, -1, "Sudah berakhir: pemeriksaan ditolak", "ended"]]) {
      contract(from, until);
      await page.reload();
      await page.getByText(told).first().waitFor();
      await screen(name);
    }
    demo.command("relying-party", "quota", "Bank Contoh", "--per-minute", "600", "--per-day", "50000");
    // A session remembers its party for a moment.
    for (let tries = 0; (await page.getByText("50.000").count()) === 0; tries += 1) {
      assert.ok(tries < 20, "the quota never came");
      await page.waitForTimeout(300);
      await page.reload();
      await page.getByText("Kuota pemeriksaan").waitFor();
    }
    await screen("quota");
    await page.setViewportSize({ ...PHONE, width: 320 });
    await page.getByRole("button", { name: "English" }).click();
    await page.getByText("Ended: checks are refused").waitFor();
    await screen("ended english");
  });

  test("the sandbox: a test key, a QR that a scanner reads off the screen, and what was answered; without a contract", async () => {
    await page.setViewportSize(DESK);
    await page.getByRole("link", { name: "Uji coba" }).click();
    await heading("Uji coba").waitFor();
    await page.getByText("Ini bukan KTP Digital sungguhan").waitFor();
    await page.getByRole("img", { name: "QR uji dari siti" }).waitFor();
    await page.getByText("Belum ada pemeriksaan di kotak pasir.").waitFor();

    await page.getByRole("link", { name: "Kunci uji" }).click();
    await heading("Kunci uji").waitFor();
    await page.getByLabel("Untuk apa").fill("Pemindai kasir");
    await page.keyboard.press("Enter");
    const key = (await page.locator("#new-key").textContent()).trim();
    assert.match(key, /^ikd_rt_[0-9a-f]{32}_[0-9a-f]{64}$/);
    await page.getByRole("button", { name: "Sudah saya simpan" }).click();
    await page.locator("li.line", { hasText: "Pemindai kasir" }).getByText("Berlaku", { exact: true }).waitFor();
    await screen("test keys");
    await page.getByRole("link", { name: "Uji coba" }).first().click();

    /** Reads the QR with the decoder of the tellers' page, and asks the sandbox, or the service itself. */
    const check = async (person, base, apiKey) => {
      const shown = page.getByRole("img", { name: `QR uji dari ${person}`, exact: true });
      await shown.waitFor();
      const picture = await page.locator(".qr").screenshot();
      const token = await page.evaluate(async (bytes) => {
        const { decodeFile } = await import("/web/shared/scanner.js");
        return decodeFile(new Blob([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], { type: "image/png" }));
      }, Buffer.from(picture).toString("base64"));
      const answer = await fetch(`${demo.base_url}${base}/v1/verifications`, {
        method: "POST",
        headers: { Authorization: `Bearer ${apiKey}`, "Idempotency-Key": `${person}${base}`, "Content-Type": "application/json" },
        body: JSON.stringify({ token, purpose: "open_account" }),
      });
      return answer.json();
    };
    const valid = await check("siti", "/sandbox", key);
    assert.deepEqual([valid.result, valid.test, valid.attributes.full_name], ["valid", true, "SITI CONTOH"]);
    const lines = page.locator("section", { hasText: "Jawaban terakhir" }).locator("li.line");
    await lines.first().getByText("Sah", { exact: true }).waitFor();
    await lines.first().getByText(/Ditunjukkan: NIK, Nama/).waitFor();

    await page.getByLabel("Orang contoh").selectOption("expired");
    await page.getByText("expired: QR sudah lewat 90 detik.").waitFor();
    assert.equal((await check("expired", "/sandbox", key)).reason, "expired");
    await lines.first().getByText("Tidak sah", { exact: true }).waitFor();
    await screen("testing");
    // The same key is of no use outside, and the answer says where it belongs.
    const refused = await check("expired", "", key);
    assert.match(refused.detail, /kotak pasir/);
    await page.setViewportSize({ ...PHONE, width: 320 });
    await screen("testing narrow");
    await page.setViewportSize(DESK);
  });
});
