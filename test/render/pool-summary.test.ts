import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import type { PoolSummary, SummedTask } from '../../src/core/pool/summary.ts';
import { renderPoolSummary } from '../../src/render/pool-summary.ts';

const made: SummedTask = {
  id: '7',
  name: 'make \u001b[31mx',
  end: 'failed',
  attempts: 2,
  durationMs: 480,
  outcome: { kind: 'exited', exitCode: 2 },
  lastLines: ['10%\r99%\r', 'cc: \u001b]0;title\u0007漢字漢字漢字漢字漢字', 'make: *** Error 1'],
};
const slept: SummedTask = {
  ...made,
  id: '3',
  name: 'sleep 2',
  end: 'succeeded',
  attempts: 1,
  durationMs: 2_100,
  lastLines: [],
};
const summary: PoolSummary = {
  attempts: 46,
  taskMs: 11_900,
  mostAtWork: 4,
  slowest: [slept, made],
  failed: [made, { ...made, id: '9', name: '9', end: 'timedOut', attempts: 1, lastLines: [] }],
  failedCount: 5,
};

describe('the summary of a pool', () => {
  it('is plain text where there is no terminal, without control characters', () => {
    expect(renderPoolSummary(summary, 3_200, { colour: false })).toBe(
      [
        'elapsed    3.2s',
        'task time  11.9s in 46 attempts',
        'at a time  3.7 on average, 4 at most',
        '',
        'SLOWEST',
        '2.1s  task 3 (sleep 2)',
        '0.5s  task 7 (make \\u001b[31mx), failed',
        '',
        'FAILED',
        'task 7 (make \\u001b[31mx): exit code 2 after 2 attempts',
        '  99%',
        '  cc: \\u001b]0;title\\u0007漢字漢字漢字漢字漢字',
        '  make: *** Error 1',
        'task 9: timed out',
        'and 3 more',
        '',
      ].join('\n'),
    );
  });

  it('has no line wider than the terminal', () => {
    for (let columns = 1; columns < 70; columns += 1) {
      for (const colour of [false, true]) {
        const lines = renderPoolSummary(summary, 3_200, { columns, colour }).split('\n');
        expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(columns);
      }
    }
  });

  it('cuts the name of a failed task rather than the reason', () => {
    const long: SummedTask = { ...made, name: `漢字 ${'x'.repeat(100)}`, lastLines: [] };
    const text = renderPoolSummary({ ...summary, slowest: [long], failed: [long] }, 1, { columns: 60, colour: false });
    expect(text).toMatch(/\n0\.5s {2}task 7 \(漢字 x+…\), failed\n/);
    expect(text).toMatch(/\ntask 7 \(漢字 x+…\): exit code 2 after 2 attempts\n/);
  });

  it('is nothing where nothing was run', () => {
    const nothing = { attempts: 0, taskMs: 0, mostAtWork: 0, slowest: [], failed: [], failedCount: 0 };
    expect(renderPoolSummary(nothing, 10, { colour: false })).toBe('');
  });
});
