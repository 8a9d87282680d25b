// What every pool is given to do.
export const square = (x) => x * x;

/** Keeps a CPU busy. */
export const spin = (ms) => {
  const until = performance.now() + ms;
  while (performance.now() < until);
  return ms;
};
