import type { Redis } from 'ioredis';
import type { EndMode } from '../../core/pool/events.ts';
import type { QueueKeys } from '../../protocol/remote/keys.ts';
import { Gathered } from './gathered.ts';

/** Jobs that are asked after by one command. */
const MOST = 500;

interface Asked {
  readonly jobId: string;
  readonly batch: string | undefined;
  resolve(wish: EndMode | undefined): void;
  reject(error: Error): void;
}

/** Whether jobs are still wanted: one question for all that come up at a time. */
export class Wishes {
  readonly #redis: Redis;
  readonly #keys: QueueKeys;
  readonly #gathered = new Gathered<Asked>(MOST, (asked) => void this.#ask(asked));

  constructor(redis: Redis, keys: QueueKeys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /**
   * How a job is to be ended; undefined: it is not.
   *
   * @param batch somebody has to wait for it; undefined: nobody has to
   * @throws Error when Redis does not say
   */
  of(jobId: string, batch: string | undefined): Promise<EndMode | undefined> {
    return new Promise((resolve, reject) => this.#gathered.add({ jobId, batch, resolve, reject }));
  }

  async #ask(asked: readonly Asked[]): Promise<void> {
    const batches = [...new Set(asked.flatMap(({ batch }) => batch ?? []))];
    const keys = [
      ...asked.map(({ jobId }) => this.#keys.end(jobId)),
      ...batches.map((batch) => this.#keys.batch(batch)),
    ];
    let found: (string | null)[];
    try {
      found = await this.#redis.mget(keys);
    } catch (error) {
      for (const { reject } of asked) reject(error as Error);
      return;
    }
    const gone = new Set(batches.filter((_, index) => found[asked.length + index] === null));
    for (const [index, { batch, resolve }] of asked.entries()) {
      const wish = found[index];
      if (typeof wish === 'string') resolve(wish === 'now' ? 'now' : 'graceful');
      else resolve(batch !== undefined && gone.has(batch) ? 'graceful' : undefined);
    }
  }
}
