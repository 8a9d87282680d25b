import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import { parseHalt } from '../core/pool/halt.ts';
import { parsePoolSize } from '../core/pool/size.ts';
import { checkedOption, durationOption, wholeNumberOption } from './options.ts';
import type { PoolFlags } from './run-pool.lazy.ts';

const choice = (flags: string, description: string, choices: string[], fallback: string): Option =>
  new Option(flags, description).choices(choices).default(fallback);

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

/** `procctl pool`; the exit status goes to `setStatus`. */
export const poolCommand = (setStatus: (status: number) => void): Command => {
  const cpus = availableParallelism();
  const command = new Command('pool')
    .summary('run a list of tasks, some at a time')
    .description('Run the tasks of a file (or of standard input: -), at most --size at a time.')
    .argument('<tasks>', "tasks file, or '-' for standard input")
    .addOption(
      new Option('-s, --size <n>', 'tasks at a time: a number, a share of the CPUs (50%), or more than the CPUs (+1)')
        .argParser(checkedOption((text: string) => parsePoolSize(text, cpus)))
        .default(cpus, '100%, one for each CPU'),
    )
    .addOption(choice('--format <format>', 'how to read the tasks', ['auto', 'json', 'ndjson'], 'auto'))
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
    .option('--json', 'on standard output an NDJSON line for each finished task, with what it wrote', false)
    .addOption(
      new Option('--timeout <duration>', 'end a task that takes longer: 30s, 1.5m, 300ms; a bare number is seconds')
        .argParser(durationOption)
        .default(0, '0: none'),
    )
    .addOption(
      new Option('--stop-timeout <duration>', 'from TERM to KILL, for a task that has to end')
        .argParser(durationOption)
        .default(5000, '5s'),
    )
    .addOption(new Option('--retries <n>', 'extra tries for a task that fails').argParser(wholeNumberOption).default(0))
    .addOption(
      new Option(
        '--halt <rule>',
        'when to stop early: never, or soon|now,fail|success=N or N% (soon: start no more; now: end what runs too)',
      )
        .argParser(checkedOption(parseHalt))
        .default(parseHalt('never'), 'never'),
    )
    .addOption(
      choice(
        '--progress <mode>',
        'progress on standard error: a live table (bar), lines (plain); auto: bar on a terminal, none in a pipeline',
        ['auto', 'bar', 'plain', 'none'],
        'auto',
      ),
    )
    .option('-q, --quiet', "say nothing on standard error but the tasks' own output and procctl's errors", false)
    .addOption(choice('--color <when>', 'colours in the live table', ['auto', 'always', 'never'], 'auto'))
    .addOption(
      choice(
        '--runner <way>',
        'how commands are run: by long-lived shells where that is exact (auto), or each by a spawn of its own',
        ['auto', 'spawn'],
        'auto',
      ),
    )
    .addHelpText('after', EXAMPLES);
  return command.action(async (tasks: string, flags: PoolFlags) => {
    const { runPool } = await import('./run-pool.lazy.ts');
    setStatus(await runPool(tasks, flags));
  });
};
