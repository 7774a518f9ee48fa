// Reads QR codes from the camera or from a photo: with the browser's own detector where it knows QR codes, else with a
// vendored decoder in a worker, which is loaded only now.

import { button, el, fill, icon } from "./dom.js";
import { t } from "./i18n.js";
import { openPicture } from "./picture.js";

// Longest side of the pictures that are decoded: enough for a QR across half a frame, small enough for an old phone.
const LONGEST = 960;

async function ownDetector() {
  try {
    if (!("BarcodeDetector" in window)) return null;
    const formats = await window.BarcodeDetector.getSupportedFormats();
    return formats.includes("qr_code") ? new window.BarcodeDetector({ formats: ["qr_code"] }) : null;
  } catch {
    return null;
  }
}

let worker;
function vendoredDetector() {
  worker =
    worker ??
    new Promise((resolve, reject) => {
      // Older browsers do not know workers that are modules: they never ask for the type.
      let known = false;
      const made = new Worker("/web/shared/scanner-worker.js", {
        get type() {
          known = true;
          return "module";
        },
      });
      if (!known) {
        made.terminate();
        reject(Object.assign(new Error("no workers that are modules"), { unable: true }));
        return;
      }
      const waiting = new Map();
      let next = 0;
      const fail = (cause) => {
        worker = undefined;
        made.terminate();
        waiting.forEach((done) => done(null));
        reject(new Error(cause));
      };
      made.onerror = (event) => fail(event.message || "the decoder did not load");
      made.onmessage = ({ data }) => {
        if (data.ready) {
          resolve(
            (picture, ways) =>
              new Promise((done) => {
                const id = (next += 1);
                waiting.set(id, done);
                made.postMessage({ id, picture, ways }, [picture.data.buffer]);
              }),
          );
        } else if (data.id) {
          waiting.get(data.id)?.(data.text);
          waiting.delete(data.id);
        } else if (data.failed) {
          fail(data.failed);
        }
      };
    });
  return worker;
}

const canvas = document.createElement("canvas");

function pixels(source, width, height) {
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/**
 * Gives a function from a picture to the text of its QR, or null. A photo has one chance and is looked at in every
 * way.
 */
async function decoder({ photo = false } = {}) {
  const own = await ownDetector();
  let broken = !own;
  let frame = 0;
  return async (source, width, height) => {
    if (!broken) {
      try {
        const text = (await own.detect(source))[0]?.rawValue;
        if (text || !photo) return text ?? null;
      } catch {
        // Some phones announce a detector whose service is missing.
        broken = true;
      }
    }
    frame += 1;
    return (await vendoredDetector())(pixels(source, width, height), photo ? [0, 1] : [frame % 2]);
  };
}

/** The text of the QR on a photo, or null when there is none. */
export async function decodeFile(file) {
  const picture = await openPicture(file);
  try {
    const decode = await decoder({ photo: true });
    return await decode(picture.source, picture.width, picture.height);
  } catch (error) {
    throw Object.assign(error, { decoder: true });
  } finally {
    picture.close();
  }
}

/**
 * A scanner as an element: the camera's picture, a light where the camera has one, a photo instead. `onText(text)` is
 * called for every code that was not the one just seen; it may return a sentence, which is shown (a wrong code, say).
 * Call `stop()` on the element when leaving.
 */
export function scanner({ onText, hint = t("scanner.hint"), facing = "environment" }) {
  const video = el("video", { muted: true, playsinline: true, "aria-label": t("scanner.picture") });
  video.muted = true;
  const say = el("p", { class: "say", role: "status" }, t("scanner.starting"));
  const view = el("div", { class: "scanner" }, video, el("div", { class: "frame" }), say);
  const input = el("input", {
    type: "file",
    accept: "image/*",
    class: "sr-only",
    tabindex: "-1",
    "aria-hidden": "true",
    onchange: () => photo(input.files[0]),
  });
  const upload = button(t("scanner.photo"), () => input.click(), { kind: "secondary", picture: "upload" });
  const node = el("div", { class: "stack" }, view, upload, input);
  let stream;
  let stopped = false;
  let last = null;
  let seenAt = 0;

  // The camera starts and stops beside what is being told: its own words wait behind a sentence about a code or a
  // photo.
  let told = false;
  const tell = (sentence) => {
    told = true;
    say.textContent = sentence;
  };
  const whisper = (words) => {
    if (!told) say.textContent = words;
  };

  async function found(text) {
    // The same code stays in view for many frames; after a while it counts anew.
    if (text === last && performance.now() - seenAt < 4000) return;
    last = text;
    seenAt = performance.now();
    navigator.vibrate?.(60);
    const sentence = await onText(text);
    if (sentence && !stopped) tell(sentence);
  }

  async function photo(file) {
    input.value = "";
    if (!file) return;
    tell(t("scanner.reading"));
    try {
      const text = await decodeFile(file);
      last = null;
      if (text) await found(text);
      else tell(t("scanner.no_code"));
    } catch (error) {
      tell(t(error.unable ? "scanner.unable" : error.decoder ? "scanner.no_decoder" : "scanner.no_picture"));
    }
  }

  function refused(error) {
    const key =
      { NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "missing", NotReadableError: "taken" }[
        error?.name
      ] ?? "missing";
    fill(
      view,
      el(
        "div",
        { class: "refused stack-tight", role: "alert" },
        icon("camera", 40),
        el("b", {}, t(`scanner.${key}`)),
        el("p", {}, t(`scanner.${key}.do`)),
        button(
          t("scanner.again"),
          () => {
            told = false;
            whisper(t("scanner.starting"));
            view.classList.remove("off");
            fill(view, video, el("div", { class: "frame" }), say);
            begin();
          },
          { kind: "secondary", wide: false },
        ),
      ),
      say,
    );
    whisper("");
    view.classList.add("off");
  }

  function offerTorch() {
    const track = stream.getVideoTracks()[0];
    if (!track?.getCapabilities?.().torch) return;
    let on = false;
    view.append(
      el(
        "button",
        {
          type: "button",
          class: "button secondary torch",
          "aria-pressed": "false",
          onclick: async (event) => {
            on = !on;
            await track.applyConstraints({ advanced: [{ torch: on }] }).catch(() => {});
            event.currentTarget?.setAttribute("aria-pressed", String(on));
          },
        },
        icon("torch"),
        t("scanner.torch"),
      ),
    );
  }

  async function begin() {
    try {
      if (!navigator.mediaDevices?.getUserMedia) throw Object.assign(new Error(), { name: "NotFoundError" });
      stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: facing, width: { ideal: 1280 }, height: { ideal: 960 } },
        audio: false,
      });
    } catch (error) {
      refused(error);
      return;
    }
    if (stopped) return node.stop();
    video.srcObject = stream;
    await video.play().catch(() => {});
    offerTorch();
    const decode = await decoder();
    whisper(hint);
    let lost = false;
    while (!stopped) {
      let text = null;
      try {
        if (video.readyState >= 2 && video.videoWidth) text = await decode(video, video.videoWidth, video.videoHeight);
        if (lost) say.textContent = hint;
        lost = false;
      } catch (error) {
        if (error.unable) return tell(t("scanner.unable"));
        // The decoder did not load. It is tried again by itself, for there may be nothing here that reloads the page.
        lost = true;
        say.textContent = t("scanner.no_decoder");
      }
      if (text && !stopped) await found(text);
      await new Promise((done) => setTimeout(done, lost ? 4000 : 60));
    }
  }

  node.stop = () => {
    stopped = true;
    stream?.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  };
  begin();
  return node;
}
