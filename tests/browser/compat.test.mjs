// The oldest browsers that have to work, read from the source: what they cannot parse or do not have, the pages do not use.
// `world.test.mjs` plays the way on a browser without these; README says which browsers they are.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { parse } from "acorn";
import { ROOT } from "./support.mjs";

const WEB = path.join(ROOT, "web");
const files = (folder, kind) => readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
  const file = path.join(folder, entry.name);
  return entry.isDirectory() ? files(file, kind) : kind.test(file) ? [file] : [];
});
const modules = files(WEB, /\.m?js$/);
const own = modules.filter((file) => !file.includes("/vendor/"));
const vendored = modules.filter((file) => file.includes("/vendor/"));

function* nodes(node) {
  if (!node || typeof node !== "object") return;
  if (typeof node.type === "string") yield node;
  for (const value of Object.values(node)) if (value && typeof value === "object") yield* nodes(value);
}

test("our modules are ECMAScript 2020", () => {
  for (const file of own) {
    try {
      parse(readFileSync(file, "utf8"), { ecmaVersion: 2020, sourceType: "module" });
    } catch (error) {
      assert.fail(`${path.relative(ROOT, file)}: ${error.message}`);
    }
  }
});

test("vendored modules use nothing younger than class fields (Chrome 72, Safari 14.1)", () => {
  for (const file of vendored) {
    const tree = parse(readFileSync(file, "utf8"), { ecmaVersion: "latest", sourceType: "module" });
    for (const node of nodes(tree)) {
      const young = node.type === "StaticBlock" || (node.type === "AssignmentExpression" && ["&&=", "||=", "??="].includes(node.operator)) || (node.type === "BinaryExpression" && node.left.type === "PrivateIdentifier")
        || (node.type === "ImportDeclaration" && node.attributes?.length > 0) || (node.type === "MethodDefinition" && node.key.type === "PrivateIdentifier");
      assert.ok(!young, `${path.relative(ROOT, file)}: ${node.type} at ${node.start}`);
    }
    const topLevel = tree.body.flatMap((statement) => [...nodes(statement)].filter((node) => node.type === "AwaitExpression" && statement.type === "ExpressionStatement" && statement.expression === node));
    assert.equal(topLevel.length, 0, `${path.relative(ROOT, file)}: waits at top level (Chrome 89)`);
  }
});

// Younger than Chrome 80 or Safari 14.5. Where one is used beside a way without it, the place is named here.
const YOUNG = {
  "AbortSignal.timeout": [], "AbortSignal.any": [], structuredClone: [], "crypto.randomUUID": [], replaceChildren: [], replaceAll: [], "Object.hasOwn": [], findLast: [], toSorted: [], toReversed: [],
  "Promise.any": [], "Promise.withResolvers": [], WeakRef: [], OffscreenCanvas: [], BroadcastChannel: [], ImageDecoder: [], "navigator.locks": [], "scheduler.": [], groupBy: [], reportError: [],
  createImageBitmap: ["shared/picture.js"], showModal: ["shared/dialog.js"], DecompressionStream: ["shared/qr-text.js"], BarcodeDetector: ["shared/scanner.js"], FaceDetector: ["app/selfie.js"], wakeLock: ["app/live-qr.js"],
  'type: "module"': ["shared/scanner.js"], ".at(": [], ".inert": [],
};

test("our modules call nothing that the oldest browsers lack", () => {
  const code = (file) => readFileSync(file, "utf8").replace(/^\s*(\/\/|\*|\/\*\*).*$/gm, "").replace(/\s\/\/ .*$/gm, "");
  const found = own.flatMap((file) => Object.entries(YOUNG).filter(([name, places]) => code(file).includes(name) && !places.includes(path.relative(WEB, file))).map(([name]) => `${path.relative(WEB, file)}: ${name}`));
  assert.deepEqual(found, []);
});

test("the styles that residents get place nothing by properties that the oldest browsers lack", () => {
  // They have `-inline-start` and the like, but not the short forms, nor `inset` (Chrome 87, Safari 14.1).
  const wrong = ["shared", "app", "help", "check"].flatMap((area) => files(path.join(WEB, area), /\.css$/)).flatMap((file) => [...readFileSync(file, "utf8").matchAll(/[;{]\s*((?:inset(?:-[a-z-]+)?|(?:padding|margin)-(?:inline|block)))\s*:/g)].map(([, name]) => `${path.relative(WEB, file)}: ${name}`));
  assert.deepEqual(wrong, []);
});
