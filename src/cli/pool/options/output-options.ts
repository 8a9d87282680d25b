import type { Command } from 'commander';
import { choice } from './choice.ts';

/** What becomes of what tasks write. */
export interface OutputFlags {
  readonly output: 'group' | 'line' | 'none';
  readonly tag: boolean;
  readonly keepOrder: boolean;
  readonly json: boolean;
}

export const addOutputOptions = (command: Command): Command =>
  command
    .optionsGroup('Output:')
    .addOption(
      choice(
        '-o, --output <mode>',
        "what tasks write: each task's in one piece at its end, line by line as it comes, or not at all",
        ['group', 'line', 'none'],
        'group',
      ),
    )
    .option('--tag', 'put the name of the task and a tab in front of each line', false)
    .option('-k, --keep-order', 'output in the order of the input', false)
    .option('--json', 'on standard output an NDJSON line for each finished task, with what it wrote', false);
