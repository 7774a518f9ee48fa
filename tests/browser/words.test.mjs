// No string is hard-wired in one language: every key that the pages use exists in both languages, and none is left over.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { ROOT } from "./support.mjs";

const WEB = path.join(ROOT, "web");
const AREAS = readdirSync(WEB).filter((name) => existsSync(path.join(WEB, name, "i18n", "id.json")));
const words = (area, language) => JSON.parse(readFileSync(path.join(WEB, area, "i18n", `${language}.json`), "utf8"));

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    return entry.isDirectory() ? files(file) : /\.(js|html)$/.test(file) ? [file] : [];
  });
}

/** String literals of a source, and what stands before the first `${` of its templates. */
function literals(text) {
  const whole = new Set();
  const begun = new Set();
  for (const [, , inner] of text.matchAll(/(["'])((?:\\.|(?!\1).)*?)\1/g)) whole.add(inner);
  for (const [, inner] of text.matchAll(/`([^`]*?)`/g)) {
    if (!inner.includes("${")) whole.add(inner);
    else if (/^[\w-]+\.[\w.-]*\$\{/.test(inner)) begun.add(inner.slice(0, inner.indexOf("${")));
    // Pieces of markup or nested templates hold literals of their own.
    for (const [, nested] of inner.matchAll(/"([^"]*)"/g)) whole.add(nested);
  }
  return { whole, begun };
}

/** Keys that are surely asked for: the first argument of `t(…)`, and `data-i18n` attributes. */
function asked(text) {
  const keys = new Set();
  for (const [, key] of text.matchAll(/\bt\(\s*"([^"]+)"/g)) keys.add(key);
  for (const [, first, second] of text.matchAll(/\bt\([^()"`]*\?\s*"([^"]+)"\s*:\s*"([^"]+)"/g)) keys.add(first).add(second);
  for (const [, key] of text.matchAll(/data-i18n(?:-[a-z-]+)?="([^"]+)"/g)) keys.add(key);
  return keys;
}

const source = Object.fromEntries(AREAS.map((area) => [area, files(path.join(WEB, area)).map((file) => readFileSync(file, "utf8")).join("\n")]));
const everything = files(WEB).filter((file) => !file.includes("/vendor/")).map((file) => readFileSync(file, "utf8")).join("\n");
/** The words that an area's pages need: its own, and those of every area whose modules it uses. */
const within = (area) => AREAS.filter((other) => other === area || other === "shared" || source[area].includes(`"/web/${other}/`)).reduce((all, other) => ({ ...all, ...words(other, "id") }), {});

for (const area of AREAS) {
  test(`${area}: both languages have the same keys and parameters`, () => {
    const [id, en] = [words(area, "id"), words(area, "en")];
    assert.deepEqual(Object.keys(id).sort(), Object.keys(en).sort());
    const parameters = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
    for (const key of Object.keys(id)) {
      assert.ok(id[key].trim() && en[key].trim(), `${key} is empty`);
      assert.deepEqual(parameters(id[key]), parameters(en[key]), `${key} has other parameters in the other language`);
    }
  });

  test(`${area}: every key that is asked for exists`, () => {
    const known = within(area);
    const missing = [...asked(source[area])].filter((key) => known[key] === undefined);
    assert.deepEqual(missing, []);
    const { begun } = literals(source[area]);
    const empty = [...begun].filter((start) => asksWith(source[area], start) && !Object.keys(known).some((key) => key.startsWith(start)));
    assert.deepEqual(empty, [], "no key begins so");
  });

  test(`${area}: no words are left over`, () => {
    const { whole, begun } = literals(everything);
    const unused = Object.keys(words(area, "id")).filter((key) => !whole.has(key) && ![...begun].some((start) => key.startsWith(start)) && !(key.endsWith(".do") && whole.has(key.slice(0, -3))));
    assert.deepEqual(unused, []);
  });
}

function asksWith(text, start) {
  return text.includes(`t(\`${start}`);
}

test("vendored files are what their list says", () => {
  const list = readFileSync(path.join(WEB, "vendor", "README.md"), "utf8");
  const listed = [...list.matchAll(/^\| `([^`]+)` \| `([0-9a-f]{64})` \|$/gm)];
  const found = (folder) => readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? found(path.join(folder, entry.name)) : [path.join(folder, entry.name)]));
  const present = found(path.join(WEB, "vendor")).map((file) => path.relative(path.join(WEB, "vendor"), file)).filter((name) => name !== "README.md");
  assert.deepEqual(listed.map(([, name]) => name).sort(), present.sort());
  for (const [, name, sum] of listed) assert.equal(createHash("sha256").update(readFileSync(path.join(WEB, "vendor", name))).digest("hex"), sum, name);
});

test("the shell that is kept offline names files that exist", () => {
  const worker = readFileSync(path.join(WEB, "app", "sw.js"), "utf8");
  for (const name of readdirSync(path.join(WEB, "app")).filter((file) => file.endsWith(".js") && file !== "sw.js")) {
    assert.ok(worker.includes(`"${name.slice(0, -3)}"`), `${name} would be missing offline`);
  }
});
