import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogWriter, type LogWriterOptions } from '../../src/runtime/logs/log-writer.ts';
import { bytesFrom, filesIn, recordsIn, textIn } from '../helpers/logs.ts';

const TIME = '2026-11-22T19:18:51.123Z';
/** Of `2026-11-22T19:18:51.123Z stdout F `. */
const HEAD_BYTES = 34;

let home: string;
let directory: string;
let nowMs: number;
let writers: LogWriter[];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'procctl-log-writer-'));
  directory = join(home, 'log');
  nowMs = Date.parse(TIME);
  writers = [];
});
afterEach(() => {
  for (const writer of writers) writer.close();
  rmSync(home, { recursive: true, force: true });
});

const open = (options: Partial<LogWriterOptions> = {}): LogWriter => {
  const writer = new LogWriter(directory, { maxBytes: 0, keep: 3, now: () => nowMs, ...options });
  writers.push(writer);
  return writer;
};
const say = (writer: LogWriter, text: string, stream: 'stdout' | 'stderr' = 'stdout'): void =>
  writer.append(stream, Buffer.from(text, 'latin1'));
const notesIn = (): string[] => textIn(directory, 'procctl').split('\n').slice(0, -1);

describe('a log', () => {
  it('is on disk when append returns, readable by its owner only', () => {
    say(open(), 'one\ntw');
    expect(filesIn(directory)).toEqual([{ name: '000001.log', text: `${TIME} stdout F one\n${TIME} stdout P tw\n` }]);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, '000001.log')).mode & 0o777).toBe(0o600);
  });
  it('is not there before something is written', () => {
    const writer = open();
    writer.append('stdout', Buffer.alloc(0));
    writer.close();
    expect(readdirSync(home)).toEqual([]);
  });
  it('has the time of each chunk', () => {
    const writer = open();
    say(writer, 'one\n');
    nowMs += 1;
    say(writer, 'two\n', 'stderr');
    expect(filesIn(directory)[0]?.text).toBe(`${TIME} stdout F one\n2026-11-22T19:18:51.124Z stderr F two\n`);
  });
  it('gives back the very bytes of each stream, however they were cut into chunks and files', () => {
    const chunk = fc.record({
      stream: fc.constantFrom('stdout' as const, 'stderr' as const),
      bytes: fc.array(fc.oneof(fc.constantFrom(10, 0, 0xff), fc.integer({ min: 0, max: 255 })), { maxLength: 60 }),
    });
    const limit = fc.constantFrom(0, 1, 100, 1000);
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 30 }), limit, (chunks, maxBytes) => {
        rmSync(directory, { recursive: true, force: true });
        const writer = new LogWriter(directory, { maxBytes, keep: 1000 });
        for (const { stream, bytes } of chunks) writer.append(stream, Buffer.from(bytes));
        writer.close();
        const records = recordsIn(directory);
        for (const stream of ['stdout', 'stderr'] as const) {
          const written = chunks.filter((one) => one.stream === stream).flatMap(({ bytes }) => bytes);
          expect([...bytesFrom(records, stream)]).toEqual(written);
        }
      }),
      { numRuns: 60 },
    );
  });
  it('has notes of procctl between the lines', () => {
    const writer = open();
    say(writer, 'one\n');
    writer.note('about\nthe log');
    expect(notesIn()).toEqual(['about the log']);
  });
});

describe('the end of a run', () => {
  it('in the middle of a line is noted, and the next run begins a new one', () => {
    const writer = open();
    say(writer, 'panic: ');
    writer.endRun();
    say(writer, 'hello\n');
    expect(filesIn(directory)[0]?.text.replaceAll(/^\S+ /gm, '')).toBe(
      'stdout P panic: \nprocctl F ended in the middle of a line\nstdout F hello\n',
    );
  });
  it('after whole lines leaves no trace', () => {
    const writer = open();
    say(writer, 'on two ');
    say(writer, 'pieces\n');
    writer.endRun();
    expect(notesIn()).toEqual([]);
  });
});

