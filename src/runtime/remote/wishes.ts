import type { Redis } from 'ioredis';
import type { EndMode } from '../../core/pool/events.ts';
import type { QueueKeys } from '../../protocol/remote/keys.ts';
import { type Foreseen, Foresight } from './foresight.ts';
import { Gathered } from './gathered.ts';

/** Jobs that are asked after by one command. */
const MOST = 500;

interface Asked {
  readonly jobId: string;
  readonly batch: string | undefined;
  resolve(wish: EndMode | undefined): void;
  reject(error: Error): void;
}

/** @param end what stands in the key of its end. @param isBatchGone nobody waits for it any more */
const wishOf = (end: string | null, isBatchGone: boolean): EndMode | undefined => {
  if (end !== null) return end === 'now' ? 'now' : 'graceful';
  return isBatchGone ? 'graceful' : undefined;
};

/** Whether jobs are still wanted: one question for all that come up at a time, which has been asked already if they were expected. */
export class Wishes {
  readonly #redis: Redis;
  readonly #keys: QueueKeys;
  readonly #gathered = new Gathered<Asked>(MOST, (asked) => void this.#ask(asked));
  readonly #foresight: Foresight;
  /** How many answers are expected of the foresight, and have come, ever. */
  #expected = 0;
  #come = 0;
  /** New jobs that the next of these answers may know, with the number of the last one that they wait for. */
  #waiting: { readonly asked: Asked; readonly last: number }[] = [];
  /** The last answer, for the rest of the turn in which it came. */
  #foreseen: Foreseen | undefined;
  #lookups = { all: 0, found: 0 };

  constructor(redis: Redis, keys: QueueKeys) {
    this.#redis = redis;
    this.#keys = keys;
    this.#foresight = new Foresight(redis, keys, (foreseen) => this.#onForeseen(foreseen));
  }

  /** A command is about to be given to the connection that takes a job: whoever comes by that need not be asked after. */
  expect(): void {
    if (this.#foresight.expect()) this.#expected += 1;
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

  /** The same of a job that has just been taken. */
  ofTaken(jobId: string, batch: string | undefined): Promise<EndMode | undefined> {
    if (batch !== undefined) this.#foresight.heardOf(batch);
    return new Promise((resolve, reject) => {
      const asked = { jobId, batch, resolve, reject };
      if (this.#tell(asked)) return;
      if (this.#come < this.#expected) this.#waiting.push({ asked, last: this.#expected });
      else this.#gathered.add(asked);
    });
  }

  #onForeseen(foreseen: Foreseen | undefined): void {
    this.#come += 1;
    this.#foreseen = foreseen;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) {
      if (this.#tell(one.asked)) continue;
      if (one.last > this.#come) this.#waiting.push(one);
      else this.#gathered.add(one.asked);
    }
    // What came by the same message has been told by then; to others it would be old.
    if (foreseen !== undefined) setImmediate(() => this.#forget(foreseen));
  }

  #forget(foreseen: Foreseen): void {
    if (this.#foreseen === foreseen) this.#foreseen = undefined;
    const { all, found } = this.#lookups;
    if (all > 0) this.#foresight.learn(found > 0);
    this.#lookups = { all: 0, found: 0 };
  }

  /** @returns whether it was foreseen */
  #tell({ jobId, batch, resolve }: Asked): boolean {
    if (this.#foreseen === undefined) return false;
    this.#lookups.all += 1;
    const { ends, batches } = this.#foreseen;
    const end = ends.get(jobId);
    const sign = batch === undefined ? '' : batches.get(batch);
    if (end === undefined || sign === undefined) return false;
    this.#lookups.found += 1;
    resolve(wishOf(end, sign === null));
    return true;
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
      resolve(wishOf(found[index] ?? null, batch !== undefined && gone.has(batch)));
    }
  }
}
