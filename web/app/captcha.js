// Solves the captcha beside the page; the person does nothing.

import { Refused } from "../shared/http.js";
import { api } from "./profiles.js";

/** The solution for the field `captcha`. */
export async function solve(profile) {
  const { data } = await api(profile, "/v1/captcha", { method: "POST", json: {}, again: true, quiet: true });
  const worker = new Worker("/web/app/captcha-worker.js");
  try {
    const number = await new Promise((resolve, reject) => {
      worker.onerror = () => reject(new Refused("part_missing"));
      worker.onmessage = ({ data: said }) => {
        if (said.number !== undefined) resolve(said.number);
        else if (said.failed) reject(new Error("the captcha has no solution"));
      };
      worker.postMessage(data);
    });
    const { algorithm, challenge, salt, signature } = data;
    return btoa(JSON.stringify({ algorithm, challenge, number, salt, signature }));
  } finally {
    worker.terminate();
  }
}

/** Begins at once and is asked for later; a solution counts once, so each `take()` begins the next. */
export function prepared(profile) {
  const begin = () => {
    const work = solve(profile);
    work.catch(() => {});
    return work;
  };
  let work = begin();
  return {
    async take() {
      const mine = work;
      work = null;
      try {
        return (await mine) ?? (await solve(profile));
      } catch {
        // The network may be back by now.
        return solve(profile);
      }
    },
    renew() {
      work = work ?? begin();
    },
  };
}