describe('rotation', () => {
  it('opens the next file before the limit is passed, and loses nothing', () => {
    const writer = open({ maxBytes: 3 * (HEAD_BYTES + 3), keep: 100 });
    for (let number = 10; number < 20; number += 1) say(writer, `${number}\n`);
    const files = filesIn(directory);
    expect(files.map(({ name }) => name)).toEqual(['000001.log', '000002.log', '000003.log', '000004.log']);
    expect(files.map(({ text }) => text.length / (HEAD_BYTES + 3))).toEqual([3, 3, 3, 1]);
    expect(textIn(directory, 'stdout')).toBe('10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n');
  });
  it('keeps so many files, the newest', () => {
    const writer = open({ maxBytes: HEAD_BYTES + 3, keep: 2 });
    for (let number = 10; number < 20; number += 1) {
      say(writer, `${number}\n`);
      expect(readdirSync(directory).length).toBeLessThanOrEqual(2);
    }
    expect(filesIn(directory).map(({ name }) => name)).toEqual(['000009.log', '000010.log']);
    expect(textIn(directory, 'stdout')).toBe('18\n19\n');
  });
  it('gives a chunk that is larger than a file one of its own, in one piece', () => {
    const writer = open({ maxBytes: 100, keep: 5 });
    say(writer, 'small\n');
    say(writer, 'large\n'.repeat(10));
    say(writer, 'small\n');
    const lines = filesIn(directory).map(({ text }) => text.split('\n').length - 1);
    expect(lines).toEqual([1, 10, 1]);
  });
  it('never happens without a limit', () => {
    const writer = open({ maxBytes: 0, keep: 1 });
    for (let count = 0; count < 100; count += 1) say(writer, 'x'.repeat(1000));
    expect(readdirSync(directory)).toEqual(['000001.log']);
  });
  it('goes on from the file with the highest number, and its size', () => {
    const first = open({ maxBytes: 2 * (HEAD_BYTES + 2) });
    for (const text of ['a\n', 'b\n', 'c\n']) say(first, text);
    first.close();
    const second = open({ maxBytes: 2 * (HEAD_BYTES + 2) });
    for (const text of ['d\n', 'e\n']) say(second, text);
    expect(filesIn(directory).map(({ text }) => text.match(/\w$/gm)?.join(''))).toEqual(['ab', 'cd', 'e']);
  });
  it('takes numbers as numbers, beyond 999999 too', () => {
    mkdirSync(directory);
    writeFileSync(join(directory, '999999.log'), '');
    writeFileSync(join(directory, '1000000.log'), `${TIME} stdout F old\n`);
    writeFileSync(join(directory, 'other.txt'), '');
    say(open({ maxBytes: 1, keep: 1 }), 'new\n');
    expect(readdirSync(directory).sort()).toEqual(['1000001.log', 'other.txt']);
  });
});

describe('the end of a daemon in the middle of a write', () => {
  it.each(['2026-11-2', `${TIME} stdout F half a li`])('leaves a record that is closed: %j', (torn) => {
    mkdirSync(directory);
    writeFileSync(join(directory, '000001.log'), `${TIME} stdout F whole\n${torn}`);
    say(open({ maxBytes: 90, keep: 9 }), 'new\n');
    const lines = filesIn(directory).flatMap(({ text }) => text.split('\n').slice(0, -1));
    expect(lines).toContain(`${TIME} stdout F new`);
    expect(lines).toContain(torn);
    expect(notesIn()).toEqual(['the record before this one was cut short']);
  });
});

describe('files that somebody else touches', () => {
  it('may be removed: the log goes on in a new one, within a second', () => {
    const writer = open();
    say(writer, 'one\n');
    unlinkSync(join(directory, '000001.log'));
    nowMs += 1000;
    say(writer, 'two\n');
    expect(filesIn(directory).map(({ name }) => name)).toEqual(['000002.log']);
    expect(textIn(directory, 'stdout')).toBe('two\n');
  });
  it('may be emptied: the size counts from there', () => {
    const writer = open({ maxBytes: 2 * (HEAD_BYTES + 2) });
    say(writer, 'a\n');
    say(writer, 'b\n');
    truncateSync(join(directory, '000001.log'));
    nowMs += 1000;
    say(writer, 'c\n');
    expect(filesIn(directory)).toEqual([{ name: '000001.log', text: `${TIME.replace('51', '52')} stdout F c\n` }]);
  });
});

