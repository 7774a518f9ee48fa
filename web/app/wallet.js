// The digital KTP: unlock, card, choice of what to share, QR, history. It is open only in memory: leaving the app
// locks it.

import { announce, button, el, fill, icon, notice } from "../shared/dom.js";
import { duration } from "../shared/http.js";
import { dateTime, known, ktpDate, t } from "../shared/i18n.js";
import { keep, readObject } from "../shared/storage.js";
import { pinPad } from "./activate.js";
import { liveQr, stayAwake } from "./counter.js";
import { complain, every, go, heading, here, instead, onLeave, person } from "./main.js";
import { answer, pinKey } from "./pin.js";
import { api, note } from "./profiles.js";

const ATTRIBUTES = [
  "nik",
  "full_name",
  "birth_place",
  "birth_date",
  "sex",
  "blood_type",
  "address",
  "rt_rw",
  "village",
  "district",
  "regency",
  "province",
  "religion",
  "marital_status",
  "occupation",
  "nationality",
  "portrait",
  "age_over_17",
];
const PRESETS = {
  age: ["age_over_17", "portrait"],
  basic: ["full_name", "birth_date", "sex", "regency", "province", "portrait"],
  full: ATTRIBUTES,
};
const CODED = ["sex", "religion", "marital_status", "nationality"];

// An open wallet: `{profile, token, card, portrait, share}`.
let wallet = null;

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

/** Remembers the screen. Of a QR it is the choice before it: another is made only when it is asked for. */
function come(profile) {
  const screen = here() === "tunjukkan" ? "bagikan" : here();
  if (["kartu", "bagikan", "riwayat"].includes(screen)) wanted = { id: profile.id, screen };
}

function lock({ tell = true } = {}) {
  const closing = wallet;
  wallet = null;
  if (closing?.portrait) URL.revokeObjectURL(closing.portrait);
  if (closing && tell)
    api(closing.profile, "/v1/sessions/current", { method: "DELETE", token: closing.token, quiet: true }).catch(
      () => {},
    );
}

/** Locks and asks for the PIN. */
export function close(options) {
  lock(options);
  go("buka", { replace: true });
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden && wallet) {
    come(wallet.profile);
    close();
  }
});

/** The open wallet, or the way to the PIN. */
async function open() {
  const profile = await person();
  if (wallet && wallet.profile.id !== profile.id) lock();
  if (!wallet) {
    come(profile);
    instead("buka");
  }
  return wallet;
}

// A request of the open wallet. When the session has ended, the PIN is asked for.
async function ask(path, options = {}) {
  const mine = wallet;
  try {
    return await api(mine.profile, path, { ...options, token: mine.token });
  } catch (error) {
    // Of an earlier unlock it says nothing about this one.
    if (error.code === "session_ended" && mine === wallet) {
      come(wallet.profile);
      close({ tell: false });
    }
    throw error;
  }
}

// ---------------------------------------------------------------- unlock

