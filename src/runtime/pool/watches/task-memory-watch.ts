import { bytesText } from '../../../render/amounts.ts';
import { bytesOfPages } from '../../family/page-size.ts';
import type { Watched } from './watched.ts';

const LOOK_MS = 200;

/** Kills tasks whose processes together have more resident memory than they may: one look at `/proc` serves all. */
export class TaskMemoryWatch {
  readonly #pool: Watched;
  readonly #maxBytes: number;
  readonly #timer: NodeJS.Timeout;

  constructor(pool: Watched, maxBytes: number) {
    this.#pool = pool;
    this.#maxBytes = maxBytes;
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    if (this.#pool.counts.running === 0) return;
    for (const [seq, family] of this.#pool.families()) {
      const bytes = bytesOfPages(family.reduce((sum, { rssPages }) => sum + rssPages, 0));
      if (bytes <= this.#maxBytes) continue;
      const message = `used ${bytesText(bytes)} of memory, more than ${bytesText(this.#maxBytes)} (--memory-max)`;
      this.#pool.kill(seq, { kind: 'error', code: 'ERR_MEMORY_MAX', message });
    }
  }
}
