// Whether a text that came by keyboard, from a hand scanner or the clipboard, is the whole text of a QR. Tokens are
// zlib streams (RFC 1950) written as Base45 (RFC 9285): both tell when something is missing or was typed wrongly.

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const VALUE = new Map([...ALPHABET].map((sign, value) => [sign, value]));
// A zlib header for deflate with a window of 32 KiB is one of these four (RFC 1950 §2.2), in Base45.
const BEGINNINGS = ["V7F", "Y9F", "6BF", "NCF"];
// An AIM identifier says what kind of code was read (ISO/IEC 15424): `]Q1` a QR. Scanners can be set to send it.
const AIM = /^\][a-z]\d/i;
// Longer than what people mean to type, shorter than any token.
const LONG = 60;

function bytesOf(text) {
  const bytes = [];
  for (let at = 0; at < text.length; at += 3) {
    const [a, b, c] = [0, 1, 2].map((i) => VALUE.get(text[at + i]));
    if (b === undefined) return null;
    const value = a + b * 45 + (c ?? 0) * 2025;
    if (value > (c === undefined ? 0xff : 0xffff)) return null;
    if (c !== undefined) bytes.push(value >> 8);
    bytes.push(value & 0xff);
  }
  return Uint8Array.from(bytes);
}

function adler32(bytes) {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return ((b << 16) | a) >>> 0;
}

async function isWhole(bytes) {
  if (bytes === null || bytes.length < 8) return false;
  const view = new DataView(bytes.buffer);
  if (bytes[2] === 1) {
    // One stored block: its length stands in front (RFC 1951 §3.2.4), a checksum behind.
    const length = view.getUint16(3, true);
    return bytes.length === length + 11 && view.getUint32(bytes.length - 4) === adler32(bytes.subarray(7, 7 + length));
  }
  // Without an inflater the service judges.
  if (!("DecompressionStream" in window)) return true;
  try {
    await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/**
 * What came: `{kind, text}`. `whole` is a token; `part` was meant to be one, but something is missing or wrong in it;
 * `layout` was typed for another keyboard; `other` is something else, which the service may judge.
 */
export async function judgeText(came) {
  const bare = came.replace(AIM, "").replace(/[\r\n\t]/g, "");
  // Caps lock turns the case of letters; the alphabet has capitals only. A space at an end may belong to the text or
  // not.
  const upper = bare.replace(/[a-z]/g, (letter) => letter.toUpperCase());
  const begins = BEGINNINGS.some((start) => upper.startsWith(start));
  if ([...upper].every((sign) => VALUE.has(sign))) {
    for (const text of new Set([upper, upper.trim()])) {
      const stream = bytesOf(text);
      if (BEGINNINGS.some((start) => text.startsWith(start)) && (await isWhole(stream))) return { kind: "whole", text };
    }
    return begins || upper.length >= LONG ? { kind: "part", text: upper } : { kind: "other", text: bare.trim() };
  }
  return { kind: begins && upper.length >= LONG ? "layout" : "other", text: bare.trim() };
}
