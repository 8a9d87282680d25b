import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogLine } from '../../src/protocol/log-line.ts';
import { LogText, type LogTextOptions, logJson, plainPrefixes } from '../../src/render/log-lines.ts';
import { paintedPrefixes } from '../../src/render/log-prefixes.ts';

const TIME = '2026-11-22T19:18:51.123Z';
const line = (text: string | Buffer, more: Partial<LogLine> = {}): LogLine => ({
  time: TIME,
  stream: 'stdout',
  text: Buffer.from(text),
  end: 'newline',
  ...more,
});
const open = (text: string, more: Partial<LogLine> = {}): LogLine => line(text, { end: 'none', ...more });

/** Lines of one process, or of several by their prefix, as text. */
const shown = (lines: readonly (LogLine | [string, LogLine])[], options: Partial<LogTextOptions> = {}): string => {
  const text = new LogText({ timestamps: false, isTerminal: false, ...options });
  const pieces = lines.flatMap((one) => (Array.isArray(one) ? text.line(one[1], one[0]) : text.line(one, '')));
  return Buffer.concat(pieces).toString('latin1') + text.end();
};

describe('lines of one process', () => {
  it('are its bytes, unchanged, control characters and colours too', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (texts) => {
        const text = new LogText({ timestamps: false, isTerminal: false });
        const written = texts.flatMap((bytes) => text.line(line(Buffer.from(bytes)), ''));
        const expected = texts.flatMap((bytes) => [...bytes, 10]);
        expect([...Buffer.concat(written)]).toEqual(expected);
      }),
    );
  });
  it('have the time in front of them if asked for', () => {
    expect(shown([line('one'), line('two', { stream: 'stderr' })], { timestamps: true })).toBe(
      `${TIME} one\n${TIME} two\n`,
    );
  });
  it('go on where they went on, and nowhere else', () => {
    const parts = [open('a', { end: 'continues' }), open('b', { end: 'continues' }), line('c'), line('d')];
    expect(shown(parts)).toBe('abc\nd\n');
    expect(shown(parts, { timestamps: true })).toBe(`${TIME} abc\n${TIME} d\n`);
    expect(shown([open('out'), line('err', { stream: 'stderr' })])).toBe('out\nerr\n');
  });
  it('have no end at the end where the process wrote none, but for a terminal', () => {
    expect(shown([line('one'), open('prompt> ')])).toBe('one\nprompt> ');
    expect(shown([line('one'), open('prompt> ')], { isTerminal: true })).toBe('one\nprompt> \n');
    expect(shown([line('one')], { isTerminal: true })).toBe('one\n');
    expect(shown([])).toBe('');
  });
  it('are told from those of procctl', () => {
    const note = line('dropped 2 lines (8 bytes): no space left on device', { stream: 'procctl' });
    expect(shown([open('cut'), note])).toBe('cut\nprocctl: dropped 2 lines (8 bytes): no space left on device\n');
  });
});

describe('lines of several processes', () => {
  it('begin with the name, and never share a line', () => {
    const [web = '', db = ''] = plainPrefixes(['web', 'database']);
    expect(
      shown([
        [web, line('one')],
        [db, line('two')],
      ]),
    ).toBe('web      | one\ndatabase | two\n');
    expect(
      shown([
        [web, open('cut')],
        [db, line('two')],
      ]),
    ).toBe('web      | cut\ndatabase | two\n');
    expect(shown([[web, open('cut')]])).toBe('web      | cut\n');
  });
  it('have the time after the name', () => {
    expect(shown([['web | ', line('one')]], { timestamps: true })).toBe(`web | ${TIME} one\n`);
  });
});

describe('the names in front of lines', () => {
  it('cannot drive a terminal', () => {
    expect(plainPrefixes(['a\x1b[31m\n'])).toEqual(['a\\u001b[31m\\n | ']);
    expect(paintedPrefixes(['a\x1b[31m\n'], false)).toEqual(['a\\u001b[31m\\n | ']);
  });
  it('are as wide as the widest, counted in cells of a terminal', () => {
    expect(paintedPrefixes(['web', '日本', 'database'], false)).toEqual(['web      | ', '日本     | ', 'database | ']);
  });
  it('have colours on a terminal, neighbours different ones', () => {
    const [first = '', second = ''] = paintedPrefixes(['a', 'b'], true);
    expect(first).toMatch(/^\x1b\[\d+ma \|\x1b\[39m $/);
    expect(first.slice(0, 5)).not.toBe(second.slice(0, 5));
    expect(paintedPrefixes(Array(50).fill('x'), true)).toHaveLength(50);
  });
  it('are none for no process', () => expect([plainPrefixes([]), paintedPrefixes([], true)]).toEqual([[], []]));
});

describe('a line as JSON', () => {
  const owner = { id: 7, name: 'web' };
  it('has time, id, name, stream and line, one record a line', () => {
    expect(logJson(line('größer\u2028', { stream: 'stderr' }), owner)).toBe(
      `{"time":"${TIME}","id":7,"name":"web","stream":"stderr","line":"größer\u2028"}\n`,
    );
  });
  it('has the exact bytes beside the text where they are not UTF-8', () => {
    const record = JSON.parse(logJson(line(Buffer.from('caf\xe9', 'latin1')), owner));
    expect(record).toMatchObject({ line: 'caf\ufffd', base64: Buffer.from('caf\xe9', 'latin1').toString('base64') });
  });
  it('says when the end of the line was not seen', () => {
    expect(JSON.parse(logJson(open('prompt> '), owner)).partial).toBe(true);
    expect(JSON.parse(logJson(open('part', { end: 'continues' }), owner)).partial).toBe(true);
  });
  it('gives back any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = logJson(line(Buffer.from(bytes)), owner);
        expect(text.indexOf('\n')).toBe(text.length - 1);
        const record = JSON.parse(text);
        expect([...Buffer.from(record.base64 ?? record.line, record.base64 === undefined ? 'utf8' : 'base64')]).toEqual(
          [...bytes],
        );
      }),
    );
  });
});
