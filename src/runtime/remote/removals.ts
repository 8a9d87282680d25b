import type { Redis } from 'ioredis';
import type { QueueKeys } from '../../protocol/remote/keys.ts';
import { Gathered } from './gathered.ts';

/** Jobs that are removed by one message. */
const MOST = 200;

/** Where BullMQ keeps a job that has ended. */
export type EndedSet = 'completed' | 'failed';

interface Removal {
  readonly jobId: string;
  readonly set: EndedSet;
  /** Of ours, that go with it. */
  readonly keys: readonly string[];
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Removes jobs that have ended, all that do at a time together.
 *
 * BullMQ's own way is a script for each, with an event that every listener of the queue has to read. What has ended is locked by
 * nobody, and is in no other list: to take it out of its set, and its keys away, comes to the same.
 */
export class Removals {
  readonly #redis: Redis;
  readonly #keys: QueueKeys;
  readonly #gathered = new Gathered<Removal>(MOST, (removals) => void this.#remove(removals));

  constructor(redis: Redis, keys: QueueKeys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** @throws Error what Redis says when it refuses; to remove again what is not there any more is no error */
  remove(jobId: string, set: EndedSet, keys: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => this.#gathered.add({ jobId, set, keys, resolve, reject }));
  }

  async #remove(removals: readonly Removal[]): Promise<void> {
    const done: Promise<unknown>[] = [];
    for (const set of ['completed', 'failed'] as const) {
      const ids = removals.flatMap((removal) => (removal.set === set ? removal.jobId : []));
      if (ids.length > 0) done.push(this.#redis.zrem(this.#keys.ended(set), ...ids));
    }
    // After the sets: a job in one of them has its hash.
    done.push(this.#redis.del(removals.flatMap(({ jobId, keys }) => [...this.#keys.ofJob(jobId), ...keys])));
    const refused = (await Promise.allSettled(done)).find((result) => result.status === 'rejected');
    for (const { resolve, reject } of removals) refused === undefined ? resolve() : reject(refused.reason);
  }
}
