import { constants } from 'node:os';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { EXIT, exitStatusOfSignal, ProcctlError } from '../errors.ts';
import type { LogLine } from '../protocol/log-line.ts';
import type { LogStream } from '../protocol/log-record.ts';
import { LogText, logJson, plainPrefixes } from '../render/log-lines.ts';
import { followLogs, LogReader, mergedByTime } from '../runtime/logs/log-reader.ts';
import { OutputPump } from '../runtime/output/output-pump.ts';
import { type ColourFlag, wantsColour } from './colour.ts';
import { isReaderGone } from './reader-gone.ts';
import { tell } from './tell.ts';

export interface LoggedProcess {
  readonly id: number;
  readonly name: string;
  /** Of its log files; it need not exist. */
  readonly directory: string;
}

/** The options of `procctl logs`, as commander delivers them. */
export interface LogsFlags {
  readonly follow: boolean;
  /** Infinity: all; absent: 20, or all with `since`. */
  readonly lines?: number;
  /** Wall clock, ms since 1970. */
  readonly since?: number;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly timestamps: boolean;
  readonly json: boolean;
  readonly color: ColourFlag;
}

export interface LogsIo {
  /** Whether standard output is one. */
  readonly isTerminal: boolean;
  readonly env: NodeJS.ProcessEnv;
}

const DEFAULT_LINES = 20;
const BATCH_BYTES = 64 * 1024;
/** No more is read while so much waits for the reader of our output. */
const MAX_PENDING_BYTES = 1024 * 1024;
/** How long the reader of our output may hold up the end after a signal. */
const LAST_WORDS_MS = 300;

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type EndingSignal = (typeof ENDING_SIGNALS)[number];

const streamsOf = ({ stdout, stderr }: LogsFlags): ReadonlySet<LogStream> => {
  if (stdout === stderr) return new Set(['stdout', 'stderr', 'procctl']);
  return new Set([stdout ? 'stdout' : 'stderr']);
};

const prefixesOf = async (names: readonly string[], colour: boolean): Promise<readonly string[]> => {
  if (names.length === 1) return [''];
  if (!colour && names.every((name) => /^[ -~]*$/.test(name))) return plainPrefixes(names);
  const { paintedPrefixes } = await import('./log-prefixes.lazy.ts');
  return paintedPrefixes(names, colour);
};

type Show = (line: LogLine, index: number) => readonly Buffer[];

/** How lines are shown, and what comes after the last one. */
const faceOf = async (
  processes: readonly LoggedProcess[],
  flags: LogsFlags,
  { isTerminal, env }: LogsIo,
): Promise<{ readonly show: Show; readonly end: () => string }> => {
  const owner = (index: number): LoggedProcess => processes[index] as LoggedProcess;
  if (flags.json) return { show: (line, index) => [Buffer.from(logJson(line, owner(index)))], end: () => '' };
  const names = processes.map(({ name }) => name);
  const prefixes = await prefixesOf(names, wantsColour(flags.color, env, isTerminal));
  const text = new LogText({ timestamps: flags.timestamps, isTerminal });
  return { show: (line, index) => text.line(line, prefixes[index] ?? ''), end: () => text.end() };
};

/** Everything until the end of the logs as they are now. */
function* linesToTheEnd(reader: LogReader): Generator<LogLine> {
  yield* reader.linesNow();
  yield* reader.openLines();
}

const showLogs = async (
  processes: readonly LoggedProcess[],
  flags: LogsFlags,
  io: LogsIo,
  pump: OutputPump,
  stop: AbortSignal,
): Promise<void> => {
  const { show, end } = await faceOf(processes, flags, io);
  const selection = {
    lines: flags.lines ?? (flags.since === undefined ? DEFAULT_LINES : Number.POSITIVE_INFINITY),
    since: flags.since === undefined ? null : new Date(flags.since).toISOString(),
    streams: streamsOf(flags),
  };
  let batch: Buffer[] = [];
  let batchBytes = 0;
  const put = (line: LogLine, index: number): void => {
    for (const piece of show(line, index)) {
      batch.push(piece);
      batchBytes += piece.length;
    }
  };
  const write = async (): Promise<void> => {
    pump.write('stdout', Buffer.concat(batch));
    batch = [];
    batchBytes = 0;
    // A turn of the event loop in any case: signals are heard, however much there is to show.
    await (pump.pendingBytes > MAX_PENDING_BYTES ? pump.flush() : nextTurn());
  };

  const readers = processes.map(({ directory }) => new LogReader(directory, selection));
  const indexes = new Map(readers.map((reader, index) => [reader, index]));
  try {
    const logs = readers.map((reader, source) => ({
      source,
      lines: flags.follow ? reader.linesNow() : linesToTheEnd(reader),
    }));
    for (const { source, line } of mergedByTime(logs)) {
      put(line, source);
      if (batchBytes >= BATCH_BYTES) await write();
      if (stop.aborted) return;
    }
    await write();
    for await (const { reader, lines } of flags.follow ? followLogs(readers, stop) : []) {
      for (const line of lines) put(line, indexes.get(reader) as number);
      await write();
    }
    pump.write('stdout', Buffer.from(end()));
  } finally {
    for (const reader of readers) reader.close();
  }
};

/**
 * Shows the logs of processes, and resolves to the exit status. Tells of all errors itself.
 *
 * @param processes in the order in which they are to be named
 */
export const runLogs = async (processes: readonly LoggedProcess[], flags: LogsFlags, io: LogsIo): Promise<number> => {
  const stop = new AbortController();
  let signal: EndingSignal | null = null;
  let brokenBy: NodeJS.ErrnoException | null = null;
  const pump = new OutputPump({
    onBroken: (_target, error) => {
      brokenBy ??= error;
      stop.abort();
    },
  });
  const onSignal = (name: EndingSignal): void => {
    signal ??= name;
    stop.abort();
    // Output that nobody reads must not keep us from leaving.
    void sleep(LAST_WORDS_MS, undefined, { ref: false }).then(() => pump.giveUp());
  };
  for (const name of ENDING_SIGNALS) process.on(name, onSignal);
  try {
    await showLogs(processes, flags, io, pump, stop.signal);
    await pump.flush();
  } catch (error) {
    // A bundle of its own has a ProcctlError of its own, which the main one would take for a bug.
    const { code, message } = error as NodeJS.ErrnoException;
    tell(code === undefined ? error : new ProcctlError('ERR_RUNTIME', `cannot read the logs: ${message}`));
    return EXIT.internal;
  } finally {
    for (const name of ENDING_SIGNALS) process.off(name, onSignal);
  }
  return statusOf(signal, brokenBy, pump);
};

const statusOf = (signal: EndingSignal | null, brokenBy: NodeJS.ErrnoException | null, pump: OutputPump): number => {
  if (signal !== null) {
    // A write is under way that nobody takes, and leaving would wait for it: end as the signal would have it.
    if (pump.isStuck) process.kill(process.pid, signal);
    return exitStatusOfSignal(constants.signals[signal]);
  }
  if (brokenBy === null) return EXIT.done;
  if (isReaderGone(brokenBy)) return exitStatusOfSignal(constants.signals.SIGPIPE);
  tell(new ProcctlError('ERR_RUNTIME', `cannot write the output: ${brokenBy.message}`));
  return EXIT.internal;
};
