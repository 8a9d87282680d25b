import type { Command } from 'commander';
import { choice } from './choice.ts';

/** What is said on standard error. */
export interface ViewFlags {
  readonly progress: 'auto' | 'bar' | 'plain' | 'none';
  readonly quiet: boolean;
  readonly color: 'auto' | 'always' | 'never';
}

export const addViewOptions = (command: Command): Command =>
  command
    .optionsGroup('Messages:')
    .addOption(
      choice(
        '--progress <mode>',
        'progress on standard error: a live table (bar), lines (plain); auto: bar on a terminal, none in a pipeline',
        ['auto', 'bar', 'plain', 'none'],
        'auto',
      ),
    )
    .option('-q, --quiet', "say nothing on standard error but the tasks' own output and procctl's errors", false)
    .addOption(choice('--color <when>', 'colours in the live table', ['auto', 'always', 'never'], 'auto'));
