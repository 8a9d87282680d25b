import { constants } from 'node:os';
import { Option } from 'commander';
import { parseProcessName } from '../core/process/name.ts';
import type { ProcessPolicy, RestartMode } from '../core/process/policy.ts';
import { ProcctlError } from '../errors.ts';
import { parseBackoff } from '../protocol/backoff.ts';
import { type EnvAssignment, parseAssignment } from '../protocol/env-option.ts';
import { parseLimit } from '../protocol/limit-option.ts';
import type { SpawnRequest } from '../protocol/process-spec.ts';
import { parseMaxRestarts, parseOkExitCodes } from '../protocol/restart-options.ts';
import { show } from '../protocol/show.ts';
import { parseSignal } from '../protocol/signal-name.ts';
import { parseSize } from '../protocol/size.ts';
import { checkedOption, durationOption, numberFrom } from './options.ts';

/** What the options of `spawn` say, each checked by itself; durations in ms, sizes in bytes, null where nothing was said. */
export interface SpawnFlags {
  readonly shell: boolean;
  readonly name: string | null;
  readonly cwd: string | null;
  readonly env: readonly EnvAssignment[];
  readonly envFile: readonly string[];
  readonly clearEnv: boolean;
  readonly interpreter: string | null;
  readonly instances: number | null;
  /** null: `on-failure`, or `no` with `--attach`. */
  readonly restart: RestartMode | null;
  readonly okExitCodes: readonly number[];
  readonly maxRestarts: number | 'unlimited'; // commander makes '' of a null that a parser returns
  readonly within: number;
  readonly backoff: ProcessPolicy['backoff'];
  readonly stableAfter: number;
  readonly stopSignal: string;
  readonly stopTimeout: number;
  readonly logMaxSize: number;
  readonly logKeep: number;
  readonly nice: number | null;
  readonly limit: SpawnRequest['limits'];
  readonly umask: number | null;
  readonly user: string | null;
  readonly boot: boolean;
  readonly attach: boolean;
  /** How long it has to stay up before `spawn` says that all is well; 0 is not at all. */
  readonly waitReady: number;
  readonly json: boolean;
}

const MIN_LOG_BYTES = 1024;

/** A span of time in which something is counted or waited for: none at all makes no sense. */
const spanOption = checkedOption((text: string): number => {
  const ms = durationOption(text);
  if (ms > 0) return ms;
  throw new ProcctlError('ERR_USAGE', 'expected a duration above 0');
});

const parseLogSize = (text: string): number => {
  const bytes = parseSize(text);
  if (bytes >= MIN_LOG_BYTES) return bytes;
  throw new ProcctlError('ERR_USAGE', `expected a size of at least 1k, got ${show(text)}`);
};

const parseUmask = (text: string): number => {
  if (/^[0-7]{1,4}$/.test(text) && Number.parseInt(text, 8) <= 0o777) return Number.parseInt(text, 8);
  throw new ProcctlError('ERR_USAGE', `expected permission bits in octal, such as 022, got ${show(text)}`);
};

/** An option that may be given several times. */
const collected = <T>(parse: (text: string) => T): ((text: string, earlier: readonly T[]) => T[]) => {
  const checked = checkedOption(parse);
  return (text, earlier) => [...earlier, checked(text)];
};

const addLimit = (text: string, earlier: SpawnFlags['limit']): SpawnFlags['limit'] => {
  const { name, limit } = checkedOption(parseLimit)(text);
  return { ...earlier, [name]: limit };
};

const option = (flags: string, description: string): Option => new Option(flags, description);

/** The options of `procctl spawn`, in the order of its help. */
export const spawnOptions = (): Option[] => [
  option('--shell', 'the one argument is a line for /bin/sh').default(false, 'off'),
  option('--name <name>', 'name of the process')
    .argParser(checkedOption(parseProcessName))
    .default(null, 'from the script, made unique'),
  option('--cwd <directory>', 'working directory; relative names of scripts start there').default(
    null,
    'the current one',
  ),
  option('-e, --env <name=value>', 'set a variable, or pass on one of yours (NAME); repeatable')
    .argParser(collected(parseAssignment))
    .default([], 'your environment as it is'),
  option('--env-file <file>', 'set the variables of a file (-e wins); repeatable')
    .argParser(collected((file: string) => file))
    .default([], 'none'),
  option('--clear-env', 'begin with PATH alone instead of your environment').default(false, 'off'),
  option('--interpreter <program>', 'what runs the script, with its options; none: the file as it is').default(
    null,
    "by the file's extension",
  ),
  option('-i, --instances <n>', 'that many processes, named NAME-1 to NAME-n')
    .argParser(numberFrom(1, 1000))
    .default(null, 'one, not numbered'),
  option('--restart <when>', 'when a process that ended by itself is started again')
    .choices(['no', 'on-failure', 'always'])
    .default(null, 'on-failure; with --attach: no'),
  option('--ok-exit-codes <codes>', 'exit codes that are no failure, besides 0: 3,143')
    .argParser(checkedOption(parseOkExitCodes))
    .default([0], '0'),
  option('--max-restarts <n>', 'give up (failed) after that many restarts --within a time, or unlimited')
    .argParser(checkedOption(parseMaxRestarts))
    .default(5),
  option('--within <duration>', 'the time for --max-restarts: 30s, 1.5m, 300ms; a bare number is seconds')
    .argParser(spanOption)
    .default(60_000, '60s'),
  option('--backoff <min..max>', 'delay before a restart: none at first, then min, doubled up to max')
    .argParser(checkedOption(parseBackoff))
    .default({ minMs: 1000, maxMs: 30_000 }, '1s..30s'),
  option('--stable-after <duration>', 'a run as long as this sets back-off and count of restarts back')
    .argParser(spanOption)
    .default(10_000, '10s'),
  option('--stop-signal <signal>', 'what asks it to end')
    .argParser(checkedOption((text: string) => parseSignal(text, constants.signals)))
    .default('SIGTERM', 'TERM'),
  option('--stop-timeout <duration>', 'from the stop signal to KILL').argParser(durationOption).default(5000, '5s'),
  option('--log-max-size <size>', 'begin a new log file at this size: 512k, 10M, 1G')
    .argParser(checkedOption(parseLogSize))
    .default(10 * 2 ** 20, '10M'),
  option('--log-keep <n>', 'log files kept, the one being written included').argParser(numberFrom(1, 1000)).default(5),
  option('--nice <n>', 'niceness, from -20 (root only) to 19')
    .argParser(numberFrom(-20, 19))
    .default(null, "the daemon's"),
  option('--limit <name=soft[:hard]>', 'resource limit: nofile=4096, as=1G, core=unlimited; repeatable')
    .argParser(addLimit)
    .default({}, "the daemon's"),
  option('--umask <bits>', 'permission bits taken from new files, in octal')
    .argParser(checkedOption(parseUmask))
    .default(null, "the daemon's"),
  option('--user <user[:group]>', 'run as this user (root only), by names or numbers').default(null, 'as you'),
  option('--boot', 'start it again after a reboot if it was running').default(false, 'off'),
  option('--attach', 'stay in the foreground: stream its output, forward signals, return its exit code').default(
    false,
    'off',
  ),
  option('--wait-ready <duration>', 'fail if a process ends within this time')
    .argParser(durationOption)
    .default(0, '0: do not wait'),
  option('--json', 'say what was started as JSON').default(false, 'off'),
];
