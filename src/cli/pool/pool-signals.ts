import type { EndMode } from '../../core/pool/events.ts';
import type { OutputPump } from '../../runtime/output/output-pump.ts';
import type { PoolRun } from '../../runtime/pool/pool-run.ts';
import type { Progress } from './progress.ts';

/** How long a reader may let a write wait after a second Ctrl-C. */
const LAST_WORDS_MS = 300;

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type EndingSignal = (typeof ENDING_SIGNALS)[number];

/** What signals do to a pool: the first one ends it, a second one at once; Ctrl-Z stops it, and all that it runs. */
export class PoolSignals {
  readonly #run: PoolRun;
  readonly #pump: OutputPump;
  readonly #progress: () => Progress | undefined;
  #first: EndingSignal | null = null;

  constructor(run: PoolRun, pump: OutputPump, progress: () => Progress | undefined) {
    this.#run = run;
    this.#pump = pump;
    this.#progress = progress;
    for (const name of ENDING_SIGNALS) process.on(name, this.#onEnding);
    process.on('SIGTSTP', this.#onSuspend);
  }

  /** The first that asked procctl to end. */
  get first(): EndingSignal | null {
    return this.#first;
  }

  /** A reader holds a write up, and leaving would wait for it: ends procctl as the signal would have it. */
  leaveIfStuck(): void {
    if (!this.#pump.isStuck || this.#first === null) return;
    process.removeAllListeners(this.#first);
    process.kill(process.pid, this.#first);
  }

  stop(): void {
    for (const name of ENDING_SIGNALS) process.off(name, this.#onEnding);
    process.off('SIGTSTP', this.#onSuspend);
  }

  readonly #onEnding = (name: EndingSignal): void => {
    const mode: EndMode = this.#first === null ? 'graceful' : 'now';
    this.#first ??= name;
    // The tasks are killed at once; output that nobody reads must not keep procctl from leaving.
    if (mode === 'now') {
      const giveUpOnceStuck = (): void => {
        if (this.#pump.stuckForMs >= LAST_WORDS_MS) this.#pump.giveUp();
      };
      setInterval(giveUpOnceStuck, LAST_WORDS_MS / 3).unref();
    }
    this.#progress()?.note('ending; Ctrl-C again to kill at once');
    this.#run.cancel(mode);
  };

  // SIGSTOP to oneself returns when the process is continued. SIGTSTP would need its handler taken off, and be ignored where
  // there is no shell to continue it.
  readonly #onSuspend = (): void => {
    const stop = (): void => this.#run.pause(() => process.kill(process.pid, 'SIGSTOP'));
    const progress = this.#progress();
    if (progress === undefined) stop();
    else progress.aside(stop);
  };
}
