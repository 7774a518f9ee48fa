// Whether the service works: `/status`. It looks again by itself; what cannot be asked is said, too.

import { el, fill, icon } from "/web/shared/dom.js";
import { newest, request, showUncaught } from "/web/shared/http.js";
import { dateTime, exactTime, t } from "/web/shared/i18n.js";
import { notHad } from "./found.js";
import { begin } from "./page.js";

const EVERY_SECONDS = 30;
let state = null;
let trouble = null;
let show = () => {};

const MAIL = { normal: ["good", "check"], slow: ["wait", "clock"], late: ["bad", "warning"] };

const line = (picture, title, [colour, sign], word, ...more) =>
  el(
    "li",
    { class: "card state" },
    icon(picture),
    el("div", {}, el("h2", {}, title), more),
    el("span", { class: `badge ${colour}` }, icon(sign), word),
  );

function lines({ register, mail, open_offices: open, offices }) {
  const answers = register.answers ? "up" : "down";
  return [
    line(
      "list",
      t("status.register"),
      register.answers ? ["good", "check"] : ["bad", "warning"],
      t(`status.register.${answers}`),
      register.since ? el("p", { class: "muted" }, t("status.since", { when: dateTime(register.since) })) : null,
      register.answers ? null : el("p", {}, t("status.register.down.do")),
    ),
    line(
      "mail",
      t("status.mail"),
      MAIL[mail] ?? MAIL.normal,
      t(`status.mail.${mail}`),
      el("p", { class: "muted" }, t(`status.mail.${mail}.do`)),
    ),
    line(
      "office",
      t("status.offices"),
      open ? ["good", "check"] : ["", "close"],
      t("status.offices.open", { open, offices }),
      el("p", {}, el("a", { href: "/loket" }, t("status.offices.find"))),
    ),
  ];
}

const asking = newest();
let looking = false;
async function look() {
  const counts = asking();
  looking = true;
  try {
    const { data } = await request("/v1/status", { quiet: state !== null });
    if (!counts()) return;
    state = data;
    trouble = null;
  } catch (error) {
    if (!counts()) return;
    trouble = error;
  } finally {
    // Of one that was overtaken the newer one says when it is over.
    if (counts()) looking = false;
  }
  show();
}

begin("status.title", (main) => {
  const list = el("ul", { class: "states" });
  const place = el("div", { class: "stack-tight" });
  show = () => {
    fill(list, state ? lines(state) : null);
    if (trouble) fill(place, notHad(trouble, look));
    else if (state) fill(place, el("p", { class: "muted" }, t("status.at", { time: exactTime(state.at) })));
    else fill(place, el("p", { class: "muted" }, t("offices.loading")));
  };
  fill(
    main,
    el(
      "div",
      { class: "stack-loose" },
      el(
        "div",
        { class: "stack-tight" },
        el("h1", {}, t("status.title")),
        el("p", { class: "lead" }, t("status.lead")),
      ),
      list,
      place,
    ),
  );
  show();
}).then(() => {
  showUncaught();
  look();
  setInterval(() => document.hidden || looking || look(), EVERY_SECONDS * 1000);
});
