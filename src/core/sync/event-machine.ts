import { type Answer, type SyncMachine, unknownMethod } from './machine.ts';

interface Waiter {
  readonly peer: number;
  readonly call: number;
}

/** A flag that processes can wait for. */
export class EventMachine implements SyncMachine {
  readonly #answer: Answer;
  #isSet = false;
  #waiters: Waiter[] = [];

  constructor(answer: Answer) {
    this.#answer = answer;
  }

  call(peer: number, call: number, method: string, _params: unknown): void {
    if (method === 'wait' && !this.#isSet) {
      this.#waiters.push({ peer, call });
      return;
    }
    if (method === 'set') {
      this.#isSet = true;
      for (const waiter of this.#waiters.splice(0)) this.#answer(waiter.peer, waiter.call, true);
    } else if (method === 'clear') this.#isSet = false;
    else if (method !== 'isSet' && method !== 'wait') throw unknownMethod(method);
    this.#answer(peer, call, this.#isSet);
  }

  cancel(peer: number, call: number): void {
    const index = this.#waiters.findIndex((waiter) => waiter.peer === peer && waiter.call === call);
    if (index === -1) return;
    this.#waiters.splice(index, 1);
    this.#answer(peer, call, false);
  }

  gone(peer: number): void {
    this.#waiters = this.#waiters.filter((waiter) => waiter.peer !== peer);
  }
}
