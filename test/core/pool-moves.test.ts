import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MOVES, move, type TaskEventTag, type TaskStateTag } from '../../src/core/pool/moves.ts';

const STATES = Object.keys(MOVES) as TaskStateTag[];
const EVENTS: TaskEventTag[] = ['assigned', 'ended', 'timeoutElapsed', 'retryDue', 'needsMet', 'needFailed', 'halted'];
const ENDS: TaskStateTag[] = ['succeeded', 'failed', 'timedOut', 'cancelled', 'skipped'];

const targetsOf = (from: TaskStateTag): TaskStateTag[] => Object.values<readonly TaskStateTag[]>(MOVES[from]).flat();

it('makes a move if and only if the table has it', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...STATES),
      fc.constantFrom(...EVENTS),
      fc.constantFrom(...STATES),
      (from, event, to) => {
        const row: Partial<Record<TaskEventTag, readonly TaskStateTag[]>> = MOVES[from];
        if (row[event]?.includes(to)) expect(move(from, event, to)).toBe(to);
        else expect(() => move(from, event, to)).toThrow(`cannot move from ${from} to ${to} on ${event}`);
      },
    ),
    { numRuns: 1000 },
  );
});

it('has no way out of an end, and a way to an end out of everything else', () => {
  for (const state of STATES) {
    if (ENDS.includes(state)) expect(targetsOf(state)).toEqual([]);
    else expect(targetsOf(state).some((target) => ENDS.includes(target))).toBe(true);
  }
});

it('reaches every state from ready', () => {
  const reached = new Set<TaskStateTag>(['ready']);
  for (const state of reached) for (const target of targetsOf(state)) reached.add(target);
  expect(STATES.filter((state) => !reached.has(state))).toEqual([]);
});

it('lets a task succeed only by running', () => {
  expect(STATES.filter((state) => targetsOf(state).includes('succeeded'))).toEqual(['running']);
});
