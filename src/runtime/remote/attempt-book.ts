import type { Queue } from 'bullmq';
import type { QueueKeys } from '../../protocol/remote/keys.ts';
import type { Link } from './link.ts';
import type { Source } from './output-reader.ts';
import { type EndedSet, Removals } from './removals.ts';
import type { Submitted } from './submitted.ts';

const INSIST_TIMES = 10;
const INSIST_MS = 1_000;

/** The attempts that were handed over and have not settled, by all that they are known by, and what Redis has of them. */
export class AttemptBook {
  readonly #link: Link;
  readonly #queue: Queue;
  readonly #keys: QueueKeys;
  readonly #removals: Removals;
  readonly #bySeq = new Map<number, Submitted>();
  readonly #byJob = new Map<string, Submitted>();
  readonly #byOutput = new Map<string, Submitted>();
  /** What Redis has still to be told. */
  readonly #open = new Set<Promise<unknown>>();

  constructor(link: Link, queue: Queue, keys: QueueKeys) {
    this.#link = link;
    this.#queue = queue;
    this.#keys = keys;
    this.#removals = new Removals(link.redis, keys, (tell) => this.#insist(tell));
  }

  get all(): Iterable<Submitted> {
    return this.#bySeq.values();
  }

  /** All that Redis is being told; empty: it knows all. */
  get open(): ReadonlySet<Promise<unknown>> {
    return this.#open;
  }

  add(submitted: Submitted): void {
    this.#bySeq.set(submitted.attempt.task.seq, submitted);
    this.#byJob.set(submitted.jobId, submitted);
  }

  ofTask(seq: number): Submitted | undefined {
    return this.#bySeq.get(seq);
  }

  ofJob(jobId: string): Submitted | undefined {
    return this.#byJob.get(jobId);
  }

  /** @param key of the stream of its output */
  ofOutput(key: string): Submitted | undefined {
    return this.#byOutput.get(key);
  }

  /** What is to be read now. */
  sources(): readonly Source[] {
    const sources: Source[] = [];
    for (const [key, submitted] of this.#byOutput)
      if (submitted.isToBeRead) sources.push({ key, lastId: submitted.lastId });
    return sources;
  }

  /** Each execution of a job has an output of its own. @param before the one that was followed so far */
  follow(submitted: Submitted, before: number): void {
    const { jobId, execution } = submitted;
    if (execution === before) return;
    this.#dropOutput(jobId, before);
    this.#byOutput.set(this.#keys.output(jobId, execution), submitted);
  }

  #dropOutput(jobId: string, execution: number): void {
    const key = this.#keys.output(jobId, execution);
    if (this.#byOutput.delete(key)) this.#link.redis.del(key).catch(() => {});
  }

  /** An attempt is over, and is removed here and in Redis. @param set of its job; undefined: it has not ended there */
  forget(submitted: Submitted, set?: EndedSet): void {
    const { jobId, attempt } = submitted;
    if (this.#bySeq.get(attempt.task.seq) === submitted) this.#bySeq.delete(attempt.task.seq);
    this.#byJob.delete(jobId);
    const keys = [this.#keys.end(jobId)];
    // A worker that was lost may have left an output that nobody has heard of.
    for (let execution = 1; execution <= Math.max(1, submitted.execution); execution += 1) {
      const key = this.#keys.output(jobId, execution);
      this.#byOutput.delete(key);
      keys.push(key);
    }
    const removed = this.#remove(submitted, set, keys);
    // One promise for many, as a rule.
    if (this.#open.has(removed)) return;
    this.#open.add(removed);
    void removed.then(() => this.#open.delete(removed));
  }

  #remove({ jobId, added, isIn }: Submitted, set: EndedSet | undefined, keys: readonly string[]): Promise<unknown> {
    const remove = (): Promise<unknown> =>
      set === undefined
        ? Promise.all([
            this.#insist(() => this.#queue.remove(jobId)),
            this.#insist(() => this.#link.redis.del(...keys)),
          ])
        : this.#removals.remove(jobId, set, keys);
    // Not before it is known to be in: what is sent again after a lost connection would put it in once more.
    return isIn || added === undefined ? remove() : added.catch(() => {}).then(remove);
  }

  /** A server that takes nothing for now is told again, but not for ever: all of it expires. */
  async #insist(tell: () => Promise<unknown>, times = INSIST_TIMES): Promise<void> {
    try {
      await tell();
    } catch (error) {
      if (times <= 0 || !this.#link.isRefusal(error as Error)) return;
      await new Promise((resolve) => setTimeout(resolve, INSIST_MS));
      await this.#insist(tell, times - 1);
    }
  }

  /** Removes it here, and leaves it in Redis: whoever has it is to find that it has to end. */
  abandon({ jobId, attempt, execution }: Submitted): void {
    this.#bySeq.delete(attempt.task.seq);
    this.#byJob.delete(jobId);
    this.#byOutput.delete(this.#keys.output(jobId, execution));
  }
}
