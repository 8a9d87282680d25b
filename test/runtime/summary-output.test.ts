import { expect, it } from 'vitest';
import { SummaryTally } from '../../src/core/pool/summary.ts';
import { summaryOutput } from '../../src/runtime/output/summary-output.ts';

it('sums up attempts as the pool has timed them, for it leaves out the time in which it stood still', () => {
  const tally = new SummaryTally();
  const task = { seq: 1, id: '1', name: 'a', command: { kind: 'shell', line: 'a' } } as const;
  const output = summaryOutput(tally).open(task);
  for (const durationMs of [40, 2]) {
    output.begin?.();
    output.ended?.(true, durationMs);
  }
  expect(tally.summary).toMatchObject({ attempts: 2, taskMs: 42, mostAtWork: 1 });
});
