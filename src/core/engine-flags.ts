// Options of V8, not of Node: each version has its own, and Node does not start with one that it does not know.

/** Known to V8 11 to 14, that is Node 20 to 26, and unlikely to go: a young generation that stays small, a collector that can be called. */
const EVERYWHERE = ['--max-semi-space-size=1', '--expose-gc', '--optimize-for-size', '--single-threaded-gc'];

/** @param v8 as in `process.versions.v8` */
const majorOf = (v8: string): number => Number.parseInt(v8, 10);

/** The last version of V8 that has been tried. */
const LAST_KNOWN = 14;

/** What V8 11 lets a function do, in bytes of its code, before it is looked at. */
const BUDGET = 67_584;
/** Calls, in V8 12 to 14, before a function is compiled by the first and by the second of its optimising compilers. */
const MAGLEV_CALLS = 400;
const TURBOFAN_CALLS = 3_000;

/**
 * Has functions run for longer before they are optimised.
 *
 * @param factor how many times as long as by default; 1 is the default
 * @returns none where it is not known how to say it
 */
export const optimiseLater = (v8: string, factor: number): string[] => {
  const major = majorOf(v8);
  if (major === 11) return [`--interrupt-budget=${Math.round(BUDGET * factor)}`];
  if (!(major >= 12 && major <= LAST_KNOWN)) return [];
  return [
    `--invocation-count-for-maglev=${Math.round(MAGLEV_CALLS * factor)}`,
    `--invocation-count-for-turbofan=${Math.round(TURBOFAN_CALLS * factor)}`,
  ];
};

/** 4 MiB less: that is what the compiler alone takes. A flood of logs is hot long enough. */
const DAEMON_FACTOR = 300;

/**
 * Options for Node that keep a program small which mostly sleeps.
 *
 * What is collected is also moved together, else most of what a burst of starts has used is never given back. And what runs hot
 * for a moment is not compiled to machine code yet.
 */
export const daemonFlags = (v8: string): string[] => {
  const major = majorOf(v8);
  const compact = major >= 11 && major <= LAST_KNOWN ? ['--compact-on-every-full-gc'] : [];
  return ['--no-warnings', ...EVERYWHERE, ...compact, ...optimiseLater(v8, DAEMON_FACTOR)];
};

/**
 * How the heap of a short program grows, whose work is done by others. The young generation stays at its first size: it
 * grows up to 48 MiB otherwise, for garbage that is collected as quickly in a small one. The old one grows by less before it is collected.
 */
export const smallHeap = (v8: string): string[] => {
  const major = majorOf(v8);
  return major >= 11 && major <= LAST_KNOWN ? ['--semi-space-growth-factor=1', '--heap-growing-percent=40'] : [];
};
