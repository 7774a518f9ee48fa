// Whose screens these are: several people may use one phone.

import { current } from "./profiles.js";
import { instead } from "./router.js";

/** The person who uses the app and registered on this phone; who took a digital KTP over from another has no such. */
export async function applicant() {
  const profile = await person();
  return profile.registration ? profile : instead("buka");
}

/** The person who uses the app; without one, the first screen. */
export async function person() {
  return (await current()) ?? instead("");
}