export async function unlock() {
  const profile = await person();
  if (wallet?.profile.id === profile.id) instead("kartu");
  if (!profile.active) instead("status");
  const trouble = el("div", { class: "stack", "aria-live": "polite" });
  const pad = pinPad({ label: t("pin.pad"), onPin: tried });
  let waiting;
  let left = false;
  onLeave(() => {
    left = true;
    clearInterval(waiting);
  });

  async function tried(pin) {
    pad.wait();
    fill(
      trouble,
      el("div", { class: "row opening" }, el("div", { class: "spinner" }), el("p", {}, t("unlock.opening"))),
    );
    try {
      const key = await pinKey(pin, profile.salt);
      // A challenge counts once, and an unlock is never repeated by itself: each counts as a try.
      const attempt = async () => {
        const { data } = await api(profile, "/v1/challenges", { method: "POST", json: {}, again: true });
        const signature = await answer(key, "unlock", data.challenge, profile.thumbprint);
        return api(profile, "/v1/sessions", {
          method: "POST",
          json: { challenge: data.challenge, signature },
          again: false,
        });
      };
      const { data } = await attempt().catch((error) =>
        error.code === "challenge_invalid" ? attempt() : Promise.reject(error),
      );
      const fresh = opened(profile, data.access_token);
      // Whoever went elsewhere meanwhile is not pulled back, and nothing stays open behind them.
      if (left) {
        api(profile, "/v1/sessions/current", { method: "DELETE", token: fresh.token, quiet: true }).catch(() => {});
        return;
      }
      wallet = fresh;
      const screen = wanted?.id === profile.id ? wanted.screen : "kartu";
      wanted = null;
      go(screen, { replace: true });
    } catch (error) {
      if (!left) refused(error);
    }
  }
  function refused(error) {
    pad.clear();
    const usedUp = error.code === "pin_wrong" && error.triesLeft === 0;
    if (error.code === "pin_wait" || (usedUp && error.retryAfter)) {
      pad.wait();
      let left = error.retryAfter ?? 60;
      const words = el("p", {});
      const tick = () => {
        words.textContent = t("unlock.wait", { time: duration(left) });
        if (left <= 0) {
          clearInterval(waiting);
          fill(trouble, notice("info", t("unlock.now")));
          pad.clear();
        }
        left -= 1;
      };
      fill(trouble, notice("warning", t(usedUp ? "problem.pin_wrong" : "problem.pin_wait"), words));
      clearInterval(waiting);
      tick();
      waiting = setInterval(tick, 1000);
      announce(t("unlock.wait", { time: duration(left) }), true);
      return;
    }
    const blocked = error.code === "pin_blocked" || usedUp;
    if (blocked) {
      note(profile, { blocked: true });
      pad.wait();
      error.code = "pin_blocked";
    }
    const place = el("div", {});
    fill(trouble, place);
    complain(place, error);
    if (blocked) {
      // There is nothing left to enter here, only a way on.
      trouble.append(button(t("unlock.again"), () => go("ketentuan"), { picture: "user" }));
      pad.parentElement.hidden = true;
      forgotten.hidden = true;
    }
  }
  const forgotten = el(
    "details",
    { class: "card" },
    el("summary", {}, t("unlock.forgotten")),
    el(
      "div",
      { class: "stack" },
      el("p", {}, t("unlock.forgotten.why")),
      el(
        "ol",
        {},
        ["try", "register", "counter"].map((key) => el("li", {}, t(`unlock.forgotten.${key}`))),
      ),
    ),
  );
  return el(
    "div",
    { class: "stack-loose" },
    el(
      "div",
      { class: "center stack-tight" },
      el("p", { class: "avatar" }, icon("user", 36)),
      heading(t("unlock.title")),
      el("p", { class: "lead" }, profile.name),
    ),
    trouble,
    el("div", { class: "card" }, pad),
    forgotten,
    button(t("unlock.others"), () => go("orang"), { kind: "quiet", picture: "user" }),
  );
}

// ---------------------------------------------------------------- the card

async function load() {
  const mine = wallet;
  if (!mine.card) mine.card = (await ask("/v1/me")).data;
  // One that was lost on the way is asked for again at the next screen.
  if (mine.card.has_portrait && !mine.portrait) {
    const picture = await ask("/v1/me/portrait", { blob: true }).catch(() => null);
    if (picture) mine.portrait = URL.createObjectURL(picture.data);
  }
}

/** An attribute's value as people know it from the card: upper case, official words. */
export function shown(name, value) {
  if (value === undefined || value === null) return "-";
  if (name === "birth_date") return ktpDate(value);
  if (name === "age_over_17") return t(value ? "attribute.yes" : "attribute.no");
  if (CODED.includes(name)) {
    const key = `value.${name}.${value}`;
    return known(key) ? t(key) : String(value);
  }
  return String(value);
}

function tabs(active) {
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
  );
}

function portrait(className) {
  return wallet.portrait
    ? el("img", { src: wallet.portrait, alt: t("card.portrait"), class: className })
    : el(
        "div",
        {
          class: `${className} none`,
          role: "img",
          "aria-label": t(wallet.card?.has_portrait ? "card.portrait_lost" : "card.no_portrait"),
        },
        icon("user"),
      );
}

