import type { EndMode, PoolEffect } from './events.ts';
import type { Ready, Running } from './moves.ts';
import type { EndCause } from './outcome.ts';
import { Slots } from './slots.ts';

/** The attempts at work, each in a slot, in the order of their starts. */
export class AtWork {
  readonly #running = new Map<number, Running>();
  readonly #slots = new Slots();

  get size(): number {
    return this.#running.size;
  }

  start({ task, lastTry }: Ready): Extract<PoolEffect, { tag: 'start' }> {
    const attempt = (lastTry?.attempt ?? 0) + 1;
    const slot = this.#slots.take();
    this.#running.set(task.seq, { tag: 'running', task, attempt, slot, ending: null, lastTry });
    return { tag: 'start', task, slot, attempt };
  }

  /** @returns undefined when that attempt has gone by */
  get(seq: number, attempt: number): Running | undefined {
    const running = this.#running.get(seq);
    return running?.attempt === attempt ? running : undefined;
  }

  /** It has ended: its slot is free again. */
  remove({ task, slot }: Running): void {
    this.#running.delete(task.seq);
    this.#slots.give(slot);
  }

  all(): Iterable<Running> {
    return this.#running.values();
  }

  /** The one that began last, if it is not the only one and none has been asked to end; undefined otherwise. */
  displaceable(): Running | undefined {
    const all = [...this.#running.values()];
    return all.length > 1 && all.every(({ ending }) => ending === null) ? all.at(-1) : undefined;
  }

  /**
   * Asks for the end once, and once more if harder; the first cause is the one that counts.
   *
   * @returns undefined when that has been asked for
   */
  end(
    { task, attempt, slot, ending, ...rest }: Running,
    cause: EndCause,
    mode: EndMode,
  ): Extract<PoolEffect, { tag: 'end' }> | undefined {
    if (ending !== null && (ending.mode === 'now' || mode === 'graceful')) return undefined;
    this.#running.set(task.seq, { ...rest, task, attempt, slot, ending: { cause: ending?.cause ?? cause, mode } });
    return { tag: 'end', seq: task.seq, attempt, slot, mode };
  }
}
