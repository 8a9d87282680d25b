import { constants } from 'node:os';
import { EXIT, exitStatusOfSignal } from '../errors.ts';
import { startLongTimer } from '../runtime/long-timer.ts';
import { listenToKeys } from './keys.ts';
import { READER_GONE, writeStdout } from './write-stdout.ts';

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
type EndingSignal = (typeof ENDING_SIGNALS)[number];

/** The end of a watch: it comes once, from a key, a signal, or the one who writes. */
class WatchEnd {
  readonly status: Promise<number>;
  /** What asked for the end, if it was a signal. */
  signal: EndingSignal | null = null;
  isOver = false;
  #resolve: (status: number) => void = () => {};

  constructor() {
    this.status = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    for (const name of ENDING_SIGNALS) process.on(name, this.#onSignal);
  }

  come(status: number): void {
    this.isOver = true;
    this.#resolve(status);
  }

  close(): void {
    for (const name of ENDING_SIGNALS) process.off(name, this.#onSignal);
  }

  readonly #onSignal = (name: EndingSignal): void => {
    this.signal ??= name;
    this.come(exitStatusOfSignal(constants.signals[name]));
  };
}

/** Resolves after so long, or at the end if that comes first. */
const pause = async (ms: number, end: WatchEnd): Promise<void> => {
  let cancel = (): void => {};
  const elapsed = new Promise<void>((resolve) => {
    const timer = startLongTimer(ms, resolve);
    cancel = () => timer.cancel();
  });
  await Promise.race([elapsed, end.status]);
  cancel();
};

/** Takes a step every `intervalMs`, from begin to begin, and never two at a time. */
const repeat = async (step: () => Promise<void>, intervalMs: number, end: WatchEnd): Promise<number> => {
  while (!end.isOver) {
    const begunAt = performance.now();
    const stepping = step();
    stepping.catch(() => {}); // what a step cut short by the end comes to is nobody's business
    await Promise.race([stepping, end.status]);
    await pause(Math.max(0, begunAt + intervalMs - performance.now()), end);
  }
  return end.status;
};

/** Writes what `next` resolves to, again and again, until a signal, or until nobody reads it any more. */
export const watchInPipe = async (next: () => Promise<string>, intervalMs: number): Promise<number> => {
  const end = new WatchEnd();
  let isWriting = false;
  const step = async (): Promise<void> => {
    const text = await next();
    if (end.isOver) return;
    isWriting = true;
    const isRead = await writeStdout(text);
    isWriting = false;
    if (!isRead) end.come(READER_GONE);
  };
  try {
    return await repeat(step, intervalMs, end);
  } finally {
    end.close();
    // A reader at rest holds the write up, and leaving would wait for it: end as the signal would have it.
    if (isWriting && end.signal !== null) process.kill(process.pid, end.signal);
  }
};

/** As much of a painter as is needed here. */
interface Painted {
  start(): void;
  changed(): void;
  stop(): void;
}

/** Keeps what a painter shows up to date until `q` (status 0) or a signal, and leaves the terminal as it was found. */
export const watchInPlace = async (
  painter: Painted,
  next: () => Promise<void>,
  intervalMs: number,
): Promise<number> => {
  const end = new WatchEnd();
  const stopListening = listenToKeys({ onQuit: () => end.come(EXIT.done) });
  try {
    painter.start();
    await pause(intervalMs, end);
    const step = async (): Promise<void> => {
      await next();
      if (!end.isOver) painter.changed();
    };
    return await repeat(step, intervalMs, end);
  } finally {
    painter.stop();
    stopListening();
    end.close();
  }
};