export async function card() {
  await open();
  await load();
  const { attributes: a, valid_until: until, issued_place: place, issued_on: on } = wallet.card;
  const line = (label, value) => el("div", {}, el("dt", {}, label), el("dd", {}, value));
  const sub = (label, value) => el("div", { class: "sub" }, el("dt", {}, label), el("dd", {}, value));
  const ktp = el(
    "section",
    { class: "ktp", "aria-label": t("card.title"), lang: "id" },
    el(
      "header",
      {},
      el("b", {}, `PROVINSI ${shown("province", a.province).toUpperCase()}`),
      el("b", {}, shown("regency", a.regency).toUpperCase()),
    ),
    el("p", { class: "nik" }, el("span", {}, "NIK"), el("b", { class: "mono" }, a.nik)),
    el(
      "div",
      { class: "face" },
      portrait("photo"),
      el("small", {}, place ?? ""),
      on ? el("small", {}, ktpDate(on)) : null,
    ),
    el(
      "dl",
      {},
      line("Nama", a.full_name),
      line("Tempat/Tgl Lahir", `${shown("birth_place", a.birth_place)}, ${shown("birth_date", a.birth_date)}`),
      line("Jenis Kelamin", official("sex", a.sex)),
      line("Gol. Darah", shown("blood_type", a.blood_type)),
      line("Alamat", shown("address", a.address)),
      sub("RT/RW", shown("rt_rw", a.rt_rw)),
      sub("Kel/Desa", shown("village", a.village)),
      sub("Kecamatan", shown("district", a.district)),
      line("Agama", official("religion", a.religion)),
      line("Status Perkawinan", official("marital_status", a.marital_status)),
      line("Pekerjaan", shown("occupation", a.occupation)),
      // The soft hyphen lets the longest label break where a reader would.
      line("Kewarga\u00adnegaraan", official("nationality", a.nationality)),
      line("Berlaku Hingga", until),
    ),
  );
  return el(
    "div",
    { class: "stack-loose wallet" },
    heading(t("card.title")),
    ktp,
    button(t("card.show"), () => go("bagikan"), { picture: "qr" }),
    el("p", { class: "muted small keep" }, icon("shield", 18), t("card.real")),
    button(t("card.lock"), () => close(), { kind: "secondary", picture: "lock" }),
    tabs("kartu"),
  );
}

// The card itself speaks Indonesian in any language of the app: these are the official words.
const OFFICIAL = {
  sex: { male: "LAKI-LAKI", female: "PEREMPUAN" },
  religion: {
    islam: "ISLAM",
    protestant: "KRISTEN",
    catholic: "KATOLIK",
    hindu: "HINDU",
    buddhist: "BUDDHA",
    confucian: "KHONGHUCU",
    belief: "KEPERCAYAAN TERHADAP TUHAN YME",
  },
  marital_status: { unmarried: "BELUM KAWIN", married: "KAWIN", divorced: "CERAI HIDUP", widowed: "CERAI MATI" },
  nationality: { WNI: "WNI", WNA: "WNA" },
};
const official = (name, value) => OFFICIAL[name][value] ?? String(value ?? "-");

// ---------------------------------------------------------------- what to share

export async function share() {
  await open();
  await load();
  const preview = el("div", {
    class: "card stack",
    role: "region",
    "aria-live": "polite",
    "aria-label": t("share.preview"),
  });
  const own = el("fieldset", { class: "own", hidden: true }, el("legend", { class: "legend" }, t("share.own")));
  const chosen = new Set(Array.isArray(wallet.share) ? wallet.share : PRESETS.basic);
  for (const name of ATTRIBUTES) {
    own.append(
      el(
        "label",
        { class: "check" },
        el("input", {
          type: "checkbox",
          value: name,
          checked: chosen.has(name),
          onchange: (event) => {
            event.target.checked ? chosen.add(name) : chosen.delete(name);
            wallet.share = ATTRIBUTES.filter((each) => chosen.has(each));
            draw();
          },
        }),
        el("span", {}, t(`attribute.${name}`)),
      ),
    );
  }
  const option = (value, picture) =>
    el(
      "label",
      { class: "check choice" },
      el("input", {
        type: "radio",
        name: "share",
        value,
        checked: (Array.isArray(wallet.share) ? "own" : wallet.share) === value,
        onchange: () => {
          wallet.share = value === "own" ? ATTRIBUTES.filter((each) => chosen.has(each)) : value;
          own.hidden = value !== "own";
          draw();
        },
      }),
      icon(picture, 26),
      el("span", {}, el("b", {}, t(`share.${value}`)), el("small", {}, t(`share.${value}.why`))),
    );
  own.hidden = !Array.isArray(wallet.share);
  const offline = el("input", {
    type: "checkbox",
    checked: wallet.offline,
    onchange: () => {
      wallet.offline = offline.checked;
      draw();
    },
  });
  const next = button(t("share.next"), () => go("tunjukkan"), { picture: "qr" });
  function draw() {
    const names = Array.isArray(wallet.share) ? wallet.share : PRESETS[wallet.share];
    const row = (name) =>
      el("div", {}, el("dt", {}, t(`attribute.${name}`)), el("dd", {}, shown(name, wallet.card.attributes[name])));
    const facts = names.filter((name) => name !== "portrait");
    const hidden = ATTRIBUTES.length - names.length;
    fill(
      preview,
      el("h2", {}, t("share.preview")),
      el(
        "div",
        { class: "seen" },
        names.includes("portrait") ? portrait("photo") : null,
        facts.length ? el("dl", { class: "facts" }, facts.map(row)) : el("p", {}, t("share.nothing")),
      ),
      hidden ? el("p", { class: "muted small keep" }, icon("shield", 18), t("share.hidden", { n: hidden })) : null,
      wallet.offline ? notice("warning", t("share.offline.care"), t("share.offline.care.why")) : null,
      names.length && !names.includes("portrait") ? notice("info", t("share.faceless"), t("share.faceless.why")) : null,
    );
    next.disabled = !names.length;
  }
  draw();
  return el(
    "div",
    { class: "stack-loose wallet" },
    heading(t("share.title")),
    el("p", { class: "lead" }, t("share.lead")),
    el(
      "div",
      { class: "stack-tight", role: "radiogroup", "aria-label": t("share.title") },
      option("age", "user"),
      option("basic", "card"),
      option("full", "list"),
      option("own", "edit"),
    ),
    own,
    preview,
    el(
      "details",
      { class: "card" },
      el("summary", {}, t("share.more")),
      el(
        "label",
        { class: "check" },
        offline,
        el("span", {}, el("b", {}, t("share.offline")), el("small", {}, t("share.offline.why"))),
      ),
    ),
    next,
    tabs("bagikan"),
  );
}

