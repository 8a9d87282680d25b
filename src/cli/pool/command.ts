import { Command } from 'commander';
import { ProcctlError } from '../../errors.ts';
import type { PoolFlags } from './flags.ts';
import { addEndOptions } from './options/end-options.ts';
import { addInputOptions } from './options/input-options.ts';
import { addJournalOptions, checkShow } from './options/journal-options.ts';
import { addOutputOptions } from './options/output-options.ts';
import { addRunOptions } from './options/run-options.ts';
import { addViewOptions } from './options/view-options.ts';

const EXAMPLES = `
A task is a string (a line for /bin/sh), an array (a program and its arguments, passed as they are), or
{ "command": …, "id", "name", "cwd", "env", "stdin", "timeout", "retries" }, or a function of JavaScript:
{ "module": "./resize.js", "export": "resize", "args": […], "kwargs": {…} }. A tasks file is a JSON array,
{ "defaults": {…}, "tasks": […] }, or NDJSON: one task a line.

Examples:
  procctl pool --size 4 examples/tasks.json
  procctl pool --json examples/functions.json | jq -c '[.name, .result]'
  echo '["sleep 1", "sleep 1", ["printf", "%s\\\\n", "no quoting needed: $HOME"]]' | procctl pool -
  procctl pool --json --retries 2 --timeout 30s tasks.json | jq -r 'select(.state != "succeeded") | .id'

See docs/pool.md.`;

const GROUPS = [addInputOptions, addRunOptions, addEndOptions, addOutputOptions, addJournalOptions, addViewOptions];

/** `procctl pool`; the exit status goes to `setStatus`. */
export const poolCommand = (setStatus: (status: number) => void): Command => {
  const command = new Command('pool')
    .summary('run a list of tasks, some at a time')
    .description('Run the tasks of a file (or of standard input: -), at most --size at a time.')
    .argument('[tasks]', "tasks file, or '-' for standard input")
    .addHelpText('after', EXAMPLES);
  for (const addOptions of GROUPS) addOptions(command);
  return command.action(async (tasks: string | undefined, flags: PoolFlags) => {
    if (flags.show !== undefined) {
      checkShow(command, tasks, flags);
      const { showJournal } = await import('./show-journal.lazy.ts');
      setStatus(await showJournal(flags.show, flags));
      return;
    }
    if (tasks === undefined) throw new ProcctlError('ERR_USAGE', "missing required argument 'tasks'");
    const { runPool } = await import('./run-pool.lazy.ts');
    setStatus(await runPool(tasks, flags));
  });
};
