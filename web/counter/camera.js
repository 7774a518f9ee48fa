// A photo with the counter's camera, or from a file where there is none.

import { button, el, fill, icon } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { openPicture } from "/web/shared/picture.js";

const LONGEST = 960;
const QUALITY = 0.88;

/** A JPEG of at most 960 pixels a side. */
async function jpeg(source, width, height) {
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  const canvas = el("canvas", { width: Math.round(width * scale), height: Math.round(height * scale) });
  canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  if (!blob) throw new Error("the picture cannot be made");
  return blob;
}

/** The part that takes a photo; `onPhoto(blob)` gets it. `stop()` on the node frees the camera. */
export function cameraPart(onPhoto) {
  let stream = null;
  let stopped = false;
  const stage = el("div", { class: "camera" });
  const actions = el("div", { class: "actions" });
  const trouble = el("p", { class: "muted", role: "status" });
  const input = el("input", {
    type: "file",
    accept: "image/jpeg,image/png",
    class: "sr-only",
    tabindex: "-1",
    "aria-hidden": "true",
    onchange: () => chosen(input.files[0]),
  });
  const node = el("div", { class: "stack" }, stage, trouble, actions, input);

  node.stop = () => {
    stopped = true;
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
  };

  const file = () => button(t("camera.file"), () => input.click(), { kind: "quiet", picture: "upload" });

  async function chosen(picked) {
    input.value = "";
    if (!picked) return;
    try {
      const picture = await openPicture(picked);
      const blob = await jpeg(picture.source, picture.width, picture.height);
      picture.close();
      await onPhoto(blob);
    } catch {
      trouble.textContent = t("camera.unreadable");
    }
  }

  async function start() {
    trouble.textContent = "";
    const video = el("video", { playsinline: true, "aria-label": t("camera.picture") });
    video.muted = true;
    const take = button(
      t("camera.take"),
      async () => {
        try {
          await onPhoto(await jpeg(video, video.videoWidth, video.videoHeight));
        } catch {
          trouble.textContent = t("camera.unreadable");
        }
      },
      { picture: "camera", disabled: true },
    );
    fill(stage, video);
    fill(actions, take, file());
    try {
      if (!navigator.mediaDevices?.getUserMedia) throw new Error("no camera");
      stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 960 } },
        audio: false,
      });
    } catch {
      fill(stage, el("div", { class: "face none" }, icon("camera"), el("p", {}, t("camera.missing"))));
      fill(actions, file(), button(t("camera.again"), start, { kind: "secondary", picture: "camera" }));
      return;
    }
    if (stopped) {
      node.stop();
      return;
    }
    video.srcObject = stream;
    await video.play().catch(() => {});
    take.disabled = false;
  }

  start();
  return node;
}
