import { type Answer, type SyncMachine, unknownMethod } from './machine.ts';

interface Waiter {
  readonly peer: number;
  readonly call: number;
}

/** The answer to those who wait at a barrier that breaks. */
export const BROKEN = 'broken';

/** Processes that go on when all have come; if one cannot come, none waits in vain. */
export class BarrierMachine implements SyncMachine {
  readonly #parties: number;
  readonly #answer: Answer;
  #isBroken = false;
  #waiters: Waiter[] = [];

  constructor(parties: number, answer: Answer) {
    this.#parties = parties;
    this.#answer = answer;
  }

  call(peer: number, call: number, method: string, _params: unknown): void {
    if (method === 'wait') {
      this.#wait({ peer, call });
      return;
    }
    if (method === 'abort') this.#break();
    else if (method === 'reset') {
      this.#break();
      this.#isBroken = false;
    } else if (method !== 'state') throw unknownMethod(method);
    this.#answer(peer, call, { isBroken: this.#isBroken, waiting: this.#waiters.length });
  }

  cancel(peer: number, call: number): void {
    if (!this.#waiters.some((waiter) => waiter.peer === peer && waiter.call === call)) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.peer !== peer || waiter.call !== call);
    this.#answer(peer, call, false);
    this.#break();
  }

  gone(peer: number): void {
    const count = this.#waiters.length;
    this.#waiters = this.#waiters.filter((waiter) => waiter.peer !== peer);
    if (this.#waiters.length < count) this.#break();
  }

  #wait(waiter: Waiter): void {
    if (this.#isBroken) {
      this.#answer(waiter.peer, waiter.call, BROKEN);
      return;
    }
    this.#waiters.push(waiter);
    if (this.#waiters.length < this.#parties) return;
    this.#waiters.splice(0).forEach(({ peer, call }, index) => {
      this.#answer(peer, call, index);
    });
  }

  #break(): void {
    this.#isBroken = true;
    for (const { peer, call } of this.#waiters.splice(0)) this.#answer(peer, call, BROKEN);
  }
}
