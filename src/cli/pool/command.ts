import { Command } from 'commander';
import { callerArguments } from '../../runtime/caller-env.ts';
import type { PoolFlags } from './flags.ts';
import { addBackgroundOptions, checkBackgroundFlags } from './options/background-options.ts';
import { addBatchOptions, batchAction, checkBatchAction, checkDetachedBatch } from './options/batch-options.ts';
import { addControlOptions } from './options/control-options.ts';
import { addEndOptions } from './options/end-options.ts';
import { addInputOptions } from './options/input-options.ts';
import { addJournalOptions, checkShow } from './options/journal-options.ts';
import { addOutputOptions } from './options/output-options.ts';
import { addRemoteOptions, checkRemoteFlags } from './options/remote-options.ts';
import { addResultsOptions } from './options/results-options.ts';
import { addRunOptions } from './options/run-options.ts';
import { addTemplateOptions } from './options/template-options.ts';
import { addViewOptions } from './options/view-options.ts';
import { poolInput, TEMPLATES_BEHIND } from './pool-input.ts';

const EXAMPLES = `
A task is a string (a line for /bin/sh), an array (a program and its arguments, passed as they are), or
{ "command": …, "id", "name", "cwd", "env", "stdin", "timeout", "retries", "retryDelay", "needs": [ids of tasks],
"priority" }, or a function of JavaScript:
{ "module": "./resize.js", "export": "resize", "args": […], "kwargs": {…} }. A tasks file is a JSON array,
{ "defaults": {…}, "tasks": […] }, or NDJSON: one task a line.

Behind -- stands a command: {} is an argument, {.} {/} {//} {/.} its parts as a path, {1} {2} of several sources, {name}
of tables, {#} the task, {%} the slot. Arguments: ::: a b, :::: file, or lines of standard input. No shell looks at them.

Examples:
  procctl pool --size 4 examples/tasks.json
  procctl pool --json examples/functions.json | jq -c '[.name, .result]'
  procctl pool -j 4 -- gzip -9 {} ::: *.log
  find . -name '*.png' -print0 | procctl pool -0 -- convert {} {.}.jpg
  procctl pool --shell -- 'grep -c x {} > {.}.count' ::: *.txt
  echo '["sleep 1", "sleep 1", ["printf", "%s\\\\n", "no quoting needed: $HOME"]]' | procctl pool -
  procctl pool --on redis://queue.internal tasks.json
  procctl pool --json --retries 2 --timeout 30s tasks.json | jq -r 'select(.state != "succeeded") | .id'

See docs/pool.md and docs/pool-templates.md.`;

const GROUPS = [
  addInputOptions,
  addTemplateOptions,
  addRunOptions,
  addControlOptions,
  addEndOptions,
  addOutputOptions,
  addResultsOptions,
  addJournalOptions,
  addViewOptions,
  addBackgroundOptions,
  addRemoteOptions,
  addBatchOptions,
];

/** Options of a command that is to be run are taken for those of procctl, unless they stand behind `--`. */
const tellOfTemplates = (command: Command): void => {
  command.error = (message, options) => {
    const words = callerArguments().slice(1);
    const isBare = !words.includes('--') && words.some((word) => !word.startsWith('-'));
    const isUnknown = options?.code === 'commander.unknownOption' && !message.includes('Did you mean');
    return Command.prototype.error.call(
      command,
      isUnknown && isBare ? `${message} (${TEMPLATES_BEHIND})` : message,
      options,
    );
  };
};

/** `procctl pool`; the exit status goes to `setStatus`. */
export const poolCommand = (setStatus: (status: number) => void): Command => {
  const command = new Command('pool')
    .summary('run a list of tasks, some at a time')
    .description(
      'Run the tasks of a file (or of standard input: -), or a command for each of many arguments, at most --size at a time.',
    )
    .usage('[options] <tasks file | ->\n       procctl pool [options] -- <command with {}> [::: arguments]')
    .argument('[tasks...]', "tasks file, or '-' for standard input")
    .addHelpText('after', EXAMPLES);
  tellOfTemplates(command);
  for (const addOptions of GROUPS) addOptions(command);
  return command.action(async (words: string[], flags: PoolFlags) => {
    if (flags.show !== undefined) {
      checkShow(command, words, flags);
      const { showJournal } = await import('./show-journal.lazy.ts');
      setStatus(await showJournal(flags.show, flags));
      return;
    }
    const action = batchAction(flags);
    if (action !== undefined) {
      checkBatchAction(command, words, flags, action);
      const { runBatchAction } = await import('./batches/batch-action.lazy.ts');
      setStatus(await runBatchAction(action, flags));
      return;
    }
    checkBackgroundFlags(flags);
    checkRemoteFlags(flags);
    checkDetachedBatch(command, flags);
    const input = poolInput(words, callerArguments().slice(1), flags);
    if (flags.dryRun) {
      const { dryRun } = await import('./dry-run.lazy.ts');
      setStatus(await dryRun(input, flags));
      return;
    }
    const { runPool } = await import('./run-pool.lazy.ts');
    setStatus(await runPool(input, flags, command));
  });
};
