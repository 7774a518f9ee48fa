// Decodes QR pictures beside the page, for browsers that have no detector of their own.

import { prepareZXingModule, readBarcodes } from "/web/vendor/zxing-wasm-3.1.4/reader/index.js";

const ready = prepareZXingModule({
  overrides: { locateFile: () => "/web/vendor/zxing-wasm-3.1.4/reader/zxing_reader.wasm" },
  fireImmediately: true,
});
ready.then(
  () => postMessage({ ready: true }),
  (error) => postMessage({ failed: String(error) }),
);

// Light that differs across the picture wants the first, a blurred picture the second.
const WAYS = [{ binarizer: "LocalAverage" }, { binarizer: "GlobalHistogram", tryDenoise: true }];

onmessage = async ({ data: { id, picture, ways } }) => {
  try {
    let text = null;
    for (const way of ways) {
      const found = await readBarcodes(picture, {
        formats: ["QRCode"],
        tryHarder: true,
        maxNumberOfSymbols: 1,
        ...WAYS[way],
      });
      text = found.find((code) => code.isValid)?.text ?? null;
      if (text) break;
    }
    postMessage({ id, text });
  } catch (error) {
    postMessage({ id, text: null, failed: String(error) });
  }
};
