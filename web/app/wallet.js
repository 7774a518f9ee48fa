// The digital KTP while it is open: only in memory. Leaving the app locks it.

import { el, icon } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { keep, readObject } from "../shared/storage.js";
import { person } from "./person.js";
import { api, note } from "./profiles.js";
import { about, go, here, instead } from "./router.js";

// The open wallet, or null: `{profile, token, card, portrait, share, offline}`.
let current = null;

// Where the person was when it was locked or the page was loaded anew: unlocking leads back there.
let wanted = null;

/** An open wallet. What was last chosen to share outlives a lock and a reload, and ends with the tab. */
function opened(profile, token) {
  const key = `ikd.share.${profile.id}`;
  return {
    profile,
    token,
    get share() {
      return readObject("session", key).choice ?? "basic";
    },
    set share(choice) {
      keep("session", key, JSON.stringify({ choice }));
    },
  };
}

// prettier-ignore
const REMEMBERED = [
  "kartu", "bagikan", "riwayat", "laporan", "menu", "gantisurel", "surelbaru", "perubahan", "datasalah", "salinan",
  "tutup",
];
// What stands before a QR, a PIN or a copy: another is made only when it is asked for.
const BEFORE = {
  tunjukkan: "bagikan",
  surelpin: "surelbaru",
  salinanpin: "salinan",
  salinansiap: "salinan",
  tutuppin: "tutup",
};

/** Remembers the screen, or the one before it. */
function rememberScreen(profile) {
  const screen = BEFORE[here()] ?? here();
  if (!REMEMBERED.includes(screen)) return;
  wanted = { id: profile.id, screen: screen === here() && about() ? `${screen}/${about()}` : screen };
}

/** Locks. `tell` is false where the service has ended the session by itself. */
export function lock({ tell = true } = {}) {
  const closing = current;
  current = null;
  if (closing?.portrait) URL.revokeObjectURL(closing.portrait);
  if (closing && tell) endSession(closing.profile, closing.token);
}

/** Locks and asks for the PIN. */
export function close(options) {
  lock(options);
  go("buka", { replace: true });
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden && current) {
    rememberScreen(current.profile);
    close();
  }
});

/** The open wallet, or the way to the PIN. */
export async function open() {
  const profile = await person();
  if (current && current.profile.id !== profile.id) lock();
  if (!current) {
    rememberScreen(profile);
    instead("buka");
  }
  return current;
}

/** Whether this person's wallet is open. */
export const isOpen = (profile) => current?.profile.id === profile.id;

/** Ends a session that was begun; whether that gets through does not matter, for it ends by itself. */
export function endSession(profile, token) {
  api(profile, "/v1/sessions/current", { method: "DELETE", token, quiet: true }).catch(() => {});
}

/** Opens the wallet with the token of an unlock, and goes to `to`; without it, where the person was, or to `first`. */
export function admit(profile, token, { first = "kartu", to } = {}) {
  current = opened(profile, token);
  const screen = to ?? (wanted?.id === profile.id ? wanted.screen : first);
  wanted = null;
  go(screen, { replace: true });
}

/** A request of the open wallet. When the session has ended, the PIN is asked for. */
export async function ask(path, options = {}) {
  const mine = current;
  try {
    return await api(mine.profile, path, { ...options, token: mine.token });
  } catch (error) {
    // Of an earlier unlock it says nothing about this one.
    if (error.code === "session_ended" && mine === current) {
      rememberScreen(current.profile);
      close({ tell: false });
    }
    throw error;
  }
}

/** The open wallet with its card, and with the portrait unless that was lost on the way; or the way to the PIN. */
export async function openWithCard() {
  const mine = await open();
  if (!mine.card) mine.card = (await ask("/v1/me")).data;
  // Who moved here from another phone typed no name.
  if (!mine.profile.name) await note(mine.profile, { name: mine.card.attributes.full_name });
  // A portrait that was lost is asked for again at the next screen.
  if (mine.card.has_portrait && !mine.portrait) {
    const picture = await ask("/v1/me/portrait", { blob: true }).catch(() => null);
    if (picture) mine.portrait = URL.createObjectURL(picture.data);
  }
  return mine;
}

/** The ways between the screens of the wallet. */
export function tabs(active) {
  const tab = (name, picture) =>
    el(
      "a",
      { href: `#/${name}`, "aria-current": name === active ? "page" : null },
      icon(picture, 24),
      t(`tabs.${name}`),
    );
  return el(
    "nav",
    { class: "tabs", "aria-label": t("tabs.label") },
    tab("kartu", "card"),
    tab("bagikan", "qr"),
    tab("riwayat", "history"),
    tab("menu", "list"),
  );
}

/** The portrait of an open wallet, or what stands in its place. */
export function portrait(wallet, className) {
  return wallet.portrait
    ? el("img", { src: wallet.portrait, alt: t("card.portrait"), class: className })
    : el(
        "div",
        {
          class: `${className} none`,
          role: "img",
          "aria-label": t(wallet.card.has_portrait ? "card.portrait_lost" : "card.no_portrait"),
        },
        icon("user"),
      );
}
