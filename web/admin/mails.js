// What the service's mails say: every kind that exists, with invented people, in the language of the page.

import { el, fill } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { known, language, t } from "/web/shared/i18n.js";
import { arrive, failed } from "/web/staff/frame.js";

const kindWord = (kind) => (known(`mails.kind.${kind}`) ? t(`mails.kind.${kind}`) : kind);

/** A mail as it is: subject, plain text, and a way to the other part. */
function sample(kind, { subject, text }, place) {
  const page = `/v1/admin/mails/${encodeURIComponent(kind)}/${place}?language=${language}`;
  return el(
    "details",
    {},
    el("summary", {}, subject),
    el("pre", { class: "mail", tabindex: "0", role: "region", "aria-label": subject }, text),
    el(
      "a",
      { href: page, target: "_blank", rel: "noopener", "aria-label": t("mails.html.of", { subject }) },
      t("mails.html"),
    ),
  );
}

const line = ({ kind, samples }) =>
  el(
    "li",
    { class: "entry stack" },
    el("b", {}, kindWord(kind)),
    el("p", { class: "muted small" }, t("mails.count", { n: samples.length }), " · ", el("code", {}, kind)),
    samples.map((one, place) => sample(kind, one, place)),
  );

/** Shows them below `parts`. Gives a function that ends it. */
export function mailsScreen(main, session, parts) {
  let ended = false;
  const asking = newest(() => ended);
  const shown = el("div", {}, el("p", { class: "muted" }, t("admin.loading")));

  async function load() {
    const counts = asking();
    try {
      const { items } = await session.call(`/mails?language=${language}`);
      if (counts()) fill(shown, el("ul", { class: "lines" }, items.map(line)));
    } catch (error) {
      if (counts()) fill(shown, failed(error, load));
    }
  }

  fill(
    main,
    el(
      "section",
      { class: "card stack narrow" },
      parts,
      el("h1", {}, t("mails.title")),
      el("p", { class: "lead" }, t("mails.lead")),
      el("p", { class: "muted" }, t("mails.fixed")),
      shown,
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}
