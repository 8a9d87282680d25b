import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/core/queue/events.ts';
import { QueueModel } from './queue-helpers.ts';

const PEERS = [1, 2, 3] as const;
const peer = fc.constantFrom(...PEERS);

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('put' as const), peer, count: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('putNowait' as const), peer }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('get' as const), peer, ahead: fc.integer({ min: 0, max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('poll' as const), peer }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('giveUp' as const), peer }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('withdraw' as const), peer }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), peer }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('recall' as const) }) },
);
const settle = fc.record({ do: fc.constant('settle' as const), peer });
type Step = typeof step | typeof settle extends fc.Arbitrary<infer S> ? S : never;

/** Lives are numbered, so that a process that comes after a dead one is another. */
const run = (model: QueueModel, steps: readonly Step[], withDeaths = true): Set<string> => {
  const lives = new Map<number, number>(PEERS.map((id) => [id, 0]));
  const put = new Set<string>();
  let next = 0;
  const of = (id: number): number => id + 10 * (lives.get(id) ?? 0);
  const fresh = (id: number): string => {
    const item = `${of(id)}:${next++}`;
    put.add(item);
    return item;
  };
  for (const action of steps) {
    if (action.do === 'put')
      model.put(
        of(action.peer),
        Array.from({ length: action.count }, () => fresh(action.peer)),
      );
    else if (action.do === 'putNowait') model.put(of(action.peer), [fresh(action.peer)], true);
    else if (action.do === 'get') model.get(of(action.peer), action.ahead);
    else if (action.do === 'giveUp') model.giveUp(of(action.peer));
    else if (action.do === 'withdraw') model.withdrawOldest(of(action.peer));
    else if (action.do === 'poll') {
      model.get(of(action.peer), 0, 1);
      model.machine.answerPolls();
      model.act();
    } else if (action.do === 'recall') {
      model.machine.wake();
      model.machine.wake();
      model.act();
      model.answerRecalls();
    } else if (action.do === 'settle') model.settle(of(action.peer));
    else if (withDeaths) {
      model.die(of(action.peer));
      lives.set(action.peer, (lives.get(action.peer) ?? 0) + 1);
    }
  }
  return put;
};

/** A new process takes all there is; the others have died. */
const drain = (model: QueueModel): void => {
  for (const id of [...model.consumers.keys()]) model.die(id);
  model.open(999);
  const most = model.machine.size();
  for (let index = 0; index <= most + 50; index += 1) model.get(999);
};

const steps = fc.array(step, { maxLength: 60 });
const stepsAhead = fc.array(fc.oneof({ weight: 8, arbitrary: step }, { weight: 1, arbitrary: settle }), {
  maxLength: 60,
});
const maxSize = fc.constantFrom(1, 3, 10, Number.POSITIVE_INFINITY);

const duplicates = (items: readonly string[]): string[] => items.filter((item, index) => items.indexOf(item) !== index);

