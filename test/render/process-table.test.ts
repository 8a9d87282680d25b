import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import type { ProcessView } from '../../src/protocol/process-view.ts';
import { COLUMN_BY_NAME, defaultColumns } from '../../src/render/process-columns.ts';
import { fitColumns } from '../../src/render/process-layout.ts';
import { parseColumns } from '../../src/render/process-query.ts';
import { type ProcessScreen, renderProcessScreen } from '../../src/render/process-screen.ts';
import { isAllAscii, NAME_ONLY, plainTable, processText, tableCells } from '../../src/render/process-table.ts';
import { DOWN, NASTY, processView, WIDE } from './process-views.ts';

const plain = (processes: readonly ProcessView[], columns = defaultColumns(false), hasHeader = true): string[] =>
  plainTable(tableCells(processes, columns, hasHeader), stringWidth).split('\n');

const screen = (width: number, some: Partial<ProcessScreen> = {}): ProcessScreen => ({
  columns: defaultColumns(false),
  hasHeader: true,
  colour: false,
  width,
  maxLines: Number.POSITIVE_INFINITY,
  ...some,
});
const shown = (width: number, some: Partial<ProcessScreen> = {}): string[] =>
  renderProcessScreen(NASTY, screen(width, some)).split('\n');

const withoutColours = (text: string): string => text.replace(/\x1b\[\d+m/g, '');

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 250 }),
  fc
    .array(
      fc.constantFrom(
        '👩‍👩‍👧‍👦',
        '🫠',
        '🏽',
        '日',
        'ﾞ',
        'e\u0301',
        '\u0301',
        'ᄒ',
        '\u0600',
        '\x1b[1m',
        '\ud83d',
        '\n',
        '\u2028',
        ' ',
        'a',
      ),
    )
    .map((parts) => parts.join('')),
);
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const anyProcess: fc.Arbitrary<ProcessView> = fc
  .record({
    id: fc.nat(),
    name: anyText,
    pid: orNull(fc.nat({ max: 4_194_304 })),
    alive: fc.boolean(),
    state: fc.constantFrom('running', 'ready', 'waiting', 'stopping', 'exited', 'failed'),
    reason: orNull(anyText),
    dueInMs: orNull(fc.nat()),
    cpuPercent: orNull(fc.nat({ max: 12_800 })),
    memoryBytes: orNull(fc.maxSafeNat()),
    uptimeMs: orNull(fc.nat()),
    restarts: fc.nat(),
    command: anyText,
    cwd: anyText,
    ports: fc.array(fc.nat({ max: 65_535 }), { maxLength: 20 }),
  })
  .map((some) => processView(some));
const anyColumns = fc.array(fc.constantFrom(...COLUMN_BY_NAME.values()), { minLength: 1, maxLength: 30 });

