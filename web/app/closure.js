// The holder ends the digital KTP, and may withdraw the consent with it: what is erased and what stays is said before,
// and after on the screen of one that has ended.

import { button, el, fill, icon, notice, toast } from "../shared/dom.js";
import { dateTime, language, t } from "../shared/i18n.js";
import { keepLife, look, stopped, undoUntil, works } from "./life.js";
import { person } from "./person.js";
import { pinAgain } from "./pin-again.js";
import { going, here, instead, onLeave } from "./router.js";
import { heading } from "./ui.js";
import { entry } from "./unlock.js";
import { admit, ask, lock, open } from "./wallet.js";

// What was read before going on: `{id, withdraw, becomes}`, in memory only.
let agreed = null;
const keepAgreed = () => onLeave(() => ["tutup", "tutuppin"].includes(here()) || (agreed = null));

/** What is erased, what stays and why. */
export function becomes({ erased, kept }) {
  return el(
    "div",
    { class: "stack-loose" },
    el(
      "section",
      { class: "card stack", "aria-labelledby": "erased" },
      el("h2", { id: "erased" }, t("close.erased")),
      el(
        "ul",
        { class: "tips" },
        erased.map((what) => el("li", {}, icon("delete", 22), el("span", {}, what))),
      ),
    ),
    el(
      "section",
      { class: "card stack", "aria-labelledby": "kept" },
      el("h2", { id: "kept" }, t("close.kept")),
      el(
        "ul",
        { class: "tips" },
        kept.map(({ what, why }) =>
          el(
            "li",
            {},
            icon("lock", 22),
            el("span", {}, what, el("small", { class: "muted" }, t("close.because", { why }))),
          ),
        ),
      ),
    ),
  );
}

/** What the service says in both languages: after the end there is nobody left who may ask. */
async function inBoth() {
  const of = async (tag) => [tag, (await ask("/v1/me/closure", { headers: { "Accept-Language": tag } })).data];
  return Object.fromEntries(await Promise.all(["id", "en"].map(of)));
}

export async function about() {
  const go = going();
  const { profile } = await open();
  const texts = await inBoth();
  keepAgreed();
  const before = agreed?.id === profile.id && agreed.withdraw;
  const withdraw = el("input", { type: "checkbox", id: "withdraw", checked: before });
  const keep = () => (agreed = { id: profile.id, withdraw: withdraw.checked, becomes: texts });
  const final = el("div", {});
  const sayFinal = () => {
    const words = withdraw.checked ? "close.final" : "close.undoable";
    fill(final, notice(withdraw.checked ? "warning" : "info", t(words), t(`${words}.do`)));
  };
  withdraw.addEventListener("change", () => {
    keep();
    sayFinal();
  });
  sayFinal();
  return el(
    "div",
    { class: "stack-loose" },
    heading(t("close.title")),
    el("p", { class: "lead" }, t("close.lead")),
    becomes(texts[language]),
    el(
      "div",
      { class: "card stack" },
      el("h2", {}, t("close.first")),
      el("p", {}, t("close.first.do")),
      button(t("menu.copy"), () => go("salinan"), { kind: "secondary", picture: "download" }),
    ),
    el(
      "label",
      { class: "check" },
      withdraw,
      el("span", {}, el("b", {}, t("close.withdraw")), el("small", {}, t("close.withdraw.why"))),
    ),
    final,
    el(
      "div",
      { class: "actions" },
      button(
        t("close.go_on"),
        () => {
          keep();
          go("tutuppin");
        },
        { kind: "danger", picture: "close" },
      ),
      button(t("close.no"), () => go("menu"), { kind: "quiet", picture: "back" }),
    ),
  );
}

export async function withPin() {
  const go = going();
  const { profile } = await open();
  if (agreed?.id !== profile.id) instead("tutup");
  keepAgreed();
  const { withdraw, becomes: texts } = agreed;
  const reason = withdraw ? "consent_withdrawn" : "closed";
  /** It is over, and nothing of what this phone knew is asked for again. */
  async function over(life) {
    await keepLife(profile, { ...life, state: "deactivated", reason, until: null, lift: "none", becomes: texts });
    lock({ tell: false });
    go("henti", { replace: true });
  }
  return pinAgain(profile, {
    go,
    title: t("close.pin"),
    lead: el("p", { class: "lead" }, t(withdraw ? "close.pin.withdraw" : "close.pin.lead")),
    doing: t("close.closing"),
    send: (proof) =>
      ask("/v1/me/closure", { method: "POST", json: { ...proof, withdraw_consent: withdraw }, again: false }),
    done: ({ reference, since, erased_by, undo_until }) => over({ reference, since, erased_by, undo_until }),
    lost: async () => {
      await look(profile, { quiet: true, tries: 2 }).catch(() => {});
      if (stopped(profile)?.reason !== reason) return false;
      await over(profile.life);
      return true;
    },
    before: "tutup",
  });
}

/** Undoes it, for a day, with the PIN on the same phone. */
export async function undo() {
  const go = going();
  const profile = await person();
  if (!undoUntil(profile)) instead(stopped(profile) ? "henti" : "buka");
  return entry(profile, {
    path: "/v1/me/closure/undo",
    title: t("undo.title"),
    lead: el("p", { class: "center" }, t("undo.lead", { until: dateTime(profile.life.undo_until) })),
    back: button(t("recover.back"), () => go("henti"), { kind: "quiet", picture: "back" }),
    opens: async ({ session }) => {
      if (!session) {
        // The register changed meanwhile who this is: the holder is asked about that first.
        await look(profile);
        go("henti", { replace: true });
        return;
      }
      await works(profile);
      admit(profile, session.access_token, { to: "kartu" });
      toast(t("undo.done"), 8);
    },
    // The PIN is used up: the closure stays.
    usedUp: () => keepLife(profile, { ...profile.life, undo_until: null }),
    async refused(error) {
      if (!["wrong_state", "not_found"].includes(error.code)) return false;
      // What the service says is read before the screen goes.
      if (error.code === "wrong_state") toast(error.detail, 12);
      await look(profile).catch(() => {});
      // Whatever this phone's clock says; the service is asked again on the next screen.
      if (stopped(profile)) await keepLife(profile, { ...profile.life, undo_until: null });
      go(stopped(profile) ? "henti" : "buka", { replace: true });
      return true;
    },
  });
}
