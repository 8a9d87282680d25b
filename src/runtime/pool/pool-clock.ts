import { type LongTimer, startLongTimer } from '../long-timer.ts';

const BEAT_MS = 500;
/** A beat that comes so late shows that the whole process was stopped. */
const GAP_MS = 2_000;

/** A timer that has not fired yet; `dueAt` on the clock's own scale. */
interface Pending {
  readonly dueAt: number;
  readonly action: () => void;
  timer: LongTimer | undefined;
}

/**
 * The time in which a pool is at work, ms. It stands still while the process is stopped (by Ctrl-Z, or by a SIGSTOP from
 * outside), and so do the timers that are set by it: nobody could have acted then.
 */
export class PoolClock {
  readonly #pending = new Set<Pending>();
  /** What is taken off the monotonic clock: its reading at the start, and all that does not count since. */
  #offset = performance.now();
  /** On the monotonic clock. */
  #lastBeat = this.#offset;
  readonly #beat = setInterval(() => this.#noticeGap(), BEAT_MS).unref();

  /** Since the clock was made. */
  get now(): number {
    return performance.now() - this.#offset;
  }

  /** Calls `action` once, when `delayMs` of the clock's time have passed. */
  startTimer(delayMs: number, action: () => void): LongTimer {
    const pending: Pending = { dueAt: this.now + delayMs, action, timer: undefined };
    this.#pending.add(pending);
    this.#arm(pending);
    return {
      cancel: () => {
        pending.timer?.cancel();
        this.#pending.delete(pending);
      },
    };
  }

  /** Does something that takes no time by this clock. */
  standStill(act: () => void): void {
    const before = performance.now();
    try {
      act();
    } finally {
      const now = performance.now();
      this.#offset += now - before;
      this.#lastBeat = now;
      for (const pending of this.#pending) this.#arm(pending);
    }
  }

  /** No timer fires any more. */
  stop(): void {
    clearInterval(this.#beat);
    for (const { timer } of this.#pending) timer?.cancel();
    this.#pending.clear();
  }

  #noticeGap(): void {
    const now = performance.now();
    const late = now - this.#lastBeat - BEAT_MS;
    this.#lastBeat = now;
    if (late > GAP_MS) this.#offset += late;
  }

  #arm(pending: Pending): void {
    pending.timer?.cancel();
    pending.timer = startLongTimer(Math.max(0, pending.dueAt - this.now), () => {
      this.#noticeGap();
      if (pending.dueAt - this.now > 1) {
        this.#arm(pending);
        return;
      }
      this.#pending.delete(pending);
      pending.action();
    });
  }
}
