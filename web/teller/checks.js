// The teller's own checks, newest first.

import { button, el, fill, icon } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { arrive, failed } from "/web/staff/frame.js";

/** Shows them. Gives a function that ends it. */
export function checksScreen(main, session) {
  let ended = false;
  const asking = newest(() => ended);
  const list = el("ul", { class: "lines" });
  const foot = el("div", {});
  const pictures = { valid: ["good", "check"], invalid: ["bad", "block"], undetermined: ["wait", "help"] };
  async function load(cursor) {
    const counts = asking();
    fill(foot);
    try {
      const page = await session.call(
        `/verifications?limit=20${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`,
      );
      if (!counts()) return;
      list.append(
        ...page.items.map((item) => {
          const [kind, picture] = pictures[item.result];
          return el(
            "li",
            { class: "line" },
            el("b", {}, item.purpose.text),
            el("span", { class: `badge ${kind}` }, icon(picture), t(`result.${item.result}`)),
            el("span", { class: "muted small" }, dateTime(item.asked_at)),
            el("span", {}),
            item.message ? el("span", { class: "small whole" }, item.message) : null,
          );
        }),
      );
      if (!list.children.length)
        fill(list, el("li", { class: "empty" }, icon("history"), el("p", {}, t("teller.history.empty"))));
      if (page.next)
        fill(
          foot,
          button(t("teller.history.more"), () => load(page.next), { kind: "secondary", wide: false }),
        );
    } catch (error) {
      if (counts())
        fill(
          foot,
          failed(error, () => load(cursor)),
        );
    }
  }
  fill(
    main,
    el(
      "section",
      { class: "card stack" },
      el("h1", {}, t("teller.history.title")),
      el("p", { class: "muted" }, t("teller.history.lead")),
      list,
      foot,
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}
