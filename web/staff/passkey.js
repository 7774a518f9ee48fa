// Passkeys: what the service asks goes to the authenticators that the browser knows (a security key, this computer,
// a phone), and what they answer goes back in the JSON form of WebAuthn level 3, which older browsers cannot write.

import { base64url, fromBase64url, Refused } from "/web/shared/http.js";

/** Whether this browser can, on this page: on one without https it cannot. */
export const hasPasskeys = () => Boolean(window.PublicKeyCredential && navigator.credentials);

const known = (list) => (list ?? []).map((one) => ({ ...one, id: fromBase64url(one.id) }));

// What an authenticator gives is the same whatever it was asked; a member that is not there is left out.
function written(credential, members) {
  const response = { clientDataJSON: base64url(credential.response.clientDataJSON) };
  for (const name of members) {
    const bytes = credential.response[name];
    if (bytes) response[name] = base64url(bytes);
  }
  const id = base64url(credential.rawId);
  return { id, rawId: id, type: credential.type, response, clientExtensionResults: {} };
}

async function answered(asking) {
  try {
    return await asking();
  } catch (error) {
    if (error.name === "InvalidStateError") throw new Refused("passkey_known");
    // The person closed it, or nothing happened in time: browsers tell a page no more than that.
    const unanswered = ["NotAllowedError", "AbortError", "SecurityError"].includes(error.name);
    throw unanswered ? new Refused("passkey_unanswered") : error;
  }
}

/** Has an authenticator make a passkey; gives what the service takes. */
export async function makePasskey({ challenge_id, public_key }) {
  const publicKey = {
    ...public_key,
    challenge: fromBase64url(public_key.challenge),
    user: { ...public_key.user, id: fromBase64url(public_key.user.id) },
    excludeCredentials: known(public_key.excludeCredentials),
    extensions: undefined,
  };
  const made = await answered(() => navigator.credentials.create({ publicKey }));
  const credential = written(made, ["attestationObject"]);
  credential.response.transports = made.response.getTransports?.() ?? [];
  return { challenge_id, credential };
}

/** Has an authenticator sign with a passkey; gives what the service takes. */
export async function usePasskey({ challenge_id, public_key }) {
  const publicKey = {
    ...public_key,
    challenge: fromBase64url(public_key.challenge),
    allowCredentials: known(public_key.allowCredentials),
    extensions: undefined,
  };
  const used = await answered(() => navigator.credentials.get({ publicKey }));
  return { challenge_id, credential: written(used, ["authenticatorData", "signature", "userHandle"]) };
}

/** A proof of who one is, for what is done to the own account. */
export const ownProof = async (session) => usePasskey(await session.call("/passkeys/proof", { method: "POST" }));
