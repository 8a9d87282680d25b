import { Command } from 'commander';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type OptionShape, partsOf, wordsOfBatch } from '../../src/cli/pool/background/words.ts';

const commandOf = (): Command =>
  new Command('pool')
    .argument('[operands...]')
    .option('-q, --quiet')
    .option('-k, --keep')
    .option('-s, --size <n>')
    .option('-o, --output <mode>')
    .option('--timeout <duration>')
    .option('--maybe [value]')
    .option('--detach')
    .option('--name <name>')
    .exitOverride()
    .configureOutput({ writeErr: () => {} });

const shapes: OptionShape[] = commandOf().options.map(({ short, long, required, optional }) => ({
  short,
  long,
  value: required ? 'required' : optional ? 'optional' : 'none',
}));

const wordArb = fc.oneof(
  fc.constantFrom(
    ...['-q', '-k', '-s', '4', '-s4', '-qs', '-qks4', '-s=4', '-1', '--size', '--size=4', '--size=', '--timeout', '-'],
    ...['--maybe', '--maybe=x', 'tasks.json', '--detach', '--name', '--name=it', '-o', '-qk', '--', '', 'a=b'],
  ),
  fc.string({ maxLength: 4 }),
);

/** What commander makes of words; undefined when it refuses them. */
const understood = (words: readonly string[]): { opts: object; args: string[] } | undefined => {
  const command = commandOf();
  try {
    command.parse(words, { from: 'user' });
    return { opts: command.opts(), args: command.args };
  } catch {
    return undefined;
  }
};

it('takes words apart as commander does: the batch gets all of them but those of the foreground', () => {
  fc.assert(
    fc.property(fc.array(wordArb, { maxLength: 10 }), (words) => {
      const all = understood(words);
      fc.pre(all !== undefined);
      const parts = partsOf(words, shapes);
      expect(parts.flatMap((part) => part.words)).toEqual(words);
      const { detach: _, name: __, ...opts } = all.opts as Record<string, unknown>;
      expect(understood(wordsOfBatch(parts))).toEqual({ opts, args: all.args });
    }),
    { numRuns: 3_000 },
  );
});

it('puts the copy in the place of the tasks file, and of nothing that has the same name', () => {
  const words = ['--name', 't.json', '-s', '2', '--output=t.json', '--timeout', 't.json', 't.json', '--', 't.json'];
  expect(wordsOfBatch(partsOf(words, shapes), { file: '/copy' })).toEqual([
    ...['-s', '2', '--output=t.json', '--timeout', 't.json', '/copy', '--', 't.json'],
  ]);
});
