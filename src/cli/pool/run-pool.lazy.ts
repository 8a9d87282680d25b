import { isatty } from 'node:tty';
import type { EndMode } from '../../core/pool/events.ts';
import type { HaltReason } from '../../core/pool/machine.ts';
import { ProcctlError } from '../../errors.ts';
import { failureLine, retryLine, summaryLine } from '../../render/pool-text.ts';
import { groupOutput, jsonOutput, noOutput } from '../../runtime/output/kept-output.ts';
import { lineOutput } from '../../runtime/output/line-output.ts';
import { OutputPump, type Target } from '../../runtime/output/output-pump.ts';
import { PoolRun, type PoolRunOptions } from '../../runtime/pool/pool-run.ts';
import { readTasks } from '../../runtime/pool/task-source.ts';
import { isReaderGone } from '../reader-gone.ts';
import { tell } from '../tell.ts';
import { tuneEngine } from '../tune-engine.ts';
import { exitStatusOfPool } from './exit-status.ts';
import type { PoolFlags } from './flags.ts';
import { openProgress, type Progress } from './progress.ts';

/** With a live table on the same terminal, output is written in bursts, so that the table does not flicker. */
const GATHER_MS = 100;

/** How long a reader may let a write wait after a second Ctrl-C. */
const LAST_WORDS_MS = 300;

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type EndingSignal = (typeof ENDING_SIGNALS)[number];

const checkFlags = (flags: PoolFlags): void => {
  if (flags.json && flags.output === 'line') {
    throw new ProcctlError('ERR_USAGE', '--json shows a task when it has ended, --output line before', {
      hint: 'leave one of them out',
    });
  }
  if (flags.json && flags.tag) {
    throw new ProcctlError('ERR_USAGE', '--json has the name of the task already', { hint: 'leave --tag out' });
  }
  if (flags.progress === 'bar' && !process.stderr.isTTY) {
    throw new ProcctlError('ERR_USAGE', '--progress bar needs a terminal on standard error', {
      hint: 'use --progress plain',
    });
  }
};

const outputOf = (flags: PoolFlags, pump: OutputPump): PoolRunOptions['output'] => {
  return (space, release) => {
    if (flags.json) return jsonOutput(pump, space, release, flags.output === 'none');
    if (flags.output === 'none') return noOutput();
    if (flags.output === 'group') return groupOutput(pump, space, release, flags.tag);
    return lineOutput(pump, space, release, { isTagged: flags.tag, isOrdered: flags.keepOrder });
  };
};

const currentDirectory = (): string => {
  try {
    return process.cwd();
  } catch (cause) {
    throw new ProcctlError('ERR_RUNTIME', 'the current directory does not exist any more', {
      hint: 'change to one that does',
      cause,
    });
  }
};

const stoppedBy = (reason: HaltReason | null): 'halted' | 'cancelled' | null => {
  if (reason === null) return null;
  return reason === 'cancel' ? 'cancelled' : 'halted';
};

/** A reader that went away has seen enough: nothing to say, nobody to hear it. */
const tellOfBrokenOutput = (error: NodeJS.ErrnoException): void => {
  if (!isReaderGone(error)) tell(new ProcctlError('ERR_RUNTIME', `cannot write the output: ${error.message}`));
};

/** Runs the tasks of a file and resolves to the exit status. */
export const runPool = async (file: string, flags: PoolFlags): Promise<number> => {
  checkFlags(flags);
  tuneEngine();
  let brokenBy: NodeJS.ErrnoException | null = null;
  let signal: EndingSignal | null = null;
  let progress: Progress | undefined;
  const say = (line: string): void => {
    if (!flags.quiet) pump.write('stderr', Buffer.from(`${line}\n`));
  };

  const pump = new OutputPump({
    onBusy: (target: Target) => progress?.makeRoom(target),
    onIdle: () => progress?.changed(),
    onPressure: (bytes) => run.pressure(bytes),
    onBroken: (_target, error) => {
      brokenBy ??= error;
      run.cancel('graceful');
    },
  });
  const run = new PoolRun(
    {
      size: flags.size,
      retries: flags.retries,
      halt: flags.halt,
      timeoutMs: flags.timeout,
      stopTimeoutMs: flags.stopTimeout,
      runner: flags.runner,
      isOrdered: flags.keepOrder,
      output: outputOf(flags, pump),
      env: process.env,
      directory: currentDirectory(),
    },
    pump,
    {
      onSettled: ({ id, name }, { end, outcome, attempts }, task) => {
        if (end === 'succeeded' || flags.json || (end === 'cancelled' && attempts === 0)) return;
        say(failureLine({ id, name, end, outcome, attempts, timeoutMs: task.timeoutMs ?? flags.timeout }));
      },
      onRetry: ({ task, outcome, timedOut, attempt, delayMs }) => {
        if (flags.json) return;
        const { id, name, retries = flags.retries } = task;
        const timeoutMs = task.timeoutMs ?? flags.timeout;
        say(retryLine({ id, name, outcome, timedOut, timeoutMs, attempt, maxAttempts: retries + 1, delayMs }));
      },
      onChange: () => progress?.changed(),
      onShrunk: (size, reason) => say(`procctl: ${size} at a time instead of ${flags.size}: ${reason}`),
    },
  );

  const onSignal = (name: EndingSignal): void => {
    const mode: EndMode = signal === null ? 'graceful' : 'now';
    signal ??= name;
    // The tasks are killed at once; output that nobody reads must not keep procctl from leaving.
    if (mode === 'now') {
      const giveUpOnceStuck = (): void => {
        if (pump.stuckForMs >= LAST_WORDS_MS) pump.giveUp();
      };
      setInterval(giveUpOnceStuck, LAST_WORDS_MS / 3).unref();
    }
    progress?.note('ending; Ctrl-C again to kill at once');
    run.cancel(mode);
  };
  for (const name of ENDING_SIGNALS) process.on(name, onSignal);
  // A terminal for input is refused right away: there is nothing to show before that.
  const isRefused = file === '-' && isatty(0);
  progress = await openProgress(isRefused ? { ...flags, progress: 'none' } : flags, () => run.view(), say);
  if (progress.isLive) pump.gatherMs = GATHER_MS;

  try {
    const result = await run.run(
      readTasks(file, {
        format: flags.format,
        stdin: () => process.stdin,
        stdinFd: 0,
        signal: run.inputSignal,
      }),
    );
    progress.stop();
    const { inputError, leftovers, survivors, counts, elapsedMs, haltedBy, droppedBytes } = result;
    if (leftovers.length > 0) {
      const names = leftovers.map(({ pid, command }) => `${pid} (${command})`).join(', ');
      say(`procctl: ended what tasks had left running: ${names}`);
    }
    if (droppedBytes > 0) say(`procctl: dropped ${droppedBytes} bytes written after the end of their task`);
    for (const { pid, command } of survivors) say(`procctl: could not end pid ${pid} (${command})`);
    if (inputError === undefined || counts.submitted > 0) say(summaryLine(counts, elapsedMs, stoppedBy(haltedBy)));
    await pump.flush();
    if (pump.isStuck && signal !== null) {
      // The reader holds a write up, and leaving would wait for it: end as the signal would have it.
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
    if (inputError !== undefined) tell(inputError);
    else if (brokenBy !== null) tellOfBrokenOutput(brokenBy);
    return exitStatusOfPool({ counts, haltedBy, signal, brokenBy, inputError, survivors: survivors.length });
  } finally {
    progress.stop();
    for (const name of ENDING_SIGNALS) process.off(name, onSignal);
  }
};
