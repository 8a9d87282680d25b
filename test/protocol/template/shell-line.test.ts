// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what looks like a placeholder is the shell's
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TaskSpec } from '../../../src/core/pool/task.ts';
import { decodeBytes, encodeBytes } from '../../../src/protocol/bytes.ts';
import { rowOf } from '../../../src/protocol/template/row.ts';
import { type InputShape, TaskTemplate } from '../../../src/protocol/template/task-template.ts';

const templateOf = (line: string, shape: Partial<InputShape> = {}): TaskTemplate =>
  new TaskTemplate({ words: [line], isShell: true, replacement: '{}', env: [] }, { columns: 1, maxArgs: 1, ...shape });

const lineOf = ({ command }: TaskSpec): string => {
  if (command.kind !== 'shell') throw new Error('a line was expected');
  return command.line;
};

const lineFor = (line: string, values: readonly string[], shape: Partial<InputShape> = {}): string =>
  lineOf(templateOf(line, shape).make(7, values.map(rowOf)));

/** What /bin/sh prints for a line; the line comes by its standard input, as bytes. */
const printed = (line: string): Buffer => {
  const { stdout, stderr } = spawnSync('/bin/sh', ['-s'], { input: encodeBytes(`{ ${line}\n} </dev/null\n`) });
  expect(stderr.toString()).toBe('');
  return stdout;
};

/** Any bytes but NUL, as procctl keeps them; often those that shells care for. */
const value = fc
  .oneof(
    fc.uint8Array({ min: 1, max: 255, maxLength: 40 }),
    fc
      .array(
        fc.constantFrom(
          "'",
          '"',
          '`',
          '$',
          '\\',
          '\n',
          ' ',
          '(',
          ')',
          '{',
          '}',
          '#',
          '*',
          '?',
          '~',
          '=',
          '-',
          '!',
          '&',
          ';',
          '|',
          '<',
          '>',
          'a',
        ),
        { maxLength: 12 },
      )
      .map((characters) => Buffer.from(characters.join(''))),
  )
  .map((bytes) => decodeBytes(bytes));

const show = `printf '%s\\0' `;

