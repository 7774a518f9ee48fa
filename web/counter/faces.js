// Two faces side by side: the selfie and the portrait of the register.

import { button, el, fill, icon } from "/web/shared/dom.js";
import { t } from "/web/shared/i18n.js";
import { ask } from "/web/staff/ask.js";

function zoom(pictures) {
  return ask(
    t("faces.zoom"),
    () => {
      const images = pictures.map(({ label, src }) =>
        el(
          "figure",
          {},
          el("figcaption", {}, label),
          el("div", { class: "pane", tabindex: 0, role: "group", "aria-label": label }, el("img", { src, alt: label })),
        ),
      );
      const size = el("input", {
        id: "zoom",
        type: "range",
        min: 100,
        max: 400,
        step: 50,
        value: 100,
        autofocus: true,
        oninput: () => {
          for (const image of images) {
            const pane = image.querySelector(".pane");
            pane.querySelector("img").style.width = `${size.value}%`;
            // Faces are in the middle, a little above.
            pane.scrollLeft = (pane.scrollWidth - pane.clientWidth) / 2;
            pane.scrollTop = (pane.scrollHeight - pane.clientHeight) * 0.4;
          }
        },
      });
      return el(
        "div",
        { class: "stack" },
        el("div", { class: "field" }, el("label", { for: "zoom" }, t("faces.size")), size),
        el("div", { class: "panes" }, images),
      );
    },
    "zoomed",
  );
}

/**
 * A picture in a button that enlarges it; one that was lost on the way is said to be, with a button that asks for it
 * again.
 */
function face(one, shown) {
  const box = el("div", {});
  const load = () =>
    fill(
      box,
      el(
        "button",
        {
          type: "button",
          class: "face",
          id: `face-${one.kind}`,
          "aria-label": t("faces.enlarge", { what: one.label }),
          onclick: () => zoom(shown),
        },
        el("img", {
          src: one.src,
          alt: "",
          onerror: () =>
            fill(
              box,
              el(
                "div",
                { class: "face none", role: "alert" },
                icon("user"),
                t("faces.lost"),
                button(t("staff.again"), load, { kind: "secondary", wide: false }),
              ),
            ),
        }),
        icon("plus"),
      ),
    );
  load();
  return box;
}

/** Pictures side by side, of which some may be missing: `{kind, there, label, src}`. */
export function picturePair(pictures) {
  const shown = pictures.filter((one) => one.there);
  return el(
    "section",
    { class: "faces card", "aria-labelledby": "faces" },
    el("h2", { id: "faces", class: "sr-only" }, t("faces.title")),
    el(
      "div",
      { class: pictures.length > 1 ? "pair" : "pair alone" },
      pictures.map((one) =>
        el(
          "figure",
          {},
          el("figcaption", {}, one.label),
          one.there ? face(one, shown) : el("p", { class: "face none" }, icon("user"), t(`faces.no_${one.kind}`)),
        ),
      ),
    ),
  );
}

/** The part of the screen with selfie and portrait. */
export function faces(api, view) {
  const pictures = [
    ["selfie", view.has_selfie],
    ["portrait", view.has_portrait],
  ].map(([kind, there]) => ({
    kind,
    there,
    label: t(`faces.${kind}`),
    src: there ? api.picture(view.registration_id, kind) : null,
  }));
  return picturePair(pictures);
}
