import { readFileSync } from 'node:fs';
import type { MainProcess } from '../../core/process/life.ts';
import { signalProc } from '../family/family.ts';
import type { ProcInfo } from '../family/proc.ts';
import { GUARD_TITLE } from '../guard.ts';

const isGuard = ({ pid }: ProcInfo): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(`\0${GUARD_TITLE}\0`);
  } catch {
    return false;
  }
};

/**
 * Who is to be ended of a batch, from one look to the next: the pool alone, since it ends its tasks itself; once it is
 * gone, whoever is left. Its guard, which then clears its directory away and goes, is given time for that.
 */
export class BatchEnd {
  readonly #main: () => MainProcess | null;
  readonly #patienceMs: number;
  #guardedUntil: number | undefined;
  #isOver = true;

  /** @param patienceMs for its guard, once the pool is gone */
  constructor(main: () => MainProcess | null, patienceMs: number) {
    this.#main = main;
    this.#patienceMs = patienceMs;
  }

  /** Nobody was spared at the last look. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** @param tree everything of the batch that is alive */
  choose(tree: readonly ProcInfo[]): ProcInfo[] {
    const main = this.#main();
    const pool = tree.find(({ pid, startTicks }) => pid === main?.pid && startTicks === main.startTicks);
    if (pool !== undefined) {
      this.#isOver = false;
      // It would wait in vain for the end of what is frozen.
      for (const proc of tree) if (proc !== pool && proc.state === 'T') signalProc(proc, 'SIGCONT', { wake: false });
      return [pool];
    }
    this.#guardedUntil ??= performance.now() + this.#patienceMs;
    const spared = performance.now() < this.#guardedUntil ? tree.filter(isGuard) : [];
    this.#isOver = spared.length === 0;
    return tree.filter((proc) => !spared.includes(proc));
  }
}
