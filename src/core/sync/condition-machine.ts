import { ProcctlError } from '../../errors.ts';
import type { LockMachine } from './lock-machine.ts';
import { type Answer, type SyncMachine, unknownMethod } from './machine.ts';

interface Waiter {
  readonly peer: number;
  readonly call: number;
  /** How often its process held the lock, and will again. */
  readonly depth: number;
}

/** No call has this number. */
const NEVER = -1;

/** Processes that have let go of a lock until they are notified; each has the lock again before it is answered. */
export class ConditionMachine implements SyncMachine {
  readonly #lock: LockMachine;
  readonly #answer: Answer;
  #waiters: Waiter[] = [];

  constructor(lock: LockMachine, answer: Answer) {
    this.#lock = lock;
    this.#answer = answer;
  }

  call(peer: number, call: number, method: string, params: unknown): void {
    if (method === 'acquire') {
      const settle = (value: boolean): void => this.#answer(peer, call, value);
      this.#lock.acquire({ peer, call, settle, by: this }, params === 'nowait');
      return;
    }
    if (method === 'release') {
      this.#lock.release(peer);
      this.#answer(peer, call, null);
      return;
    }
    if (method !== 'wait' && method !== 'notify') throw unknownMethod(method);
    if (!this.#lock.isHeldBy(peer)) throw new ProcctlError('ERR_STATE', `${method} without holding the lock`);
    if (method === 'wait') {
      this.#waiters.push({ peer, call, depth: this.#lock.releaseAll(peer) });
    } else {
      const count = params === 'all' ? this.#waiters.length : Number(params);
      for (const waiter of this.#waiters.splice(0, count)) this.#wake(waiter, true);
      this.#answer(peer, call, null);
    }
  }

  cancel(peer: number, call: number): void {
    const index = this.#waiters.findIndex((waiter) => waiter.peer === peer && waiter.call === call);
    const [waiter] = index === -1 ? [] : this.#waiters.splice(index, 1);
    if (waiter === undefined) this.#lock.cancel(peer, call, this);
    else this.#wake(waiter, false);
  }

  gone(peer: number): void {
    this.#waiters = this.#waiters.filter((waiter) => waiter.peer !== peer);
    this.#lock.gone(peer);
  }

  #wake({ peer, call, depth }: Waiter, value: boolean): void {
    // Taken back a second time, it waits on: it must have the lock to go on.
    this.#lock.enqueue({ peer, call: NEVER, depth, settle: () => this.#answer(peer, call, value), by: this });
  }
}
