import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DaemonClient } from '../client/daemon-client.ts';
import { outputOf } from '../protocol/log-record.ts';
import type { Started } from '../protocol/rpc.ts';
import { LogCursor } from '../runtime/logs/log-cursor.ts';
import { LogWatch } from '../runtime/logs/log-watch.ts';
import { OutputPump } from '../runtime/output/output-pump.ts';
import { statusOfEnd } from './end-status.ts';
import { isReaderGone } from './reader-gone.ts';
import { say, tell } from './tell.ts';
import { READER_GONE } from './write-stdout.ts';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
const ENDING: readonly string[] = ['SIGINT', 'SIGTERM'];
/** A terminal sends these to everything in the foreground, not to the main program alone. */
const FROM_KEYS: readonly string[] = ['SIGINT', 'SIGQUIT'];

/** No more is read while so much waits for the reader of our output. */
const MAX_PENDING_BYTES = 1024 ** 2;

/**
 * Starts a process and stays with it until it has come to rest: passes on what it writes, byte for byte, and signals to it. A second
 * Ctrl-C or TERM kills it with all it has started.
 *
 * Its output comes from the log on the disk: a daemon that dies meanwhile loses nothing of it.
 *
 * @returns the exit status: the process's own, 128 + n for a signal, 141 when the reader of our output went away
 */
export const attach = async (client: DaemonClient, spawn: () => Promise<Started>): Promise<number> => {
  // From here on no signal is lost: one that comes before the process is there is passed on once it is.
  let names: string[] = [];
  const early: NodeJS.Signals[] = [];
  let isReaderLost = false;
  const stopNow = (): Promise<unknown> => client.command('process.stop', { names, now: true });
  const pump = new OutputPump({
    onBroken: (_target, error) => {
      if (!isReaderGone(error)) tell(error);
      isReaderLost = true;
      stopNow().catch(tell);
    },
  });
  let endings = 0;
  const forward = (signal: NodeJS.Signals): void => {
    const [name] = names;
    if (name === undefined) {
      early.push(signal);
      return;
    }
    if (ENDING.includes(signal)) endings += 1;
    if (endings === 1 && ENDING.includes(signal)) say(`${signal} to ${name}; once more to kill it`);
    const sent =
      endings > 1 ? stopNow() : client.command('process.signal', { names, signal, tree: FROM_KEYS.includes(signal) });
    sent.catch(tell);
  };
  for (const signal of FORWARDED) process.on(signal, forward);

  const release = (): void => {
    for (const signal of FORWARDED) process.off(signal, forward);
  };
  const { name, logs } = await spawn().catch((error: unknown) => {
    release();
    throw error;
  });
  names = [name];
  for (const signal of early) forward(signal);

  const over = new AbortController();
  const ended = client.command('process.wait', { names, timeoutMs: null }).finally(() => over.abort());
  const cursor = LogCursor.atStart(logs);
  const watch = new LogWatch([logs]);
  const passOn = async (): Promise<void> => {
    for (let records = cursor.read(); records.length > 0 && !isReaderLost; records = cursor.read()) {
      for (const record of records) {
        // Of the daemon's own notes, only what is missing matters here.
        if (record.stream === 'procctl') {
          const note = record.text.toString('utf8');
          if (/dropped|removed/.test(note)) say(`${name}: ${note}`);
        } else pump.write(record.stream, outputOf(record));
      }
      if (pump.pendingBytes > MAX_PENDING_BYTES) await pump.flush();
      // A process that never stops writing must not keep signals from being heard.
      await nextTurn();
    }
  };
  try {
    while (!over.signal.aborted) {
      await passOn();
      await watch.wait(over.signal);
      watch.take();
    }
    await passOn();
    await pump.flush();
    const [end] = (await ended).ended;
    return isReaderLost || end === undefined ? READER_GONE : statusOfEnd(end);
  } finally {
    watch.close();
    cursor.close();
    release();
  }
};
