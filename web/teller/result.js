// The result: valid, invalid, or not known yet. Told by shape, word and place, and by colour last.

import { stopwatch } from "/web/shared/countdown.js";
import { announce, button, el, fill, icon, svg, toast } from "/web/shared/dom.js";
import { duration, explain } from "/web/shared/http.js";
import { dateTime, ktpDate, known, t } from "/web/shared/i18n.js";
import { arrive, key } from "/web/staff/frame.js";
import { scanTrouble } from "/web/staff/intake.js";
import { wedge } from "/web/staff/wedge.js";

// A 503 and a lost network mean that nobody knows; then the same question goes out again under the same key.
const AGAIN_SECONDS = [2, 4, 8, 15];
const TWICE_MILLISECONDS = 2000;

// Three shapes that differ as outlines: a disc with a tick, an octagon with a cross, a triangle with a question.
const SHAPES = {
  valid: ["M50 4a46 46 0 1 0 0 92 46 46 0 0 0 0-92z", "m28 52 16 16 30-34"],
  invalid: ["M31 4h38l27 27v38L69 96H31L4 69V31z", "m33 33 34 34M67 33 33 67"],
  unknown: ["M50 6 98 92H2z", "M40 46c0-14 21-14 21-1 0 8-11 9-11 18M50 77v1"],
};

function sign(kind) {
  const [outline, inner] = SHAPES[kind];
  return svg(
    "svg",
    { viewBox: "0 0 100 100", class: "shape", "aria-hidden": "true" },
    svg("path", { d: outline, class: "outline" }),
    svg("path", {
      d: inner,
      fill: "none",
      stroke: "#fff",
      "stroke-width": 9,
      "stroke-linecap": "round",
      "stroke-linejoin": "round",
    }),
  );
}

function value(name, content) {
  if (typeof content === "boolean") return t(content ? "value.yes" : "value.no");
  if (/^\d{4}-\d{2}-\d{2}$/.test(String(content))) return ktpDate(content);
  return known(`value.${name}.${content}`) ? t(`value.${name}.${content}`) : String(content);
}