describe('a value in a line for the shell', () => {
  it.each([
    ['outside quotes', `${show}{}`, (v: string) => [v]],
    ['inside a word', `${show}a{}b`, (v: string) => [`a${v}b`]],
    ['twice in a word', `${show}{}{}`, (v: string) => [v + v]],
    ['within double quotes', `${show}"{}"`, (v: string) => [v]],
    ['within double quotes, behind a $', `${show}"$ {}" "\\"{}"`, (v: string) => [`$ ${v}`, `"${v}`]],
    ['within single quotes', `${show}'{}'`, (v: string) => [v]],
    ['within single quotes, with text', `${show}'$x {} "'`, (v: string) => [`$x ${v} "`]],
    ['behind an escaped quote', `${show}\\' {} \\"{}`, (v: string) => ["'", v, `"${v}`]],
    ['behind an escaped blank and a #', `${show}\\ # {}`, (v: string) => [' #', v]],
    ['behind # inside a word', `${show}a#{}`, (v: string) => [`a#${v}`]],
    ['in a variable', `x={}; ${show}"$x"`, (v: string) => [v]],
    ['behind a comment', `${show}a # it's\n${show}{}`, (v: string) => ['a', v]],
    ['behind ${…} and $(…)', `${show}"\${HOME+}" "$(echo ')')" {}`, (v: string) => ['', ')', v]],
    ['behind backquotes', `${show}"\`echo '"'\`" {}`, (v: string) => ['"', v]],
    ['inside a $(…) outside quotes', `printf '%s\\0' $(:; ${show}{} >/dev/null; echo 1) "{}"`, (v: string) => ['1', v]],
    ['behind arithmetic', `${show}$((1 + (2))) {}`, (v: string) => ['3', v]],
    ['behind a case', `case a in a) ${show}"{}";; (b) : ;; esac`, (v: string) => [v]],
    ['as a word of a loop', `for x in {} "{}"; do ${show}"$x"; done`, (v: string) => [v, v]],
    ['in a line that goes on', `${show}a\\\nb {} \\\n "{}"`, (v: string) => ['ab', v, v]],
    ['as the pattern of a case', `case {} in {}) ${show}yes;; *) ${show}no;; esac`, () => ['yes']],
    ['for eval', `x={}; eval 'echo "$x" >/dev/null'; ${show}"$x"`, (v: string) => [v]],
  ])('is exactly that value: %s', (_title, line, expected) => {
    fc.assert(
      fc.property(value, (given) => {
        const words = expected(given).map((text) => `${text}\0`);
        expect(printed(lineFor(line, [given]))).toEqual(encodeBytes(words.join('')));
      }),
      { numRuns: 30 },
    );
  });

  it('is refused, or exactly that value, wherever it is put', () => {
    const piece = fc.constantFrom(
      "'",
      '"',
      ' ',
      'a',
      '\\',
      '$x',
      '{}',
      '{}',
      '$(',
      ')',
      '`',
      '${x-',
      '}',
      '#',
      '\n',
      '$',
      "$'",
      '<<',
      '|',
      ';',
      '$((',
    );
    const hostile = `'; "\n\`x\` $(x) \\ # ' " \\\n`;
    let kept = 0;
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const text = `${pieces.join('')}`;
        fc.pre(text.includes('{}'));
        let template: TaskTemplate;
        try {
          template = templateOf(text);
        } catch (error) {
          expect((error as { code?: string }).code).toBe('ERR_USAGE');
          return;
        }
        // Where the shell takes a harmless value for words, it must take this one for the same words.
        const words = (given: string): { ok: boolean; out: string } => {
          const line = lineOf(template.make(1, [rowOf(given)]));
          const { status, stdout } = spawnSync('/bin/sh', ['-nc', line], { encoding: 'utf8' });
          return { ok: status === 0, out: stdout };
        };
        const plain = words('v');
        if (plain.ok) kept += 1;
        expect(words(hostile)).toEqual(plain);
      }),
      { numRuns: 400 },
    );
    expect(kept).toBeGreaterThan(20);
  });

  it.each([
    ['inside backquotes', 'echo `cat {}`'],
    ['inside backquotes', 'echo "`cat {}`"'],
    ['inside a $(…) within double quotes', 'echo "$(cat {})"'],
    ['inside a $(…) within double quotes', `echo "$(cat '{}')"`],
    ['inside ${…}', 'echo ${x:-{}}'],
    ['inside $((…))', 'echo $(({} + 1))'],
    ['inside a comment', 'echo a # {}'],
    ['behind <<', 'cat <<END\n{}\nEND'],
    ["behind $'…'", "echo $'it\\'s {}'"],
    ['behind a backslash', 'echo \\{}'],
    ['behind a backslash', 'echo "\\{}"'],
    ['behind a ${…} with quotes', 'echo "${x:-\'}" {}'],
    ['behind a $(…) that holds a case', 'echo $(case a in a) echo 1;; esac) {}'],
  ])('is refused %s: %j', (place, line) => {
    expect(() => templateOf(line)).toThrow(place);
  });

  it('is refused right behind a $', () => {
    const text = { words: ['echo $X'], isShell: true, replacement: 'X', env: [] };
    expect(() => new TaskTemplate(text, { columns: 1, maxArgs: 1 })).toThrow('X stands right behind a $');
  });

  it('is a quoted number for {#} outside quotes, so that it is never the number of a descriptor', () => {
    expect(lineFor('echo {#}>f {}', ['v'])).toBe("echo '7'>f 'v'");
    expect(lineFor('echo "{#}" $(({#} + 1)) `echo {#}` {}', ['v'])).toBe(`echo ""'7'"" $((7 + 1)) \`echo 7\` 'v'`);
  });

  it('comes behind a line without a replacement string', () => {
    expect(lineFor('echo a  \n', ["it's"])).toBe("echo a 'it'\\''s'");
    expect(() => templateOf('echo a;')).toThrow('the arguments cannot be put behind this line');
    expect(() => templateOf('echo a | ')).toThrow('the arguments cannot be put behind this line');
    expect(() => templateOf('echo a # all')).toThrow('the arguments cannot be put behind this line');
    expect(() => templateOf("echo 'a")).toThrow('the arguments cannot be put behind this line');
  });

  it('is several quoted words where inputs are packed, and refused within quotes', () => {
    expect(lineFor('echo {} >f', ['a', 'b c'], { maxArgs: 2 })).toBe("echo 'a' 'b c' >f");
    expect(lineFor('echo {2}{1}', ['a', 'b'], { maxArgs: 2 })).toBe("echo 'b''a'");
    expect(() => templateOf('echo "{}"', { maxArgs: 2 })).toThrow('{} stands for several arguments');
    expect(() => templateOf('echo x{}', { maxArgs: 2 })).toThrow('{} stands for several arguments');
  });
});
