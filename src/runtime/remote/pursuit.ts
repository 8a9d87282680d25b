import type { Queue } from 'bullmq';
import type { EndMode } from '../../core/pool/events.ts';
import type { QueueKeys } from '../../protocol/remote/keys.ts';
import type { AttemptBook } from './attempt-book.ts';
import type { EndFollower } from './end-follower.ts';
import type { Link } from './link.ts';
import { RESULT_EXPIRY_S } from './submission.ts';
import type { Submitted } from './submitted.ts';

/** A worker that is told to kill a task and says nothing is not waited for any longer. */
const KILL_PATIENCE_MS = 5_000;

/** Sees to it that attempts end: one that waits is taken out, one that runs is ended by its worker. */
export class Pursuit {
  readonly #link: Link;
  readonly #queue: Queue;
  readonly #keys: QueueKeys;
  readonly #book: AttemptBook;
  readonly #follower: EndFollower;

  constructor({
    link,
    queue,
    keys,
    book,
    follower,
  }: {
    readonly link: Link;
    readonly queue: Queue;
    readonly keys: QueueKeys;
    readonly book: AttemptBook;
    readonly follower: EndFollower;
  }) {
    this.#link = link;
    this.#queue = queue;
    this.#keys = keys;
    this.#book = book;
    this.#follower = follower;
  }

  begin(submitted: Submitted, mode: EndMode): void {
    if (submitted.isSettled || submitted.ending === 'now' || submitted.ending === mode) return;
    submitted.ending = mode;
    submitted.endingAt = performance.now();
    void this.goOn(submitted);
  }

  async goOn(submitted: Submitted): Promise<void> {
    const { jobId, ending = 'graceful' } = submitted;
    const { redis } = this.#link;
    try {
      await redis.set(this.#keys.end(jobId), ending, 'EX', RESULT_EXPIRY_S);
      await redis.publish(this.#keys.ends, jobId);
      const state = await this.#queue.getJobState(jobId);
      if (submitted.isSettled || submitted.hasEnd) return;
      if (state === 'completed' || state === 'failed') await this.#follower.ask(submitted);
      else if (submitted.isIn || state !== 'unknown') {
        // One that runs is locked, and stays; one whose worker is lost is not.
        const isOut = (await this.#queue.remove(jobId)) === 1;
        if (!isOut || submitted.isSettled || submitted.hasEnd) return;
        this.#book.forget(submitted);
        if (state === 'active') submitted.fail('ERR_WORKER_LOST', 'its worker is lost');
        else submitted.fail('ERR_NOT_STARTED', 'ended before it started');
      }
    } catch {
      // Cut off: it is tried again.
    }
  }

  /** @returns whether it was killed, and its worker does not say so */
  giveUpKilled(submitted: Submitted): boolean {
    if (submitted.ending !== 'now' || performance.now() - submitted.endingAt < KILL_PATIENCE_MS) return false;
    const host = submitted.seat === undefined ? 'its worker' : `its worker on ${submitted.seat.host}`;
    this.#book.abandon(submitted);
    submitted.fail('ERR_WORKER_SILENT', `${host} does not say that it has ended it`);
    return true;
  }
}
