import { expect, it } from 'vitest';
import { HALT_NEVER, isHaltReached, parseHalt } from '../../src/core/pool/halt.ts';
import { ProcctlError } from '../../src/errors.ts';

it('reads never', () => {
  expect(parseHalt('never')).toEqual(HALT_NEVER);
});

it.each(['soon', 'now'] as const)('reads %s with a number of tasks or a percentage', (when) => {
  expect(parseHalt(`${when},fail=3`)).toEqual({ when, on: 'fail', limit: 3, unit: 'tasks' });
  expect(parseHalt(`${when},success=100%`)).toEqual({ when, on: 'success', limit: 100, unit: 'percent' });
});

it.each([
  '',
  'always',
  'never ',
  'soon',
  'soon,fail',
  'soon,fail=',
  'soon,fail=0',
  'soon,fail=-1',
  'soon,fail=1.5',
  'soon,fail=1e3',
  'soon,fail=one',
  'soon,done=1',
  'later,fail=1',
  'now,fail=0%',
  'now,fail=101%',
  'now,fail=10%%',
  'now, fail=1',
  'now,fail=1,success=1',
  'xnow,fail=1',
  'now,fail=99999999999999999999',
  'now,fail=1\n',
])('refuses %j with one readable line and a way out', (text) => {
  const error = thrownBy(() => parseHalt(text));
  expect(error.code).toBe('ERR_HALT');
  expect(error.message).toContain(JSON.stringify(text));
  expect(error.message).not.toContain('\n');
  expect(error.hint).toContain('soon,fail=1');
});

it('is reached by the count, whether or not the total is known', () => {
  const rule = parseHalt('soon,fail=2');
  expect(isHaltReached(rule, { failures: 1, successes: 9, total: 10 })).toBe(false);
  expect(isHaltReached(rule, { failures: 2, successes: 0, total: null })).toBe(true);
});

it('is reached by a share of the whole exactly, and not before the whole is known', () => {
  const rule = parseHalt('soon,success=29%');
  expect(isHaltReached(rule, { failures: 0, successes: 29, total: null })).toBe(false);
  expect(isHaltReached(rule, { failures: 71, successes: 28, total: 100 })).toBe(false);
  expect(isHaltReached(rule, { failures: 0, successes: 29, total: 100 })).toBe(true);
  expect(isHaltReached(rule, { failures: 0, successes: 0, total: 0 })).toBe(false);
});

it('is never reached when it says never', () => {
  expect(isHaltReached(HALT_NEVER, { failures: 1_000, successes: 1_000, total: 2_000 })).toBe(false);
});

const thrownBy = (act: () => unknown): ProcctlError => {
  try {
    act();
  } catch (error) {
    if (error instanceof ProcctlError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};
