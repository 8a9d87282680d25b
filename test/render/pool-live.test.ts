import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { renderPoolLive } from '../../src/render/pool-live.ts';
import type { PoolView, SlotView } from '../../src/render/pool-view.ts';
import { counts, idleSlot, slot, view } from './view.ts';

const screen = (columns: number, rows = 24) => ({ columns, rows, colour: false });
const linesOf = (shown: PoolView, columns: number, rows = 24) =>
  renderPoolLive(shown, screen(columns, rows)).split('\n');

const NASTY: readonly SlotView[] = [
  slot(),
  slot({ slot: 2, pid: 4712, task: '🫠👩‍👩‍👧‍👦 日本語のとても長いファイル名.txt', elapsedMs: 725_000, attempt: 2 }),
  slot({ slot: 3, pid: 1234567, task: '\x1b[31mred\x1b[0m\nx', state: 'stopping', elapsedMs: 3_723_000 }),
  slot({ slot: 4, pid: null, task: 'n'.repeat(200), state: 'waiting', alive: false, elapsedMs: null }),
  idleSlot(5),
];

describe('a running pool on a terminal', () => {
  it('is a table of the slots and a line of progress', () => {
    expect(linesOf(view({ slots: NASTY }), 80)).toEqual([
      'SLOT      PID  STATE     ALIVE  TASK                                     ELAPSED',
      '   1     4711  running   yes    gzip -9 a.log                               0:03',
      '   2     4712  running   yes    🫠👩‍👩‍👧‍👦 日本語のとても長いフ… (attempt 2)     12:05',
      '   3  1234567  stopping  yes    \\u001b[31mred\\u001b[0m\\nx                1:02:03',
      '   4        -  waiting   no     nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn…        -',
      '   5        -  ready     no     -                                              -',
      '[████████░░░░░░░░░░░░░░░░░░░░░░] 12/45  2 failed  ETA 0:12',
    ]);
  });

  it('names the hosts of what runs on other machines', () => {
    const slots = [slot({ host: 'one.internal' }), slot({ slot: 2, pid: null, host: 'b', task: 'sleep 1' })];
    expect(linesOf(view({ slots }), 80).slice(0, 3)).toEqual([
      'HOST          SLOT      PID  STATE     ALIVE  TASK                       ELAPSED',
      'one.internal     1     4711  running   yes    gzip -9 a.log                 0:03',
      'b                2        -  running   yes    sleep 1                       0:03',
    ]);
  });

  it('does without the less telling columns in a narrow window', () => {
    expect(linesOf(view({ slots: NASTY }), 44)).toEqual([
      'SLOT  STATE     ALIVE  TASK          ELAPSED',
      '   1  running   yes    gzip -9 a.l…     0:03',
      '   2  running   yes    🫠👩‍👩‍👧‍👦 日本語…    12:05',
      '   3  stopping  yes    \\u001b[31mr…  1:02:03',
      '   4  waiting   no     nnnnnnnnnnn…        -',
      '   5  ready     no     -                   -',
      '[████░░░░░░░░░░░░] 12/45  2 failed  ETA 0:12',
    ]);
    expect(linesOf(view({ slots: NASTY }), 30).slice(0, 3)).toEqual([
      'STATE     TASK         ELAPSED',
      'running   gzip -9 a.…     0:03',
      'running   🫠👩‍👩‍👧‍👦 日本…     12:05',
    ]);
  });

  it('shows the longest-running slots, and how many more there are, in a low window', () => {
    expect(linesOf(view({ slots: NASTY }), 40, 6)).toEqual([
      'SLOT  STATE     TASK             ELAPSED',
      '   3  stopping  \\u001b[31mred\\…  1:02:03',
      '   2  running   🫠👩‍👩‍👧‍👦 日本語の…     12:05',
      '… 3 more slots',
      '[███░░░░░░░░░] 12/45  2 failed  ETA 0:12',
    ]);
  });

  it('still makes sense at 20 by 5, and below', () => {
    expect(linesOf(view({ slots: NASTY }), 20, 5)).toEqual([
      'STATE     TASK',
      'stopping  \\u001b[31…',
      '… 4 more slots',
      '12/45  2 failed',
    ]);
    expect(linesOf(view({ slots: NASTY }), 20, 4)).toEqual([
      'stopping  \\u001b[31…',
      '… 4 more slots',
      '12/45  2 failed',
    ]);
    expect(linesOf(view({ slots: NASTY }), 20, 3)).toEqual(['12/45  2 failed']);
    expect(linesOf(view({ slots: NASTY }), 4, 2)).toEqual(['12/…']);
    expect(renderPoolLive(view(), screen(80, 1))).toBe('');
  });

  it('counts without a bar while more tasks may come', () => {
    const open = counts({ submitted: 45, succeeded: 3, isInputOpen: true });
    expect(linesOf(view({ counts: open, etaMs: null }), 80).at(-1)).toBe('3/45+  0:05 elapsed');
    const none = counts({ isInputOpen: true });
    expect(linesOf(view({ counts: none, etaMs: null }), 80).at(-1)).toBe('waiting for tasks  0:05 elapsed');
  });

  it('fills the bar only when all is done', () => {
    const bar = (succeeded: number) =>
      linesOf(view({ counts: counts({ submitted: 1_000, succeeded }), etaMs: 1 }), 40).at(-1);
    expect(bar(0)).toBe(`[${'░'.repeat(21)}] 0/1000  ETA 0:01`);
    expect(bar(999)).toBe(`[${'█'.repeat(18)}░] 999/1000  ETA 0:01`);
    expect(bar(1_000)).toBe(`[${'█'.repeat(18)}] 1000/1000  ETA 0:01`);
  });

  it('says what waits, and for what, before the time', () => {
    const some = counts({ submitted: 10, running: 1, succeeded: 5, waiting: 4, waitingForNeeds: 3 });
    expect(linesOf(view({ counts: some }), 80).at(-1)).toBe(
      '[████████████░░░░░░░░░░░░░] 5/10  3 waiting (needs)  1 waiting (retry)  ETA 0:12',
    );
  });

  it('has the note above the progress, and keeps both when there is room for nothing else', () => {
    const noted = view({ note: 'stopping: once more ends them at once\n' });
    expect(linesOf(noted, 24).slice(-2)).toEqual(['stopping: once more end…', '[█░░░░░] 12/45  2 failed']);
    expect(linesOf(noted, 80, 3)).toEqual([
      'stopping: once more ends them at once\\n',
      '[████████░░░░░░░░░░░░░░░░░░░░░░] 12/45  2 failed  ETA 0:12',
    ]);
  });

  it('says the same in colour as without', () => {
    const shown = view({ slots: NASTY, note: 'note' });
    const coloured = renderPoolLive(shown, { ...screen(80), colour: true });
    expect(coloured).toContain('\x1b[32mrunning\x1b[39m');
    expect(coloured.replace(/\x1b\[\d+m/g, '')).toBe(renderPoolLive(shown, screen(80)));
  });
});

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 250 }),
  fc
    .array(
      fc.constantFrom(
        '👩‍👩‍👧‍👦',
        '🫠',
        '日',
        'ﾞ',
        'e\u0301',
        '\u0301',
        '한',
        'ᄒ',
        '\x1b[1m',
        '\ud83d',
        '\ue000',
        'a',
        ' ',
      ),
    )
    .map((parts) => parts.join('')),
);
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const anySlot: fc.Arbitrary<SlotView> = fc.record({
  slot: fc.integer({ min: 1, max: 99_999 }),
  pid: orNull(fc.integer({ min: 1, max: 4_194_304 })),
  state: fc.constantFrom('ready', 'running', 'waiting', 'stopping'),
  alive: fc.boolean(),
  task: orNull(anyText),
  attempt: fc.integer({ min: 1, max: 1_000 }),
  elapsedMs: orNull(fc.nat({ max: 10_000_000_000 })),
});
const anyCount = fc.nat({ max: 1_000_000 });
const anyView: fc.Arbitrary<PoolView> = fc
  .record({
    slots: fc.array(anySlot, { maxLength: 40 }),
    ended: fc.record({
      succeeded: anyCount,
      failed: anyCount,
      timedOut: anyCount,
      cancelled: anyCount,
      skipped: anyCount,
    }),
    left: anyCount,
    isInputOpen: fc.boolean(),
    elapsedMs: fc.nat(),
    etaMs: orNull(fc.nat()),
    note: orNull(anyText),
  })
  .map(({ slots, ended, left, isInputOpen, elapsedMs, etaMs, note }) => {
    const submitted = Object.values(ended).reduce((sum, count) => sum + count, left);
    const shown = { slots, counts: counts({ ...ended, submitted, ready: left, isInputOpen }), elapsedMs, etaMs };
    return note === null ? shown : { ...shown, note };
  });

it('never draws outside the window, whatever the pool and however small the window', () => {
  fc.assert(
    fc.property(anyView, fc.nat({ max: 120 }), fc.nat({ max: 50 }), fc.boolean(), (shown, columns, rows, colour) => {
      const text = renderPoolLive(shown, { columns, rows, colour });
      const lines = text === '' ? [] : text.split('\n');
      expect(lines.length).toBeLessThanOrEqual(Math.max(0, rows - 1));
      for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
      expect(text.replace(/\x1b\[\d+m/g, '')).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    }),
    { numRuns: 500 },
  );
});
