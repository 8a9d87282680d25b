import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LogLine } from '../../src/protocol/log-line.ts';
import { type LogRecord, type LogStream, outputOf } from '../../src/protocol/log-record.ts';
import { LogCursor } from '../../src/runtime/logs/log-cursor.ts';
import { followLogs, LogReader, type LogSelection, mergedByTime } from '../../src/runtime/logs/log-reader.ts';
import { LogWriter, type LogWriterOptions } from '../../src/runtime/logs/log-writer.ts';
import { tailStart } from '../../src/runtime/logs/tail-start.ts';
import { bytesFrom, readAll, recordsIn } from '../helpers/logs.ts';

/** What happens whenever somebody is about to list the files of a log. */
const race = vi.hoisted(() => ({ beforeList: (): void => {} }));
vi.mock('../../src/runtime/logs/log-files.ts', async (importOriginal) => {
  const files = await importOriginal<typeof import('../../src/runtime/logs/log-files.ts')>();
  const logNumbers = (directory: string): number[] => {
    race.beforeList();
    return files.logNumbers(directory);
  };
  return { ...files, logNumbers };
});

const START_MS = Date.parse('2026-11-22T19:18:00.000Z');

let home: string;
let directory: string;
let nowMs: number;
let closers: { close(): void }[];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'procctl-log-reader-'));
  directory = join(home, 'web', 'log');
  mkdirSync(join(home, 'web'));
  nowMs = START_MS;
  closers = [];
  race.beforeList = () => {};
});
afterEach(() => {
  for (const closer of closers) closer.close();
  rmSync(home, { recursive: true, force: true });
});

const opened = <T extends { close(): void }>(one: T): T => {
  closers.push(one);
  return one;
};
const write = (options: Partial<LogWriterOptions> = {}, where = directory): LogWriter =>
  opened(new LogWriter(where, { maxBytes: 0, keep: 1000, now: () => nowMs, ...options }));
const say = (writer: LogWriter, text: string, stream: 'stdout' | 'stderr' = 'stdout'): void =>
  writer.append(stream, Buffer.from(text));

const ALL: ReadonlySet<LogStream> = new Set(['stdout', 'stderr', 'procctl']);
const read = (selection: Partial<LogSelection> = {}, where = directory): LogReader =>
  opened(new LogReader(where, { lines: Number.POSITIVE_INFINITY, since: null, streams: ALL, ...selection }));
const textOf = ({ text }: LogLine): string => text.toString();
/** The lines that are there, open ones too. */
const linesNow = (selection: Partial<LogSelection> = {}): string[] => {
  const reader = read(selection);
  return [...reader.linesNow(), ...reader.openLines()].map(textOf);
};
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

/** The last lines, read the slow way: all of them, the last ones being those whose last piece stands last. */
const lastLines = (records: readonly LogRecord[], streams: ReadonlySet<LogStream>, count: number): string[] => {
  const lines: { readonly text: string; readonly at: number }[] = [];
  const open = new Map<LogStream, { text: string; at: number }>();
  const endAll = (): void => {
    lines.push(...[...open].filter(([stream]) => streams.has(stream)).map(([, line]) => line));
    open.clear();
  };
  records.forEach(({ stream, text, isFull }, at) => {
    if (stream === 'procctl') endAll();
    const line = { text: `${open.get(stream)?.text ?? ''}${text}`, at };
    if (!isFull) open.set(stream, { ...line });
    if (!isFull) return;
    open.delete(stream);
    if (streams.has(stream)) lines.push(line);
  });
  endAll();
  const from = lines.map(({ at }) => at).sort((a, b) => b - a)[count - 1] ?? 0;
  return lines.filter(({ at }) => count > 0 && at >= from).map(({ text }) => text);
};

