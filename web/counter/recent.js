// What scanning has answered already need not be asked for again.

let fresh = null;

/** Keeps a view for the screen that opens next. */
export const remember = (view) => (fresh = view);

/** Takes the view that was kept of a registration, if it is the last one; no other is kept on. */
export function recall(id) {
  const view = fresh?.registration_id === id ? fresh : null;
  fresh = null;
  return view;
}
