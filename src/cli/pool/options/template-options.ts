import { type Command, Option } from 'commander';
import { ProcctlError } from '../../../errors.ts';
import { show } from '../../../protocol/show.ts';
import { parseSize } from '../../../protocol/size.ts';
import { checkedOption } from '../../options.ts';

/** How a template is filled in, and what its inputs are. All but these are off or null unless given. */
export interface TemplateFlags {
  readonly shell: boolean;
  readonly maxArgs: number | null;
  readonly pack: boolean;
  readonly maxChars: number | null;
  readonly replace: string | null;
  readonly null: boolean;
  readonly csv: boolean;
  readonly tsv: boolean;
  readonly jsonLines: boolean;
  readonly pipe: boolean;
  readonly block: number | null;
  readonly recordSep: string | null;
  readonly taskName: string | null;
}

const count = checkedOption((text: string): number => {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= 1_000_000) return value;
  throw new ProcctlError('ERR_USAGE', `expected a whole number from 1 to 1000000, got ${show(text)}`);
});

const size = checkedOption((text: string): number => {
  const bytes = parseSize(text);
  if (bytes >= 1) return bytes;
  throw new ProcctlError('ERR_USAGE', 'expected at least 1 byte');
});

const replacement = checkedOption((text: string): string => {
  if (text !== '' && text !== '--' && !/^:::/.test(text)) return text;
  throw new ProcctlError('ERR_USAGE', `expected what is to stand for the arguments, got ${show(text)}`, {
    hint: 'such as -I FILE',
  });
});

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '0': '\0', '\\': '\\' };

const separator = checkedOption((text: string): string => {
  const plain = text.replace(/\\([nrt0\\])/g, (_, letter: string) => ESCAPES[letter] as string);
  if (plain !== '') return plain;
  throw new ProcctlError('ERR_USAGE', 'a record cannot end with nothing', { hint: 'such as --record-sep "\\n\\n"' });
});

const option = (flags: string, description: string): Option => new Option(flags, description);

export const addTemplateOptions = (command: Command): Command =>
  command
    .optionsGroup('Templates (behind --):')
    .addOption(
      option('--shell', 'the template is one line for /bin/sh; arguments are quoted as they have to be').default(false),
    )
    .addOption(
      option('-n, --max-args <n>', 'arguments for one command; records, with --pipe')
        .argParser(count)
        .default(null, '1'),
    )
    .addOption(option('-X, --pack', 'as many arguments for one command as fit').default(false))
    .addOption(
      option('--max-chars <size>', 'with -X: the longest command')
        .argParser(size)
        .default(null, 'what the system takes'),
    )
    .addOption(
      option('-I, --replace <text>', 'what stands for the arguments, instead of {}')
        .argParser(replacement)
        .default(null, '{}'),
    )
    .addOption(
      option('-0, --null', 'arguments of files and standard input end with NUL, not with a newline').default(false),
    )
    .addOption(option('--csv', 'the input is comma-separated, its first line names the columns: {name}').default(false))
    .addOption(option('--tsv', 'the same, separated by tabs').default(false))
    .addOption(option('--json-lines', 'each line of the input is JSON: {a.b} is found on that way').default(false))
    .addOption(
      option('--pipe', 'cut standard input into blocks of whole lines, each the input of a task').default(false),
    )
    .addOption(option('--block <size>', 'with --pipe: size of a block').argParser(size).default(null, '1M'))
    .addOption(
      option('--record-sep <text>', 'with --pipe: what ends a record; \\n \\r \\t \\0 \\\\ are understood')
        .argParser(separator)
        .default(null, '\\n'),
    )
    .addOption(option('--task-name <template>', 'names of the tasks, such as {/}').default(null, 'their arguments'));
