// The lists of a service, read by implementations of the Token Status List that know nothing of ours: the claim of a QR taken apart by
// cbor-x, signatures checked by Node's own cryptography.
// (`overrides` in package.json: the first goes with identity-common 0.2.0, and later ones of cbor-extract have parts for all systems that a
// mirror may lack.)

import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { inflateSync } from "node:zlib";
import { StatusListCwt } from "@owf/token-status-list";
import { getListFromStatusListJWT } from "@sd-jwt/jwt-status-list";
import { Decoder } from "cbor-x";

const cbor = new Decoder({ mapsAsObjects: false });
const BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/** RFC 9285. */
function base45(text) {
  const bytes = [];
  for (let at = 0; at < text.length; at += 3) {
    const digits = [...text.slice(at, at + 3)].map((sign) => BASE45.indexOf(sign));
    const value = digits.reduceRight((sum, digit) => sum * 45 + digit, 0);
    bytes.push(...(digits.length === 3 ? [value >> 8, value & 255] : [value]));
  }
  return Buffer.from(bytes);
}

/** The four parts of a COSE_Sign1 behind its tag, 18 (RFC 9052 §4.2). */
function sign1(bytes) {
  assert.equal(bytes[0], 0xd2);
  return cbor.decode(bytes.subarray(1));
}

/** Where the status of a token stands: claim 65535 of its CWT. */
export function reference(token) {
  const [, , payload] = sign1(inflateSync(base45(token)));
  const status = cbor.decode(payload).get(65535).get("status_list");
  return { idx: status.get("idx"), uri: status.get("uri") };
}

/** What both forms of a list say at a place, by two readers: `byJwt(place)`, `byCwt(place)`. */
export async function listReaders(demo) {
  const { keys } = await (await fetch(`${demo.base_url}/.well-known/jwks.json`)).json();

  /** A key of the published set that signs status lists. */
  const key = (kid) => createPublicKey({ key: keys.find((one) => one.kid === kid && one.ikd_purpose === "status"), format: "jwk" });

  async function fetchList(uri, accept) {
    const { origin, pathname } = new URL(uri);
    assert.equal(origin, new URL(demo.base_url).origin);
    const answer = await fetch(`${demo.base_url}${pathname}`, { headers: { accept } });
    assert.equal(answer.headers.get("content-type"), accept);
    return Buffer.from(await answer.arrayBuffer());
  }

  /** What the JWT says at a place, by `@sd-jwt/jwt-status-list`. */
  async function byJwt({ idx, uri }) {
    const jwt = (await fetchList(uri, "application/statuslist+jwt")).toString();
    const [head, body, signature] = jwt.split(".");
    const header = JSON.parse(Buffer.from(head, "base64url"));
    assert.equal(header.typ, "statuslist+jwt");
    assert.ok(verify(null, Buffer.from(`${head}.${body}`), key(header.kid), Buffer.from(signature, "base64url")));
    const claims = JSON.parse(Buffer.from(body, "base64url"));
    assert.equal(claims.sub, uri);
    assert.ok(claims.exp > Date.now() / 1000 && claims.ttl > 0);
    return getListFromStatusListJWT(jwt).getStatus(idx);
  }

  /** What the CWT says at a place, by `@owf/token-status-list`. */
  async function byCwt({ idx, uri }) {
    const cwt = await fetchList(uri, "application/statuslist+cwt");
    const [protectedHeader, , payload, signature] = sign1(cwt);
    const kid = Buffer.from(cbor.decode(protectedHeader).get(4)).toString("base64url");
    // RFC 9052 §4.4: ["Signature1", protected, external_aad, payload], by hand.
    const bytes = (content) => {
      const head = content.length < 24 ? [0x40 + content.length] : content.length < 256 ? [0x58, content.length] : [0x59, content.length >> 8, content.length & 255];
      return Buffer.concat([Buffer.from(head), content]);
    };
    const signed = Buffer.concat([Buffer.from([0x84, 0x6a]), Buffer.from("Signature1"), bytes(protectedHeader), bytes(Buffer.alloc(0)), bytes(payload)]);
    assert.ok(verify(null, signed, key(kid), signature));
    const list = StatusListCwt.fromToken(cwt);
    assert.equal(list.payload.subject, uri);
    assert.ok(list.payload.expirationTime > new Date() && list.payload.timeToLive > 0);
    return list.payload.statusList.getStatus(idx);
  }

  return { byJwt, byCwt };
}
