// What people call keys and periods, wherever they are named.

import { t } from "/web/shared/i18n.js";

/** What a signing key signs. */
export const purposeWord = (purpose) => t(`signing.purpose.${purpose}`);

/** What a period of keeping is about. */
export const periodWord = (period) => t(`retention.of.${period}`);
