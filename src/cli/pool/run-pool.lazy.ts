import { isatty } from 'node:tty';
import type { Command, Option } from 'commander';
import type { EndMode } from '../../core/pool/events.ts';
import type { HaltReason } from '../../core/pool/machine.ts';
import { gracefully } from '../../core/pool/term-sequence.ts';
import { printable } from '../../core/printable.ts';
import { ProcctlError } from '../../errors.ts';
import { failureLine, requeueLine, retryLine, summaryLine } from '../../render/pool-text.ts';
import { groupOutput, jsonOutput, noOutput } from '../../runtime/output/kept-output.ts';
import { lineOutput } from '../../runtime/output/line-output.ts';
import { OutputPump, type Target } from '../../runtime/output/output-pump.ts';
import { everyOutput, type OutputMode } from '../../runtime/output/task-output.ts';
import { PoolRun, type PoolRunOptions } from '../../runtime/pool/pool-run.ts';
import type { Results } from '../../runtime/results/results.ts';
import { wantsColour } from '../colour.ts';
import { isReaderGone } from '../reader-gone.ts';
import { isOurs, tell } from '../tell.ts';
import { tuneEngine } from '../tune-engine.ts';
import type { OptionShape } from './background/words.ts';
import { exitStatusOfPool } from './exit-status.ts';
import type { PoolFlags } from './flags.ts';
import { checkJournalFlags, journalMode } from './options/journal-options.ts';
import { type PoolInput, readsStdin } from './pool-input.ts';
import type { PoolJournal } from './pool-journal.ts';
import { openProgress, type Progress } from './progress.ts';
import { SizeControl } from './size-control.ts';
import { SkipTeller } from './skips.ts';
import { openTaskInput } from './task-input.ts';

/** With a live table on the same terminal, output is written in bursts, so that the table does not flicker. */
const GATHER_MS = 100;

/** How long a reader may let a write wait after a second Ctrl-C. */
const LAST_WORDS_MS = 300;

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type EndingSignal = (typeof ENDING_SIGNALS)[number];

const checkFlags = (flags: PoolFlags): void => {
  checkJournalFlags(flags);
  if (flags.json && flags.output === 'line') {
    throw new ProcctlError('ERR_USAGE', '--json shows a task when it has ended, --output line before', {
      hint: 'leave one of them out',
    });
  }
  if (flags.json && flags.tag) {
    throw new ProcctlError('ERR_USAGE', '--json has the name of the task already', { hint: 'leave --tag out' });
  }
  if (flags.nice < 0 && process.getuid?.() !== 0) {
    throw new ProcctlError('ERR_USAGE', '--nice: only root can go below 0');
  }
  if (flags.progress === 'bar' && !process.stderr.isTTY) {
    throw new ProcctlError('ERR_USAGE', '--progress bar needs a terminal on standard error', {
      hint: 'use --progress plain',
    });
  }
};

const shownOutput = (flags: PoolFlags, pump: OutputPump): PoolRunOptions['output'] => {
  return (space, release) => {
    if (flags.json) return jsonOutput(pump, space, release, flags.output === 'none');
    if (flags.output === 'none') return noOutput();
    if (flags.output === 'group') return groupOutput(pump, space, release, flags.tag);
    return lineOutput(pump, space, release, { isTagged: flags.tag, isOrdered: flags.keepOrder });
  };
};

/** What is kept comes before what is shown: if it cannot be kept, the task has failed. */
const outputOf = (
  shown: PoolRunOptions['output'],
  results: Results | undefined,
  summary: Summary | undefined,
): PoolRunOptions['output'] => {
  if (results === undefined && summary === undefined) return shown;
  return (space, release) =>
    everyOutput([
      ...(summary === undefined ? [] : [summary.mode]),
      ...(results === undefined ? [] : [results.mode(space)]),
      shown(space, release),
    ]);
};

/** What `--summary` needs while the pool runs, and at its end. */
interface Summary {
  readonly mode: OutputMode;
  /** Lines, each with its end. */
  text(elapsedMs: number): string;
}

