import type { Command as FullCommand } from 'commander';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { allCommands, commandNamed } from '../../src/cli/commands.ts';
import type { Command, Option, Reading } from '../../src/cli/quick/commander.ts';

const ignore = (): void => {};

/** The same definitions, with what the build puts in commander's place. */
const quickNamed = await (async () => {
  vi.resetModules();
  vi.doMock('commander', () => import('../../src/cli/quick/commander.ts'));
  const commands = await import('../../src/cli/commands.ts');
  vi.doUnmock('commander');
  return (name: string): Command => commands.commandNamed(name, ignore) as unknown as Command;
})();

interface Said {
  readonly args: readonly unknown[];
  readonly flags: unknown;
}

/** What commander reads; undefined where it complains or shows help. */
const readByCommander = (name: string, words: readonly string[]): Said | undefined => {
  const command = commandNamed(name, ignore) as FullCommand;
  let said: Said | undefined;
  for (const each of [command, ...command.commands]) {
    each.exitOverride().configureOutput({ writeOut: ignore, writeErr: ignore });
    each.action((...given: unknown[]) => {
      said = { args: given.slice(0, -2), flags: given.at(-2) };
    });
  }
  try {
    command.parse(words, { from: 'user' });
  } catch {
    return undefined;
  }
  return said;
};

const readQuickly = (name: string, words: readonly string[]): Said | undefined => {
  let reading: Reading;
  try {
    reading = quickNamed(name).read(words);
  } catch {
    return undefined;
  }
  return { args: reading.args, flags: reading.flags };
};

const NAMES = allCommands(ignore).map((command) => command.name());

const optionsOf = (command: FullCommand): readonly Option[] =>
  [command, ...command.commands].flatMap(({ options }) => options as unknown as Option[]);

const value = fc.constantFrom(
  ...[
    '4',
    '0',
    '-1',
    '10s',
    '1s..5s',
    '50%',
    'auto',
    'json',
    'group',
    'always',
    'web',
    'a b',
    '',
    '-',
    '--',
    'A=1',
    'name',
  ],
  ...['state=running', 'all', 'TERM', '10M', 'nofile=64', '022', 'never', 'now,fail=1', ':::', '{}', 'start', 'stop'],
);

/** Words that a command may well be given, right or wrong. */
const wordsFor = (name: string): fc.Arbitrary<string[]> => {
  const command = commandNamed(name, ignore) as FullCommand;
  const forms = optionsOf(command).flatMap(({ short, long }) => (short === undefined ? [long] : [long, short]));
  const option = fc.constantFrom('--nonsense', '-h', ...forms);
  const group = fc.oneof(
    value.map((word) => [word]),
    option.map((word) => [word]),
    fc.tuple(option, value).map(([word, text]) => [word, text]),
    fc.tuple(option, value).map(([word, text]) => [`${word}=${text}`]),
    fc.tuple(option, value).map(([word, text]) => [`${word}${text}`]),
  );
  const below = command.commands.map((each) => [each.name()]);
  const begin = fc.constantFrom<string[]>(...(below.length > 0 ? below : [[]]));
  return fc.tuple(begin, fc.array(group, { maxLength: 4 })).map(([first, groups]) => [...first, ...groups.flat()]);
};

describe('the quick reading of words', () => {
  // `--since 10s` counts from now, and both readings are to have the same.
  beforeAll(() => void vi.useFakeTimers({ toFake: ['Date'] }));
  afterAll(() => void vi.useRealTimers());

  it.each(NAMES)('knows all that the definition of %s says', (name) => {
    expect(quickNamed(name).name()).toBe(name);
  });

  it.each(NAMES)('of %s is that of commander, or is left to it', (name) => {
    let quick = 0;
    fc.assert(
      fc.property(wordsFor(name), (words) => {
        const said = readQuickly(name, words);
        if (said === undefined) return;
        quick += 1;
        expect(said).toEqual(readByCommander(name, words));
      }),
      { numRuns: 1500 },
    );
    expect(quick).toBeGreaterThan(0);
  });

  it.each([
    ['pool', ['tasks.json']],
    ['pool', ['-s', '4', '-k', '--json', '-']],
    ['pool', ['-s4', '--output=line', '--retries', '2', 'tasks.json']],
    ['spawn', ['--name', 'web', 'node', '--version', '--', '-x']],
    ['ps', ['web', '--watch']],
    ['daemon', ['status', '--json']],
    ['stop', ['a', 'b', '--now']],
  ])('needs no commander: %s %j', (name, words) => {
    const said = readQuickly(name, words);
    expect(said).toBeDefined();
    expect(said).toEqual(readByCommander(name, words));
  });

  it.each([
    ['pool', ['--help']],
    ['pool', ['--output', 'nowhere', 'tasks.json']],
    ['pool', ['--size']],
    ['pool', ['-kq', 'tasks.json']],
    ['daemon', ['halt']],
    ['stop', []],
  ])('leaves to commander: %s %j', (name, words) => expect(readQuickly(name, words)).toBeUndefined());
});
