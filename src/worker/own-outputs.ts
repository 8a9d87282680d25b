import type { OwnOutput } from '../protocol/worker-frames.ts';

interface Stream {
  readonly _handle?: { setBlocking?(isBlocking: boolean): number };
}

/**
 * Has writes to outputs that nobody else has wait until they are with the kernel.
 *
 * Node writes to such a pipe (a pair of sockets) as much as there is room for, some 200 KiB, and keeps the rest for later:
 * `process.exit` right after it, or an uncaught error, loses that. It has no public way to say so.
 */
export const writeThrough = (outputs: readonly OwnOutput[]): void => {
  for (const output of outputs) (process[output] as unknown as Stream)._handle?.setBlocking?.(true);
};
