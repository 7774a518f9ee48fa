// Screens that look again by themselves at what others do meanwhile, for five minutes in a row: each look counts as
// work of the officer, and a screen that is left alone has to lock.

const IN_A_ROW_MILLISECONDS = 300000;

/** Looks by `load(quiet)`, so many milliseconds apart: `{begin(quiet), again(), stop()}`. */
export function looking(load, milliseconds) {
  let timer;
  let looks = 0;
  const stop = () => clearTimeout(timer);
  return {
    /** A look begins: that of a person begins the five minutes anew. */
    begin(quiet) {
      stop();
      looks = quiet ? looks + 1 : 0;
    },
    again() {
      stop();
      if (looks * milliseconds < IN_A_ROW_MILLISECONDS) timer = setTimeout(() => load(true), milliseconds);
    },
    stop,
  };
}
