// The block code: eight signs of Crockford's alphabet, read as people write them.

/** How many signs it has. */
export const SIGNS = 8;

const ALPHABET = /^[0-9A-HJKMNP-TV-Z]+$/;

/**
 * What was typed as a block code: `{code, length}`. `code` is `7KQ2-M9XD`, or null where it cannot be one. Blanks,
 * dashes and lower case do not matter; O is a zero, I and L are a one.
 */
export function readBlockCode(typed) {
  const signs = typed
    .normalize("NFKC")
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, "")
    .replace(/O/g, "0")
    .replace(/[IL]/g, "1");
  const whole = signs.length === SIGNS && ALPHABET.test(signs);
  return { code: whole ? `${signs.slice(0, 4)}-${signs.slice(4)}` : null, length: signs.length };
}
