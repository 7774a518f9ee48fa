// The months of which figures are read.

import { language } from "/web/shared/i18n.js";

const MONTHS = 12;

/** This month and those before it, the newest first: `[code, name]`. */
export function months() {
  const now = new Date(Date.now() + 7 * 3600000);
  const named = new Intl.DateTimeFormat(language === "en" ? "en-GB" : "id-ID", {
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  });
  return Array.from({ length: MONTHS }, (_, before) => {
    const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - before, 1));
    return [first.toISOString().slice(0, 7), named.format(first)];
  });
}
