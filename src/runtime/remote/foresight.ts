import type { Redis } from 'ioredis';
import type { QueueKeys } from '../../protocol/remote/keys.ts';
import { WISHES } from '../../protocol/remote/wish-script.ts';

/** Of jobs that were taken last: as many as are about to be taken, and as many of other workers between them. */
const OTHERS_FACTOR = 2;
const MOST_JOBS = 200;
/** Batches that are asked after with them: those that were heard of last. */
const MOST_BATCHES = 8;
/** Where it is of no use, as among many workers, it is tried again after so many times, at most. */
const LONGEST_PAUSE = 64;

/** What Redis said of jobs and of batches at one moment. */
export interface Foreseen {
  /** What stands in the key of its end, by the ids of jobs. */
  readonly ends: ReadonlyMap<string, string | null>;
  /** Those that were asked after. */
  readonly batches: ReadonlyMap<string, string | null>;
}

type Command = (...words: (string | number)[]) => Promise<[ids: string[], values: (string | null)[]]>;

/**
 * Asks whether jobs are wanted before it is known which they are: by the same message as the commands that take them, behind those. So
 * nobody has to wait for an answer between a job and its start.
 */
export class Foresight {
  readonly #redis: Redis;
  readonly #keys: QueueKeys;
  readonly #onForeseen: (foreseen: Foreseen | undefined) => void;
  /** Those heard of last at the end. */
  readonly #batches = new Set<string>();
  #expected = 0;
  #misses = 0;
  #pause = 0;

  /** @param onForeseen called for each time that `expect` has said yes; undefined: it could not be asked */
  constructor(redis: Redis, keys: QueueKeys, onForeseen: (foreseen: Foreseen | undefined) => void) {
    this.#redis = redis;
    this.#keys = keys;
    this.#onForeseen = onForeseen;
    redis.defineCommand('procctlWishes', { lua: WISHES });
  }

  /** Jobs of this batch come up. */
  heardOf(batch: string): void {
    this.#batches.delete(batch);
    this.#batches.add(batch);
    for (const oldest of this.#batches) {
      if (this.#batches.size <= MOST_BATCHES) return;
      this.#batches.delete(oldest);
    }
  }

  /**
   * A command is about to be given to the connection, in this turn of the event loop, that takes a job.
   *
   * @returns whether the first of this turn is asked after: then `onForeseen` will be called once for all of them
   */
  expect(): boolean {
    this.#expected += 1;
    if (this.#expected > 1) return false;
    if (this.#pause > 0) {
      this.#pause -= 1;
      this.#expected = 0;
      return false;
    }
    // Behind what is given to the connection until then.
    setImmediate(() => void this.#ask());
    return true;
  }

  /** @param isOfUse whether any of the jobs that came was among those that were asked after */
  learn(isOfUse: boolean): void {
    this.#misses = isOfUse ? 0 : this.#misses + 1;
    this.#pause = isOfUse ? 0 : Math.min(LONGEST_PAUSE, 2 ** this.#misses);
  }

  async #ask(): Promise<void> {
    const count = Math.min(MOST_JOBS, this.#expected * OTHERS_FACTOR);
    this.#expected = 0;
    const batches = [...this.#batches];
    const keys = [this.#keys.active, ...batches.map((batch) => this.#keys.batch(batch))];
    const ask = (this.#redis as unknown as { readonly procctlWishes: Command }).procctlWishes.bind(this.#redis);
    try {
      const [ids, values] = await ask(keys.length, ...keys, count, this.#keys.end(''));
      const valueAt = (at: number): string | null => values[at] ?? null;
      this.#onForeseen({
        ends: new Map(ids.map((id, at) => [id, valueAt(at)])),
        batches: new Map(batches.map((batch, at) => [batch, valueAt(ids.length + at)])),
      });
    } catch {
      this.#onForeseen(undefined);
    }
  }
}
