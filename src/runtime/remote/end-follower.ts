import { readProgress } from '../../protocol/remote/end-record.ts';
import type { QueueKeys } from '../../protocol/remote/keys.ts';
import type { AttemptBook } from './attempt-book.ts';
import { EventsReader, type FieldOf } from './events-reader.ts';
import type { Link } from './link.ts';
import { OutputReader } from './output-reader.ts';
import { readSignedEnd, type Signer } from './signature.ts';
import type { Piece, Submitted } from './submitted.ts';

/** Tasks that end within it are settled together. */
const PAUSE_MS = 4;

/** The events that tell of anything; each job has three or four of others. */
const TELLING: ReadonlySet<string> = new Set(['progress', 'completed', 'failed', 'stalled']);

export interface FollowerEvents {
  say(line: string): void;
  /** What a view shows has changed. */
  onChange(): void;
}

/** Follows attempts to their ends: by the events of the queue, by asking where those may be lost, and by what tasks write. */
export class EndFollower {
  readonly #link: Link;
  readonly #book: AttemptBook;
  readonly #keys: QueueKeys;
  readonly #events: FollowerEvents;
  readonly #reader: OutputReader;
  readonly #signer: Signer | undefined;
  readonly #isListening: Promise<void>;
  #queueEvents: EventsReader | undefined;
  #isClosed = false;

  constructor(
    {
      link,
      book,
      keys,
      queue,
      batch,
      key,
    }: {
      readonly link: Link;
      readonly book: AttemptBook;
      readonly keys: QueueKeys;
      readonly queue: string;
      readonly batch: string;
      /** Ends have to be signed with it; undefined: they need not. */
      readonly key: string | undefined;
    },
    events: FollowerEvents,
  ) {
    this.#link = link;
    this.#book = book;
    this.#keys = keys;
    this.#events = events;
    this.#signer = key === undefined ? undefined : { key, queue };
    this.#isListening = this.#listen().catch(() => {});
    this.#reader = new OutputReader(link.copy(), link.redis, keys.wake(batch), {
      sources: () => book.sources(),
      onEntry: (key, id, piece) => this.#read(key, id, piece),
      onRead: (key) => this.#settleRead(key),
    });
  }

  /** From now on nothing that ends can be missed; settles in any case. */
  get isListening(): Promise<unknown> {
    return this.#isListening;
  }

  setPaused(isPaused: boolean): void {
    this.#reader.setPaused(isPaused);
  }

  /** Reads nothing more. */
  stop(): void {
    this.#isClosed = true;
    this.#reader.stop();
    this.#queueEvents?.stop();
  }

  /** What became of an attempt whose events may have been lost. */
  async ask(submitted: Submitted): Promise<void> {
    const { jobId } = submitted;
    const key = this.#keys.job(jobId);
    try {
      if (submitted.hasEnd) {
        // Its end is known, but not all it wrote is there to be read.
        if ((await this.#link.redis.xlen(this.#keys.output(jobId, submitted.execution))) === 0)
          this.#settle(submitted, false);
        return;
      }
      const [at, finishedAt, returned, reason, progress] = await this.#link.redis.hmget(
        key,
        'timestamp',
        'finishedOn',
        'returnvalue',
        'failedReason',
        'progress',
      );
      if (submitted.isSettled || submitted.hasEnd) return;
      if (at === null) {
        this.#book.forget(submitted);
        submitted.fail(
          'ERR_JOB_LOST',
          'it is not in the queue any more: somebody has removed it, or Redis has lost it',
        );
      } else if (typeof finishedAt === 'string') {
        if (typeof returned === 'string') this.#completed(submitted, JSON.parse(returned));
        else this.#failed(submitted, reason ?? 'failed');
      } else if (typeof progress === 'string') this.#progress(submitted, JSON.parse(progress));
    } catch {
      // Cut off, or not JSON: it is asked again.
    }
  }

  async #listen(): Promise<void> {
    const [last] = await this.#link.redis.xrevrange(this.#keys.events, '+', '-', 'COUNT', 1);
    if (this.#isClosed) return;
    const source = { key: this.#keys.events, lastId: last?.[0] ?? '0', pauseMs: PAUSE_MS };
    this.#queueEvents = new EventsReader(this.#link.copy(), source, (event, field) => {
      if (!TELLING.has(event)) return;
      const submitted = this.#book.ofJob(field('jobId') ?? '');
      if (submitted !== undefined) this.#onEvent(event, submitted, field);
    });
  }

  #onEvent(event: string, submitted: Submitted, field: FieldOf): void {
    switch (event) {
      case 'progress':
        this.#told(field('data'), (value) => this.#progress(submitted, value));
        break;
      case 'completed':
        this.#told(field('returnvalue'), (value) => this.#completed(submitted, value));
        break;
      case 'failed':
        this.#failed(submitted, field('failedReason') ?? '');
        break;
      case 'stalled':
        this.#stalled(submitted);
        break;
      default:
    }
  }

  /** @param text JSON; what is none is of no interest */
  #told(text: string | undefined, take: (value: unknown) => void): void {
    let value: unknown;
    try {
      value = JSON.parse(text ?? '');
    } catch {
      return;
    }
    take(value);
  }

  #progress(submitted: Submitted, data: unknown): void {
    const progress = readProgress(data);
    if (progress === undefined) return;
    submitted.heardAt = performance.now();
    const before = submitted.execution;
    submitted.progress(progress);
    this.#book.follow(submitted, before);
    if (progress.streams) this.#reader.wake();
    this.#events.onChange();
  }

  #completed(submitted: Submitted, returned: unknown): void {
    if (submitted.hasEnd) return;
    submitted.heardAt = performance.now();
    const before = submitted.execution;
    const isWhole = submitted.ended(readSignedEnd(this.#signer, submitted.jobId, returned));
    this.#book.follow(submitted, before);
    if (isWhole) this.#settle(submitted);
    else this.#reader.wake();
  }

  #failed(submitted: Submitted, reason: string): void {
    if (submitted.hasEnd) return;
    this.#book.forget(submitted, 'failed');
    const [, code = 'ERR_WORKER', message = reason] = /^(ERR_[A-Z_]+): (.*)$/s.exec(reason) ?? [];
    const isLost = /stalled more than/.test(reason);
    submitted.fail(
      isLost ? 'ERR_WORKER_LOST' : code,
      isLost ? `its workers were lost, again and again: ${reason}` : message,
    );
  }

  #stalled(submitted: Submitted): void {
    const { seat } = submitted;
    submitted.stalled();
    const { name, id } = submitted.attempt.task;
    const host = seat === undefined ? '' : ` on ${seat.host}`;
    this.#events.say(`task ${id} (${name}): its worker${host} is lost; it runs again on another one`);
    this.#events.onChange();
  }

  #settle(submitted: Submitted, isWhole?: boolean): void {
    this.#book.forget(submitted, 'completed');
    submitted.settle(isWhole);
  }

  #read(key: string, id: string, piece: Piece | undefined): void {
    const submitted = this.#book.ofOutput(key);
    if (submitted === undefined) return;
    submitted.lastId = id;
    if (piece === undefined) return;
    submitted.heardAt = performance.now();
    submitted.read(piece);
  }

  #settleRead(key: string): void {
    const submitted = this.#book.ofOutput(key);
    if (submitted === undefined) return;
    if (submitted.isWhole) {
      this.#settle(submitted);
      return;
    }
    // What has been read makes room for more.
    const [ms, number] = submitted.lastId.split('-');
    this.#link.redis.xtrim(key, 'MINID', `${ms}-${Number(number) + 1}`).catch(() => {});
  }
}
