import { MedianLimit, type TimeLimit } from '../../core/pool/time-limit.ts';
import type { LongTimer } from '../long-timer.ts';
import type { PoolClock } from './pool-clock.ts';

/** One attempt at work, as the limits know it. */
export interface LimitedAttempt {
  readonly seq: number;
  readonly attempt: number;
}

interface Limited extends LimitedAttempt {
  readonly begunAt: number;
}

/**
 * The time limits of the attempts at work. A task with a limit of its own has a timer of its own. All others share the limit of
 * the pool, so they run into it in the order of their starts, and one timer is enough: for the oldest.
 */
export class AttemptLimits {
  readonly #clock: PoolClock;
  readonly #onElapsed: (attempt: LimitedAttempt, limitMs: number) => void;
  readonly #own = new Map<number, LongTimer>();
  /** By seq, oldest first. */
  readonly #shared = new Map<number, Limited>();
  readonly #median: MedianLimit | undefined;
  /** Null: none (yet). */
  #limitMs: number | null;
  #timer: LongTimer | undefined;
  /** For whom `#timer` is set. */
  #next: Limited | undefined;

  /**
   * @param onElapsed called once for an attempt, with the limit it ran into
   */
  constructor(clock: PoolClock, limit: TimeLimit, onElapsed: (attempt: LimitedAttempt, limitMs: number) => void) {
    this.#clock = clock;
    this.#limitMs = limit.kind === 'fixed' && limit.ms > 0 ? limit.ms : null;
    this.#median = limit.kind === 'median' ? new MedianLimit(limit.percent) : undefined;
    this.#onElapsed = onElapsed;
  }

  /** @param ownMs limit of the task itself; undefined: that of the pool, 0: none */
  started({ seq, attempt }: LimitedAttempt, ownMs: number | undefined): void {
    if (ownMs === 0) return;
    if (ownMs !== undefined) {
      const elapsed = (): void => this.#onElapsed({ seq, attempt }, ownMs);
      this.#own.set(seq, this.#clock.startTimer(ownMs, elapsed));
      return;
    }
    this.#shared.set(seq, { seq, attempt, begunAt: this.#clock.now });
    this.#setTimer();
  }

  ended(seq: number): void {
    this.#own.get(seq)?.cancel();
    this.#own.delete(seq);
    if (this.#shared.delete(seq)) this.#setTimer();
  }

  /** A limit that depends on what tasks take is another from now on, for attempts at work too. */
  succeeded(durationMs: number): void {
    const limitMs = this.#median?.succeeded(durationMs);
    if (limitMs === undefined || limitMs === this.#limitMs) return;
    this.#limitMs = limitMs;
    this.#next = undefined;
    this.#setTimer();
  }

  #setTimer(): void {
    const [oldest] = this.#shared.values();
    if (oldest === this.#next) return;
    this.#timer?.cancel();
    this.#next = undefined;
    if (oldest === undefined || this.#limitMs === null) return;
    this.#next = oldest;
    const limitMs = this.#limitMs;
    this.#timer = this.#clock.startTimer(Math.max(0, oldest.begunAt + limitMs - this.#clock.now), () => {
      this.#shared.delete(oldest.seq);
      this.#onElapsed(oldest, limitMs);
      this.#setTimer();
    });
  }
}
