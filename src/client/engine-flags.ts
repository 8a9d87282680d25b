/** Known to every version of the engine: a young generation that stays small, a collector that can be called. */
const EVERYWHERE = ['--max-semi-space-size=1', '--expose-gc', '--optimize-for-size', '--single-threaded-gc'];

/**
 * Known to V8 11 to 13, that is Node 20 to 24; an engine that does not know a flag would not start.
 *
 * - What is collected is also moved together, else most of what a burst of starts has used is never given back.
 * - What runs hot for a moment is not compiled to machine code yet: the compiler alone takes 4 MiB. A flood of logs is
 *   hot long enough.
 */
const BY_VERSION = ['--compact-on-every-full-gc', '--interrupt-budget=20000000'];

/** Flags for Node that keep a program small which mostly sleeps. @param v8 as in `process.versions.v8` */
export const engineFlags = (v8: string): string[] => [
  '--no-warnings',
  ...EVERYWHERE,
  ...(/^1[123]\./.test(v8) ? BY_VERSION : []),
];
