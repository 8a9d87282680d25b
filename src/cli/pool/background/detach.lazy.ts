import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import { join } from 'node:path';
import { DaemonClient } from '../../../client/daemon-client.ts';
import { gracefully } from '../../../core/pool/term-sequence.ts';
import { type ErrorCode, EXIT, exitStatusOfSignal, ProcctlError } from '../../../errors.ts';
import { nameOfCommand } from '../../../protocol/command-name.ts';
import type { SpawnRequest } from '../../../protocol/process-spec.ts';
import type { ParamsOf } from '../../../protocol/rpc.ts';
import { callerArguments, callerDirectory, callerEnv } from '../../../runtime/caller-env.ts';
import { locateHome, openHome } from '../../../runtime/home.ts';
import { BatchInput } from '../../../runtime/supervise/batch-input.ts';
import { isOurs, say } from '../../tell.ts';
import { READER_GONE, writeStdout } from '../../write-stdout.ts';
import type { PoolFlags } from '../flags.ts';
import type { PoolInput } from '../pool-input.ts';
import { defaultName } from './default-name.ts';
import { check, type StagedInput, stage } from './staged-input.ts';
import { type Operands, type OptionShape, partsOf, wordsOfBatch } from './words.ts';

/** What there is for ending tasks, and what they leave, before the batch itself is killed. */
const END_MARGIN_MS = 10_000;

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const DEFAULT_POLICY: SpawnRequest['policy'] = {
  restart: 'no',
  okExitCodes: [0],
  restartLimit: { max: 5, withinMs: 60_000 },
  backoff: { minMs: 1_000, maxMs: 30_000 },
  stableAfterMs: 10_000,
};

/** What a task has until it is killed. */
const endingMs = ({ termSeq, stopTimeout }: PoolFlags): number =>
  (termSeq ?? gracefully(stopTimeout)).steps.reduce((sum, { waitMs }) => sum + waitMs, 0);

const operandsOf = (input: PoolInput): Operands =>
  input.kind === 'file' ? { file: input.file } : { behind: input.words };

const requestOf = (
  input: PoolInput,
  flags: PoolFlags,
  options: readonly OptionShape[],
  { batch, staged }: { readonly batch: BatchInput; readonly staged: StagedInput },
): SpawnRequest => {
  // Without `pool` itself.
  const parts = partsOf(callerArguments().slice(1), options);
  // `--`, or Node 20 would take some of our options for its own.
  const program = [process.execPath, '--', join(__dirname, '..', '..', 'bin', 'procctl.cjs'), 'pool'];
  const words = wordsOfBatch(parts, operandsOf(staged.input));
  const { journal, resume, retryFailed } = flags;
  const goesOn = journal !== undefined && !resume && !retryFailed;
  return {
    name: flags.name,
    defaultName: defaultName(input, flags),
    instances: null,
    argv: [...program, ...words],
    command: nameOfCommand({ kind: 'argv', argv: ['procctl', 'pool', ...wordsOfBatch(parts)] }),
    cwd: callerDirectory(),
    env: callerEnv(),
    policy: DEFAULT_POLICY,
    stopSignal: 'SIGTERM',
    // Tasks first, then what they have left in the background.
    stopTimeoutMs: 2 * endingMs(flags) + END_MARGIN_MS,
    // What a batch writes is its result: nothing of it is dropped.
    logMaxBytes: 0,
    logKeep: 1,
    nice: null,
    limits: {},
    umask: process.umask(),
    user: null,
    boot: false,
    stdin: staged.stdin,
    batch: { input: batch.name, argvAgain: goesOn ? [...program, '--resume', ...words] : null },
  };
};

/** What the daemon says when there is no batch: after any other failure there may be one, which reads its input. */
const REFUSALS: ReadonlySet<string> = new Set<ErrorCode>([
  'ERR_NAME',
  'ERR_NOT_FOUND',
  'ERR_NOT_EXECUTABLE',
  'ERR_CWD',
  'ERR_START',
  'ERR_DISK',
]);

const isRefusal = (error: unknown): boolean => isOurs(error) && REFUSALS.has(error.code);

/** Removes what was gathered so far when a signal ends this command. @returns takes that back */
const removeOnSignal = (input: BatchInput): (() => void) => {
  const end = (signal: NodeJS.Signals): void => {
    input.remove();
    process.exit(exitStatusOfSignal(constants.signals[signal]));
  };
  for (const signal of ENDING_SIGNALS) process.on(signal, end);
  return () => {
    for (const signal of ENDING_SIGNALS) process.off(signal, end);
  };
};

/**
 * Hands the batch to the daemon, and says what it is called; resolves to the exit status.
 *
 * @param options those that `procctl pool` knows
 * @throws ProcctlError what is wrong with the tasks, as without `--detach`; nothing runs and nothing is left then
 */
export const detach = async (input: PoolInput, flags: PoolFlags, options: readonly OptionShape[]): Promise<number> => {
  const home = locateHome();
  openHome(home);
  const client = new DaemonClient({ home, tell: say });
  const batch = new BatchInput(home.batches);
  const release = removeOnSignal(batch);
  let isAsked = false;
  try {
    batch.open();
    const staged = await stage(input, flags, batch);
    await check(staged, flags);
    const request = requestOf(input, flags, options, { batch, staged });
    // From here on the batch may be there already: its input is the daemon's business.
    release();
    isAsked = true;
    const token = randomBytes(12).toString('hex');
    const params: ParamsOf<'process.spawn'> = { request: request as ParamsOf<'process.spawn'>['request'], token };
    const [started] = (await client.command('process.spawn', params)).processes;
    if (started === undefined) throw new ProcctlError('ERR_DAEMON', 'the daemon has started nothing');
    const { name, id, pid, logs } = started;
    const text = flags.json ? JSON.stringify({ id, name, pid, logs }) : `${name} id=${id} pid=${pid ?? '-'}`;
    return (await writeStdout(`${text}\n`)) ? EXIT.done : READER_GONE;
  } catch (error) {
    if (!isAsked || isRefusal(error)) batch.remove();
    throw error;
  } finally {
    release();
    client.close();
  }
};
