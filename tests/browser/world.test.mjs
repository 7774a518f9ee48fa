// The resident's app in the world as it is: old phones, full and lost storage, networks that lie, a phone that several share.

import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { FACE, PIN, Resident } from "./resident.mjs";
import { checkAccessibility, checkReflow, eventually, keepPicture, keepPictures, Officer, openPerson, ROOT, startBoth } from "./support.mjs";

/** Takes away what the oldest supported browsers do not have: Chrome 80, Safari 14.5. */
function growOld() {
  const remove = (object, ...names) => {
    for (const name of names) delete object[name];
  };
  remove(AbortSignal, "timeout", "any", "abort");
  remove(crypto.constructor.prototype, "randomUUID");
  remove(window, "structuredClone", "createImageBitmap", "OffscreenCanvas", "BroadcastChannel", "CompressionStream", "DecompressionStream", "WeakRef", "FinalizationRegistry", "AggregateError", "navigation", "Navigation", "HTMLDialogElement", "reportError", "scheduler");
  remove(Array.prototype, "at", "findLast", "findLastIndex", "toSorted", "toReversed", "with", "toSpliced");
  remove(Uint8Array.prototype.__proto__, "at", "toHex", "toBase64");
  remove(String.prototype, "at", "replaceAll", "isWellFormed");
  remove(Object, "hasOwn", "groupBy");
  remove(Promise, "any", "withResolvers", "try");
  for (const kind of [Element, Document, DocumentFragment]) remove(kind.prototype, "replaceChildren");
  remove(HTMLElement.prototype, "inert", "showPopover");
  const dialog = Object.getPrototypeOf(document.createElement("dialog"));
  remove(dialog, "showModal", "show", "close", "returnValue", "open");
  remove(Navigator.prototype, "locks", "wakeLock", "storage", "userAgentData");
  remove(indexedDB.constructor.prototype, "databases");
  // Module workers came to Safari with 15 and to Firefox with 114.
  const Own = window.Worker;
  window.Worker = function Worker(url, options) {
    if (options?.type === "module") throw new TypeError("no module workers");
    return new Own(url, options);
  };
  // Ed25519 came to browsers in 2025.
  const { importKey } = SubtleCrypto.prototype;
  SubtleCrypto.prototype.importKey = function (format, data, algorithm, ...rest) {
    const name = algorithm?.name ?? algorithm;
    if (name === "Ed25519") return Promise.reject(new DOMException("Unrecognized name.", "NotSupportedError"));
    return importKey.call(this, format, data, algorithm, ...rest);
  };
  window.grownOld = true;
}