// ---------------------------------------------------------------- the QR

export async function show() {
  await open();
  await load();
  stayAwake();
  const before = new Set(
    (await ask("/v1/me/verifications?limit=5", { quiet: true })).data.items.map(
      (item) => `${item.verification_id}${item.repeats}`,
    ),
  );
  const body = { share: wallet.share, offline: Boolean(wallet.offline) };
  // A code stands for the QR beside it: both are made together, and a new QR has none until one is asked for.
  const digits = el("div", { class: "digits-place stack-tight" });
  let asked = false;
  let code = null;
  // Whether the focus went with a code that is gone.
  let lost = false;
  const present = async () => {
    const { data } = await ask("/v1/me/presentations", {
      method: "POST",
      json: asked ? { ...body, code: true } : body,
      again: true,
    });
    code = data.code ?? null;
    return data.token;
  };
  const askCode = button(
    t("show.code.ask"),
    async () => {
      asked = true;
      askCode.disabled = true;
      await qr.renew();
      askCode.disabled = false;
    },
    { kind: "quiet", picture: "list" },
  );
  const drawCode = () => {
    if (wallet?.offline) return;
    drop();
    fill(digits, code ? spelt(code) : askCode);
    if (code) {
      asked = false;
      // The button is gone: what it brought takes the focus, and is read out. Nothing of it may lie under the tabs.
      digits.firstChild.focus({ preventScroll: true });
      digits.scrollIntoView({ block: "nearest" });
    } else if (lost) askCode.focus({ preventScroll: true });
    lost = false;
  };
  const drop = () => {
    lost = lost || digits.contains(document.activeElement);
    fill(digits);
  };
  const qr = liveQr({ label: t("show.qr"), ask: present, onToken: drawCode, onGone: drop, held: () => code !== null });
  const result = el("div", { "aria-live": "polite", class: "stack" });
  let spent = false;
  const area = el(
    "div",
    { class: "stack" },
    el("div", { class: "card code" }, qr, digits),
    el("p", { class: "keep" }, icon("sun", 22), t("qr.bright")),
  );
  every(2, async () => {
    const { data } = await ask("/v1/me/verifications?limit=5", { quiet: true, tries: 1 });
    const news = data.items.find((item) => !before.has(`${item.verification_id}${item.repeats}`));
    if (!news || here() !== "tunjukkan") return;
    before.add(`${news.verification_id}${news.repeats}`);
    const valid = news.result === "valid";
    fill(
      result,
      notice(
        valid ? "success" : "warning",
        t(valid ? "show.checked" : "show.refused", { who: news.relying_party }),
        t("show.purpose", { purpose: news.purpose.text }),
        valid ? null : reason(news.reason),
      ),
    );
    // This QR is spent; another is made only when it is asked for. A refusal that follows does not take the way to it.
    spent = spent || (valid && !wallet.offline);
    if (spent) {
      qr.stop();
      area.remove();
      document.querySelector("main h1").textContent = t("show.done");
      result.append(
        button(t("show.another"), () => go("tunjukkan"), { kind: "secondary", picture: "qr" }),
        button(t("show.history"), () => go("riwayat"), { kind: "quiet", picture: "history" }),
      );
    }
  });
  const names = Array.isArray(wallet.share) ? wallet.share : PRESETS[wallet.share];
  return el(
    "div",
    { class: "stack wallet" },
    heading(t("show.title")),
    el(
      "p",
      { class: "muted" },
      t("show.shares", {
        what: Array.isArray(wallet.share)
          ? names.map((name) => t(`attribute.${name}`)).join(", ")
          : t(`share.${wallet.share}`),
      }),
    ),
    result,
    area,
    button(t("show.change"), () => go("bagikan"), { kind: "secondary", picture: "edit" }),
    tabs("bagikan"),
  );
}

