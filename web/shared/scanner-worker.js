// Decodes QR pictures beside the page, for browsers that have no detector of their own.

import { prepareZXingModule, readBarcodes } from "/web/vendor/zxing-wasm-3.1.4/reader/index.js";

const ready = prepareZXingModule({
  overrides: { locateFile: () => "/web/vendor/zxing-wasm-3.1.4/reader/zxing_reader.wasm" },
  fireImmediately: true,
});
ready.then(() => postMessage({ ready: true }), (error) => postMessage({ failed: String(error) }));

onmessage = async ({ data: { id, picture } }) => {
  try {
    const found = await readBarcodes(picture, { formats: ["QRCode"], tryHarder: true, maxNumberOfSymbols: 1 });
    postMessage({ id, text: found.find((code) => code.isValid)?.text ?? null });
  } catch (error) {
    postMessage({ id, text: null, failed: String(error) });
  }
};
