import { EventMachine } from '../core/sync/event-machine.ts';
import { HANDLE, type HandleDescription } from '../protocol/values/handle.ts';
import { host } from '../runtime/broker/host.ts';
import { HostedSync } from '../runtime/broker/hosted-sync.ts';
import type { RestoredAt } from './lock.ts';
import type { WaitOptions } from './options.ts';
import { SharedObject } from './shared-object.ts';
import { addressHere, describe, registerKind } from './shared-objects.ts';

/** A flag that processes can wait for: Python's `multiprocessing.Event`. */
export class Event {
  readonly #shared: SharedObject;

  constructor(restored?: RestoredAt) {
    this.#shared = new SharedObject(
      restored?.restoredAt ?? addressHere(new HostedSync(host, (answer) => new EventMachine(answer)).id),
    );
  }

  async isSet(): Promise<boolean> {
    return (await this.#shared.call('isSet')) === true;
  }

  /** Everybody who waits goes on. */
  async set(): Promise<void> {
    await this.#shared.call('set');
  }

  async clear(): Promise<void> {
    await this.#shared.call('clear');
  }

  /** @returns true when it is set, false when the time ran out */
  async wait(options: WaitOptions = {}): Promise<boolean> {
    return (await this.#shared.call('wait', undefined, options)) === true;
  }

  /** @internal */
  [HANDLE](): HandleDescription {
    return describe(this, this.#shared.address, 'Event', {});
  }
}

registerKind('Event', (restoredAt) => new Event({ restoredAt }));