describe("the world as it is", { timeout: 600_000 }, () => {
  let demo;
  let stage;

  before(async () => {
    [demo, stage] = await startBoth();
    await stage.camera.show(FACE, { fit: 1 });
    demo.onDuty = await Officer.login(demo);
  });
  after(async () => {
    await stage?.stop();
    await demo?.stop();
  });

  async function withPerson(act, { before: prepare, expected = [], ...options } = {}) {
    const person = await openPerson(stage, demo.base_url, options);
    try {
      if (prepare) await person.context.addInitScript(prepare);
      await act(person);
    } catch (error) {
      await person.page.screenshot({ path: path.join(ROOT, "target", "failed.png") }).catch(() => {});
      await person.context.close();
      throw error;
    }
    const kept = person.wrong.filter((line) => !expected.some((one) => one.test(line)));
    person.wrong.splice(0, person.wrong.length, ...kept);
    await person.close();
  }

  /** A state: axe, reflow, pictures. */
  async function look(page, name) {
    await checkAccessibility(page, name);
    await checkReflow(page, name);
    await keepPictures(page, `world-${name}`);
  }
  const note = (page) => page.locator(".offline:not([hidden])");
  const inForm = async (person) => {
    const me = new Resident(demo, person, demo.resident());
    await me.openTerms();
    await me.acceptTerms();
    await me.fillForm();
    return me;
  };

  test("an old phone goes the whole way", async () => {
    await withPerson(async (person) => {
      const { page } = person;
      const ayu = new Resident(demo, person, demo.resident());
      await ayu.register();
      assert.ok(await page.evaluate(() => window.grownOld && !AbortSignal.timeout && !Element.prototype.replaceChildren));
      // A dialog where the browser knows none.
      await ayu.button("Batalkan pendaftaran").click();
      await page.getByRole("dialog").waitFor();
      assert.equal(await page.evaluate(() => document.activeElement.textContent), "Tidak, lanjutkan");
      await page.keyboard.press("Tab");
      await look(page, "old, dialog");
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      // A photo from the phone in place of the camera.
      await ayu.button("Ganti swafoto").click();
      await ayu.button("Ambil foto").waitFor();
      await page.locator("input[type=file]").setInputFiles({ name: "face.png", mimeType: "image/png", buffer: FACE });
      await ayu.button("Pakai foto ini").click();
      await page.getByRole("heading", { name: "Siap ke loket" }).waitFor();
      await ayu.activate();
      await ayu.button("Buka KTP Digital").click();
      await ayu.unlock();
      await ayu.present("Data dasar");
    }, { before: growOld });
  });

  test("a lost database connection is opened anew; one that stays away is said, with a way on", async () => {
    await withPerson(async (person) => {
      const { page } = person;
      const bayu = new Resident(demo, person, demo.resident());
      await bayu.register();
      // As iOS does when the app comes back: the connection that was open is of no more use.
      const lose = (forGood) => page.evaluate((stays) => {
        const { transaction } = IDBDatabase.prototype;
        IDBDatabase.prototype.transaction = function (...args) {
          if (!stays) IDBDatabase.prototype.transaction = transaction;
          throw new DOMException("Connection to Indexed Database server lost. Refresh the page to try again", "UnknownError");
        };
      }, forGood);
      await lose(false);
      await bayu.button("CEK STATUS").click();
      await page.getByText("Status sudah yang terbaru").first().waitFor();
      await lose(false);
      await page.evaluate(() => (location.hash = "#/surel"));
      await bayu.at("surel");
      assert.equal(await page.locator("main .notice").count(), 0);
      await lose(true);
      await page.evaluate(() => (location.hash = "#/status"));
      await page.getByText("Penyimpanan ponsel terputus").first().waitFor();
      await look(page, "storage lost");
      await bayu.button("Muat ulang").click();
      await page.getByRole("heading", { name: "Siap ke loket" }).waitFor();
    });
  });

  test("a full phone and a private window are told, and the work that needs no storage goes on", async () => {
    const words = (page, text) => page.getByText(text).first().waitFor();
    await withPerson(async (person) => {
      const { page } = person;
      const citra = await inForm(person);
      await page.evaluate(() => {
        window.put = IDBObjectStore.prototype.put;
        IDBObjectStore.prototype.put = function () {
          throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
        };
      });
      await citra.button("VERIFIKASI DATA").click();
      await words(page, "Memori ponsel ini penuh");
      await look(page, "storage full");
      // What could not be kept does not count as kept at the next try: a PIN whose salt was lost opens nothing ever again.
      assert.equal(await page.evaluate(async () => {
        const { save } = await import("/web/app/profiles.js");
        const profile = { id: "nobody" };
        const refused = await save(profile, { salt: new Uint8Array(16) }).then(() => false, () => true);
        return refused && profile.salt === undefined;
      }), true);
      await page.evaluate(() => (IDBObjectStore.prototype.put = window.put));
      await citra.sendForm();
      // From here on the service has everything that the phone cannot keep.
      await page.evaluate(() => {
        IDBObjectStore.prototype.put = function () {
          throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
        };
      });
      await citra.takeSelfie();
      await page.getByRole("heading", { name: "Siap ke loket" }).waitFor();
      await page.locator("#toast", { hasText: "Memori ponsel ini penuh" }).waitFor();
    });
    // Storage of text that may not be touched at all.
    await withPerson(async (person) => {
      const dewi = await inForm(person);
      await person.page.locator("#toast", { hasText: "Memori ponsel ini penuh" }).waitFor();
      await dewi.sendForm();
      await dewi.takeSelfie();
    }, {
      before: () => {
        for (const name of ["localStorage", "sessionStorage"]) {
          Object.defineProperty(window, name, { configurable: true, get: () => { throw new DOMException("The operation is insecure.", "SecurityError"); } });
        }
      },
    });
    await withPerson(async (person) => {
      await person.page.goto("/");
      await words(person.page, "Peramban ini tidak boleh menyimpan");
    }, { before: () => Object.defineProperty(window, "indexedDB", { get: () => undefined }) });
  });

  test("what nobody caught is shown; another language does not swallow a refusal", async () => {
    await withPerson(async (person) => {
      const { page } = person;
      await page.goto("/");
      await page.getByRole("button", { name: "DAFTAR" }).waitFor();
      await page.evaluate(() => void Promise.reject(new Error("nobody catches this")));
      await page.locator("#toast", { hasText: "Ada yang salah di sistem kami" }).waitFor();
      const eka = await inForm(person);
      await page.route("**/v1/registrations", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify({ code: "overloaded", status: 503, title: "Sibuk", detail: "Coba lagi." }) }));
      await page.evaluate(() => (window.setTimeout = ((set) => (act, wait, ...rest) => set(act, Math.min(wait, 200), ...rest))(window.setTimeout)));
      await eka.button("VERIFIKASI DATA").click();
      await page.locator("main .notice.danger").waitFor();
      await page.getByRole("button", { name: /^EN:/ }).click();
      await page.getByRole("heading", { name: "Your data" }).waitFor();
      await page.locator("main .notice.danger").waitFor();
    }, { expected: [/nobody catches this/] });
  });

  test("the note follows what requests show: a server that stops and comes back, one that cannot serve, a Wi-Fi that wants a log-in", async () => {
    await withPerson(async (person) => {
      const { page } = person;
      const fitri = new Resident(demo, person, demo.resident());
      await fitri.register();
      await note(page).waitFor({ state: "hidden" });
      await eventually("the shell is kept", () => page.evaluate(async () => (await caches.keys()).length > 0 && Boolean(navigator.serviceWorker.controller)));
      await demo.halt();
      assert.ok(await page.evaluate(() => navigator.onLine), "this machine has a network; the service is what is away");
      await page.getByText("Tidak ada jaringan. Yang tampil").waitFor();
      await look(page, "server stopped");
      // The phone opens the app without network, and says so.
      await page.reload();
      await page.getByText("Tidak ada jaringan. Yang tampil").waitFor();
      await page.getByRole("heading", { name: "Siap ke loket" }).waitFor();
      await demo.resume();
      await note(page).waitFor({ state: "hidden" });

      const answer = (status, contentType, body, headers = {}) => (route) => route.fulfill({ status, contentType, body, headers });
      for (const [name, text, reply] of [
        ["the service cannot serve", "Layanan sedang tidak dapat dihubungi", answer(503, "application/problem+json", '{"code":"unavailable","status":503}')],
        ["a proxy without a service", "Layanan sedang tidak dapat dihubungi", answer(502, "text/html", "<h1>Bad Gateway</h1>")],
        ["a captive portal's page", "Wi-Fi ini mungkin meminta Anda masuk dahulu", answer(200, "text/html", "<h1>Selamat datang di Wi-Fi gratis</h1>")],
        ["no such name", "Tidak ada jaringan", (route) => route.abort("namenotresolved")],
      ]) {
        for (const pattern of ["**/v1/**", "**/health/**"]) await page.route(pattern, reply);
        await note(page).filter({ hasText: text }).waitFor().catch((error) => assert.fail(`${name}: ${error.message}`));
        await page.locator(".button", { hasText: "CEK STATUS" }).click();
        await page.locator("main .notice").first().waitFor();
        await page.unrouteAll({ behavior: "ignoreErrors" });
        await note(page).waitFor({ state: "hidden" }).catch((error) => assert.fail(`after ${name}: ${error.message}`));
      }
      await keepPicture(page, "world-note-gone");
      // Nobody answers, neither yes nor no.
      await page.clock.install();
      await page.route("**/v1/**", () => {});
      await page.route("**/health/**", () => {});
      const unanswered = page.waitForRequest((request) => request.url().includes("/v1/"));
      await page.locator(".button", { hasText: "CEK STATUS" }).click();
      await unanswered;
      await page.clock.runFor(20_100);
      await note(page).filter({ hasText: "Jaringan terlalu lambat" }).waitFor();
      await page.unrouteAll({ behavior: "ignoreErrors" });
      await page.clock.runFor(40_000);
      await note(page).waitFor({ state: "hidden" });
    });
  });

  test("a shared phone keeps no draft: gone when erased, when sent, and after 30 minutes", async () => {
    await withPerson(async (person) => {
      const { page } = person;
      await page.addInitScript(() => localStorage.getItem("seen") ?? (localStorage.setItem("ikd.draft", '{"nik":"3171000000000000"}'), localStorage.setItem("seen", "1")));
      const gilang = await inForm(person);
      const { full_name: name } = gilang.data;
      // As it was typed.
      const nik = gilang.data.nik.replace(/(\d{4})(?=\d)/g, "$1 ");
      const kept = () => page.evaluate(async () => {
        const opened = await new Promise((done) => (indexedDB.open("ikd", 1).onsuccess = (event) => done(event.target.result)));
        const profiles = opened.objectStoreNames.contains("profiles") ? await new Promise((done) => (opened.transaction("profiles").objectStore("profiles").getAll().onsuccess = (event) => done(event.target.result))) : [];
        opened.close();
        return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, profiles]);
      });
      const local = await page.evaluate(() => JSON.stringify({ ...localStorage }));
      assert.ok(!local.includes("ikd.draft"), "what an earlier version left is gone");
      assert.ok((await kept()).includes(nik));
      await page.reload();
      await gilang.at("data");
      assert.equal(await page.getByLabel("Nama lengkap").inputValue(), name);
      await look(page, "form, erase");
      await gilang.button("Hapus isian").click();
      await page.getByText("Isian sudah dihapus").first().waitFor();
      for (const secret of [nik, name, gilang.email]) assert.ok(!(await kept()).includes(secret), secret);
      // Left lying open.
      await page.clock.install();
      await page.getByRole("button", { name: "DAFTAR" }).click();
      await gilang.acceptTerms();
      await gilang.fillForm();
      // The jump lets the page look once. Run on from there, the clock would take away what it says before that was read.
      await page.clock.fastForward(31 * 60_000);
      await page.getByText("Isian dihapus karena").first().waitFor();
      await gilang.at("ketentuan");
      assert.ok(!(await kept()).includes(nik));
      await gilang.acceptTerms();
      assert.equal(await page.getByLabel("NIK").inputValue(), "");
      await gilang.fillForm();
      await gilang.sendForm();
      const after = await kept();
      for (const secret of [nik, gilang.email]) assert.ok(!after.includes(secret), secret);
      // An ended registration leaves the name, by which it is found and removed, and nothing else.
      await gilang.takeSelfie();
      await gilang.button("Batalkan pendaftaran").click();
      await gilang.button("Ya, batalkan").click();
      await page.getByRole("heading", { name: "Pendaftaran dibatalkan" }).waitFor();
      assert.ok(!(await kept()).includes(gilang.data.birth_date));
      await gilang.button("Hapus dari ponsel ini").click();
      await page.getByRole("button", { name: "DAFTAR" }).waitFor();
      assert.ok(!(await kept()).includes(name));
    });
  });
});
