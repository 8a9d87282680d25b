import { parseEnv } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProcctlError } from '../../src/errors.ts';
import { parseAssignment, parseEnvFile } from '../../src/protocol/env-option.ts';

const read = (text: string) => [...parseEnvFile(Buffer.from(text), 'prod.env')];

describe('-e', () => {
  it.each([
    ['A=1', 'A', '1'],
    ['A=', 'A', ''],
    ['A=b=c', 'A', 'b=c'],
    ['A', 'A', null],
    ['__proto__=x', '__proto__', 'x'],
    ['odd name.1=x y', 'odd name.1', 'x y'],
    ['A=\udce9', 'A', '\udce9'],
  ])('%j is read', (text, name, value) => expect(parseAssignment(text)).toEqual({ name, value }));

  it.each([
    ['', 'the name is empty in ""'],
    ['=1', 'the name is empty in "=1"'],
    ['A=\0', 'a NUL byte cannot be passed on in "A=\\u0000"'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => parseAssignment(text)).toThrow(ProcctlError);
    expect(() => parseAssignment(text)).toThrow(message);
  });
});

describe('an env file', () => {
  it.each([
    ['', []],
    [
      'A=1\nB=2\n',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    [
      'A=1\r\nB=2\r\n',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    ['\ufeffA=1', [['A', '1']]],
    ['# c\n\n  # d\n A = x y # z\n', [['A', 'x y']]],
    [
      'export A=1\nexport\tB=2',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    [
      'A="x\ny"\nB=2',
      [
        ['A', 'x\ny'],
        ['B', '2'],
      ],
    ],
    ["A='$HOME # no'", [['A', '$HOME # no']]],
    ['A="a\\nb"', [['A', 'a\nb']]],
    [
      "A=''\nB=",
      [
        ['A', ''],
        ['B', ''],
      ],
    ],
    [
      'A=1\nB=2\nA=3',
      [
        ['A', '3'],
        ['B', '2'],
      ],
    ],
    [
      '__proto__=1\nconstructor=2',
      [
        ['__proto__', '1'],
        ['constructor', '2'],
      ],
    ],
    [
      'A="1" # "2"\nB=3',
      [
        ['A', '1'],
        ['B', '3'],
      ],
    ],
    ['URL=http://x/?a=b&c=d', [['URL', 'http://x/?a=b&c=d']]],
    ['NAÏVE=é', [['NAÏVE', 'é']]],
  ])('%j is read', (text, expected) => expect(read(text)).toEqual(expected));

  it.each([
    ['A=1\nB\nC=3', 'prod.env:2: no assignment: "B"'],
    ['A=1\n\n  some text  \n', 'prod.env:3: no assignment: "some text"'],
    ['=1', 'prod.env:1: no assignment: "=1"'],
    ['A B=1', 'prod.env:1: no assignment: "A B=1"'],
    ['export A', 'prod.env:1: no assignment: "export A"'],
    ['A=1\nB="x\nC=2', 'prod.env:2: the quote " is not closed'],
    ["A='x\ny' z", 'prod.env:2: text behind the closing quote: " z"'],
    ['A="\\"x"', 'prod.env:1: text behind the closing quote: "x\\""'],
    ['A=x\0y', 'prod.env:1: holds a NUL byte, which cannot be passed to a program'],
    ['\x1b[2J', 'prod.env:1: no assignment: "\\u001b[2J"'],
  ])('%j is refused with the line: %s', (text, message) => {
    expect(() => read(text)).toThrow(ProcctlError);
    expect(() => read(text)).toThrow(message);
  });

  it('keeps bytes that are not UTF-8', () => {
    const bytes = Buffer.from('A=caf\xe9\nB="\xff\n\x80"\n', 'latin1');
    expect([...parseEnvFile(bytes, 'f')]).toEqual([
      ['A', 'caf\udce9'],
      ['B', '\udcff\n\udc80'],
    ]);
  });

  it('gives what util.parseEnv gives, for files of plain assignments', () => {
    const name = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,5}$/);
    const value = fc.oneof(
      // Of a value of nothing but blanks, parseEnv has taken the next line since Node 22.
      fc.stringMatching(/^[a-z0-9=:. é]{0,8}$/).filter((text) => text === '' || text.trim() !== ''),
      fc.stringMatching(/^"[a-z'# \n=]{0,8}"$/),
      fc.stringMatching(/^'[a-z"# \n=]{0,8}'$/),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 5 }), (pairs) => {
        const text = pairs.map(([key, given]) => `${key}=${given}\n`).join('');
        expect(Object.fromEntries(read(text))).toEqual({ ...parseEnv(text) });
      }),
    );
  });
});
