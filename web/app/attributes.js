// What a digital KTP says, and how the card and the app say it.

import { known, ktpDate, t } from "../shared/i18n.js";

/** All attributes, in the order of the card. */
export const ATTRIBUTES = [
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

/** What people choose to show at once. */
export const PRESETS = {
  age: ["age_over_17", "portrait"],
  basic: ["full_name", "birth_date", "sex", "regency", "province", "portrait"],
  full: ATTRIBUTES,
};

const CODED = ["sex", "religion", "marital_status", "nationality"];

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

/** The word of the card itself for a coded attribute. */
export const official = (name, value) => OFFICIAL[name][value] ?? String(value ?? "-");

/** Why a check failed, in words; empty for a reason that is newer than this page. */
export const reasonWords = (code) => (known(`reason.${code}`) ? t(`reason.${code}`) : "");
