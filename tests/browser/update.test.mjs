// A new version of the service under an app that is open: it is taken on as a whole, at a moment when nobody is in the middle of
// something, or not at all. A proxy before the service plays the newer builds.

import assert from "node:assert/strict";
import { createServer, request as ask } from "node:http";
import { after, before, describe, test } from "node:test";
import { eventually, expectScreen, keepPicture, openPerson, startBoth } from "./support.mjs";

describe("a new version", { timeout: 180_000 }, () => {
  let demo;
  let stage;
  let proxy;
  let address;
  let build;
  // What the proxy changes: the build's digest, parts of it that are still of another build, parts that are missing.
  let play = { digest: null, stale: [], missing: [] };

  const marked = (path) => /\/(register|dom|status)\.js$/.test(path);

  before(async () => {
    [demo, stage] = await startBoth();
    proxy = createServer((from, to) => {
      const { digest, stale, missing } = play;
      const path = from.url.split("?")[0];
      if (missing.includes(path)) return to.writeHead(404).end();
      const headers = { ...from.headers, host: new URL(demo.base_url).host };
      // Each answer is a fresh one: what is changed here has no tag.
      for (const name of ["accept-encoding", "if-none-match"]) delete headers[name];
      return from.pipe(ask(demo.base_url + from.url, { method: from.method, headers }, (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("end", () => {
          let body = Buffer.concat(parts);
          const sent = { ...answer.headers };
          for (const name of ["etag", "content-length", "transfer-encoding"]) delete sent[name];
          if (path === "/sw.js") build = /const BUILD = "([0-9a-f]+)"/.exec(body.toString())?.[1];
          if (digest && !stale.includes(path)) {
            if (sent["ikd-build"]) sent["ikd-build"] = digest;
            if (path === "/sw.js") body = Buffer.from(body.toString().replace(build, digest));
            if (marked(path)) body = Buffer.from(`${body}\n(window.parts = window.parts ?? []).push("${digest} ${path.split("/").pop()}");`);
          }
          to.writeHead(answer.statusCode, sent).end(body);
        });
      }));
    });
    await new Promise((done) => proxy.listen(0, "127.0.0.1", done));
    address = `http://127.0.0.1:${proxy.address().port}`;
  });
  after(async () => {
    proxy?.closeAllConnections();
    proxy?.close();
    await stage?.stop();
    await demo?.stop();
  });

  test("waits for a safe moment, comes as a whole, and not at all when a part is missing or of another build", async () => {
    const person = await openPerson(stage, address);
    const { page } = person;
    const parts = () => page.evaluate(() => window.parts ?? []);
    const served = () => page.evaluate(async () => (navigator.serviceWorker.controller ? (await caches.keys()).join() : ""));
    const go = (screen) => page.evaluate((name) => (location.hash = `#/${name}`), screen);
    await page.goto("/");
    await eventually("the app is kept", async () => (await served()) === `ikd-${build}`);
    assert.match(build, /^[0-9a-f]{32,}$/);

    play = { digest: "b2".repeat(16), stale: [], missing: [] };
    const update = () => page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration();
      await registration.update().catch(() => {});
    });
    // The open app goes on with its own parts, also with those that it loads only now.
    await go("ketentuan");
    await page.getByRole("button", { name: "SETUJU", exact: true }).click();
    await expectScreen(page, "data");
    await page.getByLabel("Nama lengkap").fill("SITI");
    assert.deepEqual(await parts(), []);
    await page.evaluate(() => (window.before = true));
    await update();
    await page.locator("#toast", { hasText: "Versi baru IKD" }).waitFor();
    await keepPicture(page, "update-told");
    assert.ok(await page.evaluate(() => window.before), "nobody is interrupted");
    assert.equal(await page.getByLabel("Nama lengkap").inputValue(), "SITI");
    // Another page of the app is in the middle of something.
    const second = await person.context.newPage();
    await second.goto("/#/ketentuan");
    await second.getByRole("button", { name: "SETUJU", exact: true }).waitFor();
    await go("orang");
    await page.getByRole("button", { name: "DAFTAR" }).waitFor();
    assert.ok(await page.evaluate(() => window.before));
    await second.close();
    // The other page is gone in a moment; the next change of screens then brings the new version, as soon as the old worker is
    // idle. A browser ends an idle worker by itself, but not one that is being driven from outside, as here: so it is ended.
    const tools = await person.context.newCDPSession(page);
    await tools.send("ServiceWorker.enable");
    let steps = 0;
    await eventually("the new version", async () => {
      steps += 1;
      await tools.send("ServiceWorker.stopAllWorkers");
      await go(steps % 2 ? "ketentuan" : "orang").catch(() => {});
      // Time until the next stop: a worker that is ended while it gives the new page its parts leaves that half loaded.
      for (let looks = 0; looks < 60; looks += 1) {
        if ((await page.evaluate(() => window.before).catch(() => true)) === undefined) return true;
        await new Promise((done) => setTimeout(done, 50));
      }
      return false;
    }, 40);
    await go("ketentuan");
    await page.getByRole("button", { name: "SETUJU", exact: true }).click();
    await expectScreen(page, "data");
    assert.equal(await page.getByLabel("Nama lengkap").inputValue(), "SITI", "what was typed is still there");
    assert.deepEqual([...new Set(await parts())].sort(), [`${play.digest} dom.js`, `${play.digest} register.js`]);
    assert.equal(await served(), `ikd-${play.digest}`);

    // Half a version is none.
    for (const wrong of [{ missing: ["/web/app/status.js"], stale: [] }, { missing: [], stale: ["/web/app/register.js"] }]) {
      play = { digest: (wrong.missing.length ? "c3" : "d4").repeat(16), ...wrong };
      await update();
      await eventually("the attempt has ended", () => page.evaluate(async () => !(await navigator.serviceWorker.getRegistration()).installing));
      await go("orang");
      await page.reload();
      await page.getByRole("button", { name: "DAFTAR" }).waitFor();
      // The page that was loaded anew tries it once more, and leaves nothing behind either.
      await eventually("half a version is gone", async () => (await served()) === `ikd-${"b2".repeat(16)}`);
    }
    // Pages that are not the app take nothing from its store.
    play = { digest: "e5".repeat(16), stale: ["/sw.js"], missing: [] };
    await page.goto("/bantuan");
    await page.getByRole("heading", { level: 1 }).waitFor();
    assert.deepEqual(await parts(), [`${play.digest} dom.js`]);
    // Console lines of refused parts are part of the play.
    person.wrong.splice(0);
    await person.close();
  });

  test("a part that does not arrive is told, with a button that loads the page anew", async () => {
    play = { digest: null, stale: [], missing: [] };
    const person = await openPerson(stage, address, { serviceWorkers: "block" });
    const { page } = person;
    await page.goto("/");
    await page.getByRole("button", { name: "DAFTAR" }).waitFor();
    play.missing = ["/web/app/register.js"];
    // Where the network is there, the page tries it anew by itself, once; then it is the person's turn.
    const anew = page.waitForEvent("load");
    await page.getByRole("button", { name: "DAFTAR" }).click();
    await anew;
    await page.getByText("Sebagian halaman ini belum termuat").first().waitFor();
    await keepPicture(page, "update-part-missing");
    play.missing = [];
    await page.getByRole("button", { name: "Muat ulang" }).click();
    await page.getByRole("button", { name: "SETUJU", exact: true }).waitFor();
    await person.close();
  });
});
