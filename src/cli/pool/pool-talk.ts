import type { HaltReason } from '../../core/pool/machine.ts';
import type { AttemptOutcome } from '../../core/pool/outcome.ts';
import { failureLine, requeueLine, retryLine, summaryLine } from '../../render/pool-text.ts';
import type { PoolResult, PoolRunEvents } from '../../runtime/pool/pool-run-ports.ts';
import type { PoolFlags } from './flags.ts';
import { SkipTeller } from './skips.ts';

type Say = (line: string) => void;

const stoppedBy = (reason: HaltReason | null): 'halted' | 'cancelled' | null => {
  if (reason === null) return null;
  return reason === 'cancel' ? 'cancelled' : 'halted';
};

/** Of those handed to other machines, many have only been queued; and of a Redis that is lost one line is enough. */
const isUnheard = (outcome: AttemptOutcome | undefined): boolean =>
  outcome?.kind === 'error' && (outcome.code === 'ERR_NOT_STARTED' || outcome.code === 'ERR_REDIS');

/** What is said of a pool in lines: of tasks as they fail, and at the end. */
export class PoolTalk {
  readonly #flags: PoolFlags;
  readonly #say: Say;
  readonly #skips: SkipTeller;

  constructor(flags: PoolFlags, say: Say) {
    this.#flags = flags;
    this.#say = say;
    this.#skips = new SkipTeller(say);
  }

  get events(): PoolRunEvents {
    const flags = this.#flags;
    return {
      onSettled: ({ id, name }, { end, outcome, attempts, skip }, task, timeoutMs) => {
        if (end === 'succeeded' || flags.json || (end === 'cancelled' && (attempts === 0 || isUnheard(outcome))))
          return;
        if (skip === undefined) this.#say(failureLine({ id, name, end, outcome, attempts, timeoutMs }));
        else this.#skips.add(task, skip.root);
      },
      onRetry: ({ task, outcome, timedOut, attempt, displaced, delayMs }, timeoutMs) => {
        if (flags.json) return;
        const { id, name, retries = flags.retries } = task;
        const maxAttempts = retries + 1 + displaced;
        this.#say(retryLine({ id, name, outcome, timedOut, timeoutMs, attempt, maxAttempts, delayMs }));
      },
      onRequeue: ({ task }) => this.#say(requeueLine(task)),
      onShrunk: (size, wanted, reason) => this.#say(`procctl: ${size} at a time instead of ${wanted}: ${reason}`),
    };
  }

  /** All has ended. */
  close({ inputError, leftovers, survivors, counts, elapsedMs, haltedBy, droppedBytes }: PoolResult): void {
    this.#skips.flush();
    if (leftovers.length > 0) {
      const names = leftovers.map(({ pid, command }) => `${pid} (${command})`).join(', ');
      this.#say(`procctl: ended what tasks had left running: ${names}`);
    }
    if (droppedBytes > 0) this.#say(`procctl: dropped ${droppedBytes} bytes written after the end of their task`);
    for (const { pid, command } of survivors) this.#say(`procctl: could not end pid ${pid} (${command})`);
    if (inputError !== undefined && counts.submitted === 0) return;
    const leftOut = this.#flags.retryFailed ? 'left out' : 'done already';
    this.#say(summaryLine(counts, elapsedMs, stoppedBy(haltedBy), leftOut));
  }
}
