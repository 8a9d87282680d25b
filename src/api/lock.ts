import { LOCK_RULES, LockMachine, type LockRules, RLOCK_RULES } from '../core/sync/lock-machine.ts';
import { ProcctlError } from '../errors.ts';
import { HANDLE, type HandleDescription } from '../protocol/values/handle.ts';
import { host } from '../runtime/broker/host.ts';
import { HostedSync } from '../runtime/broker/hosted-sync.ts';
import type { WaitOptions } from './options.ts';
import { SharedObject } from './shared-object.ts';
import { type Address, addressHere, describe, registerKind } from './shared-objects.ts';

/** @internal An object that another process hosts. */
export interface RestoredAt {
  readonly restoredAt: Address;
}

/** @internal Of the locks that this process hosts; a Condition needs it. */
export const machines = new WeakMap<object, LockMachine>();

abstract class BaseLock {
  /** @internal */
  protected readonly shared: SharedObject;
  /** @internal */
  protected abstract readonly kind: string;

  constructor(rules: LockRules | RestoredAt) {
    if ('restoredAt' in rules) {
      this.shared = new SharedObject(rules.restoredAt);
      return;
    }
    const hosted = new HostedSync(host, (answer) => new LockMachine(rules, answer));
    this.shared = new SharedObject(addressHere(hosted.id));
    machines.set(this, hosted.machine);
  }

  /**
   * Takes it, as soon as it is free and all who came before have had it.
   *
   * @returns false when the time ran out; at once, with a `timeoutMs` of 0
   */
  async acquire(options: WaitOptions = {}): Promise<boolean> {
    const isNowait = options.timeoutMs === 0;
    const limits = isNowait ? { signal: options.signal } : options;
    return (await this.shared.call('acquire', isNowait ? 'nowait' : undefined, limits)) === true;
  }

  /** @throws ProcctlError ERR_STATE */
  async release(): Promise<void> {
    await this.shared.call('release');
  }

  /** Runs the action while holding it; releases it however the action ends. */
  async withLock<T>(action: () => T | PromiseLike<T>): Promise<Awaited<T>> {
    await this.acquire();
    try {
      return await action();
    } finally {
      await this.release();
    }
  }

  /** @internal */
  [HANDLE](): HandleDescription {
    return describe(this, this.shared.address, this.kind, {});
  }
}

/** Held by one at a time: Python's `multiprocessing.Lock`. Any process may release it; what a dead process held is released. */
export class Lock extends BaseLock {
  /** @internal */
  protected readonly kind = 'Lock';

  constructor(restored?: RestoredAt) {
    super(restored ?? LOCK_RULES);
  }
}

/**
 * A Lock that its process may take again and again, and then releases as often: Python's `multiprocessing.RLock`. The holder is the
 * process: tasks within one process do not keep each other out.
 */
export class RLock extends BaseLock {
  /** @internal */
  protected readonly kind = 'RLock';

  constructor(restored?: RestoredAt) {
    super(restored ?? RLOCK_RULES);
  }
}

const parseValue = (value: unknown): number => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new ProcctlError('ERR_OPTION', `the value of a semaphore must be a whole number of at least 0, got ${value}`);
};

/** Held by at most `value` at a time: Python's `multiprocessing.Semaphore`. */
export class Semaphore extends BaseLock {
  /** @internal */
  protected readonly kind: string = 'Semaphore';

  /** @throws ProcctlError ERR_OPTION */
  constructor(value: number | RestoredAt = 1, isBounded = false) {
    super(typeof value === 'object' ? value : { value: parseValue(value), isBounded, isReentrant: false });
  }

  /** How many may take it at this moment without waiting. */
  async value(): Promise<number> {
    return Number(await this.shared.call('value'));
  }
}

/** A Semaphore where a release too many is an error: Python's `multiprocessing.BoundedSemaphore`. */
export class BoundedSemaphore extends Semaphore {
  /** @internal */
  protected override readonly kind = 'BoundedSemaphore';

  constructor(value: number | RestoredAt = 1) {
    super(value, true);
  }
}

registerKind('Lock', (restoredAt) => new Lock({ restoredAt }));
registerKind('RLock', (restoredAt) => new RLock({ restoredAt }));
registerKind('Semaphore', (restoredAt) => new Semaphore({ restoredAt }));
registerKind('BoundedSemaphore', (restoredAt) => new BoundedSemaphore({ restoredAt }));
