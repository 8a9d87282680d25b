import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Row } from '../../../src/protocol/template/row.ts';
import { TaskTemplate, type TemplateText } from '../../../src/protocol/template/task-template.ts';

const SIZES = ['longest', 'exec', 'chars'] as const;

/** Texts with quotes, dots and slashes, letters of several bytes, and bytes that are no UTF-8. */
const value = fc.string({
  unit: fc.constantFrom('a', '.', '/', "'", 'é', '語', '😀', '\udc80', ' '),
  maxLength: 12,
});

const operation = fc.constantFrom('', '.', '/', '//', '/.');

const ofInput = operation.map((name) => `{${name}}`);
const ofAny = fc.oneof(ofInput, fc.constantFrom('{1}', '{2}', '{-1}', '{2/}', '{#}', '{%}'));

/** Where inputs are packed, no word of an argv says one input again with each other. */
const word = fc.oneof(
  fc.constantFrom('cmd', '{1}', '{2}', 'x{1}y{-1}'),
  ofInput,
  fc
    .array(fc.oneof(ofInput, fc.constantFrom('{#}', '{%}', '-', 'ü')), { minLength: 2, maxLength: 4 })
    .map((of) => of.join('')),
);

const env = fc.array(
  fc.array(fc.oneof(ofAny, fc.constant('x')), { maxLength: 3 }).map((of) => ({ name: 'V', value: of.join('') })),
  { maxLength: 1 },
);

const argv = fc.record({ words: fc.array(word, { minLength: 1, maxLength: 4 }), isShell: fc.constant(false), env });

/** Between quotes there is room for one value only. */
const line = (columns: number) =>
  fc.record({
    words: fc
      .array(columns === 1 ? fc.oneof(fc.constant('"{1}" x\'{-1}\''), ofAny) : ofAny, { minLength: 1, maxLength: 4 })
      .map((of) => [`echo '#' ${of.join(' ')}`]),
    isShell: fc.constant(true),
    env,
  });

const templateOf = (text: Pick<TemplateText, 'words' | 'isShell' | 'env'>, columns: number): TaskTemplate =>
  new TaskTemplate({ ...text, replacement: '{}' }, { columns, maxArgs: Number.POSITIVE_INFINITY });

const rowsOf = (columns: number): fc.Arbitrary<Row[]> =>
  fc.array(
    fc.array(value, { minLength: columns, maxLength: columns }).map((values) => ({ values })),
    { minLength: 1, maxLength: 6 },
  );

/** By arithmetic, and of the command itself. */
const bothSizes = (template: TaskTemplate, rows: readonly Row[]) => {
  const growth = template.growth();
  const bare = template.sizes([]);
  const made = template.sizes(rows);
  return SIZES.map((size) => ({
    told: rows.reduce((sum, row) => sum + growth.of(row)[size], bare[size]),
    made: made[size],
  }));
};

const form = fc
  .constantFrom(1, 2)
  .chain((columns) =>
    fc.record({ text: fc.oneof(argv, line(columns)), columns: fc.constant(columns), rows: rowsOf(columns) }),
  );

describe('what an input adds to a command', () => {
  it('is never told as less than it is', () => {
    fc.assert(
      fc.property(form, ({ text, columns, rows }) => {
        for (const { told, made } of bothSizes(templateOf(text, columns), rows))
          expect(told).toBeGreaterThanOrEqual(made);
      }),
      { numRuns: 2000 },
    );
  });

  it('is told exactly for words of a program that take every input', () => {
    const words = fc.array(fc.oneof(ofInput, fc.constantFrom('cmd', 'a{}', '{.}-{/}', '{#}:{}')), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(words, rowsOf(1), (of, rows) => {
        const [, exec, chars] = bothSizes(templateOf({ words: of, isShell: false, env: [] }, 1), rows);
        expect(exec?.told).toBe(exec?.made);
        expect(chars?.told).toBe(chars?.made);
      }),
    );
  });
});
