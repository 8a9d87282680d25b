import { ConditionMachine } from '../core/sync/condition-machine.ts';
import { ProcctlError } from '../errors.ts';
import { HANDLE, type HandleDescription } from '../protocol/values/handle.ts';
import { host } from '../runtime/broker/host.ts';
import { HostedSync } from '../runtime/broker/hosted-sync.ts';
import { type Lock, machines, type RestoredAt, RLock } from './lock.ts';
import type { WaitOptions } from './options.ts';
import { SharedObject } from './shared-object.ts';
import { type Address, addressHere, describe, registerKind } from './shared-objects.ts';

const makeHere = (lock: object): Address => {
  const machine = machines.get(lock);
  if (machine === undefined) {
    throw new ProcctlError('ERR_STATE', 'a Condition is made in the process that has made its lock');
  }
  return addressHere(new HostedSync(host, (answer) => new ConditionMachine(machine, answer)).id);
};

/** A lock, and waiting for something to change that it protects: Python's `multiprocessing.Condition`. */
export class Condition {
  readonly #shared: SharedObject;

  /**
   * @param lock default: a new RLock
   * @throws ProcctlError ERR_STATE when the lock was made by another process
   */
  constructor(lock: Lock | RLock | RestoredAt = new RLock()) {
    this.#shared = new SharedObject('restoredAt' in lock ? lock.restoredAt : makeHere(lock));
  }

  /** @returns false when the time ran out */
  async acquire(options: WaitOptions = {}): Promise<boolean> {
    const isNowait = options.timeoutMs === 0;
    const limits = isNowait ? { signal: options.signal } : options;
    return (await this.#shared.call('acquire', isNowait ? 'nowait' : undefined, limits)) === true;
  }

  async release(): Promise<void> {
    await this.#shared.call('release');
  }

  async withLock<T>(action: () => T | PromiseLike<T>): Promise<Awaited<T>> {
    await this.acquire();
    try {
      return await action();
    } finally {
      await this.release();
    }
  }

  /**
   * Lets go of the lock, waits to be notified, and takes the lock again.
   *
   * @returns false when the time ran out; the lock is held again either way
   */
  async wait(options: WaitOptions = {}): Promise<boolean> {
    return (await this.#shared.call('wait', undefined, options)) === true;
  }

  /** @param count how many of those who wait go on, when they get the lock */
  async notify(count = 1): Promise<void> {
    await this.#shared.call('notify', count);
  }

  async notifyAll(): Promise<void> {
    await this.#shared.call('notify', 'all');
  }

  /** @internal */
  [HANDLE](): HandleDescription {
    return describe(this, this.#shared.address, 'Condition', {});
  }
}

registerKind('Condition', (restoredAt) => new Condition({ restoredAt }));
