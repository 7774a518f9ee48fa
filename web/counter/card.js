// A printed card: what the second person grants, the sheet, and its end.

import { confirm } from "/web/shared/dialog.js";
import { button, el, icon } from "/web/shared/dom.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { personFacts, standingBadge } from "./cards.js";
import { showsPhoto } from "./photo-request.js";

/** A card that was issued. */
function issued(api, view, { id, send, another }) {
  const place = el("div", { class: "problem-place" });
  const good = view.standing === "good";
  const printable = good && view.print_until && new Date(view.print_until) > new Date();
  const end = async (reason) => {
    const sure = await confirm({
      title: t(`card.void.${reason}.sure`),
      text: t(`card.void.${reason}.text`),
      yes: t(`card.void.${reason}`),
      no: t("card.void.no"),
    });
    if (sure) send(place, () => api.voidCard(id, view.version, reason));
  };
  const keeps = el("input", {
    type: "checkbox",
    id: "keeps",
    checked: view.keeps,
    onchange: () => send(place, () => api.keepCard(id, view.version, keeps.checked)),
  });
  return [
    el(
      "p",
      {},
      standingBadge(view.standing),
      " ",
      view.standing === "void"
        ? t(`card.void_reason.${view.void_reason ?? "stopped"}`)
        : t("card.until", { when: dateTime(view.expires_at) }),
    ),
    printable
      ? el(
          "a",
          { class: "button wide", href: api.cardSheet(id), target: "_blank", rel: "noopener" },
          icon("download"),
          t("card.print"),
        )
      : null,
    printable ? el("p", { class: "muted small" }, t("card.print.do", { when: dateTime(view.print_until) })) : null,
    good && !view.on_phone
      ? el(
          "label",
          { class: "check" },
          keeps,
          el("span", {}, el("b", {}, t("card.keeps")), el("span", { class: "muted small" }, t("card.keeps.do"))),
        )
      : null,
    place,
    el(
      "div",
      { class: "actions" },
      button(t("cards.another"), another, { kind: "secondary" }),
      good ? button(t("card.void.lost"), () => end("lost"), { kind: "danger-quiet", picture: "block" }) : null,
      good
        ? button(t("card.void.returned"), () => end("returned"), { kind: "danger-quiet", picture: "close" })
        : null,
    ),
  ];
}

/** Cards, for `photoRequestScreen`. */
export const printedCards = (api) => ({
  say: (key, values) => t(`card.${key}`, values),
  heading: () => t("cards.title"),
  anotherLabel: t("cards.another"),
  templates: ["card.template.face", "card.template.left", "walk_in.template.typed"],
  open: api.card,
  photograph: api.photographForCard,
  ask: api.askCard,
  grant: api.grantCard,
  refuse: api.refuseCard,
  picture: api.cardPicture,
  // The portrait is the second person's: who asks has the resident before them.
  pictures: (view) => [
    ...(showsPhoto(view) ? [["photo", view.has_photo, t("card.photo")]] : []),
    ...(view.may_grant ? [["portrait", view.has_portrait, t("faces.portrait")]] : []),
  ],
  readOut: (view) => t("card.agree.do", { version: view.terms_version }),
  lead: (view) => t("card.grant.lead", { who: view.asked_by }),
  grantLabel: () => t("card.grant"),
  granted_key: () => "granted",
  facts: personFacts,
  granted: (view, tools) => issued(api, view, tools),
});
