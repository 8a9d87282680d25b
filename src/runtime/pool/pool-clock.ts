import { type LongTimer, startLongTimer } from '../long-timer.ts';

/** A timer that has not fired yet; `dueAt` on the clock's own scale. */
interface Pending {
  readonly dueAt: number;
  readonly action: () => void;
  timer: LongTimer | undefined;
}

/**
 * The time in which a pool is at work, ms: it stands still while the pool is paused, and so do the timers that are set
 * by it.
 */
export class PoolClock {
  readonly #pending = new Set<Pending>();
  /** What is taken off the monotonic clock: its reading at the start, and all pauses since. */
  #offset = performance.now();
  /** Reading of this clock since which it stands still. */
  #pausedAt: number | undefined;

  /** Since the clock was made. */
  get now(): number {
    return this.#pausedAt ?? performance.now() - this.#offset;
  }

  /** Calls `action` once, when `delayMs` of the clock's time have passed. */
  startTimer(delayMs: number, action: () => void): LongTimer {
    const pending: Pending = { dueAt: this.now + delayMs, action, timer: undefined };
    this.#pending.add(pending);
    if (this.#pausedAt === undefined) this.#arm(pending);
    return {
      cancel: () => {
        pending.timer?.cancel();
        this.#pending.delete(pending);
      },
    };
  }

  pause(): void {
    if (this.#pausedAt !== undefined) return;
    this.#pausedAt = this.now;
    for (const { timer } of this.#pending) timer?.cancel();
  }

  resume(): void {
    if (this.#pausedAt === undefined) return;
    this.#offset = performance.now() - this.#pausedAt;
    this.#pausedAt = undefined;
    for (const pending of this.#pending) this.#arm(pending);
  }

  /** No timer fires any more. */
  stop(): void {
    for (const { timer } of this.#pending) timer?.cancel();
    this.#pending.clear();
  }

  #arm(pending: Pending): void {
    pending.timer = startLongTimer(Math.max(0, pending.dueAt - this.now), () => {
      this.#pending.delete(pending);
      pending.action();
    });
  }
}
