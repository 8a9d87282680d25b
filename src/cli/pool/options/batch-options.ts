import { type Command, Option } from 'commander';
import { ProcctlError } from '../../../errors.ts';
import { parseDuration } from '../../../protocol/duration.ts';
import { parseSize } from '../../../protocol/size.ts';
import { checkedOption } from '../../options.ts';
import type { PoolFlags } from '../flags.ts';

/** Batches that were handed over to the workers of a queue: `--detach` with `--on`, and what is done with them later. */
export interface BatchFlags {
  readonly follow?: string;
  readonly stop?: string;
  readonly now: boolean;
  readonly batches: boolean;
  readonly remove?: string;
  /** After the last thing that happened to it, ms. */
  readonly keep: number;
  /** Bytes that are kept of what a task writes. */
  readonly outputMax: number;
}

const MIN_KEEP_MS = 60_000;
const MAX_KEEP_MS = 366 * 86_400_000;

const keep = checkedOption((text: string): number => {
  const ms = parseDuration(text);
  if (ms >= MIN_KEEP_MS && ms <= MAX_KEEP_MS) return ms;
  throw new ProcctlError('ERR_USAGE', 'expected a duration from 1m to 366d');
});

const bytes = checkedOption((text: string): number => {
  const size = parseSize(text);
  if (size > 0) return size;
  throw new ProcctlError('ERR_USAGE', 'expected a size above 0');
});

export const addBatchOptions = (command: Command): Command =>
  command
    .optionsGroup('Batches left to other machines (--on, --detach):')
    .option(
      '--follow <name>',
      'run nothing: follow a batch from its beginning to its end; Ctrl-C leaves it running (default: off)',
    )
    .option(
      '--stop <name>',
      'run nothing: start no more tasks of a batch, end what runs, and wait for that (default: off)',
    )
    .option('--now', 'with --stop: kill what runs', false)
    .option('--batches', 'run nothing: list the batches of the queue', false)
    .option('--remove <name>', 'run nothing: forget a batch that has ended, with all that is kept of it (default: off)')
    .addOption(
      new Option('--keep <duration>', 'how long a batch is kept after the last thing that happened to it')
        .argParser(keep)
        .default(7 * 86_400_000, '7d'),
    )
    .addOption(
      new Option('--output-max <size>', 'of a batch: a task that writes more is ended, and has failed')
        .argParser(bytes)
        .default(16 * 1024 * 1024, '16M'),
    );

/** What is done with a batch that is there, instead of running tasks. */
export type BatchAction = 'follow' | 'stop' | 'batches' | 'remove';

const COMMON = ['on', 'queue', 'connectTimeout', 'quiet', 'color'] as const;

const OPTIONS_OF: Readonly<Record<BatchAction, ReadonlySet<string>>> = {
  follow: new Set([
    ...COMMON,
    ...['follow', 'output', 'tag', 'keepOrder', 'json', 'results', 'summary', 'journal', 'progress'],
  ]),
  stop: new Set([...COMMON, 'stop', 'now']),
  batches: new Set([...COMMON, 'batches', 'json']),
  remove: new Set([...COMMON, 'remove']),
};

/** What has a meaning for a batch that is handed over; all else is for who follows it, or for one machine. */
const OF_DETACH: ReadonlySet<string> = new Set([
  ...COMMON,
  ...['detach', 'name', 'keep', 'outputMax', 'json', 'output', 'dryRun', 'progress'],
  ...[
    'format',
    'env',
    'cwd',
    'shuffle',
    'shell',
    'maxArgs',
    'pack',
    'maxChars',
    'replace',
    'null',
    'csv',
    'tsv',
    'jsonLines',
  ],
  ...[
    'pipe',
    'block',
    'recordSep',
    'taskName',
    'timeout',
    'stopTimeout',
    'termSeq',
    'retries',
    'retryDelay',
    'halt',
    'nice',
    'memoryMax',
  ],
]);

const OF_FOLLOWERS: ReadonlySet<string> = new Set(['tag', 'keepOrder', 'results', 'summary', 'journal']);

const usage = (message: string, hint: string): ProcctlError => new ProcctlError('ERR_USAGE', message, { hint });

/** Of what was given, the first option that is not among these. */
const otherThan = (command: Command, names: ReadonlySet<string>) =>
  command.options.find((option) => {
    const name = option.attributeName();
    return !names.has(name) && command.getOptionValueSource(name) === 'cli';
  });

export const batchAction = ({ follow, stop, batches, remove }: BatchFlags): BatchAction | undefined => {
  if (follow !== undefined) return 'follow';
  if (stop !== undefined) return 'stop';
  if (remove !== undefined) return 'remove';
  return batches ? 'batches' : undefined;
};

/** @throws ProcctlError ERR_USAGE for what the action would ignore */
export const checkBatchAction = (
  command: Command,
  words: readonly string[],
  flags: PoolFlags,
  action: BatchAction,
): void => {
  const option = `--${action}`;
  if (flags.on === null) throw usage(`${option} is about a batch of other machines`, 'add --on redis://host');
  const name = action === 'batches' ? undefined : flags[action];
  if (name === '') throw usage(`${option} needs the name of a batch`, 'procctl pool --batches --on … lists them');
  if (words.length > 0) throw usage(`${option} runs no tasks`, 'leave the tasks out');
  const other = otherThan(command, OPTIONS_OF[action]);
  if (other !== undefined) throw usage(`${other.long} does not go with ${option}`, 'leave one of them out');
};

/** @throws ProcctlError ERR_USAGE for what does not go with `--detach --on`, or without it */
export const checkDetachedBatch = (command: Command, flags: PoolFlags): void => {
  const { on, detach, now, timeout, output } = flags;
  if (now) throw usage('--now goes with --stop', 'procctl pool --stop NAME --now --on …');
  if (!detach || on === null) {
    const alone = ['keep', 'outputMax'].find((name) => command.getOptionValueSource(name) === 'cli');
    if (alone === undefined) return;
    throw usage(`--${alone === 'keep' ? 'keep' : 'output-max'} goes with --detach --on`, 'add them, or leave it out');
  }
  const other = otherThan(command, OF_DETACH);
  if (other?.attributeName() === 'size' || other?.attributeName() === 'jobs') {
    throw usage('--size does not go with --detach --on: all tasks are in the queue', 'workers have a --size');
  }
  if (other !== undefined && OF_FOLLOWERS.has(other.attributeName())) {
    throw usage(`${other.long} is for who follows the batch`, 'give it to procctl pool --follow NAME --on …');
  }
  if (other !== undefined) throw usage(`${other.long} does not go with --detach --on`, 'leave one of them out');
  if (output === 'line') throw usage('--output line is for who follows the batch', 'give it to procctl pool --follow');
  if (timeout.kind === 'median') {
    throw usage('--timeout by the median does not go with --detach --on', 'give a time, such as --timeout 30s');
  }
};
