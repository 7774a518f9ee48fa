// The proof of work: finds the number whose SHA-256 with the salt is the challenge (ALTCHA's format). WebCrypto would
// cost a promise a try, so the hash (FIPS 180-4) is computed here; salt and number always fit one block.

const K = new Uint32Array(64);
const START = new Uint32Array(8);
// The constants are fractions of roots of the first primes.
for (let n = 2, count = 0; count < 64; n += 1) {
  let prime = true;
  for (let d = 2; d * d <= n; d += 1) if (n % d === 0) prime = false;
  if (!prime) continue;
  if (count < 8) START[count] = (Math.sqrt(n) % 1) * 2 ** 32;
  K[count] = (Math.cbrt(n) % 1) * 2 ** 32;
  count += 1;
}

const words = new Uint32Array(64);
function digest(block) {
  for (let i = 0; i < 16; i += 1)
    words[i] = (block[4 * i] << 24) | (block[4 * i + 1] << 16) | (block[4 * i + 2] << 8) | block[4 * i + 3];
  for (let i = 16; i < 64; i += 1) {
    const x = words[i - 15];
    const y = words[i - 2];
    words[i] =
      words[i - 16] +
      words[i - 7] +
      (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) +
      (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
  }
  let [a, b, c, d, e, f, g, h] = START;
  for (let i = 0; i < 64; i += 1) {
    const one =
      (h +
        (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) +
        ((e & f) ^ (~e & g)) +
        K[i] +
        words[i]) |
      0;
    const two =
      ((((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) +
        ((a & b) ^ (a & c) ^ (b & c))) |
      0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  return [a, b, c, d, e, f, g, h].map((word, i) => (word + START[i]) >>> 0);
}

onmessage = ({ data: { challenge, salt, maxnumber } }) => {
  const wanted = Array.from({ length: 8 }, (_, i) => parseInt(challenge.slice(8 * i, 8 * i + 8), 16));
  const head = new TextEncoder().encode(salt);
  if (head.length + String(maxnumber).length > 55) {
    postMessage({ failed: true });
    return;
  }
  for (let number = 0; number <= maxnumber; number += 1) {
    const text = String(number);
    const block = new Uint8Array(64);
    block.set(head);
    for (let i = 0; i < text.length; i += 1) block[head.length + i] = text.charCodeAt(i);
    const length = head.length + text.length;
    block[length] = 0x80;
    block[62] = (length * 8) >>> 8;
    block[63] = (length * 8) & 255;
    const found = digest(block);
    if (found[0] === wanted[0] && found.every((word, i) => word === wanted[i])) {
      postMessage({ number });
      return;
    }
    if (number % 2000 === 0) postMessage({ progress: number / maxnumber });
  }
  postMessage({ failed: true });
};
