// Draws a QR on the device: error correction M, quiet zone 4. Base45 text consists of the 45 characters of alphanumeric
// mode, which the encoder then chooses by itself.

import { encode } from "/web/vendor/uqr-0.1.3/uqr.mjs";
import { svg } from "./dom.js";

const QUIET = 4;

/** An SVG of the QR. `label` is what a screen reader says. */
export function drawQr(text, label) {
  const { data, size } = encode(text, { ecc: "M", border: QUIET });
  // One path of horizontal bars: no seams between modules at any zoom.
  let path = "";
  data.forEach((row, y) => {
    for (let x = 0; x < size; x += 1) {
      if (!row[x]) continue;
      let end = x;
      while (end < size && row[end]) end += 1;
      path += `M${x} ${y}h${end - x}v1h-${end - x}z`;
      x = end;
    }
  });
  return svg(
    "svg",
    { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label, "shape-rendering": "crispEdges" },
    svg("rect", { width: size, height: size, fill: "#fff" }),
    svg("path", { d: path, fill: "#000" }),
  );
}
