import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BarrierMachine } from '../../src/core/sync/barrier-machine.ts';
import { ConditionMachine } from '../../src/core/sync/condition-machine.ts';
import { LOCK_RULES, LockMachine, RLOCK_RULES } from '../../src/core/sync/lock-machine.ts';
import type { SyncMachine } from '../../src/core/sync/machine.ts';

const PEERS = [1, 2, 3] as const;
const peer = fc.constantFrom(...PEERS);

/** Calls that were made, and how they were answered: undefined for not yet. */
class Callers {
  readonly calls: { readonly peer: number; readonly method: string; answer: unknown; isDead: boolean }[] = [];

  answer = (by: number, call: number, value: unknown): void => {
    const made = this.calls[call];
    expect(made?.peer).toBe(by);
    expect(made?.answer).toBeUndefined();
    if (made !== undefined) made.answer = value;
  };

  call(machine: SyncMachine, by: number, method: string, params?: unknown): void {
    const call = this.calls.push({ peer: by, method, answer: undefined, isDead: false }) - 1;
    try {
      machine.call(by, call, method, params);
    } catch {
      this.answer(by, call, 'error');
    }
  }

  waiting(method?: string): number[] {
    return this.calls.flatMap(({ answer, isDead, method: of }, call) =>
      answer === undefined && !isDead && (method === undefined || of === method) ? [call] : [],
    );
  }

  die(machine: SyncMachine, by: number): void {
    machine.gone(by);
    for (const call of this.calls) if (call.peer === by) call.isDead = true;
  }
}

const lockStep = fc.record({ do: fc.constantFrom('acquire', 'nowait', 'release', 'cancel', 'die'), peer });

describe('a lock, whatever its processes do', () => {
  it.each([
    ['Lock', LOCK_RULES],
    ['RLock', RLOCK_RULES],
  ])('is held by one at most, and by one if any waits: %s', (_name, rules) => {
    fc.assert(
      fc.property(fc.array(lockStep, { maxLength: 60 }), (steps) => {
        const callers = new Callers();
        const machine = new LockMachine(rules, callers.answer);
        for (const { do: action, peer: by } of steps) {
          if (action === 'acquire') callers.call(machine, by, 'acquire');
          else if (action === 'nowait') callers.call(machine, by, 'acquire', 'nowait');
          else if (action === 'release') callers.call(machine, by, 'release');
          else if (action === 'die') callers.die(machine, by);
          else for (const call of callers.waiting().slice(0, 1)) machine.cancel(callers.calls[call]?.peer ?? 0, call);
          const holders = PEERS.filter((id) => machine.isHeldBy(id));
          expect(holders.length).toBeLessThanOrEqual(1);
          if (callers.waiting('acquire').length > 0) expect(holders.length).toBe(1);
        }
      }),
    );
  });
});

describe('a condition, whatever its processes do', () => {
  it('has its lock held by one at most, and answers all who wait once they are notified and the lock is free', () => {
    const step = fc.record({ do: fc.constantFrom('acquire', 'release', 'wait', 'notify', 'cancel', 'die'), peer });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const callers = new Callers();
        const lock = new LockMachine(RLOCK_RULES, callers.answer);
        const machine = new ConditionMachine(lock, callers.answer);
        for (const { do: action, peer: by } of steps) {
          if (action === 'die') callers.die(machine, by);
          else if (action === 'notify') callers.call(machine, by, 'notify', 1);
          else if (action === 'cancel') {
            for (const call of callers.waiting().slice(0, 1)) machine.cancel(callers.calls[call]?.peer ?? 0, call);
          } else callers.call(machine, by, action);
          expect(PEERS.filter((id) => lock.isHeldBy(id)).length).toBeLessThanOrEqual(1);
        }
        for (let round = 0; round < 500 && callers.waiting().length > 0; round += 1) {
          const holder = PEERS.find((id) => lock.isHeldBy(id));
          if (holder === undefined) callers.call(machine, 1, 'acquire');
          const by = PEERS.find((id) => lock.isHeldBy(id)) as number;
          callers.call(machine, by, 'notify', 'all');
          callers.call(machine, by, 'release');
        }
        expect(callers.waiting()).toEqual([]);
      }),
    );
  });
});

describe('a barrier, whatever its processes do', () => {
  it('never leaves as many waiting as it needs, and numbers those who go on', () => {
    const step = fc.record({ do: fc.constantFrom('wait', 'wait', 'wait', 'cancel', 'abort', 'reset', 'die'), peer });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (steps, parties) => {
        const callers = new Callers();
        const machine = new BarrierMachine(parties, callers.answer);
        for (const { do: action, peer: by } of steps) {
          if (action === 'die') callers.die(machine, by);
          else if (action === 'cancel') {
            for (const call of callers.waiting('wait').slice(0, 1))
              machine.cancel(callers.calls[call]?.peer ?? 0, call);
          } else callers.call(machine, by, action);
          expect(callers.waiting('wait').length).toBeLessThan(parties);
        }
        const places = callers.calls.map(({ answer }) => answer).filter((answer) => typeof answer === 'number');
        expect(places.length % parties).toBe(0);
        for (let place = 0; place < parties; place += 1) {
          expect(places.filter((one) => one === place).length).toBe(places.length / parties);
        }
      }),
    );
  });
});
