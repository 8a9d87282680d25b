import type { Queue } from 'bullmq';
import type { EndMode } from '../../core/pool/events.ts';
import { keysOf, type QueueKeys } from '../../protocol/remote/keys.ts';
import type { ProcInfo } from '../family/proc.ts';
import type { Attempt } from '../lane/attempt.ts';
import type { Place, Rest, Seat } from '../pool/place.ts';
import { uniqueText } from '../unique-text.ts';
import { AttemptBook } from './attempt-book.ts';
import { BatchBeat } from './batch-beat.ts';
import { EndFollower, type FollowerEvents } from './end-follower.ts';
import type { Link } from './link.ts';
import type { RemotePackages } from './packages.ts';
import { Pursuit } from './pursuit.ts';
import { SpillDirectory } from './spill-directory.ts';
import { Submission, type SubmissionOptions } from './submission.ts';
import { Submitted } from './submitted.ts';
import { within } from './within.ts';

const LOOK_MS = 1_000;
/** An attempt that was not heard of for so long is asked after: its events may have been lost. */
const SILENCE_MS = 5_000;

export interface RemotePlaceOptions extends Omit<SubmissionOptions, 'batch'> {
  /** How long Redis may be away, ms; 0: for ever. */
  readonly connectTimeoutMs: number;
  readonly env: NodeJS.ProcessEnv;
}

export type RemotePlaceEvents = FollowerEvents;

/** Where workers on other machines run the attempts of a pool: each attempt is a job of BullMQ. */
export class RemotePlace implements Place {
  readonly #link: Link;
  readonly #keys: QueueKeys;
  readonly #batch = uniqueText();
  readonly #isSealed: boolean;
  readonly #queue: Queue;
  readonly #beat: BatchBeat;
  readonly #book: AttemptBook;
  readonly #follower: EndFollower;
  readonly #submission: Submission;
  readonly #pursuit: Pursuit;
  readonly #timer: NodeJS.Timeout;
  readonly #directory: SpillDirectory;

  constructor(packages: RemotePackages, link: Link, options: RemotePlaceOptions, events: RemotePlaceEvents) {
    const batch = this.#batch;
    const keys = keysOf(options.queue);
    this.#link = link;
    this.#isSealed = options.key !== undefined;
    this.#directory = new SpillDirectory(options.env, options.ending);
    this.#keys = keys;
    const queue = new packages.bullmq.Queue(options.queue, { connection: link.redis, skipVersionCheck: true });
    this.#queue = queue;
    queue.on('error', () => {}); // the link tells
    this.#beat = new BatchBeat(link, keys, batch, options.connectTimeoutMs);
    this.#beat.beat();
    const book = new AttemptBook(link, queue, keys);
    this.#book = book;
    const follower = new EndFollower({ link, book, keys, batch, queue: options.queue, key: options.key }, events);
    this.#follower = follower;
    this.#submission = new Submission({ link, queue, book }, { ...options, batch }, follower.isListening);
    this.#pursuit = new Pursuit({ link, queue, keys, book, follower });
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  get directory(): string {
    return this.#directory.path;
  }

  run(attempt: Attempt): void {
    const submitted = new Submitted(`${this.#batch}-${attempt.task.seq}-${attempt.attempt}`, attempt, this.#isSealed);
    this.#book.add(submitted);
    void this.#submission.submit(submitted);
  }

  end(seq: number, mode: EndMode): void {
    const submitted = this.#book.ofTask(seq);
    if (submitted !== undefined) this.#pursuit.begin(submitted, mode);
  }

  seatOf(seq: number): Seat | undefined {
    const submitted = this.#book.ofTask(seq);
    if (submitted === undefined) return undefined;
    const { seat } = submitted;
    return { pid: seat?.taskPid ?? undefined, host: seat?.host ?? '?', isQueued: seat === undefined };
  }

  setPaused(isPaused: boolean): void {
    this.#follower.setPaused(isPaused);
  }

  /** Whether it keeps the process from ending; at first it does. */
  setRef(isRef: boolean): void {
    this.#link.setRef(isRef);
    if (isRef) this.#timer.ref();
    else this.#timer.unref();
  }

  /** On this machine there are none. */
  families(): ReadonlyMap<number, readonly ProcInfo[]> {
    return new Map();
  }

  /** What runs elsewhere goes on. */
  standStill(stop: () => void): void {
    stop();
  }

  async rest(): Promise<Rest> {
    const { open } = this.#book;
    while (open.size > 0 && this.#link.isUp) await within(LOOK_MS, Promise.all(open));
    return { leftovers: [], survivors: [], droppedBytes: 0 };
  }

  /** Workers see that nobody waits any more once the batch is gone, or has not been renewed. */
  async killAll(): Promise<void> {
    if (this.#link.isUp) await within(LOOK_MS, this.#beat.end());
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#follower.stop();
    for (const submitted of this.#book.all) submitted.fail('ERR_REDIS', 'the pool has ended before it did');
    if (this.#link.isUp) {
      await within(LOOK_MS, Promise.all([this.#beat.end(), this.#link.redis.del(this.#keys.wake(this.#batch))]));
    }
    await within(LOOK_MS, this.#queue.close());
    await this.#link.close();
  }

  remove(): void {
    this.#directory.remove();
  }

  /** Goes on with ends that were asked for, and asks after who was not heard of. */
  #look(): void {
    const pursuit = this.#pursuit;
    if (!this.#link.isUp) {
      for (const submitted of this.#book.all) pursuit.giveUpKilled(submitted);
      return;
    }
    this.#beat.beat();
    const now = performance.now();
    for (const submitted of [...this.#book.all]) {
      if (pursuit.giveUpKilled(submitted)) continue;
      if (submitted.ending !== undefined) void pursuit.goOn(submitted);
      if (submitted.isIn && now - submitted.heardAt > SILENCE_MS) {
        submitted.heardAt = now;
        void this.#follower.ask(submitted);
      }
    }
  }
}
