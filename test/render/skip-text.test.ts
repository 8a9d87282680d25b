import { describe, expect, it } from 'vitest';
import { skipLine, skipReason } from '../../src/render/skip-text.ts';

const a = { id: 'a', end: 'failed' } as const;
const labels = (...ids: string[]) => ids.map((id) => ({ id, name: `run ${id}` }));

describe('why a task was skipped', () => {
  it('is its need, and how that ended', () => {
    expect(skipReason({ need: a, root: a })).toBe('it needs a, which failed');
    const late = { id: 'l', end: 'timedOut' } as const;
    expect(skipReason({ need: late, root: late })).toBe('it needs l, which timed out');
  });

  it('goes back to the task with which it began', () => {
    expect(skipReason({ need: { id: 'b', end: 'skipped' }, root: a })).toBe(
      'it needs b, which was skipped, as a failed',
    );
  });

  it('is printable, whatever the ids are', () => {
    const odd = { id: 'a\n\x1b[2J', end: 'failed' } as const;
    expect(skipReason({ need: odd, root: odd })).toBe('it needs a\\n\\u001b[2J, which failed');
  });
});

describe('the line that tells of skipped tasks', () => {
  it('has one task by id and name, and several by their ids', () => {
    expect(skipLine({ root: a, count: 1, first: labels('c') })).toBe('procctl: task c (run c): skipped, as a failed');
    expect(skipLine({ root: a, count: 2, first: labels('c', 'd') })).toBe(
      'procctl: 2 tasks skipped, as a failed: c, d',
    );
  });

  it('names a few of many', () => {
    expect(skipLine({ root: a, count: 1000, first: labels('b', 'c', 'd', 'e', 'f', 'g') })).toBe(
      'procctl: 1000 tasks skipped, as a failed: b, c, d, e, f and 995 more',
    );
  });
});
