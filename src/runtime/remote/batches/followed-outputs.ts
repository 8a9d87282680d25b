import { attemptJob, attemptJobId } from '../../../protocol/remote/batch-job.ts';
import { uniqueText } from '../../unique-text.ts';
import type { Link } from '../link.ts';
import { OutputReader, type Source } from '../output-reader.ts';
import type { Submitted } from '../submitted.ts';
import type { BatchStore } from './batch-store.ts';
import type { FollowedTask } from './followed-task.ts';

/** Output of a task that has ended is all there, unless Redis has lost some; ms. */
const PATIENCE_MS = 5_000;

/** Reads what the tasks of a batch write, as it comes, and removes nothing. */
export class FollowedOutputs {
  readonly #batch: string;
  readonly #link: Link;
  readonly #store: BatchStore;
  readonly #reader: OutputReader;
  readonly #wakeKey: string;
  readonly #byKey = new Map<string, FollowedTask>();

  constructor(batch: string, link: Link, store: BatchStore) {
    this.#batch = batch;
    this.#link = link;
    this.#store = store;
    this.#wakeKey = store.keys.wake(uniqueText());
    this.#reader = new OutputReader(link.copy(), link.redis, this.#wakeKey, {
      sources: () => this.#sources(),
      onEntry: (key, id, piece) => {
        const current = this.#byKey.get(key)?.current;
        if (current === undefined) return;
        current.lastId = id;
        if (piece === undefined) return;
        current.heardAt = performance.now();
        current.read(piece);
      },
      onRead: (key) => {
        const current = this.#byKey.get(key)?.current;
        if (current?.isWhole === true) current.settle();
      },
    });
  }

  /** How many tasks have ended whose output is still on its way. */
  get unreadCount(): number {
    let count = 0;
    for (const { end } of this.#byKey.values()) if (end !== undefined) count += 1;
    return count;
  }

  /** Each execution has an output of its own. @param before the one that was followed so far */
  follow(task: FollowedTask, current: Submitted, before: number): void {
    if (before !== current.execution) this.#byKey.delete(this.#keyOf(task, before));
    this.#byKey.set(this.#keyOf(task, current.execution), task);
    if (current.isToBeRead && !current.isWhole) this.#reader.wake();
  }

  forget(task: FollowedTask, { execution }: Submitted): void {
    this.#byKey.delete(this.#keyOf(task, execution));
  }

  setPaused(isPaused: boolean): void {
    this.#reader.setPaused(isPaused);
  }

  /** What cannot come any more is not waited for. */
  async giveUpLost(): Promise<void> {
    const latest = performance.now() - PATIENCE_MS;
    for (const [key, { current, end }] of [...this.#byKey]) {
      if (current === undefined || end === undefined || current.heardAt > latest || !this.#link.isUp) continue;
      current.heardAt = performance.now();
      const length = await this.#store.redis.xlen(key).catch(() => Number.POSITIVE_INFINITY);
      if (!current.isSettled && length < current.chunks) current.settle(false);
    }
  }

  stop(): void {
    this.#reader.stop();
    if (this.#link.isUp) this.#store.redis.del(this.#wakeKey).catch(() => {});
  }

  #keyOf({ task, run }: FollowedTask, execution: number): string {
    return this.#store.keys.output(attemptJobId(attemptJob(this.#batch, task.seq, run.attempt)), execution);
  }

  #sources(): Source[] {
    const sources: Source[] = [];
    for (const [key, { current }] of this.#byKey) {
      if (current?.isToBeRead && !current.isWhole) sources.push({ key, lastId: current.lastId });
    }
    return sources;
  }
}
