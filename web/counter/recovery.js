// A recovery at the counter: a digital KTP comes back to its holder on the same phone.

import { t } from "/web/shared/i18n.js";
import { recallRecovery } from "./recent.js";

/** A request of this kind, for `visitScreen`. */
export const recoveries = (api) => ({
  say: (key) => t(`recovery.${key}`),
  templates: ["recovery.template.forgotten", "recovery.template.blocked"],
  scanned: recallRecovery,
  open: api.recovery,
  ask: api.askRecovery,
  grant: api.grantRecovery,
  refuse: api.refuseRecovery,
  picture: api.recoveryPicture,
});
