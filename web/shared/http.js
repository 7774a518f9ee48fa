// Requests that never fail in silence: a limit of time, repetition where repeating does no harm, and for every
// refusal a sentence that says why and what to do (RFC 9457 problem documents speak the person's language already).

import { toast } from "./dom.js";
import { known, language, t } from "./i18n.js";

/**
 * A request that was answered with no, or not at all. `code` is the service's, or `offline`, `timeout`, `bad_answer`.
 */
export class Refused extends Error {
  constructor(code, problem = {}) {
    super(code);
    this.name = "Refused";
    this.code = code;
    this.status = problem.status ?? 0;
    this.title = problem.title;
    this.detail = problem.detail;
    this.fields = problem.fields ?? [];
    this.triesLeft = problem.tries_left;
    this.retryAfter = problem.retry_after_seconds;
    this.requestId = problem.request_id;
    this.serviceTime = problem.service_time;
  }

  /** Whether the network is to blame and repeating is all there is to do. */
  get isNetwork() {
    return ["offline", "timeout", "bad_answer"].includes(this.code);
  }
}

/**
 * Tells old answers from the newest, where the same is asked again before it was answered. A screen has one
 * `asking = newest(() => ended)`, each question a `counts = asking()`; what comes back is drawn while `counts()`:
 * nothing was asked later, and the screen is not over.
 */
export function newest(isOver = () => false) {
  let asked = 0;
  return () => {
    const mine = (asked += 1);
    return () => mine === asked && !isOver();
  };
}

/** What to tell a person: `{title, detail}`. */
export function explain(error) {
  if (!(error instanceof Refused)) {
    console.error(error);
    return { title: t("problem.internal"), detail: t("problem.internal.do") };
  }
  const own = `problem.${error.code}`;
  const title = known(own) ? t(own) : (error.title ?? t("problem.internal"));
  const detail = known(`${own}.do`)
    ? t(`${own}.do`, { tries: error.triesLeft ?? "", wait: duration(error.retryAfter) })
    : (error.detail ?? t("problem.internal.do"));
  const id = error.status >= 500 && error.requestId ? ` ${t("problem.request_id", { id: error.requestId })}` : "";
  // The service's own words name "the time stated": here it is.
  const said = !known(`${own}.do`) && error.detail && error.status < 500;
  const wait = said && error.retryAfter ? ` ${t("problem.wait", { time: duration(error.retryAfter) })}` : "";
  return { title, detail: detail + wait + id };
}

/** One sentence about a QR that was refused: the service's own about the text says more than "a field is wrong". */
export function explainQr(error) {
  const said = error.code === "invalid_field" && error.fields?.find(({ field }) => field === "token")?.message;
  if (said) return said;
  const { title, detail } = explain(error);
  return `${title}. ${detail}`;
}

/** Seconds in words. */
export function duration(seconds) {
  if (!seconds) return "";
  if (seconds < 90) return t("shared.seconds", { n: Math.ceil(seconds) });
  if (seconds < 5400) return t("shared.minutes", { n: Math.ceil(seconds / 60) });
  return t("shared.hours", { n: Math.ceil(seconds / 3600) });
}

// The line at the top appears at once, the sentence when it takes long.
let running = 0;
let slow;
function busy(change) {
  running += change;
  const root = document.documentElement;
  if (running > 0) {
    root.dataset.busy = "";
    slow = slow ?? setTimeout(() => toast(t("shared.slow"), 0), 4000);
  } else {
    delete root.dataset.busy;
    clearTimeout(slow);
    slow = undefined;
    document.getElementById("toast")?.dataset.kind === "slow" && toast("");
  }
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/**
 * Sends one request. `json` or `body` is what is sent; `again` says that repeating does no harm (reading always);
 * `prepare` gives headers anew for each try. Resolves with `{status, headers, data}`, rejects with `Refused`.
 */
export async function request(
  path,
  {
    method = "GET",
    json,
    body,
    headers = {},
    again = method === "GET",
    prepare,
    timeout = 20000,
    tries = 3,
    blob = false,
    quiet = false,
    seen,
  } = {},
) {
  if (!quiet) busy(1);
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(path, {
          method,
          json,
          body,
          headers: { ...headers, ...(await prepare?.()) },
          timeout,
          blob,
          seen,
        });
      } catch (error) {
        const passing = error instanceof Refused && (error.isNetwork || [502, 503, 504].includes(error.status));
        if (!passing || !again || attempt >= tries) throw error;
        // Waits grow, and differ from phone to phone so that a crowd does not return as one.
        await pause(Math.min((error.retryAfter ?? 0) * 1000 || 400 * 2 ** attempt, 8000) * (0.75 + Math.random() / 2));
      }
    }
  } finally {
    if (!quiet) busy(-1);
  }
}

/**
 * Ends a request after `milliseconds`. `AbortSignal.timeout` is younger than many phones, and missing it looks like
 * no network.
 */
function timeLimit(milliseconds) {
  const control = new AbortController();
  const limit = { signal: control.signal, passed: false, end: () => clearTimeout(timer) };
  const timer = setTimeout(() => {
    limit.passed = true;
    control.abort();
  }, milliseconds);
  return limit;
}

