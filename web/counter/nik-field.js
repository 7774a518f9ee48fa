// The field in which an officer types somebody's NIK, as it is read out or copied: spaces and dots do no harm.

import { field } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";

/** The field, with what was typed as `digits()`, and with what is wrong with it, or null, as `trouble()`. */
export function nikField({ id = "nik", label = "NIK" } = {}) {
  const node = field({
    id,
    label,
    hint: t("phone_block.nik.hint"),
    inputmode: "numeric",
    autocomplete: "off",
    maxlength: 24,
    "data-digits": "",
  });
  node.digits = () => node.input.value.normalize("NFKC").replace(/\D/g, "");
  node.trouble = () => {
    const n = node.digits().length;
    return n === 16 ? null : t(`phone_block.nik.${n ? "error" : "empty"}`, { n });
  };
  return node;
}
