// What scanning has answered already need not be asked for again.

let fresh = null;
let recovery = null;
let visit = null;

/** Keeps a view for the screen that opens next. */
export const remember = (view) => (fresh = view);

/** Takes the view that was kept of a registration, if it is the last one; no other is kept on. */
export function recall(id) {
  const view = fresh?.registration_id === id ? fresh : null;
  fresh = null;
  return view;
}

/** The same for a recovery. */
export const rememberRecovery = (view) => (recovery = view);

/** Takes the view that was kept of a recovery, if it is the last one. */
export function recallRecovery(id) {
  const view = recovery?.recovery_id === id ? recovery : null;
  recovery = null;
  return view;
}

/** The same for a change of address. */
export const rememberVisit = (view) => (visit = view);

/** Takes the view that was kept of a change of address, if it is the last one. */
export function recallVisit(id) {
  const view = visit?.visit_id === id ? visit : null;
  visit = null;
  return view;
}
