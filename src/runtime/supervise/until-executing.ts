import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorCode, ProcctlError } from '../../errors.ts';
import { outcomeText } from '../../protocol/process-view.ts';
import { monotonicMs } from '../clock.ts';
import { lastErrorLines } from '../logs/last-lines.ts';
import type { Supervised } from './supervised.ts';

/** How long a start may take to be seen executing its own program before it is believed to. */
const PATIENCE_MS = 5_000;
/** How often it is looked whether it does, at first more often. */
const PAUSE_MS = 4;

/**
 * Once a process that was launched executes its own program, or has ended doing so.
 *
 * @throws ProcctlError ERR_NOT_FOUND, ERR_NOT_EXECUTABLE or ERR_START when it could not be executed after all
 */
export const untilExecuting = async (process: Supervised): Promise<void> => {
  const { run } = process.life;
  await process.until(() => process.life.state.tag !== 'ready' || process.life.run !== run);
  const givenUpMs = (process.main?.startedMs ?? monotonicMs()) + PATIENCE_MS;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MS)) {
    if (process.isExecuting) return;
    const failure = startFailure(process);
    if (failure !== undefined) throw failure;
    if (process.life.state.tag !== 'running' || monotonicMs() >= givenUpMs) return;
    await sleep(pauseMs);
  }
};

/** Exit statuses of the programs in between when they could not do their part; 1 is prlimit(1)'s and setpriv(1)'s. */
const START_FAILURES: Readonly<Record<string, ErrorCode>> = {
  1: 'ERR_START',
  126: 'ERR_NOT_EXECUTABLE',
  127: 'ERR_NOT_FOUND',
};

/** Why a program that was there could not be executed after all: what one of the programs in between said of it. */
const startFailure = (process: Supervised): ProcctlError | undefined => {
  const { state, history } = process.life;
  const { name } = process.spec;
  if (state.tag === 'failed' && history.length === 0) return new ProcctlError('ERR_START', `${name}: ${state.why}`);
  const { outcome } = history[0] ?? {};
  const code = outcome === undefined ? undefined : START_FAILURES[outcomeText(outcome)];
  if (code === undefined) return undefined;
  const speakers = code === 'ERR_START' ? /^(setpriv|prlimit|nice): / : /^(env|setsid|setpriv|prlimit|nice): /;
  const said = lastErrorLines(process.directory.logs).find((line) => speakers.test(line));
  return said === undefined
    ? undefined
    : new ProcctlError(code, said.replace(/^(env|setsid): (failed to execute )?/, ''));
};
