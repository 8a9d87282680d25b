import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  defaultNameOf,
  instanceNames,
  MAX_NAME_CHARS,
  parseProcessName,
  uniqueName,
} from '../../src/core/process/name.ts';
import { ProcctlError } from '../../src/errors.ts';

const refusal = (text: string): ProcctlError => {
  try {
    parseProcessName(text);
  } catch (error) {
    if (error instanceof ProcctlError) return error;
  }
  throw new Error(`${JSON.stringify(text)} was not refused`);
};

/** Any text at all: lone surrogates, marks, joiners and controls more often than chance has them. */
const anyText = (): fc.Arbitrary<string> =>
  fc.string({
    unit: fc.oneof(
      fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code)),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      fc.constantFrom(
        'a',
        'e',
        '1',
        '-',
        '.',
        '/',
        ' ',
        '\u0301',
        '\u200d',
        '\ufe0f',
        '\udce9',
        '\u3164',
        '\u{e0041}',
        'ﬁ',
        '\u0958',
      ),
    ),
    maxLength: 100,
  });

describe('the name of a process', () => {
  it.each([
    'web',
    'web-2',
    'a',
    'A.b_c',
    '__proto__',
    'constructor',
    'ALL',
    '7th',
    'naïve',
    '日本語',
    'हिन्दी',
    'x=1:2#3@4%5+6',
    '❤️',
    '👩‍👩‍👧‍👦',
    'x'.repeat(64),
    '🙂'.repeat(64),
  ])('may be %s', (name) => expect(parseProcessName(name)).toBe(name));

  it.each([
    ['', 'is empty'],
    ['a b', 'holds a blank'],
    ['a\u00a0b', 'holds a blank'],
    ['a\u3000b', 'holds a blank'],
    ['a\nb', 'holds a control or invisible character'],
    ['a\x1b[31m', 'holds a control or invisible character'],
    ['a\u202eb', 'holds a control or invisible character'],
    ['a\u200bb', 'holds a control or invisible character'],
    ['a\u3164b', 'holds a control or invisible character'],
    ['a\udce9', 'holds a control or invisible character'],
    ['a\ud83d', 'holds a control or invisible character'],
    ['\u200d', 'begins with a mark that belongs behind a letter'],
    ['\ufe0fa', 'begins with a mark that belongs behind a letter'],
    ['\u0301a', 'begins with a mark that belongs behind a letter'],
    ['-a', 'begins with -'],
    ['.a', 'begins with .'],
    ['..', 'begins with .'],
    ['all', 'means every process'],
    ['7', 'is a number, as ids are'],
    ['007', 'is a number, as ids are'],
    ['x'.repeat(65), 'has more than 64 characters'],
    ['🙂'.repeat(65), 'has more than 64 characters'],
    ['x'.repeat(5_000_000), 'has more than 64 characters'],
  ])('may not be %j, which %s', (name, problem) => {
    const error = refusal(name);
    expect(error.code).toBe('ERR_NAME');
    expect(error.exitStatus).toBe(2);
    expect(error.message).toMatch(new RegExp(`^the name ".*" ${problem}$`, 'u'));
    expect(error.message.length).toBeLessThan(300);
    expect(error.hint).toContain('1 to 64 characters');
  });

  it.each([...'/\\*?[]{},\'"`|&;<>$()'])('may not hold %s, which shells, paths or patterns use', (character) => {
    expect(refusal(`a${character}b`).message).toBe(`the name "a${character}b" holds ${character}`);
  });

  it('is the same in whichever way its accents were typed', () => {
    expect(parseProcessName('nai\u0308ve')).toBe('na\u00efve');
  });

  it('stays as it is once it has been accepted, and shows nothing that a terminal obeys', () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(anyText(), anyText().map(defaultNameOf)), (text) => {
        let name: string;
        try {
          name = parseProcessName(text);
        } catch {
          return;
        }
        accepted += 1;
        expect(parseProcessName(name)).toBe(name);
        expect(name).not.toMatch(/[\p{Cc}\p{Cs}\p{Z}]/u);
        expect([...name].length).toBeLessThanOrEqual(MAX_NAME_CHARS);
      }),
    );
    expect(accepted).toBeGreaterThan(10);
  });
});

describe('a default name', () => {
  it.each([
    ['server.js', 'server'],
    ['/srv/app/server.mjs', 'server'],
    ['./app.test.ts', 'app.test'],
    ['redis-server', 'redis-server'],
    ['/usr/bin/python3.11', 'python3.11'],
    ['my app (old).py', 'my-app-old'],
    ['.profile', 'profile'],
    ['--x', 'x'],
    ['10.py', 'process-10'],
    ['all.sh', 'process-all'],
    ['dir/', 'dir'],
    ['/', 'process'],
    ['', 'process'],
    ['***', 'process'],
    ['caf\udce9.js', 'caf'],
    ['日本語.rb', '日本語'],
    ['__proto__.js', '__proto__'],
  ])('of %j is %j', (script, name) => expect(defaultNameOf(script)).toBe(name));

  it('is a valid name for any text, made unique among any others, and numbered', () => {
    fc.assert(
      fc.property(anyText(), fc.integer({ min: 0, max: 30 }), (text, others) => {
        const base = defaultNameOf(text);
        expect(parseProcessName(base)).toBe(base);
        const taken = new Set<string>();
        for (let count = 0; count <= others; count += 1) {
          const name = uniqueName(base, taken);
          expect(taken.has(name)).toBe(false);
          expect(parseProcessName(name)).toBe(name);
          taken.add(name);
        }
        for (const name of instanceNames(uniqueName(base, taken), 1000)) expect(parseProcessName(name)).toBe(name);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a name that is taken', () => {
  it('gets the first free number from 2', () => {
    expect(uniqueName('web', new Set())).toBe('web');
    expect(uniqueName('web', new Set(['web']))).toBe('web-2');
    expect(uniqueName('web', new Set(['web', 'web-2', 'web-4']))).toBe('web-3');
    expect(uniqueName('__proto__', new Set(['__proto__']))).toBe('__proto__-2');
  });
  it('is cut where the number would not fit', () => {
    const long = '🙂'.repeat(64);
    expect(uniqueName(long, new Set([long]))).toBe(`${'🙂'.repeat(62)}-2`);
  });
});

describe('instances', () => {
  it('are numbered from 1', () => expect(instanceNames('web', 3)).toEqual(['web-1', 'web-2', 'web-3']));
  it('are refused a name that leaves no room for their numbers', () => {
    expect(instanceNames('x'.repeat(62), 9)).toHaveLength(9);
    expect(() => instanceNames('x'.repeat(62), 10)).toThrow(/is too long to be numbered up to 10$/);
  });
});
