import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProcctlError } from '../../src/errors.ts';
import { globMatcher } from '../../src/protocol/glob.ts';
import { selectProcesses } from '../../src/protocol/select.ts';

const single = (id: number, name: string) => ({ id, name, group: name });
const ALL = [
  single(10, 'api'),
  single(2, 'db'),
  { id: 3, name: 'web-1', group: 'web' },
  { id: 4, name: 'web-2', group: 'web' },
  single(5, '__proto__'),
];

const ids = (...selectors: string[]): number[] => selectProcesses(ALL, selectors).map(({ id }) => id);

const refusal = (...selectors: string[]): ProcctlError => {
  try {
    ids(...selectors);
  } catch (error) {
    if (error instanceof ProcctlError) return error;
  }
  throw new Error('nothing was refused');
};

describe('a word that means processes', () => {
  it.each([
    ['a name', ['db'], [2]],
    ['an id', ['10'], [10]],
    ['a group', ['web'], [3, 4]],
    ['one instance', ['web-2'], [4]],
    ['a star', ['web-*'], [3, 4]],
    ['a question mark', ['?b'], [2]],
    ['a set', ['[da]*'], [2, 10]],
    ['everything but a set', ['[!w]*'], [2, 5, 10]],
    ['a range', ['web-[2-9]'], [4]],
    ['all', ['all'], [2, 3, 4, 5, 10]],
    ['a name of Object.prototype', ['__proto__'], [5]],
    ['no word', [], []],
  ])('may be %s: %j', (_what, selectors, expected) => expect(ids(...selectors)).toEqual(expected));

  it('adds up, in the order of ids, each process once', () => {
    expect(ids('api', 'web-2', 'web', '4', '*b')).toEqual([3, 4, 10, 2].sort((a, b) => a - b));
  });

  it('means the same in whichever way its accents were typed', () => {
    const all = [single(1, 'na\u00efve')];
    expect(selectProcesses(all, ['nai\u0308ve'])).toEqual(all);
  });

  it('prefers nothing where a name and a group are the same: both are meant', () => {
    const all = [single(1, 'web'), { id: 2, name: 'web-1', group: 'web' }];
    expect(selectProcesses(all, ['web'])).toEqual(all);
  });

  it.each([
    ['wbe', 'no process named "wbe"; did you mean "web"?'],
    ['zzzzzz', 'no process named "zzzzzz"'],
    ['11', 'no process with the id 11'],
    ['010', 'no process with the id 010'],
    ['z*', 'no process with a name like "z*"'],
    ['ALL', 'no process named "ALL"'],
    ['', 'no process named ""'],
    ['\x1b[2J', 'no process with a name like "\\u001b[2J"'],
    ['constructor', 'no process named "constructor"'],
  ])('%j that means none is told: %s', (selector, message) => {
    const error = refusal('db', selector);
    expect(error.message).toBe(message);
    expect(error.code).toBe('ERR_NO_PROCESS');
    expect(error.exitStatus).toBe(1);
  });

  it('is no mistake if it is all and there is none', () => {
    expect(selectProcesses([], ['all'])).toEqual([]);
    expect(() => selectProcesses([], ['web'])).toThrow('no process named "web"');
  });
});

describe('a pattern', () => {
  /** The rule itself, as one would write it without a thought for time. */
  const reference = (pattern: string, name: string): boolean => {
    if (pattern === '') return name === '';
    const rest = pattern.slice(1);
    if (pattern.startsWith('*')) return reference(rest, name) || (name !== '' && reference(pattern, name.slice(1)));
    if (name === '') return false;
    if (pattern.startsWith('?')) return reference(rest, name.slice(1));
    const [set = '', sign, members = ''] = /^\[([!^]?)([ab]+)\]/.exec(pattern) ?? [];
    if (set === '') return pattern[0] === name[0] && reference(rest, name.slice(1));
    const isMember = members.includes(name.charAt(0));
    return isMember === (sign === '') && reference(pattern.slice(set.length), name.slice(1));
  };

  it('matches what its rule says', () => {
    const pattern = fc.array(fc.constantFrom('a', 'b', 'c', '*', '?', '[ab]', '[!a]', '[^ab]'), { maxLength: 7 });
    const name = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 7 });
    fc.assert(
      fc.property(pattern, name, (parts, text) => {
        const whole = parts.join('');
        expect(globMatcher(whole)(text)).toBe(reference(whole, text));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['[]a]', ']', true],
    ['[a-]', '-', true],
    ['[-a]', '-', true],
    ['[', '[', true],
    ['a[b', 'a[b', true],
    ['[z-a]', 'm', false],
    ['?', '🙂', true],
    ['[🙂-🙄]', '🙃', true],
    ['.*', 'abc', false],
    ['a+', 'aa', false],
  ])('%j and %j: %s', (pattern, name, expected) => expect(globMatcher(pattern)(name)).toBe(expected));

  it('cannot blow up, however hostile it is', () => {
    const name = 'a'.repeat(64);
    for (const pattern of ['*a'.repeat(500), '*'.repeat(1000), '[a'.repeat(500), '*[!b]'.repeat(200), '(a+)+$']) {
      expect(globMatcher(`${pattern}!`)(name)).toBe(false);
    }
    expect(globMatcher('*'.repeat(10_000_000))(name)).toBe(false);
  });
});
