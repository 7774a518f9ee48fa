// The card, in the layout people know.

import { button, el, icon, notice } from "../shared/dom.js";
import { ktpDate, t } from "../shared/i18n.js";
import { official, shown } from "./attributes.js";
import { go } from "./router.js";
import { heading } from "./ui.js";
import { close, openWithCard, portrait, tabs } from "./wallet.js";

export async function card() {
  const wallet = await openWithCard();
  const { attributes: a, valid_until: until, issued_place: place, issued_on: on } = wallet.card;
  const over = wallet.card.permit_ended_at;
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
      portrait(wallet, "photo"),
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
    over ? notice("warning", t("card.permit_over"), t("card.permit_over.do")) : null,
    ktp,
    button(t("card.show"), () => go("bagikan"), { picture: "qr" }),
    el("p", { class: "muted small keep" }, icon("shield", 18), t("card.real")),
    button(t("card.lock"), () => close(), { kind: "secondary", picture: "lock" }),
    tabs("kartu"),
  );
}
