// Status lists as others read them: the claim of an offline QR taken apart by cbor-x, the list read by two implementations of the Token
// Status List that know nothing of ours, their signatures checked by Node's own cryptography. No browser is needed.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Device } from "./device.mjs";
import { listReaders, reference } from "./lists.mjs";
import { FACE } from "./resident.mjs";
import { Officer, startDemo } from "./support.mjs";

describe("status lists", { timeout: 120_000 }, () => {
  let demo;
  let holder;
  let byJwt;
  let byCwt;

  before(async () => {
    demo = await startDemo();
    const officer = await Officer.login(demo);
    holder = await new Device(demo).register(demo.resident(), FACE);
    await officer.scan(await holder.activationToken());
    await officer.approve(holder.id);
    await holder.activate();
    ({ byJwt, byCwt } = await listReaders(demo));
  });

  after(async () => {
    await demo?.stop();
  });

  const offline = async () =>
    reference((await holder.call("POST", "/v1/me/presentations", { json: { share: "basic", offline: true } })).token);

  test("others read that a QR counts, and that it does not once the digital KTP is blocked", async () => {
    const [first, second] = [await offline(), await offline()];
    assert.equal(first.uri, second.uri);
    assert.notEqual(first.idx, second.idx);
    for (const place of [first, second]) assert.deepEqual([await byJwt(place), await byCwt(place)], [0, 0]);
    const named = await (await fetch(new URL("/v1/status-lists", demo.base_url))).json();
    assert.ok(named.status_lists.includes(first.uri));
    await holder.call("POST", "/v1/me/block", { json: {} });
    // A node reads anew once a second.
    await new Promise((done) => setTimeout(done, 1_100));
    for (const place of [first, second]) assert.deepEqual([await byJwt(place), await byCwt(place)], [1, 1]);
    const others = await byJwt({ ...first, idx: (first.idx + 1) % (1 << 20) });
    assert.equal(others, first.idx + 1 === second.idx ? 1 : 0, "nobody else's");
  });
});
