// Places that are not needed with every resident, in a list: the bar keeps those that are.

import { el, fill, icon } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { arrive } from "/web/staff/frame.js";

/** Shows them. */
export function moreScreen(main, places) {
  fill(
    main,
    el(
      "section",
      { class: "card stack narrow-form" },
      el("h1", {}, t("more.title")),
      el(
        "ul",
        { class: "lines" },
        places.map((place) =>
          el(
            "li",
            {},
            el("a", { class: "line place", href: place.address }, el("b", {}, icon(place.picture), place.label)),
          ),
        ),
      ),
    ),
  );
  arrive(main);
  return () => {};
}