const openSummary = async ({ summary, color }: PoolFlags): Promise<Summary | undefined> => {
  if (!summary) return undefined;
  const { SummaryTally, summaryOutput, renderPoolSummary } = await import('./summary.lazy.ts');
  const tally = new SummaryTally();
  const { isTTY, columns } = process.stderr;
  const screen = { columns: isTTY ? columns : undefined, colour: wantsColour(color, process.env, isTTY) };
  return {
    mode: summaryOutput(tally),
    text: (elapsedMs) => renderPoolSummary(tally.summary, elapsedMs, screen),
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

const openResults = async (
  { results, journal, resume, retryFailed }: PoolFlags,
  directory: string,
  onLost: (error: ProcctlError) => void,
): Promise<Results | undefined> => {
  if (results === undefined) return undefined;
  const { openResults } = await import('../../runtime/results/results.lazy.ts');
  return openResults(results, {
    directory,
    isResuming: resume || retryFailed,
    // What the journal calls done is not run again: its results must not be lost with the power.
    isSynced: journal !== undefined,
    onLost,
  });
};

/** Begins to look at the machine, if that is wanted. @returns what ends it */
const watchMachine = async (run: PoolRun, flags: PoolFlags, say: (line: string) => void): Promise<() => void> => {
  if (flags.load === undefined && flags.memfree === undefined && flags.memoryMax === undefined) return () => {};
  const { startWatches } = await import('./watches.lazy.ts');
  return startWatches(run, flags, say);
};

const stoppedBy = (reason: HaltReason | null): 'halted' | 'cancelled' | null => {
  if (reason === null) return null;
  return reason === 'cancel' ? 'cancelled' : 'halted';
};

/** A reader that went away has seen enough: nothing to say, nobody to hear it. */
const tellOfBrokenOutput = (error: NodeJS.ErrnoException): void => {
  if (isOurs(error)) tell(error);
  else if (!isReaderGone(error)) tell(new ProcctlError('ERR_RUNTIME', `cannot write the output: ${error.message}`));
};

/** The journal of a run; a bundle of its own, for most runs have none. */
const openJournal = async (
  flags: PoolFlags,
  ports: { readonly say: (line: string) => void; readonly onBroken: (error: NodeJS.ErrnoException) => void },
): Promise<PoolJournal | undefined> => {
  const { journal: file, size } = flags;
  if (file === undefined) return undefined;
  const { openPoolJournal } = await import('./journal.lazy.ts');
  return openPoolJournal({ file, mode: journalMode(flags), size: size.size, directory: currentDirectory(), ...ports });
};

const shapeOf = ({ short, long, required, optional }: Option): OptionShape => ({
  short,
  long,
  value: required ? 'required' : optional ? 'optional' : 'none',
});

/** Runs all tasks and resolves to the exit status. */
export const runPool = async (input: PoolInput, flags: PoolFlags, command: Command): Promise<number> => {
  checkFlags(flags);
  if (flags.detach) {
    const { detach } = await import('./background/detach.lazy.ts');
    return detach(input, flags, command.options.map(shapeOf));
  }
  tuneEngine();
  const inputStop = new AbortController();
  const source = await openTaskInput(input, flags, {
    stdin: () => process.stdin,
    stdinFd: 0,
    signal: inputStop.signal,
  });
  let brokenBy: NodeJS.ErrnoException | null = null;
  let signal: EndingSignal | null = null;
  let isInputGood = false;
  let progress: Progress | undefined;
  const say = (line: string): void => {
    if (!flags.quiet) pump.write('stderr', Buffer.from(`${line}\n`));
  };

  const skips = new SkipTeller(say);
  const onBroken = (error: NodeJS.ErrnoException): void => {
    brokenBy ??= error;
    run.cancel('graceful');
  };
  const directory = currentDirectory();
  let isJournalBroken = false;
  const journal = await openJournal(flags, {
    say,
    onBroken: ({ message }) => {
      isJournalBroken = true;
      const line = `procctl: cannot write the journal: ${printable(message)}: nothing new is started`;
      pump.write('stderr', Buffer.from(`${line}\n`));
      run.breakOff();
    },
  });
  let results: Results | undefined;
  try {
    results = await openResults(flags, directory, onBroken);
  } catch (error) {
    await journal?.close(undefined);
    throw error;
  }
  const summary = await openSummary(flags);
  const pump = new OutputPump({
    onBusy: (target: Target) => progress?.makeRoom(target),
    onIdle: () => progress?.changed(),
    onPressure: (bytes) => run.pressure(bytes),
    onBroken: (_target, error) => onBroken(error),
  });
  const run = new PoolRun(
    {
      size: flags.size.size,
      retries: flags.retries,
      retryDelay: flags.retryDelay,
      halt: flags.halt,
      timeout: flags.timeout,
      ending: flags.termSeq ?? gracefully(flags.stopTimeout),
      delayMs: flags.delay,
      nice: flags.nice,
      runner: flags.runner,
      isOrdered: flags.keepOrder,
      output: outputOf(shownOutput(flags, pump), results, summary),
      ...(source.readAhead === undefined ? undefined : { readAhead: source.readAhead }),
      env: process.env,
      directory,
      ...(journal && { isDone: journal.isDone }),
      ...(journal?.expectedMs && { expectedMs: journal.expectedMs }),
    },
    pump,
    {
      ...(journal && { onAttempt: journal.record }),
      onSettled: ({ id, name }, { end, outcome, attempts, skip }, task, timeoutMs) => {
        if (end === 'succeeded' || flags.json || (end === 'cancelled' && attempts === 0)) return;
        if (skip !== undefined) {
          skips.add(task, skip.root);
          return;
        }
        say(failureLine({ id, name, end, outcome, attempts, timeoutMs }));
      },
      onRetry: ({ task, outcome, timedOut, attempt, displaced, delayMs }, timeoutMs) => {
        if (flags.json) return;
        const { id, name, retries = flags.retries } = task;
        const maxAttempts = retries + 1 + displaced;
        say(retryLine({ id, name, outcome, timedOut, timeoutMs, attempt, maxAttempts, delayMs }));
      },
      onRequeue: ({ task }) => say(requeueLine(task)),
      onChange: () => progress?.changed(),
      onShrunk: (size, wanted, reason) => say(`procctl: ${size} at a time instead of ${wanted}: ${reason}`),
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
  // SIGSTOP to oneself returns when the process is continued. SIGTSTP would need its handler taken off, and be ignored where
  // there is no shell to continue it.
  const onSuspend = (): void => {
    const stop = (): void => run.pause(() => process.kill(process.pid, 'SIGSTOP'));
    if (progress === undefined) stop();
    else progress.aside(stop);
  };
  process.on('SIGTSTP', onSuspend);
  let stopWatches = (): void => {};
  const sizeControl = new SizeControl(run, flags.size, say);
  // A terminal for input is refused right away: there is nothing to show before that.
  const isRefused = readsStdin(input) && isatty(0);
  progress = await openProgress(isRefused ? { ...flags, progress: 'none' } : flags, () => run.view(), say);
  if (progress.isLive) pump.gatherMs = GATHER_MS;

  try {
    run.inputSignal.addEventListener('abort', () => inputStop.abort(), { once: true });
    stopWatches = await watchMachine(run, flags, say);
    const { tasks } = source;
    const result = await run.run(journal === undefined ? tasks : journal.watch(tasks));
    await journal?.close(result);
    progress.stop();
    skips.flush();
    isInputGood = result.inputError === undefined;
    const { inputError, leftovers, survivors, counts, elapsedMs, haltedBy, droppedBytes } = result;
    if (leftovers.length > 0) {
      const names = leftovers.map(({ pid, command }) => `${pid} (${command})`).join(', ');
      say(`procctl: ended what tasks had left running: ${names}`);
    }
    if (droppedBytes > 0) say(`procctl: dropped ${droppedBytes} bytes written after the end of their task`);
    for (const { pid, command } of survivors) say(`procctl: could not end pid ${pid} (${command})`);
    if (inputError === undefined || counts.submitted > 0) {
      const leftOut = flags.retryFailed ? 'left out' : 'done already';
      say(summaryLine(counts, elapsedMs, stoppedBy(haltedBy), leftOut));
    }
    if (summary !== undefined) pump.write('stderr', Buffer.from(summary.text(elapsedMs)));
    await pump.flush();
    if (pump.isStuck && signal !== null) {
      // The reader holds a write up, and leaving would wait for it: end as the signal would have it.
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
    if (inputError !== undefined) tell(inputError);
    else if (brokenBy !== null) tellOfBrokenOutput(brokenBy);
    const ending = { counts, haltedBy, signal, brokenBy, inputError, isJournalBroken, survivors: survivors.length };
    return exitStatusOfPool(ending);
  } finally {
    progress.stop();
    await journal?.close(undefined);
    for (const name of ENDING_SIGNALS) process.off(name, onSignal);
    process.off('SIGTSTP', onSuspend);
    sizeControl.stop();
    stopWatches();
    results?.close(isInputGood);
  }
};
