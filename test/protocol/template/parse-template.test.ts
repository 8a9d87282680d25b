// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what looks like a placeholder is the shell's
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTemplate, type TemplateNames } from '../../../src/protocol/template/parse-template.ts';
import { isPlaceholder, type Part } from '../../../src/protocol/template/parts.ts';

const brief = (parts: readonly Part[]): unknown[] =>
  parts.map((part) => {
    if (!isPlaceholder(part)) return part;
    const { text: _, ...rest } = part;
    return Object.values(rest);
  });
const parse = (text: string, names: Partial<TemplateNames> = {}): unknown[] =>
  brief(parseTemplate(text, { replacement: '{}', ...names }));

describe('a template', () => {
  it.each<[string, unknown[]]>([
    ['', []],
    ['plain', ['plain']],
    ['{}', [['all', '']]],
    ['a{}b{.}', ['a', ['all', ''], 'b', ['all', '.']]],
    [
      '{/}{//}{/.}',
      [
        ['all', '/'],
        ['all', '//'],
        ['all', '/.'],
      ],
    ],
    ['{#}-{%}', [['seq'], '-', ['slot']]],
    [
      '{1}{2.}{-1/}{3//}{10/.}',
      [
        ['position', 1, ''],
        ['position', 2, '.'],
        ['position', -1, '/'],
        ['position', 3, '//'],
        ['position', 10, '/.'],
      ],
    ],
    ['{{}}', ['{}']],
    ['{{}x', ['{x']],
    ['{foo} {0} {+1} {a,b} {', ['{foo} {0} {+1} {a,b} {']],
    ['{"a":{}}', ['{"a":', ['all', ''], '}']],
  ])('%j has these parts', (text, parts) => {
    expect(parse(text)).toEqual(parts);
  });

  it('has names where the input has them, with and without a part of a path', () => {
    const names = ['name', 'first name', 'a.b', 'x.'];
    expect(parse('{name} {name.} {name//} {first name} {a.b} {a.b/.} {x.}', { names })).toEqual([
      ['name', 'name', ''],
      ' ',
      ['name', 'name', '.'],
      ' ',
      ['name', 'name', '//'],
      ' ',
      ['name', 'first name', ''],
      ' ',
      ['name', 'a.b', ''],
      ' ',
      ['name', 'a.b', '/.'],
      ' ',
      ['name', 'x.', ''],
    ]);
    expect(parse('{a.b.c} {a/} {print $1}', { names: 'any' })).toEqual([
      ['name', 'a.b.c', ''],
      ' ',
      ['name', 'a', '/'],
      ' {print $1}',
    ]);
  });

  it('says which columns there are when it names another, and leaves alone what cannot be one', () => {
    const names = ['name', 'size'];
    expect(() => parse('{nmae}', { names })).toThrow('there is no column for "{nmae}"; the columns are name, size');
    expect(parse('{print $1} {a,b} {}', { names })).toEqual(['{print $1} {a,b} ', ['all', '']]);
  });

  it('takes another text for {}, whatever is in it, and {} is text then', () => {
    expect(parse('a,,b{}{.}', { replacement: ',,' })).toEqual(['a', ['all', ''], 'b{}', ['all', '.']]);
    expect(parse('.*x', { replacement: '.*' })).toEqual([['all', ''], 'x']);
    expect(parse('[$^]', { replacement: '[$^]' })).toEqual([['all', '']]);
  });

  it('leaves ${…} to the shell in a line for one', () => {
    expect(parse('${x} ${1} {1}', { isShell: true })).toEqual(['${x} ${1} ', ['position', 1, '']]);
    expect(parse('${1}')).toEqual(['$', ['position', 1, '']]);
  });

  it('is, piece by piece, what was written, unless a brace was', () => {
    const piece = fc.constantFrom('{', '}', '{}', '{.}', '{1}', '{#}', '{x}', 'a', ' ', '$', '\n', '"');
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join('');
        fc.pre(!text.includes('{{}'));
        const parts = parseTemplate(text, { replacement: '{}' });
        expect(parts.map((part) => (isPlaceholder(part) ? part.text : part)).join('')).toBe(text);
        expect(parts).not.toContain('');
      }),
    );
  });
});
