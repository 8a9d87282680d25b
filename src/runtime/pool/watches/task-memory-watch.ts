import { bytesText } from '../../../render/amounts.ts';
import { bytesOfPages } from '../../family/page-size.ts';
import type { Watched } from './watched.ts';

const LOOK_MS = 200;

/** What is to be known of a pool, and may be done to it, for that. */
export interface MemoryWatched extends Pick<Watched, 'families' | 'kill'> {
  readonly counts: Pick<Watched['counts'], 'running'>;
}

/** Kills tasks whose processes together have more resident memory than they may: one look at `/proc` serves all. */
export class TaskMemoryWatch {
  readonly #pool: MemoryWatched;
  readonly #maxBytesOf: (seq: number) => number | undefined;
  readonly #timer: NodeJS.Timeout;

  /** @param maxBytes the same for all, or that of each; undefined: it has none */
  constructor(pool: MemoryWatched, maxBytes: number | ((seq: number) => number | undefined)) {
    this.#pool = pool;
    this.#maxBytesOf = typeof maxBytes === 'number' ? () => maxBytes : maxBytes;
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    if (this.#pool.counts.running === 0) return;
    for (const [seq, family] of this.#pool.families()) {
      const bytes = bytesOfPages(family.reduce((sum, { rssPages }) => sum + rssPages, 0));
      const maxBytes = this.#maxBytesOf(seq);
      if (maxBytes === undefined || bytes <= maxBytes) continue;
      const message = `used ${bytesText(bytes)} of memory, more than ${bytesText(maxBytes)} (--memory-max)`;
      this.#pool.kill(seq, { kind: 'error', code: 'ERR_MEMORY_MAX', message });
    }
  }
}
