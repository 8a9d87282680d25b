import type { Queue } from 'bullmq';
import { type JobData, type JobManner, jobDataOf, MAX_JOB_BYTES } from '../../protocol/remote/job.ts';
import type { AttemptBook } from './attempt-book.ts';
import type { Link } from './link.ts';
import { signatureOf } from './signature.ts';
import type { Submitted } from './submitted.ts';

/** Ends that nobody has fetched are forgotten, s. */
export const RESULT_EXPIRY_S = 3600;

/** What a server refuses for now is tried again after so long. */
const AGAIN_MS = 1_000;

export interface SubmissionOptions extends JobManner {
  readonly queue: string;
  readonly batch: string;
  /** Of an attempt whose task has no time limit of its own, ms; 0: none. */
  readonly timeoutMs: number;
  /** Jobs are signed with it; undefined: not. */
  readonly key: string | undefined;
}

/** Puts attempts into the queue, each as a job. */
export class Submission {
  readonly #link: Link;
  readonly #queue: Queue;
  readonly #book: AttemptBook;
  readonly #options: SubmissionOptions;
  readonly #isListening: Promise<unknown>;

  /** @param isListening settles once nothing that ends can be missed */
  constructor(
    { link, queue, book }: { readonly link: Link; readonly queue: Queue; readonly book: AttemptBook },
    options: SubmissionOptions,
    isListening: Promise<unknown>,
  ) {
    this.#link = link;
    this.#queue = queue;
    this.#book = book;
    this.#options = options;
    this.#isListening = isListening;
  }

  /** What cannot be put in has failed. */
  async submit(submitted: Submitted): Promise<void> {
    const { jobId } = submitted;
    if (submitted.isSettled) return;
    try {
      const data = this.#dataOf(submitted);
      await this.#isListening;
      const bytes = Buffer.byteLength(JSON.stringify(data));
      if (bytes > MAX_JOB_BYTES) {
        this.#book.forget(submitted);
        submitted.fail(
          'ERR_JOB_SIZE',
          `it has ${bytes} bytes with its standard input, and ${MAX_JOB_BYTES} can travel`,
        );
        return;
      }
      // An end that nobody fetches is not kept for ever.
      const kept = { age: RESULT_EXPIRY_S };
      const options = { jobId, attempts: 1, removeOnComplete: kept, removeOnFail: kept };
      submitted.added = this.#queue.add('task', data, options);
      await submitted.added;
      submitted.isIn = true;
      submitted.heardAt = performance.now();
      this.#link.taken();
    } catch (error) {
      if (this.#link.isRefusal(error as Error)) {
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
        if (submitted.ending === undefined) return this.submit(submitted);
        this.#book.forget(submitted);
        submitted.fail('ERR_NOT_STARTED', 'ended before it started');
        return;
      }
      this.#book.forget(submitted);
      submitted.fail('ERR_SUBMIT', this.#link.redacted(`cannot be put into the queue: ${(error as Error).message}`));
    }
  }

  #dataOf({ jobId, attempt }: Submitted): JobData {
    const { key, queue, batch } = this.#options;
    const { task } = attempt;
    const timeoutMs = task.timeoutMs ?? this.#options.timeoutMs;
    const plain = jobDataOf(task, { attempt: attempt.attempt, timeoutMs, batch }, this.#options);
    return key === undefined ? plain : { ...plain, signature: signatureOf(key, queue, jobId, plain) };
  }
}
