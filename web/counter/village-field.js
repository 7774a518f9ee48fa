// A village, found by its name.

import { t } from "/web/shared/i18n.js";
import { pickField } from "/web/shared/pick.js";

// What was chosen last, so that a form that is drawn anew knows the village by the name that is put back.
let last = null;

/** Field with `value`, the code of the village that was chosen, and `fail(text)`. `chosen` is `{code, name}`. */
export function villageField(api, chosen) {
  const words = Object.fromEntries(
    ["hint", "found", "choose", "none", "failed"].map((word) => [word, t(`outreach.village.${word}`)]),
  );
  const own = chosen && { key: chosen.code, name: chosen.name };
  const look = async (text) => (await api.villages(text)).items.map(({ code, name }) => ({ key: code, name }));
  const onChoose = (item) => (last = item);
  words.label = t("outreach.village");
  return pickField({ id: "village", words, look, chosen: own, known: last, onChoose });
}
