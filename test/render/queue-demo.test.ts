import { describe, expect, it } from 'vitest';
import {
  type DemoProcess,
  type DemoProof,
  demoEventText,
  demoProofText,
  renderQueueDemo,
} from '../../src/render/queue-demo.ts';

const process = (more: Partial<DemoProcess>): DemoProcess => ({
  name: 'producer-1',
  role: 'producer',
  pid: 4711,
  alive: true,
  state: 'waiting',
  items: 7,
  ...more,
});
const view = {
  processes: [
    process({}),
    process({ name: 'consumer-1', role: 'consumer', pid: 4712, alive: false, state: 'exited (SIGKILL)', items: 3 }),
  ],
  fill: 3,
  capacity: 6,
  arrived: 3,
  total: 50,
};
const proof: DemoProof = {
  event: 'proof',
  ok: true,
  items: 3,
  arrived: 3,
  missing: [],
  doubled: [],
  delivery: 'at-most-once',
  killed: null,
  globals: { 'this one': 0, 'producer-1': 3, 'consumer-1': null },
};

describe('the table of queue-demo', () => {
  it('shows each process, and how full the queue is', () => {
    expect(renderQueueDemo(view, { columns: 80, rows: 24, colour: false })).toBe(
      [
        'PID   NAME        ROLE      ALIVE  STATE             ITEMS',
        '4711  producer-1  producer  yes    waiting           7',
        '4712  consumer-1  consumer  no     exited (SIGKILL)  3',
        'queue [###...] 3 of 6   3 of 50 items have arrived',
        '',
      ].join('\n'),
    );
  });
  it('fits any window', () => {
    const many = { ...view, processes: Array.from({ length: 30 }, () => process({})) };
    for (const [columns, rows] of [
      [20, 10],
      [1, 4],
      [200, 50],
    ] as const) {
      const lines = renderQueueDemo(many, { columns, rows, colour: false }).split('\n').slice(0, -1);
      expect(lines.length).toBeLessThanOrEqual(rows - 1);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    }
    expect(renderQueueDemo(many, { columns: 80, rows: 10, colour: false })).toContain('… 24 more');
  });
  it('is painted only where colours are wanted', () => {
    const screen = { columns: 80, rows: 24 };
    expect(renderQueueDemo(view, { ...screen, colour: true })).toContain('\x1b[');
    expect(renderQueueDemo(view, { ...screen, colour: false })).not.toContain('\x1b[');
  });
});

describe('what queue-demo says', () => {
  it.each([
    [{ event: 'started', name: 'a', pid: 1, role: 'consumer' }, 'a (pid 1) started, a consumer'],
    [{ event: 'put', name: 'a', pid: 1, item: 3 }, 'a (pid 1) put 3'],
    [{ event: 'got', name: 'a', pid: 1, item: 3 }, 'a (pid 1) got 3'],
    [{ event: 'killed', name: 'a', pid: 1 }, 'a (pid 1) is killed'],
    [{ event: 'ended', name: 'a', pid: 1, exitCode: 3, signal: null }, 'a (pid 1) ended: exit code 3'],
    [{ event: 'ended', name: 'a', pid: 1, exitCode: null, signal: 'SIGKILL' }, 'a (pid 1) ended: SIGKILL'],
  ] as const)('of %j', (event, text) => {
    expect(demoEventText(event)).toBe(text);
  });
  it('at the end is whether each item has arrived once, and what the global variable is', () => {
    expect(demoProofText(proof)).toBe(
      '3 items: each has arrived exactly once\nthe same global variable in each process: this one 0, producer-1 3, consumer-1 unknown\n',
    );
    const lost = {
      ...proof,
      ok: false,
      items: 30,
      arrived: 18,
      missing: Array.from({ length: 12 }, (_, i) => i + 1),
      doubled: [14],
      killed: 'consumer-1',
    };
    expect(demoProofText(lost).split('\n').slice(0, 4)).toEqual([
      '18 of 30 items have arrived',
      'missing: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more',
      'arrived more than once: 14',
      'consumer-1 was killed: what it had is gone, and nothing else (at-most-once; see --delivery)',
    ]);
    expect(demoProofText({ ...lost, delivery: 'at-least-once' })).toContain('went back to the queue (at-least-once)');
  });
});
