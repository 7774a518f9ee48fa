// The photos by which colleagues are recognised at `/cek`. A supervisor or the head takes them: nobody picks their own
// face.

import { announce, button, el, fill, icon, notice } from "/web/shared/dom.js";
import { newest } from "/web/shared/http.js";
import { dateTime, t } from "/web/shared/i18n.js";
import { arrive, failed, refused } from "/web/staff/frame.js";
import { ask } from "/web/staff/ask.js";
import { cameraPart } from "./camera.js";

/** Gives a function that ends it. */
export function staffPhotosScreen(main, api, { me, back }) {
  let ended = false;
  const asking = newest(() => ended);
  const list = el("ul", { class: "lines" }, el("li", { class: "empty" }, t("queue.loading")));
  const place = el("div", { class: "problem-place" });

  async function take(item) {
    let camera;
    const taken = await ask(t("photos.take.of", { who: item.full_name }), (done) => {
      const trouble = el("div", { class: "problem-place" });
      camera = cameraPart(async (blob) => {
        fill(trouble);
        try {
          await api.photographStaff(item.staff_id, blob);
          done(true);
        } catch (error) {
          refused(trouble, error);
        }
      });
      return el("div", { class: "stack" }, el("p", {}, t("photos.take.do")), camera, trouble);
    });
    camera?.stop();
    if (ended) return;
    if (taken) announce(t("photos.taken.now", { who: item.full_name }));
    load();
  }

  const look = (item) =>
    ask(item.full_name, () =>
      el("img", {
        class: "staff-photo",
        src: `${api.staffPhoto(item.staff_id)}?${new Date(item.taken_at).getTime()}`,
        alt: t("photos.of", { who: item.full_name }),
      }),
    );

  const line = (item) =>
    el(
      "li",
      { class: "line tall" },
      el("b", {}, item.full_name),
      item.taken_at
        ? el("span", { class: "badge good" }, icon("check"), t("photos.there"))
        : el("span", { class: "badge wait" }, icon("camera"), t("photos.missing")),
      el(
        "span",
        { class: "muted small" },
        `${item.username} · ${t(`role.${item.role}`)}`,
        item.taken_at ? ` · ${t("photos.by", { who: item.taken_by, when: dateTime(item.taken_at) })}` : "",
      ),
      el(
        "span",
        { class: "row" },
        item.username === me
          ? el("span", { class: "muted small" }, t("photos.own"))
          : button(t(item.taken_at ? "photos.again" : "photos.take"), () => take(item), {
              kind: "secondary",
              wide: false,
              picture: "camera",
              id: `take-${item.username}`,
            }),
        item.taken_at ? button(t("photos.look"), () => look(item), { kind: "quiet", wide: false }) : null,
      ),
    );

  async function load() {
    const counts = asking();
    try {
      const { items } = await api.staffPhotos();
      if (counts()) fill(list, items.map(line));
    } catch (error) {
      if (!counts()) return;
      fill(list);
      fill(place, failed(error, load));
    }
  }

  fill(
    main,
    el(
      "section",
      { class: "card stack" },
      el("h1", {}, t("photos.title")),
      el("p", { class: "lead" }, t("photos.lead")),
      notice("info", t("photos.know"), t("photos.know.do")),
      place,
      list,
      button(t("photos.back"), back, { kind: "quiet" }),
    ),
  );
  arrive(main);
  load();
  return () => (ended = true);
}
