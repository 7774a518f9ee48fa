// Solves the captcha beside the page; the person does nothing.

import { Refused } from "./http.js";

/** The solution for the field `captcha`. `ask()` gives the service's challenge, or its promise. */
export async function solveCaptcha(ask) {
  const data = await ask();
  const worker = new Worker("/web/shared/captcha-worker.js");
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

/**
 * What `send(more)` gives. Where the service asks a busy address for work first, `more` is sent again with the solution
 * of what `challenge()` gives.
 */
export async function sendSolved(send, challenge) {
  try {
    return await send({});
  } catch (error) {
    if (!["captcha_required", "captcha_invalid"].includes(error.code)) throw error;
    return send({ captcha: await solveCaptcha(challenge) });
  }
}
