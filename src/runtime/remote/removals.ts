import type { Redis } from 'ioredis';
import type { QueueKeys } from '../../protocol/remote/keys.ts';

/** Jobs that are removed by one message. */
const MOST = 200;

/** Where BullMQ keeps a job that has ended. */
export type EndedSet = 'completed' | 'failed';

interface Removal {
  readonly jobId: string;
  readonly set: EndedSet;
  /** Of ours, that go with it. */
  readonly keys: readonly string[];
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
  readonly #insist: (tell: () => Promise<void>) => Promise<void>;
  #items: Removal[] = [];
  #done: Promise<void> | undefined;

  /** @param insist tries again, or not; default: not */
  constructor(redis: Redis, keys: QueueKeys, insist = (tell: () => Promise<void>): Promise<void> => tell()) {
    this.#redis = redis;
    this.#keys = keys;
    this.#insist = insist;
  }

  /**
   * @returns the same for all that are removed at a time
   * @throws Error what Redis says when it refuses; to remove again what is not there any more is no error
   */
  remove(jobId: string, set: EndedSet, keys: readonly string[]): Promise<void> {
    this.#items.push({ jobId, set, keys });
    this.#done ??= new Promise((resolve) => setImmediate(() => resolve(this.#removeAll())));
    return this.#done;
  }

  async #removeAll(): Promise<void> {
    const items = this.#items;
    this.#items = [];
    this.#done = undefined;
    const done: Promise<void>[] = [];
    for (let at = 0; at < items.length; at += MOST) {
      const some = items.slice(at, at + MOST);
      done.push(this.#insist(() => this.#remove(some)));
    }
    await Promise.all(done);
  }

  async #remove(removals: readonly Removal[]): Promise<void> {
    const ids = { completed: [] as string[], failed: [] as string[] };
    const all: string[] = [];
    for (const { jobId, set, keys } of removals) {
      ids[set].push(jobId);
      all.push(...this.#keys.ofJob(jobId), ...keys);
    }
    const done: Promise<unknown>[] = [];
    for (const set of ['completed', 'failed'] as const) {
      if (ids[set].length > 0) done.push(this.#redis.zrem(this.#keys.ended(set), ...ids[set]));
    }
    // After the sets: a job in one of them has its hash.
    done.push(this.#redis.del(all));
    const refused = (await Promise.allSettled(done)).find((result) => result.status === 'rejected');
    if (refused !== undefined) throw refused.reason;
  }
}
