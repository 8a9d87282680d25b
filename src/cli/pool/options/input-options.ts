import type { Command } from 'commander';
import { choice } from './choice.ts';

/** Where tasks come from, and how they are read. */
export interface InputFlags {
  readonly format: 'auto' | 'json' | 'ndjson';
}

export const addInputOptions = (command: Command): Command =>
  command
    .optionsGroup('Tasks:')
    .addOption(choice('--format <format>', 'how to read the tasks', ['auto', 'json', 'ndjson'], 'auto'));