describe('the last lines of a log', () => {
  it('are found across files', () => {
    const writer = write({ maxBytes: 100 });
    for (const number of numbers(1, 20)) say(writer, `${number}\n`);
    expect(readdirSync(directory).length).toBeGreaterThan(5);
    expect(linesNow({ lines: 7 })).toEqual(numbers(14, 20));
    expect(linesNow({ lines: 100 })).toEqual(numbers(1, 20));
    expect(linesNow()).toEqual(numbers(1, 20));
    expect(linesNow({ lines: 0 })).toEqual([]);
  });
  it('are looked for from the end: the beginning of a large log is not read', () => {
    const writer = write();
    for (let count = 0; count < 50; count += 1) say(writer, `${'x'.repeat(99)}\n`.repeat(500));
    const { position } = tailStart(directory, 10, ALL);
    const end = LogCursor.atEnd(directory).position;
    expect(end.offset - position.offset).toBe(10 * 134);
  });
  it('are whole, though pieces of them were written long before', () => {
    const writer = write();
    say(writer, 'first\n');
    say(writer, 'a line that ');
    for (let count = 0; count < 100; count += 1) say(writer, 'meanwhile\n', 'stderr');
    say(writer, 'ends here\n');
    expect(linesNow({ lines: 1 })).toEqual(['a line that ends here']);
    expect(linesNow({ lines: 2 })).toEqual(['meanwhile', 'a line that ends here']);
  });
  it('are found when one of them is longer than what is read at a time', () => {
    const writer = write();
    say(writer, 'before\n');
    say(writer, `${'x'.repeat(300_000)}\n`);
    say(writer, 'after\n');
    expect(linesNow({ lines: 2 }).map((line) => line.length)).toEqual([300_000, 5]);
    expect(linesNow().map((line) => line.length)).toEqual([6, 300_000, 5]);
  });
  it('are not those that have stayed open since long before', () => {
    const writer = write();
    say(writer, 'one line ');
    say(writer, 'old prompt> ', 'stderr');
    say(writer, 'in two pieces\n');
    expect(linesNow({ lines: 1 })).toEqual(['one line in two pieces']);
    expect(linesNow({ lines: 2 })).toEqual(['one line in two pieces', 'old prompt> ']);
    writer.note('note');
    expect(linesNow({ lines: 2 })).toEqual(['one line in two pieces', 'note']);
  });
  it('have an open line among them', () => {
    const writer = write();
    say(writer, 'one\ntwo\nprompt> ');
    expect(linesNow({ lines: 2 })).toEqual(['two', 'prompt> ']);
  });
  it('can be those of one stream', () => {
    const writer = write();
    say(writer, 'out 1\nout 2\n');
    say(writer, 'err 1\nerr 2\n', 'stderr');
    say(writer, 'out 3\n');
    writer.note('note');
    expect(linesNow({ lines: 2, streams: new Set(['stdout']) })).toEqual(['out 2', 'out 3']);
    expect(linesNow({ lines: 2, streams: new Set(['stderr']) })).toEqual(['err 1', 'err 2']);
    expect(linesNow({ lines: 2 })).toEqual(['out 3', 'note']);
  });
  it('can be those since a time, of whichever file', () => {
    const writer = write({ maxBytes: 100 });
    for (const number of numbers(1, 20)) {
      say(writer, `${number}\n`);
      nowMs += 1000;
    }
    const since = new Date(START_MS + 14_500).toISOString();
    expect(linesNow({ since })).toEqual(numbers(16, 20));
    expect(linesNow({ since, lines: 3 })).toEqual(numbers(18, 20));
    expect(linesNow({ since, lines: 10 })).toEqual(numbers(16, 20));
    expect(linesNow({ since: new Date(START_MS - 1).toISOString() })).toEqual(numbers(1, 20));
    expect(linesNow({ since: new Date(nowMs).toISOString() })).toEqual([]);
  });
  it('are the same as those of reading all, for any log, count and choice of streams', () => {
    const piece = fc.record({
      stream: fc.constantFrom('stdout' as const, 'stderr' as const, 'procctl' as const),
      text: fc
        .array(fc.constantFrom('a', 'b', '\n', '\n\n'), { minLength: 1, maxLength: 6 })
        .map((parts) => parts.join('')),
    });
    const streams = fc
      .subarray(['stdout', 'stderr', 'procctl'] as const, { minLength: 1 })
      .map((list): ReadonlySet<LogStream> => new Set(list));
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 25 }),
        fc.oneof(fc.nat({ max: 8 }), fc.constant(Number.POSITIVE_INFINITY)),
        streams,
        fc.constantFrom(0, 120),
        (pieces, count, chosen, maxBytes) => {
          rmSync(directory, { recursive: true, force: true });
          const writer = new LogWriter(directory, { maxBytes, keep: 1000, now: () => nowMs });
          pieces.forEach(({ stream, text }, index) => {
            if (stream === 'procctl') writer.note(`note ${index}`);
            else
              say(
                writer,
                text.replaceAll(/[ab]/g, (letter) => `${letter}${index}`),
                stream,
              );
          });
          writer.close();
          const last = linesNow({ streams: chosen, lines: count });
          for (const closer of closers.splice(0)) closer.close();
          expect(last).toEqual(lastLines(recordsIn(directory), chosen, count));
        },
      ),
      { numRuns: 150 },
    );
  });
  it('are none where there is no log', () => {
    expect(linesNow()).toEqual([]);
    expect(linesNow({ lines: 5 })).toEqual([]);
    expect(linesNow({ since: new Date(nowMs).toISOString() })).toEqual([]);
  });
  it('are not said to be none where the log cannot be read', () => {
    symlinkSync('log', directory); // leads nowhere, again and again
    expect(() => linesNow({ lines: 5 })).toThrow('ELOOP');
    expect(() => opened(LogCursor.atStart(directory))).toThrow('ELOOP');
  });
  it('end, though a writer goes on all the time', () => {
    const writer = write();
    say(writer, '1\n2\n');
    const lines: string[] = [];
    for (const line of read().linesNow()) {
      lines.push(textOf(line));
      say(writer, 'more\n');
    }
    expect(lines.slice(0, 2)).toEqual(['1', '2']);
    expect(lines.length).toBeLessThan(5);
  });
});