describe('a log that cannot be written', () => {
  it('drops lines and counts them, and does not bring a removed process back', () => {
    const writer = open();
    rmSync(home, { recursive: true });
    say(writer, 'one\ntwo\nthr');
    say(writer, 'ee\n');
    expect([writer.droppedLines, writer.droppedBytes]).toEqual([3, 14]);
    writer.note('no one hears this');
    expect(writer.droppedLines).toBe(4);
    writer.close();
    expect(() => statSync(home)).toThrow('ENOENT');
  });
  it('says first, once it can be written again, what was dropped and why', () => {
    const writer = open();
    const away = `${home}-away`;
    renameSync(home, away);
    say(writer, 'lost\nlost\nlo');
    renameSync(away, home);
    nowMs += 200;
    say(writer, 'kept\n');
    say(writer, 'kept\n');
    expect(filesIn(directory)[0]?.text.replaceAll(/^\S+ /gm, '')).toBe(
      'procctl F dropped 2 lines (12 bytes): no such file or directory\nstdout F kept\nstdout F kept\n',
    );
    expect([writer.droppedLines, writer.droppedBytes]).toEqual([2, 12]);
  });
  it('is not tried at each chunk, whichever way the clock is set', () => {
    const writer = open();
    const away = `${home}-away`;
    renameSync(home, away);
    say(writer, 'one\n');
    renameSync(away, home);
    nowMs += 199;
    say(writer, 'two\n');
    expect(writer.droppedLines).toBe(2);
    nowMs -= 3_600_000;
    say(writer, 'three\n');
    expect(textIn(directory, 'stdout')).toBe('three\n');
  });
  it('drops what comes after close', () => {
    const writer = open();
    writer.close();
    say(writer, 'late\n');
    expect(writer.droppedLines).toBe(1);
    expect(readdirSync(home)).toEqual([]);
  });
  it('takes nothing on a device without room, and says so after it', () => {
    mkdirSync(directory);
    symlinkSync('/dev/full', join(directory, '000001.log'));
    const writer = open();
    say(writer, 'one\ntwo\n');
    expect(writer.droppedLines).toBe(2);
    unlinkSync(join(directory, '000001.log'));
    nowMs += 200;
    writer.note('after');
    expect(notesIn()).toEqual(['dropped 2 lines (8 bytes): no space left on device', 'after']);
  });
  it('tells at close what was dropped, if it can by then', () => {
    const writer = open();
    const away = `${home}-away`;
    renameSync(home, away);
    say(writer, 'one\n');
    renameSync(away, home);
    nowMs += 200;
    writer.close();
    expect(notesIn()).toEqual(['dropped 1 line (4 bytes): no such file or directory']);
  });
});

/** A file system of 64 KiB; undefined where we may not mount one. */
const mountTiny = (path: string): (() => void) | undefined => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path], { stdio: 'ignore' });
    return () => execFileSync('umount', [path]);
  } catch {
    return undefined;
  }
};

describe('a full disk', () => {
  let unmount: (() => void) | undefined;
  let canMount = false;
  beforeEach(() => {
    unmount = mountTiny(home);
    canMount = unmount !== undefined;
  });
  afterEach(() => {
    for (const writer of writers) writer.close();
    if (canMount) unmount?.();
  });

  it('takes whole records, each once; the rest is counted to the byte, and told when there is room again', (test) => {
    if (!canMount) test.skip();
    const ballast = join(home, 'ballast');
    writeFileSync(ballast, Buffer.alloc(30_000));
    const writer = open();
    const chunks = Array.from({ length: 40 }, (_, index) =>
      Array.from({ length: 30 }, (_, line) => `line ${index}.${line} ${'x'.repeat(40)}\n`).join(''),
    );
    for (const chunk of chunks) {
      say(writer, chunk);
      nowMs += 100;
    }
    const written = chunks.join('');
    const kept = textIn(directory, 'stdout');
    expect(kept.length).toBeGreaterThan(10_000);
    expect(written.startsWith(kept)).toBe(true);
    expect(kept.endsWith('\n')).toBe(true);
    expect(readFileSync(join(directory, '000001.log'), 'latin1').endsWith('\n')).toBe(true);
    expect(writer.droppedBytes).toBe(written.length - kept.length);
    expect(writer.droppedLines).toBe(written.split('\n').length - kept.split('\n').length);

    unlinkSync(ballast);
    nowMs += 200;
    say(writer, 'after\n');
    expect(textIn(directory, 'stdout')).toBe(`${kept}after\n`);
    expect(notesIn()).toEqual([
      `dropped ${writer.droppedLines} lines (${writer.droppedBytes} bytes): no space left on device`,
    ]);
  });

  it('keeps the count when not even the note about it fits', (test) => {
    if (!canMount) test.skip();
    const ballast = join(home, 'ballast');
    const writer = open();
    say(writer, 'first\n');
    // All blocks but the one of the log, which has room for a little more.
    try {
      writeFileSync(ballast, Buffer.alloc(100_000));
    } catch {}
    appendFileSync(
      join(directory, '000001.log'),
      `${'#'.repeat(4095 - statSync(join(directory, '000001.log')).size)}\n`,
    );
    for (let count = 0; count < 5; count += 1) {
      say(writer, 'lost\n');
      nowMs += 200;
    }
    expect(writer.droppedLines).toBe(5);
    unlinkSync(ballast);
    say(writer, 'kept\n');
    expect(notesIn()).toEqual(['dropped 5 lines (25 bytes): no space left on device']);
    expect(textIn(directory, 'stdout')).toBe('first\nkept\n');
  });
});
