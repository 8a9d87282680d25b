import { QueueClosedError, QueueFullError, RemoteError } from '../../../errors.ts';
import { itemId, PUT_REFUSED } from '../../../protocol/remote/put-script.ts';
import type { WaitLimits } from '../../broker/limits.ts';
import { uniqueText } from '../../unique-text.ts';
import { Pending } from './pending.ts';
import type { QueueLink } from './queue-link.ts';
import type { Wakes } from './wakes.ts';

/** Items that are on their way at a time. */
const BATCH = 64;

interface Put {
  readonly data: unknown;
  readonly isNowait: boolean;
  readonly pending: Pending<void>;
}

/** Puts the items of one process, in their order. */
export class Putter {
  readonly #link: QueueLink;
  readonly #room: Wakes;
  readonly #onChange: () => void;
  #puts: Put[] = [];
  #producer = uniqueText();
  #last = 0;
  #isRunning = false;
  /** All that can be put at the moment has been. */
  #isStuck = false;
  #idle: (() => void)[] = [];

  /** @param room wakes when there may be room @param onChange when there is something to wait for, or not any more */
  constructor(link: QueueLink, room: Wakes, onChange: () => void) {
    this.#link = link;
    this.#room = room;
    this.#onChange = onChange;
  }

  get isBusy(): boolean {
    return this.#puts.length > 0;
  }

  put(data: unknown, limits: WaitLimits, isNowait: boolean): Promise<void> {
    const full = (): unknown => new QueueFullError();
    const pending = new Pending<void>(isNowait ? {} : limits, full, () => this.#drop());
    if (!pending.isOver) this.#puts.push({ data, isNowait, pending });
    // Others may be waiting for room.
    if (isNowait) this.#room.wake();
    void this.#run();
    return pending.promise;
  }

  /** Resolves when all that has been put is in the queue, or waits for room. */
  async settled(): Promise<void> {
    if (!this.#isRunning || this.#isStuck) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  fail(error: unknown): void {
    for (const { pending } of this.#puts.splice(0)) pending.reject(error);
    this.#room.wake();
    this.#tellIdle();
    this.#onChange();
  }

  #drop(): void {
    this.#puts = this.#puts.filter(({ pending }) => !pending.isOver);
    this.#room.wake();
    this.#onChange();
  }

  #tellIdle(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#onChange();
    // If that fails, all are rejected.
    await this.#link.ready.catch(() => {});
    await this.#link.mayPut().catch((error) => this.fail(error));
    while (this.#puts.length > 0) {
      const seen = this.#room.count;
      const refusal = await this.#send(this.#puts.slice(0, BATCH));
      if (refusal?.includes(PUT_REFUSED.full) !== true || this.#puts.length === 0) continue;
      this.#isStuck = true;
      this.#tellIdle();
      await this.#room.after(seen);
      this.#isStuck = false;
    }
    this.#isRunning = false;
    this.#tellIdle();
    this.#onChange();
  }

  /** @returns why not all are in the queue, as the server says it */
  async #send(batch: readonly Put[]): Promise<string | undefined> {
    for (const { pending } of batch) pending.hold();
    const results = await Promise.allSettled(
      batch.map(({ data }, index) => this.#add(data, itemId(this.#producer, this.#last + 1 + index))),
    );
    const refusals = results.map((result) =>
      result.status === 'rejected' ? String((result.reason as Error)?.message) : undefined,
    );
    // Behind one that was refused, only one that the server has counted can have been taken; but see #fails.
    const refusal = refusals.find((each) => each !== undefined);
    for (const [index, { pending }] of batch.entries()) if (refusals[index] === undefined) pending.resolve();
    const hasFailed = this.#fails(batch, refusals);
    if (refusal === undefined) this.#last += batch.length;
    else if (!hasFailed) {
      this.#last += refusals.indexOf(refusal);
      this.#refuse(refusal);
    }
    for (const { pending } of batch) pending.release();
    this.#puts = this.#puts.filter(({ pending }) => !pending.isOver);
    return hasFailed ? undefined : refusal;
  }

  /**
   * What failed by itself may have been counted all the same: a script is not undone. So numbers begin anew, or the next item would
   * be taken for one that was put before.
   *
   * @returns whether there is such a one
   */
  #fails(batch: readonly Put[], refusals: readonly (string | undefined)[]): boolean {
    const isOwn = (refusal: string): boolean => Object.values(PUT_REFUSED).some((code) => refusal.includes(code));
    let isFailing = false;
    for (const [index, { pending }] of batch.entries()) {
      const refusal = refusals[index];
      if (refusal === undefined || isOwn(refusal)) continue;
      isFailing = true;
      pending.reject(new RemoteError('ERR_REMOTE', this.#link.redacted(`cannot be put: ${refusal}`)));
    }
    if (isFailing) this.#beginAnew();
    return isFailing;
  }

  #beginAnew(): void {
    this.#producer = uniqueText();
    this.#last = 0;
  }

  #refuse(refusal: string): void {
    if (refusal.includes(PUT_REFUSED.full)) {
      for (const { pending, isNowait } of this.#puts) if (isNowait) pending.reject(new QueueFullError());
    } else if (refusal.includes(PUT_REFUSED.closed)) {
      for (const { pending } of this.#puts) pending.reject(new QueueClosedError());
    } else {
      // The server has forgotten how far this producer has come: it begins anew, as another one.
      this.#beginAnew();
    }
  }

  async #add(data: unknown, jobId: string): Promise<void> {
    await this.#link.queue.add('item', data, { jobId, removeOnComplete: true, removeOnFail: true });
  }
}