describe('the lines of several logs', () => {
  it('are put in the order of time, and stay in their own', () => {
    const line = (time: string, text: string): LogLine => ({
      time,
      stream: 'stdout',
      text: Buffer.from(text),
      end: 'newline',
    });
    const logs = [
      { source: 'a', lines: [line('1', 'a1'), line('4', 'a2'), line('3', 'a3')].values() },
      { source: 'b', lines: [line('2', 'b1'), line('4', 'b2'), line('5', 'b3')].values() },
      { source: 'c', lines: [].values() },
    ];
    const merged = [...mergedByTime(logs)].map((one) => textOf(one.line));
    expect(merged.filter((text) => text.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
    expect([merged.slice(0, 2), merged.at(-1)]).toEqual([['a1', 'b1'], 'b3']);
  });
});

describe('a cursor', () => {
  it('set at the end gives the very bytes that come, line ends or none, and nothing from before', () => {
    const writer = write({ maxBytes: 200 });
    say(writer, 'before\n');
    const cursor = opened(LogCursor.atEnd(directory));
    expect(cursor.read()).toEqual([]);
    say(writer, 'prompt> ');
    expect(cursor.read().map((record) => outputOf(record).toString())).toEqual(['prompt> ']);
    const written = numbers(1, 50).map((number) => `${number}${Number(number) % 3 === 0 ? '\n' : '\0'}`);
    for (const text of written) say(writer, text, 'stderr');
    expect(bytesFrom(readAll(cursor), 'stderr').toString()).toBe(written.join(''));
  });
  it('set at the end of a log that is not there yet gives all of it', () => {
    const cursor = opened(LogCursor.atEnd(directory));
    expect(cursor.read()).toEqual([]);
    say(write(), 'first\n');
    expect(bytesFrom(readAll(cursor), 'stdout').toString()).toBe('first\n');
  });
  it('can be put where another one is', () => {
    const writer = write({ maxBytes: 100 });
    const first = opened(LogCursor.atStart(directory));
    for (const number of numbers(1, 6)) say(writer, `${number}\n`);
    first.read();
    const second = opened(new LogCursor(directory, first.position));
    expect(bytesFrom(readAll(second), 'stdout')).toEqual(bytesFrom(readAll(first), 'stdout'));
  });
  it('does not give a record that is still being written', () => {
    say(write(), 'whole\n');
    const file = join(directory, '000001.log');
    appendFileSync(file, '2026-11-22T19:18:00.000Z stdout F ha');
    const atEnd = opened(LogCursor.atEnd(directory));
    const cursor = opened(LogCursor.atStart(directory));
    expect(bytesFrom(readAll(cursor), 'stdout').toString()).toBe('whole\n');
    appendFileSync(file, 'lf\n');
    expect(bytesFrom(readAll(cursor), 'stdout').toString()).toBe('half\n');
    expect(bytesFrom(readAll(atEnd), 'stdout').toString()).toBe('half\n');
  });
  it('misses nothing that is written to a file between looking at it and seeing the next one', () => {
    const writer = write({ maxBytes: 80 });
    say(writer, '1\n');
    const cursor = opened(LogCursor.atEnd(directory));
    race.beforeList = () => {
      race.beforeList = () => {};
      say(writer, '2\n');
      say(writer, '3\n');
    };
    expect(bytesFrom(readAll(cursor), 'stdout').toString()).toBe('2\n3\n');
    expect(readdirSync(directory)).toHaveLength(2);
  });
  it('reads a file to its end though it is removed meanwhile, and says how many it has missed', () => {
    const writer = write({ maxBytes: 1, keep: 2 });
    say(writer, '1\n');
    const cursor = opened(LogCursor.atStart(directory));
    const lazy = opened(LogCursor.atStart(directory));
    expect(bytesFrom(readAll(cursor), 'stdout').toString()).toBe('1\n');
    for (const number of numbers(2, 6)) say(writer, `${number}\n`);
    expect(readAll(cursor).map(({ text }) => text.toString())).toEqual([
      '3 files of the log were removed before they could be read',
      '5',
      '6',
    ]);
    expect(readAll(lazy).map(({ text }) => text.toString())).toEqual([
      '4 files of the log were removed before they could be read',
      '5',
      '6',
    ]);
  });
  it('goes on from the start of a file that was emptied', () => {
    const writer = write();
    say(writer, 'a long line from before\n');
    const cursor = opened(LogCursor.atEnd(directory));
    truncateSync(join(directory, '000001.log'));
    say(writer, 'new\n');
    expect(bytesFrom(readAll(cursor), 'stdout').toString()).toBe('new\n');
  });
  it('goes on where a log was removed by hand and begun anew', () => {
    const first = write({ maxBytes: 1 });
    for (const number of numbers(1, 3)) say(first, `${number}\n`);
    first.close();
    const cursor = opened(LogCursor.atEnd(directory));
    for (const name of readdirSync(directory)) unlinkSync(join(directory, name));
    say(write(), 'new\n');
    expect(bytesFrom(readAll(cursor), 'stdout').toString()).toBe('new\n');
  });
});

/** Follows until `isEnough` says so, or until the following ends by itself. */
const follow = async (
  readers: readonly LogReader[],
  isEnough: (lines: readonly string[]) => boolean,
  stop = new AbortController(),
): Promise<string[]> => {
  const lines: string[] = [];
  for await (const news of followLogs(readers, stop.signal)) {
    lines.push(...news.lines.map(textOf));
    if (isEnough(lines)) stop.abort();
  }
  return lines;
};

describe('following a log', () => {
  it('loses nothing and doubles nothing, while a writer writes fast and rotates', async () => {
    const writer = write({ maxBytes: 20_000, now: Date.now });
    say(writer, '0\n');
    const reader = read({ lines: 0 });
    const last = 20_000;
    const following = follow([reader], (lines) => lines.at(-1) === String(last));
    for (let number = 1; number <= last; ) {
      // Chunks that end in the middle of a line.
      const lines = numbers(number, Math.min(last, number + 36));
      number += lines.length;
      const text = `${lines.join('\n')}\n`;
      say(writer, text.slice(0, text.length / 2));
      say(writer, text.slice(text.length / 2));
      if (number % 3 === 0) await nextTurn();
    }
    expect(await following).toEqual(numbers(1, last));
    expect(readdirSync(directory).length).toBeGreaterThan(20);
  });
  it('begins with the lines that are there, and goes on without a gap', async () => {
    const writer = write();
    say(writer, '1\n2\n3\nfo');
    const reader = read({ lines: 3 });
    say(writer, 'ur\n');
    const lines = [...reader.linesNow()].map(textOf);
    say(writer, 'five\n');
    lines.push(...(await follow([reader], (news) => news.includes('five'))));
    expect(lines).toEqual(['2', '3', 'four', 'five']);
  });
  it('waits for a log that is not there yet', async () => {
    const following = follow([read()], (lines) => lines.length === 1);
    await nextTurn();
    say(write(), 'at last\n');
    expect(await following).toEqual(['at last']);
  });
  it('ends when the process is removed, with all it had written, an open line too', async () => {
    const writer = write();
    say(writer, 'first\n');
    const reader = read();
    const following = follow([reader], (lines) => {
      if (lines.at(-1) === 'first') {
        say(writer, 'last\nopen');
        rmSync(join(home, 'web'), { recursive: true });
      }
      return false;
    });
    expect(await following).toEqual(['first', 'last', 'open']);
  });
  it('ends when it is told to, while nothing comes', async () => {
    say(write(), 'quiet\n');
    const stop = new AbortController();
    const following = follow([read({ lines: 0 })], () => false, stop);
    await nextTurn();
    stop.abort();
    expect(await following).toEqual([]);
  });
  it('of several processes gives what comes as it comes, and one that is removed ends alone', async () => {
    const other = join(home, 'db', 'log');
    mkdirSync(join(home, 'db'));
    const web = write();
    const db = write({}, other);
    const readers = [read(), read({}, other)];
    const following = follow(readers, (lines) => {
      if (lines.length === 1) say(db, 'db 1\n');
      if (lines.length === 2) rmSync(join(home, 'web'), { recursive: true });
      if (lines.length === 2) say(db, 'db 2\n');
      return lines.length === 3;
    });
    say(web, 'web 1\n');
    expect(await following).toEqual(['web 1', 'db 1', 'db 2']);
  });
  it('of a busy process keeps neither another one nor the end waiting', async () => {
    const other = join(home, 'db', 'log');
    mkdirSync(join(home, 'db'));
    const web = write({ maxBytes: 100_000, keep: 2 });
    const flood = (): void => say(web, 'flood\n'.repeat(3000));
    flood();
    say(write({}, other), 'db\n');
    const following = follow([read(), read({}, other)], (lines) => {
      flood();
      return lines.includes('db');
    });
    expect(await following).toContain('db');
  });
  it('hears that it has to end, though there is always more and none of it is shown', async () => {
    const writer = write();
    say(writer, 'first\n');
    const reader = read({ lines: 0, streams: new Set(['stderr']) });
    let floods = 0;
    race.beforeList = () => {
      if (floods < 300) say(writer, 'x\n'.repeat(1000));
      floods += 1;
    };
    const stop = new AbortController();
    setImmediate(() => stop.abort());
    expect(await follow([reader], () => false, stop)).toEqual([]);
    expect(floods).toBeLessThan(300);
  });
  it('notices what the system does not tell of', async () => {
    // Nothing is watched that is not there; only looking again finds it.
    const reader = read();
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    try {
      const following = follow([reader], (lines) => lines.length === 1);
      await nextTurn();
      await nextTurn();
      say(write(), 'found\n');
      await vi.advanceTimersByTimeAsync(500);
      expect(await following).toEqual(['found']);
    } finally {
      vi.useRealTimers();
    }
  });
});
