import type { EndMode } from '../../core/pool/events.ts';
import { KILL_AT_ONCE, type TermSequence } from '../../core/pool/term-sequence.ts';
import { ProcctlError } from '../../errors.ts';
import { isShellVariable } from '../../protocol/shell-text.ts';
import { lanesThatFit } from '../descriptors.ts';
import { endFamily } from '../family/end-family.ts';
import { findLeftovers } from '../family/family.ts';
import { type ProcInfo, ticksNow } from '../family/proc.ts';
import { continueFamily, stopFamily } from '../family/stand-still.ts';
import { Guard } from '../guard.ts';
import type { Attempt } from '../lane/attempt.ts';
import type { LaneContext } from '../lane/lane-context.ts';
import { findLaneShell } from '../lane/lane-shell.ts';
import { Lanes } from '../lane/lanes.ts';
import { makeRunDirectory, removeRunDirectory } from '../run-directory.ts';
import { uniqueText } from '../unique-text.ts';
import type { Place, PlaceEvents, Rest, Seat } from './place.ts';

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

/** What a run has on this machine: made when the first task starts, so that a run without tasks leaves no trace. */
export class Site implements Place {
  /** Pipes, standard input of tasks, spilled output. */
  readonly directory: string;
  readonly #lanes: Lanes;
  readonly #ending: TermSequence;
  readonly #poolMark = `/${uniqueText()}.`;
  readonly #sinceTicks = ticksNow() - 2;
  #guard: Guard | undefined;

  /**
   * @param maxLanes that there are descriptors for
   * @throws ProcctlError ERR_RUNTIME when there is no place for the run's directory
   */
  constructor(
    { env, runner, size, directory, ending, nice }: SiteOptions,
    maxLanes: number,
    { onShrunk, onFailed }: PlaceEvents,
  ) {
    this.directory = makeRunDirectory(env);
    this.#ending = ending;
    const poolMark = this.#poolMark;
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
    this.#lanes = new Lanes(context, Math.min(MAX_RETIRED_LANES, size, lanesThatFit()), maxLanes, {
      onShrunk,
      // Before anything is run, and while the first shell starts.
      onMade: () => {
        this.#guard ??= new Guard(env, poolMark, this.directory, ending);
      },
      onFailed: (error) => onFailed(cannotStart(error)),
    });
  }

  run(attempt: Attempt): void {
    this.#lanes.run(attempt);
  }

  end(seq: number, mode: EndMode): void {
    this.#lanes.end(seq, mode);
  }

  seatOf(seq: number): Seat {
    return { pid: this.#lanes.pidOf(seq) };
  }

  setPaused(isPaused: boolean): void {
    this.#lanes.setPaused(isPaused);
  }

  /** The same for one attempt. */
  setPausedOf(seq: number, isPaused: boolean): void {
    this.#lanes.setPausedOf(seq, isPaused);
  }

  families(): ReadonlyMap<number, readonly ProcInfo[]> {
    return this.#lanes.families();
  }

  standStill(stop: () => void): void {
    const before = stopFamily(this.#leftovers);
    try {
      stop();
    } finally {
      continueFamily(this.#leftovers, before);
    }
  }

  async rest(): Promise<Rest> {
    const lanes = this.#lanes;
    // The readers stay: who is ended may have last words, and a broken pipe is no way to go.
    const { areIdleShells } = lanes;
    const resting = lanes.rest();
    // While idle shells go, /proc is looked at already: all else that can be left is there.
    const early = areIdleShells ? this.#leftovers().filter(({ pid }) => !lanes.sessions.has(pid)) : undefined;
    await resting;
    const leftovers = early ?? this.#leftovers();
    const sequence = this.#ending;
    const ending =
      leftovers.length === 0 ? undefined : endFamily({ find: this.#leftovers, isOver: () => true, sequence });
    const survivors = (await ending?.survivors) ?? [];
    return { leftovers, survivors, droppedBytes: lanes.countDropped() };
  }

  async killAll(): Promise<void> {
    await endFamily({ find: this.#leftovers, isOver: () => true, sequence: KILL_AT_ONCE }).survivors;
  }

  /** Lets shells and workers go; the directory stays, and the guard. */
  async close(): Promise<void> {
    await this.#lanes.close();
  }

  /** Removes the directory, and lets the guard go: procctl ends no sooner than it does. */
  remove(): void {
    removeRunDirectory(this.directory);
    void this.#guard?.dismiss();
  }

  /** What tasks have left running. */
  readonly #leftovers = (): ProcInfo[] => findLeftovers(this.#poolMark, this.#lanes.sessions, this.#sinceTicks);
}
