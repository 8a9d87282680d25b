import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import { parsePoolSize } from '../core/pool/size.ts';
import { ProcctlError } from '../errors.ts';
import { parseDuration } from '../protocol/duration.ts';
import { type AllowRule, parseAllow } from '../protocol/remote/allow-rule.ts';
import { parseSize } from '../protocol/size.ts';
import { checkedOption, durationOption } from './options.ts';
import { choice } from './pool/options/choice.ts';
import { addConnectOptions } from './remote/connect-options.ts';
import type { WorkerFlags } from './remote/run-worker.lazy.ts';

/** A shorter lock would be lost by every pause of the machine. */
const MIN_LOCK_MS = 1_000;

const lock = checkedOption((text: string): number => {
  const ms = parseDuration(text);
  if (ms >= MIN_LOCK_MS && ms <= 3_600_000) return ms;
  throw new ProcctlError('ERR_USAGE', 'expected a duration from 1s to 1h');
});

const bytes = checkedOption((text: string): number => {
  const size = parseSize(text);
  if (size > 0) return size;
  throw new ProcctlError('ERR_USAGE', 'expected a size above 0');
});

const EXAMPLES = `
Examples:
  procctl worker redis://queue.internal --size 8
  PROCCTL_REDIS_PASSWORD=… procctl worker rediss://queue.internal --allow gzip --allow '/opt/tools/*'
  procctl spawn --name worker -- procctl worker redis://queue.internal

A first TERM (or Ctrl-C) takes no more tasks and lets those at work finish, a second one ends them at once; both hand
back to the queue what has not finished. User and password may stand in PROCCTL_REDIS_USERNAME and PROCCTL_REDIS_PASSWORD,
where no list of processes shows them. With PROCCTL_QUEUE_KEY, only tasks signed with the same key are run.

See docs/pool-remote.md.`;

/** `procctl worker`; the exit status goes to `setStatus`. */
export const workerCommand = (setStatus: (status: number) => void): Command => {
  const cpus = availableParallelism();
  const command = new Command('worker')
    .summary('run the tasks of pools on other machines (pool --on)')
    .description('Run the tasks that procctl pool --on puts into a queue in Redis, at most --size at a time.')
    .argument('<redis url>', 'redis://host:port/db, or rediss:// for TLS')
    .addOption(
      new Option('-s, --size <n>', 'tasks at a time: a number, a share of the CPUs (50%), or more than the CPUs (+1)')
        .argParser(checkedOption((text: string) => parsePoolSize(text, cpus)))
        .default(cpus, '100%, one for each CPU'),
    )
    .addOption(
      new Option(
        '--allow <what>',
        'run nothing else: a program by its name or absolute path, shell, module:/path.js, function (sent as text); * is any text; repeatable',
      )
        .argParser((text: string, sofar: readonly AllowRule[]) => [...sofar, checkedOption(parseAllow)(text)])
        .default([], 'everything'),
    );
  addConnectOptions(command);
  return command
    .addOption(
      new Option('--drain-timeout <duration>', 'how long tasks may finish after a first TERM')
        .argParser(durationOption)
        .default(30_000, '30s'),
    )
    .addOption(
      new Option('--stop-timeout <duration>', 'from TERM to KILL, for a task that has to end and does not say')
        .argParser(durationOption)
        .default(5_000, '5s'),
    )
    .addOption(
      new Option('--lock <duration>', 'a task is run elsewhere when nothing was heard of its worker for so long')
        .argParser(lock)
        .default(30_000, '30s'),
    )
    .addOption(
      new Option('--output-max <size>', 'a task that writes more is ended: it has failed')
        .argParser(bytes)
        .default(2 ** 30, '1G'),
    )
    .addOption(choice('--runner <way>', 'how commands are run, as that of procctl pool', ['auto', 'spawn'], 'auto'))
    .option('-q, --quiet', 'say nothing but errors', false)
    .addHelpText('after', EXAMPLES)
    .action(async (url: string, flags: WorkerFlags) => {
      const { runWorker } = await import('./remote/run-worker.lazy.ts');
      setStatus(await runWorker(url, flags));
    });
};
