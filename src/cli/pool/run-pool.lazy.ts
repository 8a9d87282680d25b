import { isatty } from 'node:tty';
import type { Command, Option } from 'commander';
import { gracefully } from '../../core/pool/term-sequence.ts';
import { printable } from '../../core/printable.ts';
import { ProcctlError } from '../../errors.ts';
import { OutputPump, type Target } from '../../runtime/output/output-pump.ts';
import { PoolRun } from '../../runtime/pool/pool-run.ts';
import type { PoolRunOptions } from '../../runtime/pool/pool-run-ports.ts';
import type { Results } from '../../runtime/results/results.ts';
import { isReaderGone } from '../reader-gone.ts';
import { isOurs, tell } from '../tell.ts';
import { tuneEngine } from '../tune-engine.ts';
import type { OptionShape } from './background/words.ts';
import { checkFlags } from './check-flags.ts';
import { exitStatusOfPool } from './exit-status.ts';
import type { PoolFlags } from './flags.ts';
import { journalMode } from './options/journal-options.ts';
import { openResults, openSummary, outputOf } from './outputs.ts';
import { type PoolInput, readsStdin } from './pool-input.ts';
import type { PoolJournal } from './pool-journal.ts';
import { PoolSignals } from './pool-signals.ts';
import { PoolTalk } from './pool-talk.ts';
import { openProgress, type Progress } from './progress.ts';
import type { RemotePorts } from './remote.lazy.ts';
import { SizeControl } from './size-control.ts';
import { openTaskInput } from './task-input.ts';

/** With a live table on the same terminal, output is written in bursts, so that the table does not flicker. */
const GATHER_MS = 100;

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

/** Begins to look at the machine, if that is wanted. @returns what ends it */
const watchMachine = async (run: PoolRun, flags: PoolFlags, say: (line: string) => void): Promise<() => void> => {
  // Elsewhere, who runs a task looks at it.
  if (flags.on !== null) return () => {};
  if (flags.load === undefined && flags.memfree === undefined && flags.memoryMax === undefined) return () => {};
  const { startWatches } = await import('./watches.lazy.ts');
  return startWatches(run, flags, say);
};

/** A reader that went away has seen enough: nothing to say, nobody to hear it. */
const tellOfBrokenOutput = (error: NodeJS.ErrnoException): void => {
  if (isOurs(error)) tell(error);
  else if (!isReaderGone(error)) tell(new ProcctlError('ERR_RUNTIME', `cannot write the output: ${error.message}`));
};

interface RemoteSetting extends Pick<PoolRunOptions, 'size' | 'openPlace'> {
  /** All is done and written. */
  leave(): void;
}

/** The journal of a run; a bundle of its own, for most runs have none. */
const openJournal = async (
  flags: PoolFlags,
  ports: {
    readonly size: number;
    readonly say: (line: string) => void;
    readonly onBroken: (error: NodeJS.ErrnoException) => void;
  },
): Promise<PoolJournal | undefined> => {
  const { journal: file } = flags;
  if (file === undefined) return undefined;
  const { openPoolJournal } = await import('./journal.lazy.ts');
  return openPoolJournal({ file, mode: journalMode(flags), directory: currentDirectory(), ...ports });
};

/** Where tasks run, if that is elsewhere; a bundle of its own. */
const openRemote = async (flags: PoolFlags, directory: string, ports: RemotePorts): Promise<RemoteSetting> => {
  if (flags.on === null) return { size: flags.size.size, leave: () => {} };
  const { leaveSoon, remotePlaces, REMOTE_SIZE } = await import('./remote.lazy.ts');
  const size = flags.size.isDefault === true ? REMOTE_SIZE : flags.size.size;
  return { size, openPlace: remotePlaces(flags.on, flags, directory, ports), leave: leaveSoon };
};

const shapeOf = ({ short, long, required, optional }: Option): OptionShape => ({
  short,
  long,
  value: required ? 'required' : optional ? 'optional' : 'none',
});

/** Runs all tasks and resolves to the exit status. */
export const runPool = async (input: PoolInput, flags: PoolFlags, command: Command): Promise<number> => {
  checkFlags(flags);
  if (flags.detach && flags.on !== null) {
    const { detachRemote } = await import('./batches/detach-remote.lazy.ts');
    return detachRemote(flags.on, input, flags);
  }
  if (flags.detach) {
    const { detach } = await import('./background/detach.lazy.ts');
    return detach(input, flags, command.options.map(shapeOf));
  }
  if (flags.on === null) tuneEngine();
  const inputStop = new AbortController();
  const source = await openTaskInput(input, flags, {
    stdin: () => process.stdin,
    stdinFd: 0,
    signal: inputStop.signal,
  });
  let brokenBy: NodeJS.ErrnoException | null = null;
  let isInputGood = false;
  let progress: Progress | undefined;
  const say = (line: string): void => {
    if (!flags.quiet) pump.write('stderr', Buffer.from(`${line}\n`));
  };

  const talk = new PoolTalk(flags, say);
  const onBroken = (error: NodeJS.ErrnoException): void => {
    brokenBy ??= error;
    run.cancel('graceful');
  };
  const directory = currentDirectory();
  const remote = await openRemote(flags, directory, { say, onChange: () => progress?.changed() });
  let isJournalBroken = false;
  const journal = await openJournal(flags, {
    size: remote.size,
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
      size: remote.size,
      ...(remote.openPlace && { openPlace: remote.openPlace }),
      retries: flags.retries,
      retryDelay: flags.retryDelay,
      halt: flags.halt,
      timeout: flags.timeout,
      ending: flags.termSeq ?? gracefully(flags.stopTimeout),
      delayMs: flags.delay,
      nice: flags.nice,
      runner: flags.runner,
      isOrdered: flags.keepOrder,
      output: outputOf(flags, pump, { results, summary }),
      ...(source.readAhead === undefined ? undefined : { readAhead: source.readAhead }),
      // A copy: process.env itself asks the C library, each time.
      env: { ...process.env },
      directory,
      ...(journal && { isDone: journal.isDone }),
      ...(journal?.expectedMs && { expectedMs: journal.expectedMs }),
    },
    pump,
    {
      ...(journal && { onAttempt: journal.record }),
      ...talk.events,
      onChange: () => progress?.changed(),
    },
  );

  const signals = new PoolSignals(run, pump, () => progress);
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
    isInputGood = result.inputError === undefined;
    const { inputError, counts, elapsedMs, haltedBy, survivors } = result;
    talk.close(result);
    if (summary !== undefined) pump.write('stderr', Buffer.from(summary.text(elapsedMs)));
    await pump.flush();
    signals.leaveIfStuck();
    if (inputError !== undefined) tell(inputError);
    else if (brokenBy !== null) tellOfBrokenOutput(brokenBy);
    const { first: signal } = signals;
    const ending = { counts, haltedBy, signal, brokenBy, inputError, isJournalBroken, survivors: survivors.length };
    return exitStatusOfPool(ending);
  } finally {
    progress.stop();
    await journal?.close(undefined);
    signals.stop();
    sizeControl.stop();
    stopWatches();
    results?.close(isInputGood);
    remote.leave();
  }
};
