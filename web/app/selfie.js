// The selfie: camera with an oval, hints where the browser can tell, retake, and a file where there is no camera.

import { announce, button, el, fill, icon } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { openPicture } from "../shared/picture.js";
import { applicant } from "./person.js";
import { api, keep, registrationPath } from "./profiles.js";
import { going, instead, onLeave } from "./router.js";
import { complain, heading, working } from "./ui.js";

const LONGEST = 960;
const MOST_BYTES = 150 * 1024;

/** A JPEG of at most 960 px and 150 KiB. `portrait` cuts it to 3:4 around the middle. */
async function compress(source, width, height, portrait) {
  const ratio = 3 / 4;
  const [w, h] = !portrait
    ? [width, height]
    : width / height > ratio
      ? [height * ratio, height]
      : [width, width / ratio];
  let scale = Math.min(1, LONGEST / Math.max(w, h));
  const canvas = document.createElement("canvas");
  for (;;) {
    canvas.width = Math.round(w * scale);
    canvas.height = Math.round(h * scale);
    canvas
      .getContext("2d")
      .drawImage(source, (width - w) / 2, (height - h) / 2, w, h, 0, 0, canvas.width, canvas.height);
    for (const quality of [0.88, 0.8, 0.7, 0.6]) {
      const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
      if (blob && blob.size <= MOST_BYTES) return blob;
    }
    scale *= 0.8;
    // A phone without memory to spare gives no picture of any size.
    if (scale < 0.05) throw new Error("the picture cannot be made");
  }
}

// What the light is like: the oval against its surroundings, from a picture of 48 by 64.
function judge(video, sample) {
  const context = sample.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0, 48, 64);
  const { data } = context.getImageData(0, 0, 48, 64);
  let [inside, outside, n, m] = [0, 0, 0, 0];
  for (let i = 0; i < data.length; i += 4) {
    const light = 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];
    const x = ((i / 4) % 48) / 48 - 0.5;
    const y = Math.floor(i / 4 / 48) / 64 - 0.46;
    if ((x / 0.3) ** 2 + (y / 0.36) ** 2 < 1) {
      inside += light;
      n += 1;
    } else {
      outside += light;
      m += 1;
    }
  }
  inside /= n;
  outside /= m;
  if (inside < 55) return "dark";
  if (inside > 225) return "bright";
  if (outside - inside > 75) return "behind";
  return "good";
}

// A photo that was taken and not yet sent: another language, or a step back and forward, does not lose it.
let taken = null;

