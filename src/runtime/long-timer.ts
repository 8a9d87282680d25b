/** Node fires a timer of more than 2^31 - 1 ms at once; longer times are waited for in parts. */
const MAX_PART_MS = 2 ** 31 - 1;

export interface LongTimer {
  cancel(): void;
}

/** Calls `action` once, `delayMs` from now, however long that is. */
export const startLongTimer = (delayMs: number, action: () => void): LongTimer => {
  let timer: NodeJS.Timeout;
  const wait = (leftMs: number): void => {
    const partMs = Math.min(leftMs, MAX_PART_MS);
    timer = setTimeout(() => (leftMs > partMs ? wait(leftMs - partMs) : action()), partMs);
  };
  wait(delayMs);
  return { cancel: () => clearTimeout(timer) };
};
