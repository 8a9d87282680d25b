import { BarrierMachine, BROKEN } from '../core/sync/barrier-machine.ts';
import { BrokenBarrierError } from '../errors.ts';
import { HANDLE, type HandleDescription } from '../protocol/values/handle.ts';
import { host } from '../runtime/broker/host.ts';
import { HostedSync } from '../runtime/broker/hosted-sync.ts';
import type { RestoredAt } from './lock.ts';
import { parseCount, type WaitOptions } from './options.ts';
import { SharedObject } from './shared-object.ts';
import { addressHere, describe, registerKind } from './shared-objects.ts';

interface State {
  readonly isBroken: boolean;
  readonly waiting: number;
}

/** Where processes wait until all have come: Python's `multiprocessing.Barrier`. */
export class Barrier {
  readonly #shared: SharedObject;
  /** How many have to come. */
  readonly parties: number;

  /** @throws ProcctlError ERR_OPTION */
  constructor(parties: number, restored?: RestoredAt) {
    this.parties = parseCount(parties, 'parties');
    this.#shared = new SharedObject(
      restored?.restoredAt ?? addressHere(new HostedSync(host, (answer) => new BarrierMachine(parties, answer)).id),
    );
  }

  /**
   * @returns the caller's number among those who came, from 0: each has another
   * @throws BrokenBarrierError when one of those who wait runs out of time, gives up or dies, and at `abort` or `reset`; for all
   */
  async wait(options: WaitOptions = {}): Promise<number> {
    const place = await this.#shared.call('wait', undefined, options);
    if (typeof place === 'number') return place;
    throw new BrokenBarrierError(place === BROKEN ? 'the barrier is broken' : 'the others did not come in time');
  }

  /** Breaks it: everybody who waits, or comes later, gets a BrokenBarrierError. */
  async abort(): Promise<void> {
    await this.#shared.call('abort');
  }

  /** As new; who waits gets a BrokenBarrierError. */
  async reset(): Promise<void> {
    await this.#shared.call('reset');
  }

  async isBroken(): Promise<boolean> {
    return ((await this.#shared.call('state')) as State).isBroken;
  }

  /** How many wait. */
  async waiting(): Promise<number> {
    return ((await this.#shared.call('state')) as State).waiting;
  }

  /** @internal */
  [HANDLE](): HandleDescription {
    return describe(this, this.#shared.address, 'Barrier', { parties: this.parties });
  }
}

registerKind('Barrier', (restoredAt, { parties }) => new Barrier(Number(parties), { restoredAt }));
