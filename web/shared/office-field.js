// An office, found by its name, its address or a place it serves.

import { request } from "./http.js";
import { t } from "./i18n.js";
import { pickField } from "./pick.js";

const SHOWN = 8;

async function look(words) {
  const { data } = await request(`/v1/offices?${new URLSearchParams({ words, limit: SHOWN })}`, { quiet: true });
  return data.items.map(({ office_id: key, name, code, address }) => ({ key, name, told: address ?? code }));
}

/** Field with `value`, the id of the office that was chosen, and `fail(text)`; `onChoose(item)` is told. */
export function officeField({ id, label, hint, onChoose }) {
  const said = (word) => t(`pick.office.${word}`);
  const [found, choose, none, failed] = ["found", "choose", "none", "failed"].map(said);
  const words = { label, hint, found, choose, none, failed };
  return pickField({ id, words, look, onChoose });
}