const isJson = (answer) => (answer.headers.get("content-type") ?? "").includes("json");

async function once(path, { method, json, body, headers, timeout, blob, seen }) {
  const sent = { Accept: "application/json", "Accept-Language": language, ...headers };
  if (json !== undefined) sent["Content-Type"] = "application/json";
  const limit = timeLimit(timeout);
  let answer;
  try {
    // The service never redirects its API: who does is a network that wants a log-in first.
    answer = await fetch(path, {
      method,
      headers: sent,
      body: json === undefined ? body : JSON.stringify(json),
      credentials: "same-origin",
      cache: "no-store",
      redirect: "manual",
      signal: limit.signal,
    });
    judge(answer, blob);
    seen?.(answer);
    if (answer.ok) {
      const data = answer.status === 204 ? null : blob ? await answer.blob() : await answer.json();
      return { status: answer.status, headers: answer.headers, data };
    }
    const problem = isJson(answer) ? await answer.json() : { status: answer.status };
    problem.status = problem.status || answer.status;
    problem.retry_after_seconds =
      problem.retry_after_seconds ?? (Number(answer.headers.get("retry-after")) || undefined);
    throw new Refused(problem.code ?? "bad_answer", problem);
  } catch (error) {
    if (error instanceof Refused) throw error;
    const code = limit.passed ? "timeout" : answer ? "bad_answer" : "offline";
    if (code !== "bad_answer") network(code);
    throw new Refused(code);
  } finally {
    limit.end();
  }
}

// ---------------------------------------------------------------- whether the service can be reached

// What requests show: null while they are answered, else why not: `offline`, `timeout`, `bad_answer` (somebody else
// answers) or `down` (the service says that it cannot). `navigator.onLine` knows only of a cable or a Wi-Fi, not of the
// service; its events are a reason to look, and no answer.
let trouble = null;
const listeners = new Set();
let probing;
let probes = 0;
const PROBE_SECONDS = [2, 4, 8, 15, 30];

function network(now) {
  if (now === trouble) return;
  trouble = now;
  clearTimeout(probing);
  probes = 0;
  if (trouble) probeLater();
  for (const listener of [...listeners]) listener(trouble);
}

/** Takes an answer for what it shows of the network; throws when it is not the service's. */
function judge(answer, blob = false) {
  if ([502, 503, 504].includes(answer.status)) return network("down");
  const ours =
    answer.type !== "opaqueredirect" &&
    (answer.status === 204 ||
      isJson(answer) ||
      (blob && answer.ok && !(answer.headers.get("content-type") ?? "").includes("html")));
  if (ours) return network(null);
  // A page in place of an answer is a network that wants a log-in (RFC 6585 §6 has a status for it); an error in
  // another form than ours is a proxy's word about this request only.
  if (answer.status < 400 || answer.status === 511) network("bad_answer");
  throw new Refused("bad_answer", { status: answer.status });
}

function probeLater() {
  const wait = PROBE_SECONDS[Math.min(probes, PROBE_SECONDS.length - 1)] * (0.75 + Math.random() / 2);
  probes += 1;
  clearTimeout(probing);
  probing = setTimeout(probe, wait * 1000);
}

/** Asks whether the service is there. While there is trouble this repeats by itself, ever more rarely. */
export async function probe() {
  clearTimeout(probing);
  const limit = timeLimit(8000);
  try {
    // Who is alive may still be unable to serve: what was said to be down is asked whether it can.
    judge(
      await fetch(trouble === "down" ? "/health/ready" : "/health/live", {
        headers: { Accept: "application/json" },
        cache: "no-store",
        redirect: "manual",
        signal: limit.signal,
      }),
    );
  } catch (error) {
    if (!(error instanceof Refused)) network(limit.passed ? "timeout" : "offline");
  } finally {
    limit.end();
  }
  if (trouble) probeLater();
}

/**
 * Calls back with null when the service is reached, else with what is in the way; once now. Gives a function that
 * ends it.
 */
export function onNetwork(listener) {
  if (!listeners.size) for (const event of ["online", "offline"]) addEventListener(event, probe);
  listeners.add(listener);
  listener(trouble);
  return () => listeners.delete(listener);
}

// ---------------------------------------------------------------- what nobody caught

/** Shows what nobody caught: a button must never do nothing in silence. */
export function showUncaught() {
  const show = (error) => {
    if (!error || error.name === "Elsewhere" || error.name === "AbortError") return;
    const { title, detail } = explain(asRefused(error));
    toast(`${title}. ${detail}`, 12);
  };
  addEventListener("unhandledrejection", (event) => show(event.reason));
  addEventListener("error", (event) => show(event.error));
}

/** A part of the page that did not arrive is told as such. Browsers word it differently. */
export function asRefused(error) {
  const lost = error instanceof TypeError && /import|module script|dynamically/i.test(error.message);
  return lost ? new Refused("part_missing") : error;
}

// ---------------------------------------------------------------- base64url without padding (RFC 4648 §5)
// As tokens, proofs and passkeys are written. It stands here because a module of its own is a request of its own on an
// old phone.

/** Text of bytes. */
export function base64url(bytes) {
  let text = "";
  for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte);
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** Bytes of such text. */
export const fromBase64url = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