// Digit by digit, with a pause where the groups end.
const groups = (code) => [code.slice(0, 3), code.slice(3, 6), code.slice(6)];
const spoken = (code) =>
  groups(code)
    .map((group) => [...group].join(" "))
    .join(", ");

/** A code, large, for eyes in groups and for ears digit by digit. */
function spelt(code) {
  return el(
    "div",
    { class: "center stack-tight", tabindex: "-1" },
    el("p", {}, t("show.code")),
    el(
      "p",
      { class: "digits mono" },
      el("span", { class: "sr-only" }, spoken(code)),
      groups(code).map((group) => el("span", { "aria-hidden": "true" }, group)),
    ),
    el("p", { class: "muted small" }, t("show.code.why")),
  );
}

const reason = (code) => (known(`reason.${code}`) ? t(`reason.${code}`) : "");

// ---------------------------------------------------------------- history

export async function history() {
  await open();
  const list = el("ul", { class: "history" });
  const more = el("div", {});
  const trouble = el("div", { class: "trouble", hidden: true });
  const entry = (item) => {
    const valid = item.result === "valid";
    const names = item.disclosed.map((name) => (known(`attribute.${name}`) ? t(`attribute.${name}`) : name));
    return el(
      "li",
      { class: "card" },
      el(
        "div",
        { class: "top" },
        el(
          "span",
          { class: `badge ${valid ? "good" : "bad"}` },
          icon(valid ? "check" : "close", 18),
          t(valid ? "history.valid" : "history.invalid"),
        ),
        el("time", { datetime: item.verified_at }, dateTime(item.verified_at)),
      ),
      el("h2", {}, item.relying_party),
      el(
        "dl",
        { class: "facts" },
        el("div", {}, el("dt", {}, t("history.purpose")), el("dd", {}, item.purpose.text)),
        el(
          "div",
          {},
          el("dt", {}, t("history.shown")),
          el("dd", {}, names.length ? names.join(", ") : t("history.nothing")),
        ),
        valid ? null : el("div", {}, el("dt", {}, t("history.why")), el("dd", {}, reason(item.reason))),
        item.repeats > 1
          ? el("div", {}, el("dt", {}, t("history.repeats")), el("dd", {}, t("history.times", { n: item.repeats })))
          : null,
      ),
      button(t("history.receipt"), () => saveReceipt(item), {
        kind: "quiet",
        picture: "download",
        wide: false,
        "aria-label": t("history.receipt.of", { who: item.relying_party }),
      }),
    );
  };
  async function page(cursor) {
    const { data } = await ask(`/v1/me/verifications?limit=20${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    list.append(...data.items.map(entry));
    fill(
      more,
      data.next
        ? button(t("history.more"), () => page(data.next).catch((error) => complain(trouble, error)), {
            kind: "secondary",
          })
        : null,
    );
    return data.items.length;
  }
  const count = await page();
  return el(
    "div",
    { class: "stack-loose wallet" },
    heading(t("history.title")),
    el("p", { class: "lead" }, t("history.lead")),
    count
      ? list
      : el("div", { class: "card center stack empty" }, icon("history", 56), el("p", {}, t("history.empty"))),
    trouble,
    more,
    notice("info", t("history.unknown"), t("history.unknown.do")),
    tabs("riwayat"),
  );
}

// The signed receipt is a file that anybody can check with the service's public keys.
function saveReceipt(item) {
  const address = URL.createObjectURL(new Blob([JSON.stringify(item, null, 2)], { type: "application/json" }));
  const link = el("a", { href: address, download: `ikd-${item.verification_id}.json` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
