import type { TermSequence } from '../../core/pool/term-sequence.ts';
import { ProcctlError } from '../../errors.ts';
import { isShellVariable } from '../../protocol/shell-text.ts';
import { lanesThatFit } from '../descriptors.ts';
import { Guard } from '../guard.ts';
import type { LaneContext } from '../lane/lane-context.ts';
import { findLaneShell } from '../lane/lane-shell.ts';
import { Lanes, type LanesEvents } from '../lane/lanes.ts';
import { makeRunDirectory, removeRunDirectory } from '../run-directory.ts';

/** Lanes given up because somebody still holds their pipes: this many are read on. */
const MAX_RETIRED_LANES = 16;

export interface SiteOptions {
  readonly env: NodeJS.ProcessEnv;
  /** 'spawn': every attempt is a spawn of its own. */
  readonly runner: 'auto' | 'spawn';
  readonly size: number;
  /** Absolute; where tasks without a `cwd` work. */
  readonly directory: string;
  /** How what has to end is ended. */
  readonly ending: TermSequence;
  /** Added to the niceness of procctl. */
  readonly nice: number;
}

const LIMITS = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM']);

const cannotStart = (cause: NodeJS.ErrnoException): ProcctlError => {
  const hint = LIMITS.has(cause.code ?? '') ? { hint: 'raise the limits: ulimit -n, ulimit -u' } : {};
  return new ProcctlError('ERR_RUNTIME', `cannot start a single process: ${cause.message}`, { ...hint, cause });
};

/** What a run has on the machine: made when the first task starts, so that a run without tasks leaves no trace. */
export class Site {
  /** Pipes, standard input of tasks, spilled output. */
  readonly directory: string;
  readonly lanes: Lanes;
  #guard: Guard | undefined;

  /**
   * @param maxLanes that there are descriptors for
   * @throws ProcctlError ERR_RUNTIME when there is no place for the run's directory
   */
  constructor(
    poolMark: string,
    { env, runner, size, directory, ending, nice }: SiteOptions,
    maxLanes: number,
    events: LanesEvents,
  ) {
    this.directory = makeRunDirectory(env);
    const outer = env.PROCCTL_MARK?.endsWith('/') ? env.PROCCTL_MARK.slice(0, -1) : '';
    const context: LaneContext = {
      hasLaneShell: runner === 'auto' && findLaneShell() !== undefined && Object.keys(env).every(isShellVariable),
      env,
      directory,
      runDirectory: this.directory,
      markPrefix: `${outer}${poolMark}`,
      poolMark,
      ending,
      nice,
    };
    this.lanes = new Lanes(context, Math.min(MAX_RETIRED_LANES, size, lanesThatFit()), maxLanes, {
      ...events,
      // Before anything is run, and while the first shell starts.
      onMade: () => {
        this.#guard ??= new Guard(env, poolMark, this.directory, ending);
      },
      onFailed: (error) => events.onFailed(cannotStart(error)),
    });
  }

  /** Lets shells and workers go; the directory stays, and the guard. */
  async close(): Promise<void> {
    await this.lanes.close();
  }

  /** Removes the directory, and lets the guard go: procctl ends no sooner than it does. */
  remove(): void {
    removeRunDirectory(this.directory);
    void this.#guard?.dismiss();
  }
}
