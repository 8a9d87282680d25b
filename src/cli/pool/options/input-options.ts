import { type Command, Option } from 'commander';
import { ProcctlError } from '../../../errors.ts';
import { type EnvAssignment, parseAssignment } from '../../../protocol/env-option.ts';
import { show } from '../../../protocol/show.ts';
import { checkedOption } from '../../options.ts';
import { choice } from './choice.ts';

/** Where tasks come from, how they are read, and what holds for all of them. */
export interface InputFlags {
  readonly format: 'auto' | 'json' | 'ndjson';
  readonly env: readonly EnvAssignment[];
  readonly cwd: string | null;
  readonly shuffle: boolean;
  readonly dryRun: boolean;
}

const assignment = checkedOption((text: string): EnvAssignment => {
  if (text.startsWith('=')) {
    throw new ProcctlError('ERR_USAGE', `the name is empty in ${show(text)}`, { hint: 'write NAME=value' });
  }
  const given = parseAssignment(text);
  if (given.value !== null) return given;
  throw new ProcctlError('ERR_USAGE', `${show(text)} has no value`, {
    hint: 'write NAME=value; the variables that procctl has itself, tasks have as well',
  });
});

const directory = checkedOption((text: string): string => {
  if (text !== '') return text;
  throw new ProcctlError('ERR_USAGE', 'a directory cannot be empty');
});

export const addInputOptions = (command: Command): Command =>
  command
    .optionsGroup('Tasks:')
    .addOption(choice('--format <format>', 'how to read a tasks file', ['auto', 'json', 'ndjson'], 'auto'))
    .addOption(
      new Option('-e, --env <name=value>', 'set a variable for tasks that do not set it themselves; repeatable')
        .argParser((text: string, sofar: readonly EnvAssignment[]) => [...sofar, assignment(text)])
        .default([], 'the environment as it is'),
    )
    .addOption(
      new Option('--cwd <directory>', 'working directory of tasks that have none of their own')
        .argParser(directory)
        .default(null, 'the current one'),
    )
    .option('--shuffle', 'start in random order; the whole input is read first', false)
    .option('--dry-run', 'print what would be run, and run nothing', false);
