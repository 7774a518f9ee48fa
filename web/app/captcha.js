// The captcha of who registers or activates.

import { solveCaptcha } from "../shared/captcha.js";
import { api } from "./profiles.js";

/** The solution for the field `captcha`. */
export const solve = (profile) =>
  solveCaptcha(
    async () => (await api(profile, "/v1/captcha", { method: "POST", json: {}, again: true, quiet: true })).data,
  );

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
