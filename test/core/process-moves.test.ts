import { isDeepStrictEqual } from 'node:util';
import { expect, it } from 'vitest';
import { type Life, type LifeEvent, newLife } from '../../src/core/process/life.ts';
import { step } from '../../src/core/process/machine.ts';
import { MOVES } from '../../src/core/process/moves.ts';
import type { ProcessPolicy } from '../../src/core/process/policy.ts';
import { DEFAULT_POLICY, mainOf, withCode } from './process-helpers.ts';

type Moves = Record<string, Record<string, string[]>>;

const POLICIES: ProcessPolicy[] = (['no', 'on-failure', 'always'] as const).flatMap((restart) =>
  [0, 2].map((max) => ({ ...DEFAULT_POLICY, restart, restartLimit: { max, withinMs: 60_000 } })),
);

const eventsFor = ({ run }: Life): LifeEvent[] => [
  { tag: 'start' },
  { tag: 'restart' },
  { tag: 'stop', endedBy: 'stop' },
  { tag: 'stop', endedBy: 'shutdown' },
  { tag: 'pause' },
  { tag: 'resume', atMs: 0 },
  { tag: 'resume', atMs: 100_000 },
  { tag: 'due', run },
  { tag: 'started', run, main: mainOf(run, 0) },
  { tag: 'startFailed', run, why: 'no room', atMs: 0 },
  { tag: 'exited', run, outcome: withCode(0), at: 0, atMs: 0 },
  { tag: 'exited', run, outcome: withCode(1), at: 0, atMs: 0 },
  { tag: 'cleared', run, atMs: 0 },
];

/** What tells two lives apart that may go on differently: run numbers and history only grow. */
const keyOf = ({ state, wanted, streak, recent }: Life): string => {
  const words: unknown[] = [state.tag, wanted, streak, recent.length];
  if (state.tag === 'exited') words.push(state.endedBy);
  if (state.tag === 'running') words.push(state.isPaused);
  if (state.tag === 'waiting') words.push(state.reason);
  if (state.tag === 'stopping') {
    words.push(state.main !== null, state.ending?.outcome, state.isCleared, state.next);
  }
  return JSON.stringify(words);
};

/** Every move there is, by trying every event in every state that can be reached; what changes nothing is no move. */
const movesMade = (): Moves => {
  const made: Moves = {};
  const note = (from: string, event: string, to: string): void => {
    made[from] = { ...made[from], [event]: [...new Set([...(made[from]?.[event] ?? []), to])] };
  };
  for (const policy of POLICIES) {
    const known = new Set<string>();
    const open: Life[] = [newLife()];
    for (let life = open.pop(); life !== undefined; life = open.pop()) {
      if (known.has(keyOf(life))) continue;
      known.add(keyOf(life));
      for (const event of eventsFor(life)) {
        const next = step(life, policy, event);
        if (next.effects.length === 0 && isDeepStrictEqual(next.life, life)) continue;
        note(life.state.tag, event.tag, next.life.state.tag);
        open.push(next.life);
      }
    }
  }
  return made;
};

const sorted = (moves: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>): unknown =>
  Object.entries(moves)
    .flatMap(([from, events]) => Object.entries(events).map(([event, to]) => `${from} ${event} ${[...to].sort()}`))
    .sort();

it('makes every move of the table, and no other', () => {
  expect(sorted(movesMade())).toEqual(sorted(MOVES));
});

it('has a way to rest out of every state, by stop and what follows from it', () => {
  const restful = new Set<string>(['exited']);
  const after: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = MOVES;
  for (let before = -1; before !== restful.size; ) {
    before = restful.size;
    for (const [from, events] of Object.entries(after)) {
      const follow = ['stop', 'exited', 'cleared'].flatMap((event) => events[event] ?? []);
      if (follow.some((target) => restful.has(target))) restful.add(from);
    }
  }
  expect([...restful].sort()).toEqual(Object.keys(MOVES).sort());
});
