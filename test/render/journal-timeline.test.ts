import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AttemptView, RunView } from '../../src/protocol/journal/history.ts';
import { renderTimeline } from '../../src/render/journal-timeline.ts';
import { tickText, timeTicks } from '../../src/render/time-axis.ts';

const START = Date.parse('2026-01-02T03:04:05.000Z');

const attemptAt = (more: Partial<AttemptView> & { readonly at?: number } = {}): AttemptView => ({
  seq: 1,
  id: '1',
  name: 'n',
  attempt: 1,
  final: true,
  state: 'succeeded',
  exitCode: 0,
  signal: null,
  slot: 1,
  durationMs: 100,
  startedAt: new Date(START + (more.at ?? 0)).toISOString(),
  ...more,
});

const runOf = (...attempts: AttemptView[]): RunView => ({
  run: 1,
  state: 'ended',
  startedAt: new Date(START).toISOString(),
  endedAt: new Date(START + 1000).toISOString(),
  size: 2,
  pid: 1,
  haltedBy: null,
  counts: { submitted: 1, alreadyDone: 0, succeeded: 1, failed: 0, timedOut: 0, cancelled: 0, skipped: 0 },
  tasks: [],
  attempts,
});

const barsIn = (svg: string): string[] =>
  svg.split('\n').filter((line) => line.includes('<rect') && line.includes('<title>'));

it('draws a bar for each attempt in the lane of its slot, named where one points at it', () => {
  const svg = renderTimeline([
    runOf(
      attemptAt({ durationMs: 500 }),
      attemptAt({
        id: '2',
        name: 'bad',
        slot: 2,
        at: 100,
        state: 'failed',
        exitCode: 3,
        final: false,
        durationMs: 400,
      }),
      attemptAt({
        id: '2',
        name: 'bad',
        slot: 2,
        at: 500,
        state: 'timedOut',
        exitCode: null,
        signal: 'SIGTERM',
        attempt: 2,
        durationMs: 500,
      }),
    ),
  ]);
  expect(barsIn(svg)).toEqual([
    '<rect class="succeeded" x="60" y="60" width="560" height="16"><title>1 (n): succeeded, exit code 0, 0.5s, slot 1</title></rect>',
    '<rect class="failed retried" x="172" y="78" width="448" height="16"><title>2 (bad): failed, exit code 3, 0.4s, slot 2</title></rect>',
    '<rect class="timedOut" x="620" y="78" width="560" height="16"><title>2 (bad): timedOut, SIGTERM, 0.5s, slot 2, attempt 2</title></rect>',
  ]);
  expect(svg).toContain('>500ms</text>');
  expect(svg).toContain('prefers-color-scheme:dark');
});

it('lets no name out of the text it stands in', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const hostile = `${name}</title><script>&\0\u001b\ufffe\ud800${name}]]>`;
      const svg = renderTimeline([runOf(attemptAt({ id: hostile, name: hostile }))]);
      const [bar = ''] = barsIn(svg);
      const text = bar.slice(bar.indexOf('<title>') + 7, bar.lastIndexOf('</title>'));
      expect(text).not.toMatch(/[<>"\0-\x1f\x7f-\x9f\ufffe\uffff]/);
      expect(text).not.toMatch(/&(?!(amp|lt|gt|quot|#39);)/);
      expect(text.isWellFormed?.() ?? true).toBe(true);
    }),
  );
});

it('puts attempts together that nobody could tell apart, so that a million of them can be looked at', () => {
  const many = Array.from({ length: 20_000 }, (_, index) => attemptAt({ at: index, durationMs: 1, seq: index + 1 }));
  const bars = barsIn(renderTimeline([runOf(...many)]));
  expect(bars.length).toBeLessThan(3000);
  const counted = bars.map((bar) => Number(/<title>(\d+) attempts/.exec(bar)?.[1] ?? 1));
  expect(counted.reduce((sum, count) => sum + count, 0)).toBe(20_000);
});

it('draws runs without attempts, and a journal without runs', () => {
  expect(renderTimeline([])).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  expect(barsIn(renderTimeline([runOf()]))).toEqual([]);
});

it('counts time in steps that people count in, no more of them than asked for', () => {
  fc.assert(
    fc.property(fc.double({ min: 1, max: 1e13, noNaN: true }), fc.integer({ min: 1, max: 20 }), (span, most) => {
      const ticks = timeTicks(span, most);
      expect(ticks[0]).toBe(0);
      expect(ticks.length).toBeLessThanOrEqual(most + 1);
      expect(ticks.at(-1)).toBeLessThanOrEqual(span);
    }),
  );
  expect(timeTicks(100, 10).map(tickText)).toEqual('0 10ms 20ms 30ms 40ms 50ms 60ms 70ms 80ms 90ms 100ms'.split(' '));
  expect(timeTicks(7_300_000, 5).map(tickText)).toEqual(['0', '30m', '1h', '1h30m', '2h']);
});