describe('a queue, whatever its processes do', () => {
  it('hands out at most once each item that was put, and loses none that nobody had taken', () => {
    fc.assert(
      fc.property(steps, maxSize, (actions, size) => {
        const model = new QueueModel({ maxSize: size });
        run(model, actions);
        drain(model);
        const handed = model.handed.map(({ item }) => item);
        expect(duplicates(handed)).toEqual([]);
        // A put of a process that died while it waited may still have come in; nothing else may be there, or missing.
        expect(model.accepted.filter((item) => !handed.includes(item))).toEqual([]);
        expect(handed.filter((item) => model.refused.includes(item))).toEqual([]);
      }),
    );
  });

  it('loses with each that dies no more than it may, and nothing with who leaves, where several are noted at once', () => {
    fc.assert(
      fc.property(
        stepsAhead,
        maxSize,
        fc.integer({ min: 2, max: 5 }),
        fc.boolean(),
        (actions, size, maxLost, isClosed) => {
          const model = new QueueModel({ maxSize: size, maxLost });
          run(model, actions);
          const lost = model.lost.reduce((sum, count) => sum + count, 0);
          for (const count of model.lost) expect(count).toBeLessThan(maxLost);
          if (isClosed) model.close();
          model.open(999);
          for (const id of model.consumers.keys()) model.settle(id);
          expect(model.machine.size()).toBeLessThanOrEqual(size);
          // These leave, one after the other, and one that is there takes what they had not been handed.
          for (const id of [...model.consumers.keys()]) if (id !== 999) model.die(id);
          for (let index = 0; index < model.accepted.length + 50; index += 1) model.get(999);
          const handed = model.handed.map(({ item }) => item);
          expect(duplicates(handed)).toEqual([]);
          expect(model.accepted.filter((item) => !handed.includes(item))).toHaveLength(lost);
        },
      ),
    );
  });

  it('hands out at least once each item that was put, in the mode of that name', () => {
    fc.assert(
      fc.property(steps, maxSize, (actions, size) => {
        const model = new QueueModel({ maxSize: size, delivery: 'at-least-once' });
        run(model, actions);
        drain(model);
        const handed = new Set(model.handed.map(({ item }) => item));
        expect(model.accepted.filter((item) => !handed.has(item))).toEqual([]);
      }),
    );
  });

  it('gives each process the items of each producer in their order, as long as none is given back', () => {
    fc.assert(
      fc.property(steps, maxSize, (actions, size) => {
        const model = new QueueModel({ maxSize: size });
        run(
          model,
          actions.filter((action) => action.do !== 'recall' && action.do !== 'poll'),
          false,
        );
        for (const consumer of PEERS) {
          for (const producer of PEERS) {
            const numbers = model.handed
              .filter(({ peer: by, item }) => by === consumer && item.startsWith(`${producer}:`))
              .map(({ item }) => Number(item.split(':')[1]));
            expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
          }
        }
      }),
    );
  });

  it('never holds more than maxSize', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 8 }), (actions, size) => {
        const model = new QueueModel({ maxSize: size });
        run(model, actions);
        expect(model.mostSize).toBeLessThanOrEqual(size);
      }),
    );
  });

  it('knows its size: what was accepted and not handed out', () => {
    fc.assert(
      fc.property(steps, (actions) => {
        const model = new QueueModel();
        run(model, actions);
        expect(model.machine.size()).toBe(model.accepted.length - model.handed.length);
      }),
    );
  });

  it('leaves nobody waiting for an item that nobody holds, nor for room that is there', () => {
    fc.assert(
      fc.property(steps, maxSize, (actions, size) => {
        const model = new QueueModel({ maxSize: size });
        run(model, actions);
        const consumers = [...model.consumers.values()];
        const held = consumers.reduce((sum, { buffer }) => sum + buffer.length, 0);
        if (consumers.some(({ getters }) => getters > 0)) expect(model.machine.size()).toBe(held);
        // Each item that is taken makes room for one, and whoever takes it says so.
        for (let before = -1; before < model.accepted.length; ) {
          before = model.accepted.length;
          for (const id of model.consumers.keys()) model.want(id);
        }
        const waiting = [...model.waitingPuts.values()].some((puts) => puts.size > 0);
        if (waiting) expect(model.machine.size()).toBe(size);
      }),
    );
  });

  it.each<Delivery>(['at-most-once', 'at-least-once'])(
    'settles everybody who waits once it is closed: %s',
    (delivery) => {
      fc.assert(
        fc.property(steps, maxSize, (actions, size) => {
          const model = new QueueModel({ maxSize: size, delivery });
          run(model, actions);
          model.close();
          expect([...model.waitingPuts.values()].flatMap((puts) => [...puts.keys()])).toEqual([]);
          for (let round = 0; round < 400; round += 1) {
            for (const [id, { ended }] of model.consumers) if (!ended) model.get(id);
            model.machine.wake();
            model.machine.wake();
            model.act();
            model.answerRecalls();
          }
          expect([...model.consumers.values()].filter(({ ended }) => !ended)).toEqual([]);
        }),
        { numRuns: 50 },
      );
    },
  );
});