export async function selfie() {
  const go = going();
  const profile = await applicant();
  if (!["needs_selfie", "awaiting_officer"].includes(profile.registration.state)) instead("status");
  const stage = el("div", { class: "selfie" });
  const actions = el("div", { class: "actions" });
  const trouble = el("div", { class: "trouble", hidden: true });
  const input = el("input", {
    type: "file",
    accept: "image/*",
    class: "sr-only",
    tabindex: "-1",
    "aria-hidden": "true",
    onchange: () => chosen(input.files[0]),
  });
  let stream;
  let watching;
  let address;

  const stop = () => {
    clearInterval(watching);
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    if (address) URL.revokeObjectURL(address);
    address = null;
  };
  let left = false;
  onLeave(() => {
    left = true;
    stop();
  });

  const file = (kind = "quiet") => button(t("selfie.file"), () => input.click(), { kind, picture: "upload" });

  async function camera() {
    taken = null;
    stop();
    trouble.hidden = true;
    const video = el("video", { playsinline: true, "aria-label": t("selfie.picture") });
    video.muted = true;
    const say = el("p", { class: "say", role: "status" }, t("scanner.starting"));
    const take = button(t("selfie.take"), () => shoot(video), { picture: "camera", disabled: true });
    fill(stage, video, el("div", { class: "oval" }), say);
    fill(actions, take, file());
    try {
      if (!navigator.mediaDevices?.getUserMedia) throw Object.assign(new Error(), { name: "NotFoundError" });
      stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 960 } },
        audio: false,
      });
    } catch (error) {
      noCamera(error);
      return;
    }
    if (left) return stop();
    video.srcObject = stream;
    await video.play().catch(() => {});
    take.disabled = false;
    const sample = el("canvas", { width: 48, height: 64 });
    const faces = "FaceDetector" in window ? new window.FaceDetector({ fastMode: true, maxDetectedFaces: 2 }) : null;
    let before;
    const look = async () => {
      if (video.readyState < 2) return;
      let verdict = judge(video, sample);
      if (verdict === "good" && faces) {
        const found = await faces.detect(video).catch(() => null);
        if (found?.length === 0) verdict = "none";
        else if (found?.length > 1) verdict = "many";
        else if (found?.[0] && found[0].boundingBox.height < video.videoHeight * 0.28) verdict = "far";
      }
      if (verdict === before) return;
      before = verdict;
      say.textContent = t(`selfie.hint.${verdict}`);
      say.classList.toggle("good", verdict === "good");
    };
    watching = setInterval(look, 600);
  }

  function noCamera(error) {
    const key =
      { NotAllowedError: "refused", SecurityError: "refused", NotReadableError: "taken" }[error?.name] ?? "missing";
    fill(
      stage,
      el(
        "div",
        { class: "refused stack-tight", role: "alert" },
        icon("camera", 40),
        el("b", {}, t(`scanner.${key}`)),
        el("p", {}, t(`selfie.${key}.do`)),
      ),
    );
    fill(actions, file(""), button(t("scanner.again"), camera, { kind: "secondary", picture: "camera" }));
  }

  async function shoot(video) {
    try {
      await review(await compress(video, video.videoWidth, video.videoHeight, true), true);
    } catch {
      unreadable();
    }
  }

  async function chosen(picked) {
    input.value = "";
    if (!picked) return;
    try {
      const picture = await openPicture(picked);
      const blob = await compress(picture.source, picture.width, picture.height, false);
      picture.close();
      await review(blob, false);
    } catch {
      unreadable();
    }
  }

  function unreadable() {
    trouble.hidden = false;
    fill(
      trouble,
      el(
        "div",
        { class: "notice warning", role: "alert" },
        icon("warning"),
        el("b", {}, t("selfie.unreadable")),
        el("p", {}, t("selfie.unreadable.do")),
      ),
    );
  }

  async function review(blob, mirrored) {
    taken = { id: profile.id, blob, mirrored };
    stop();
    address = URL.createObjectURL(blob);
    fill(stage, el("img", { src: address, alt: t("selfie.yours"), class: mirrored ? "mirrored" : null }));
    const send = button(t("selfie.use"), () => upload(blob, send), { picture: "check" });
    fill(actions, send, button(t("selfie.retake"), camera, { kind: "secondary", picture: "camera" }));
    announce(t("selfie.review"));
    send.focus();
  }

  async function upload(blob, pressed) {
    trouble.hidden = true;
    await working(pressed, t("selfie.sending", { kb: Math.ceil(blob.size / 1024) }), async () => {
      try {
        const { data } = await api(profile, registrationPath(profile, "selfie"), {
          method: "PUT",
          body: blob,
          headers: { "Content-Type": "image/jpeg" },
          again: true,
          timeout: 60000,
        });
        taken = null;
        await keep(profile, data);
        go("status", { replace: true });
      } catch (error) {
        if (error.code === "wrong_state") return go("status", { replace: true });
        complain(trouble, error, error.isNetwork ? () => upload(blob, pressed) : null);
      }
    });
  }

  taken?.id === profile.id ? review(taken.blob, taken.mirrored) : camera();
  const tip = (picture, key) => el("li", {}, icon(picture, 22), t(`selfie.tip.${key}`));
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("selfie.title"), 3),
    el("ul", { class: "tips" }, tip("face", "face"), tip("sun", "light"), tip("block", "bare")),
    stage,
    trouble,
    actions,
    input,
  );
}
