import { mkdirSync } from 'node:fs';
import type { EndMode } from '../../core/pool/events.ts';
import type { Attempt } from './attempt.ts';
import { Lane, type LaneContext } from './lane.ts';

export interface LanesEvents {
  /** No more than `size` lanes can be had. */
  onShrunk(size: number, error: Error): void;
  /** Not a single lane can be had. */
  onFailed(error: Error): void;
}

/** The lanes of a pool: made when they are needed, used again, replaced when they are spent. */
export class Lanes {
  readonly #context: LaneContext;
  readonly #events: LanesEvents;
  readonly #maxRetired: number;
  readonly #idle: Lane[] = [];
  readonly #busy = new Map<number, { readonly lane: Lane; readonly attempt: Attempt }>();
  readonly #retired: Lane[] = [];
  /** Attempts for which there is no lane just now. */
  #pending: Attempt[] = [];
  #made = 0;
  #limit = Number.POSITIVE_INFINITY;
  #isPaused = false;
  /** Sessions of all shells there ever were: what is left behind is looked for in them. */
  readonly sessions = new Set<number>();
  /** Bytes written by processes after their task had ended. */
  droppedBytes = 0;

  /**
   * @param maxRetired lanes whose pipes somebody still holds are read on; past this many, the oldest holder gets a
   *   broken pipe
   */
  constructor(context: LaneContext, maxRetired: number, events: LanesEvents) {
    this.#context = context;
    this.#maxRetired = maxRetired;
    this.#events = events;
  }

  run(attempt: Attempt): void {
    const lane = this.#takeIdle() ?? this.#make();
    if (lane === undefined) {
      this.#pending.push(attempt);
      return;
    }
    const { seq } = attempt.task;
    this.#busy.set(seq, { lane, attempt });
    lane.run(attempt, () => {
      this.#busy.delete(seq);
      if (lane.isSpent) this.#retire(lane);
      else this.#idle.push(lane);
      this.#runPending();
    });
  }

  /** A lane has become free (or may be made): whoever waits for one goes first. */
  #runPending(): void {
    const next = this.#pending.shift();
    if (next !== undefined) this.run(next);
  }

  end(seq: number, mode: EndMode): void {
    const busy = this.#busy.get(seq);
    if (busy !== undefined) {
      busy.lane.end(mode);
      return;
    }
    const pending = this.#pending.find(({ task }) => task.seq === seq);
    if (pending === undefined) return;
    this.#pending = this.#pending.filter((attempt) => attempt !== pending);
    queueMicrotask(() =>
      pending.onEnded({ kind: 'error', code: 'ERR_NOT_STARTED', message: 'ended before it started' }),
    );
  }

  /** pid of what a task is running at this moment. */
  pidOf(seq: number): number | undefined {
    return this.#busy.get(seq)?.lane.attemptPid;
  }

  setPaused(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    for (const { lane } of this.#busy.values()) lane.setPaused(isPaused);
    for (const lane of this.#idle) lane.setPaused(isPaused);
  }

  /** Lets all shells go; no attempt may be running. Pipes that are still held are read on. */
  async rest(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((lane) => lane.close()));
    await Promise.all(this.#retired.map((lane) => lane.hasGone));
  }

  /** Gives everything back. */
  async close(): Promise<void> {
    await this.rest();
    await Promise.all(this.#retired.splice(0).map((lane) => lane.close()));
  }

  #takeIdle(): Lane | undefined {
    for (let lane = this.#idle.pop(); lane !== undefined; lane = this.#idle.pop()) {
      if (lane.isFit) return lane;
      // Its shell has died while nothing ran, or somebody has cleared TMPDIR.
      this.#retire(lane);
    }
    return undefined;
  }

  #make(): Lane | undefined {
    if (this.#idle.length + this.#busy.size >= this.#limit) return undefined;
    this.#made += 1;
    try {
      // As a rule it is there; a task may have cleared TMPDIR.
      mkdirSync(this.#context.runDirectory, { recursive: true, mode: 0o700 });
    } catch {
      // The shell of the lane will say why.
    }
    const lane: Lane = new Lane(this.#context, this.#made, (error) => this.#unavailable(lane, error));
    if (lane.shellPid !== undefined) this.sessions.add(lane.shellPid);
    lane.setPaused(this.#isPaused);
    return lane;
  }

  #retire(lane: Lane): void {
    this.#retired.push(lane);
    lane.retire((bytes) => {
      this.droppedBytes += bytes;
    });
    if (this.#retired.length > this.#maxRetired) void this.#retired.shift()?.close();
  }

  #unavailable(lane: Lane, error: Error): void {
    lane.takeBack();
    for (const [seq, busy] of this.#busy) {
      if (busy.lane !== lane) continue;
      this.#busy.delete(seq);
      this.#pending.unshift(busy.attempt);
    }
    // Spent, and of no use to anybody: its descriptors are needed.
    void lane.close();
    const usable = this.#busy.size + this.#idle.length;
    this.#limit = Math.max(1, usable);
    if (usable === 0) this.#events.onFailed(error);
    else this.#events.onShrunk(usable, error);
  }
}