describe('processes in a pipe', () => {
  it('are plain lines: columns padded and two blanks apart, the last not padded', () => {
    expect(plain(NASTY)).toEqual([
      'ID  NAME                                      PID   ALIVE  STATE                       CPU  MEM   UPTIME  RESTARTS',
      '1   web                                       4711  yes    running                     88%  41M   2h03m   0',
      '2   日本語サーバー                            4711  yes    waiting (sleep)             3%   1.2G  2h03m   12',
      '3   \\u001b[31mred\\u001b[0m\\nx                 -     no     failed (5 restarts in 60s)  -    -     -       0',
      '4   batch                                     -     no     waiting (backoff 4s)        -    -     -       0',
      '10  nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn  -     no     exited (SIGSEGV)            -    -     -       0',
      '',
    ]);
  });

  it('show more with --wide, and - where there is nothing to say', () => {
    const processes = [
      processView(WIDE),
      processView({ ...DOWN, state: 'exited', exitCode: 0, command: ' ', ports: [] }),
    ];
    expect(plain(processes, defaultColumns(true))).toEqual([
      'ID  NAME  PID   ALIVE  STATE            CPU  MEM  UPTIME  RESTARTS  ON-CPU  QUEUED  ASLEEP  PORTS      COMMAND         CWD',
      '3   web   4711  yes    waiting (sleep)  3%   41M  2h03m   0         3%      0%      96%     8080,8443  node server.js  /srv/web',
      '3   web   -     no     exited (0)       -    -    -       0         -       -       -       -          -               /srv/web',
      '',
    ]);
  });

  it('show the columns asked for, without the header if it is not wanted', () => {
    const columns = parseColumns('name,wanted,restart,boot,started,instance');
    expect(plain([processView({ boot: true })], columns)).toEqual([
      'NAME  WANTED  RESTART     BOOT  STARTED                   INSTANCE',
      'web   up      on-failure  yes   2026-01-02T03:04:05.000Z  -',
      '',
    ]);
    expect(plain([processView()], parseColumns('name,command'), false)).toEqual(['web  node server.js', '']);
  });

  it('are a header alone when there are none, and nothing at all without it', () => {
    expect(plain([], parseColumns('id,name'))).toEqual(['ID  NAME', '']);
    expect(plain([], parseColumns('id,name'), false)).toEqual(['']);
  });

  it('need no widths looked up as long as all is ASCII', () => {
    const cells = tableCells([processView(), processView({ name: '\x1b[31m' })], defaultColumns(true), true);
    expect(isAllAscii(cells)).toBe(true);
    expect(plainTable(cells)).toBe(plainTable(cells, stringWidth));
    expect(isAllAscii(tableCells(NASTY, defaultColumns(false), true))).toBe(false);
  });

  it('are laid out at once as cell by cell, and left to others where widths have to be looked up', () => {
    const anyPlain = anyProcess.map((view) => ({ ...view, name: view.name.replace(/[^ -~\n]/gu, '') }));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(anyProcess, anyPlain), { maxLength: 4 }),
        fc.constantFrom('names', 'table'),
        fc.boolean(),
        fc.boolean(),
        (processes, face, wide, headers) => {
          const columns = face === 'names' ? NAME_ONLY : defaultColumns(wide);
          const cells = tableCells(processes, columns, face === 'table' && headers);
          expect(processText(processes, { face: face as 'names' | 'table', wide, headers })).toBe(
            isAllAscii(cells) ? plainTable(cells) : undefined,
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it('are one line each, of printable text and without blanks at the end, whatever their names and commands', () => {
    fc.assert(
      fc.property(fc.array(anyProcess, { maxLength: 10 }), anyColumns, (processes, columns) => {
        const text = plainTable(tableCells(processes, columns, true), stringWidth);
        const lines = text.split('\n');
        expect(lines).toHaveLength(processes.length + 2);
        expect(lines.pop()).toBe('');
        expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u);
        for (const line of lines) expect(line).toMatch(/\S$/);
      }),
    );
  });
});

describe('processes on a terminal', () => {
  it('are a table as wide as it must be, with its numbers right below each other', () => {
    expect(shown(120)).toEqual([
      'ID  NAME                                          PID  ALIVE  STATE                        CPU    MEM  UPTIME  RESTARTS',
      ' 1  web                                          4711  yes    running                      88%    41M   2h03m         0',
      ' 2  日本語サーバー                               4711  yes    waiting (sleep)               3%   1.2G   2h03m        12',
      ' 3  \\u001b[31mred\\u001b[0m\\nx                       -  no     failed (5 restarts in 60s)     -      -       -         0',
      ' 4  batch                                           -  no     waiting (backoff 4s)           -      -       -         0',
      '10  nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn        -  no     exited (SIGSEGV)               -      -       -         0',
    ]);
  });

  it('cut the longest texts in a narrower window, the state last', () => {
    expect(shown(80)).toEqual([
      'ID  NAME           PID  ALIVE  STATE                 CPU   MEM  UPTIME  RESTARTS',
      ' 1  web           4711  yes    running               88%   41M   2h03m         0',
      ' 2  日本語サー…   4711  yes    waiting (sleep)        3%  1.2G   2h03m        12',
      ' 3  \\u001b[31mr…     -  no     failed (5 restarts …    -     -       -         0',
      ' 4  batch            -  no     waiting (backoff 4s)    -     -       -         0',
      '10  nnnnnnnnnnn…     -  no     exited (SIGSEGV)        -     -       -         0',
    ]);
  });

  it('do without the least telling columns when cutting is not enough', () => {
    const heads = (width: number) => shown(width)[0]?.trim().split(/ +/);
    expect(heads(60)).toEqual(['ID', 'NAME', 'PID', 'ALIVE', 'STATE', 'CPU', 'MEM']);
    expect(heads(40)).toEqual(['NAME', 'PID', 'ALIVE', 'STATE']);
    expect(shown(30)).toEqual([
      'NAME           STATE',
      'web            running',
      '日本語サーバ…  waiting (sleep)',
      '\\u001b[31mre…  failed (5 rest…',
      'batch          waiting (backo…',
      'nnnnnnnnnnnn…  exited (SIGSEG…',
    ]);
    expect(shown(5)).toEqual(['NAME', 'web', '日本…', '\\u00…', 'batch', 'nnnn…']);
  });

  it('end with how many more there are in a low window', () => {
    expect(shown(30, { maxLines: 4 })).toEqual([
      'NAME           STATE',
      'web            running',
      '日本語サーバ…  waiting (sleep)',
      '… 3 more',
    ]);
    expect(shown(40, { maxLines: 6 })).toHaveLength(6);
    expect(shown(40, { maxLines: 6 }).at(-1)).toContain('nnn');
    expect(shown(40, { maxLines: 2 })).toEqual([expect.stringContaining('web'), '… 4 more']);
    expect(shown(40, { maxLines: 1 })).toEqual(['… 5 more']);
    expect(shown(4, { maxLines: 1 })).toEqual(['… 5…']);
    expect(shown(40, { maxLines: 0 })).toEqual(['']);
  });

  it('have a colour for what their state means, and say the same without', () => {
    const text = renderProcessScreen(NASTY, screen(90, { colour: true }));
    expect(text).toContain('\x1b[1mNAME\x1b[22m');
    expect(text).toContain('\x1b[32mrunning\x1b[39m');
    expect(text).toContain('\x1b[36mwaiting (sleep)\x1b[39m');
    expect(text).toContain('\x1b[33mwaiting (backoff 4s)\x1b[39m');
    expect(text).toContain('\x1b[31mexited (SIGSEGV)\x1b[39m');
    expect(withoutColours(text)).toBe(renderProcessScreen(NASTY, screen(90)));
  });

  it('look at no more of a text than can be shown', () => {
    const huge = processView({ name: 'x', command: 'é'.repeat(3_000_000) });
    const text = renderProcessScreen([huge], screen(80, { columns: parseColumns('name,command') }));
    expect(stringWidth(text.split('\n')[1] ?? '')).toBe(80);
  });

  it('never draw outside the window, whatever their names and however small the window', () => {
    fc.assert(
      fc.property(
        fc.array(anyProcess, { maxLength: 12 }),
        anyColumns,
        fc.record({ width: fc.nat(200), maxLines: fc.nat(15), hasHeader: fc.boolean(), colour: fc.boolean() }),
        (processes, columns, some) => {
          const text = renderProcessScreen(processes, { columns, ...some });
          const lines = text === '' ? [] : text.split('\n');
          expect(lines.length).toBeLessThanOrEqual(some.maxLines);
          for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(some.width);
          expect(withoutColours(text).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u);
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('the room of columns', () => {
  it('is all that there is when they have to be cut, and what they need when not', () => {
    const columns = fc.array(
      fc.record({ name: fc.constantFrom('name', 'state', 'command', 'cwd'), width: fc.integer({ min: 1, max: 200 }) }),
      { minLength: 1, maxLength: 4 },
    );
    // Four times the column that can be narrowed least: 4 x 15, and the gaps.
    const room = fc.integer({ min: 66, max: 300 });
    fc.assert(
      fc.property(columns, room, (sizes, total) => {
        const needed = sizes.reduce((sum, { width }) => sum + width + 2, -2);
        const widths = fitColumns(sizes, 2, total);
        expect(widths.reduce((sum, width) => sum + width + 2, -2)).toBe(Math.min(needed, total));
        expect(widths).not.toContain(0);
      }),
    );
  });
});
