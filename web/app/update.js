// The app's parts come from one build. A newer one is fetched beside it and taken on as a whole at a moment at which
// nobody is in the middle of something.

import { toast } from "../shared/dom.js";
import { build, t } from "../shared/i18n.js";

// Screens on which nothing is typed, and from which every way begins.
const SAFE = ["", "orang", "ketentuan", "status", "buka", "henti"];
const LOOK_MILLISECONDS = 3600 * 1000;

let registration;
let replaced = false;
let told = false;
let looked = 0;

const offer = () => registration?.waiting?.postMessage({ wish: "take over" });

/** At a change of screens: whether the page is being loaded anew, because it belongs to a build that is no more. */
export function arriving(screen) {
  if (replaced) {
    location.reload();
    return true;
  }
  if (SAFE.includes(screen)) offer();
  return false;
}

/** Keeps the app on the phone. `here()` is the screen that is shown. */
export async function keepUpToDate(here) {
  if (!("serviceWorker" in navigator)) return;
  const { serviceWorker } = navigator;
  let served = Boolean(serviceWorker.controller);
  serviceWorker.addEventListener("controllerchange", () => {
    // The first worker serves the very build that is running.
    if (served) {
      replaced = true;
      if (SAFE.includes(here())) location.reload();
    }
    served = true;
  });
  registration = await serviceWorker.register("/sw.js");
  if (!served) serviceWorker.ready.then(({ active }) => active?.postMessage({ wish: "claim", build }));
  const tell = () => {
    if (told || !registration.waiting) return;
    told = true;
    toast(t("app.update"), 8);
  };
  registration.addEventListener("updatefound", () =>
    registration.installing?.addEventListener("statechange", () => served && tell()),
  );
  if (registration.waiting && SAFE.includes(here())) offer();
  looked = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    // Whoever comes back is in the middle of nothing yet.
    if (SAFE.includes(here())) offer();
    if (Date.now() - looked < LOOK_MILLISECONDS) return;
    looked = Date.now();
    registration.update().catch(() => {});
  });
}