function save(check) {
  const document_ = JSON.stringify(check.receipt(), null, 2);
  const address = URL.createObjectURL(new Blob([document_], { type: "application/json" }));
  el("a", { href: address, download: `ikd-${check.answer.verification_id}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

const nextButton = (next) => {
  const node = button("", next, { "aria-keyshortcuts": "F2" });
  return fill(node, icon("scan"), t("result.next"), key("Enter"));
};

function answered(main, check, next) {
  const { answer } = check;
  const valid = answer.result === "valid";
  const kind = valid ? "valid" : "invalid";
  const entries = Object.entries(answer.attributes ?? {});
  const printed = answer.medium === "printed_card";
  const ofCard = `result.do.card.${valid ? answer.holder_check : answer.reason}`;
  const ofAny = valid
    ? answer.holder_check === "compare_portrait"
      ? "result.do.compare"
      : "result.do.no_portrait"
    : `result.do.${answer.reason}`;
  const what = printed && known(ofCard) ? ofCard : ofAny;
  fill(
    main,
    el(
      "article",
      { class: `result ${kind}` },
      el(
        "header",
        { class: "verdict" },
        sign(kind),
        el("h1", {}, t(`result.${kind}`)),
        el("p", { class: "what" }, t(known(what) ? what : "result.do.other")),
      ),
      el(
        "div",
        { class: "content" },
        valid
          ? el(
              "figure",
              { class: "portrait" },
              answer.portrait
                ? el("img", {
                    src: `data:${answer.portrait.media_type};base64,${answer.portrait.data}`,
                    alt: t("result.portrait"),
                  })
                : el("p", { class: "no-portrait" }, icon("user"), t("result.no_portrait")),
            )
          : null,
        el(
          "div",
          { class: "stack facts" },
          printed ? el("p", {}, el("b", { class: "badge" }, icon("card"), t("result.card"))) : null,
          el("p", { class: "message" }, answer.message),
          answer.tries_left === undefined ? null : el("p", {}, t("result.tries", { n: answer.tries_left })),
          entries.length
            ? el(
                "dl",
                { class: "attributes" },
                entries.map(([name, content]) =>
                  el("div", {}, el("dt", {}, t(`attribute.${name}`)), el("dd", {}, value(name, content))),
                ),
              )
            : null,
          el(
            "p",
            { class: "muted small" },
            t("result.foot", { purpose: check.purpose.text, when: dateTime(answer.verified_at) }),
          ),
          answer.single_use || !valid || printed ? null : el("p", { class: "small" }, t("result.offline")),
        ),
      ),
      el(
        "footer",
        { class: "result-actions" },
        nextButton(next),
        button(t("result.save"), () => save(check), { kind: "secondary", picture: "download" }),
      ),
    ),
  );
  announce(`${t(`result.${kind}`)}. ${answer.message}`, true);
  arrive(main, ".result-actions .button");
}

function refused(main, check, next) {
  const { code, retryAfter } = check.refused;
  const { title, detail } =
    code === "too_many" && check.byCode
      ? { title: t("result.wait"), detail: t("result.wait.do", { wait: duration(retryAfter) }) }
      : explain(check.refused);
  fill(
    main,
    el(
      "article",
      { class: "result unknown" },
      el(
        "header",
        { class: "verdict" },
        sign("unknown"),
        el("h1", {}, t("result.refused")),
        el("p", { class: "what" }, title),
      ),
      el("div", { class: "content" }, el("div", { class: "stack facts" }, el("p", { class: "message" }, detail))),
      el("footer", { class: "result-actions" }, nextButton(next)),
    ),
  );
  announce(`${title}. ${detail}`, true);
  arrive(main, ".result-actions .button");
}

/** Shows a check, asking it if it was not asked. Gives a function that ends it. */
export function resultScreen(main, check, { next, again }) {
  let ended = false;
  let timer;
  let stopWedge;

  function unknown(waiting) {
    const countdown = el("p", { class: "muted", role: "status" });
    const again = button(t("result.again"), () => ask(), { picture: "history", disabled: waiting });
    fill(
      main,
      el(
        "article",
        { class: "result unknown" },
        el(
          "header",
          { class: "verdict" },
          sign("unknown"),
          el("h1", {}, t("result.undetermined")),
          el("p", { class: "what" }, t("result.do.undetermined")),
        ),
        el(
          "div",
          { class: "content" },
          el("div", { class: "stack facts" }, el("p", { class: "message" }, t("result.undetermined.why")), countdown),
        ),
        el(
          "footer",
          { class: "result-actions" },
          again,
          button(t("result.give_up"), next, { kind: "secondary", picture: "scan" }),
        ),
      ),
    );
    arrive(main, ".result-actions .button");
    return countdown;
  }

  function later() {
    const wait = AGAIN_SECONDS[Math.min(check.tries - 1, AGAIN_SECONDS.length - 1)];
    const elapsed = stopwatch();
    const place = unknown(false);
    announce(t("result.undetermined"), true);
    const tick = () => {
      const left = Math.ceil(wait - elapsed());
      if (ended) return;
      if (left <= 0) return ask();
      place.textContent = t("result.again_in", { n: left });
      timer = setTimeout(tick, 250);
    };
    tick();
  }

  async function ask() {
    clearTimeout(timer);
    const status = main.querySelector(".facts [role=status]");
    if (status) status.textContent = t("result.asking");
    await check.ask();
    if (!ended) show();
  }

  // The trigger pressed twice is not another check: it would only tell that the QR is used up by this one.
  function scanned({ text, began, trouble }) {
    if (trouble) return toast(scanTrouble(trouble), 8);
    return check.shown.token === text && began - check.shownAt < TWICE_MILLISECONDS
      ? toast(t("result.same"), 8)
      : again(text);
  }

  function show() {
    if (check.answer) {
      answered(main, check, next);
      // A hand scanner may go on with the next person at once.
      // Once, however often it is drawn anew.
      check.shownAt = check.shownAt ?? performance.now();
      stopWedge = stopWedge ?? wedge(scanned);
    } else if (check.isUnknown) later();
    else refused(main, check, next);
  }

  if (check.tries) show();
  else {
    fill(
      main,
      el("div", { class: "asking center stack" }, el("div", { class: "spinner" }), el("h1", {}, t("result.asking"))),
    );
    ask();
  }
  return () => {
    ended = true;
    clearTimeout(timer);
    stopWedge?.();
  };
}
