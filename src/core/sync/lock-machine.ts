import { ProcctlError } from '../../errors.ts';
import { type Answer, type SyncMachine, unknownMethod } from './machine.ts';

export interface LockRules {
  /** How many may hold it at first. */
  readonly value: number;
  /** Whether a release beyond that is an error. */
  readonly isBounded: boolean;
  /** Whether its holder may take it again and again, and nobody else may release it. */
  readonly isReentrant: boolean;
}

export const LOCK_RULES: LockRules = { value: 1, isBounded: true, isReentrant: false };
export const RLOCK_RULES: LockRules = { value: 1, isBounded: true, isReentrant: true };

interface Waiter {
  readonly peer: number;
  readonly call: number;
  /** How often it will hold a lock that may be held several times. */
  readonly depth: number;
  /** Says whether it has got the lock. */
  readonly settle: (isHeld: boolean) => void;
  /** Who it waits for, when it is a condition that shares the lock: calls of two objects may have the same number. */
  readonly by: SyncMachine;
}

/** Lock, RLock, Semaphore and BoundedSemaphore. Who waits is served in turn; what the dead held is released. */
export class LockMachine implements SyncMachine {
  readonly #rules: LockRules;
  readonly #answer: Answer;
  #free: number;
  #waiters: Waiter[] = [];
  /** By process, how often it holds it. */
  readonly #holders = new Map<number, number>();

  constructor(rules: LockRules, answer: Answer) {
    this.#rules = rules;
    this.#answer = answer;
    this.#free = rules.value;
  }

  call(peer: number, call: number, method: string, params: unknown): void {
    if (method === 'acquire') {
      this.acquire({ peer, call, settle: (value) => this.#answer(peer, call, value), by: this }, params === 'nowait');
    } else if (method === 'release') {
      this.release(peer);
      this.#answer(peer, call, null);
    } else if (method === 'value') this.#answer(peer, call, this.#free);
    else throw unknownMethod(method);
  }

  cancel(peer: number, call: number, by: SyncMachine = this): void {
    const index = this.#waiters.findIndex((waiter) => waiter.peer === peer && waiter.call === call && waiter.by === by);
    const [waiter] = index === -1 ? [] : this.#waiters.splice(index, 1);
    waiter?.settle(false);
  }

  gone(peer: number): void {
    this.#waiters = this.#waiters.filter((waiter) => waiter.peer !== peer);
    const held = this.#holders.get(peer) ?? 0;
    this.#holders.delete(peer);
    if (held === 0) return;
    // Who uses a semaphore to count what has come has taken these for good: never more than there were at first.
    const freed = this.#rules.isReentrant ? 1 : held;
    this.#free = Math.max(this.#free, Math.min(this.#rules.value, this.#free + freed));
    this.#serve();
  }

  acquire(waiter: Omit<Waiter, 'depth'>, isNowait: boolean): void {
    if (isNowait && !this.#isOpenFor(waiter.peer)) waiter.settle(false);
    else this.enqueue({ ...waiter, depth: 1 });
  }

  enqueue(waiter: Waiter): void {
    this.#waiters.push(waiter);
    this.#serve();
  }

  /** @throws ProcctlError ERR_STATE */
  release(peer: number): void {
    const held = this.#holders.get(peer) ?? 0;
    const { isReentrant, isBounded, value } = this.#rules;
    if (isReentrant && held === 0) {
      throw new ProcctlError('ERR_STATE', 'the lock is released by a process that does not hold it');
    }
    if (isReentrant && held > 1) {
      this.#holders.set(peer, held - 1);
      return;
    }
    if (isBounded && this.#free >= value) {
      throw new ProcctlError('ERR_STATE', value === 1 ? 'the lock is not held' : 'released more often than acquired');
    }
    this.#forgetHold(held > 0 ? peer : this.#holders.keys().next().value);
    this.#free += 1;
    this.#serve();
  }

  isHeldBy(peer: number): boolean {
    return this.#holders.has(peer);
  }

  /** @returns how often this process held it; now it does not */
  releaseAll(peer: number): number {
    const held = this.#holders.get(peer) ?? 0;
    this.#holders.delete(peer);
    this.#free += held > 0 ? 1 : 0;
    this.#serve();
    return held;
  }

  #isOpenFor(peer: number): boolean {
    if (this.#rules.isReentrant && this.#holders.has(peer)) return true;
    return this.#free > 0 && this.#waiters.length === 0;
  }

  #forgetHold(peer: number | undefined): void {
    if (peer === undefined) return;
    const held = (this.#holders.get(peer) ?? 0) - 1;
    if (held > 0) this.#holders.set(peer, held);
    else this.#holders.delete(peer);
  }

  #serve(): void {
    for (let index = 0; index < this.#waiters.length; ) {
      const waiter = this.#waiters[index] as Waiter;
      const isAgain = this.#rules.isReentrant && this.#holders.has(waiter.peer);
      if (!isAgain && this.#free === 0) {
        index += 1;
        continue;
      }
      this.#waiters.splice(index, 1);
      if (!isAgain) this.#free -= 1;
      this.#holders.set(waiter.peer, (this.#holders.get(waiter.peer) ?? 0) + waiter.depth);
      waiter.settle(true);
    }
  }
}
