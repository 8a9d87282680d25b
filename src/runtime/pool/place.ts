import type { EndMode } from '../../core/pool/events.ts';
import type { ProcInfo } from '../family/proc.ts';
import type { Attempt } from '../lane/attempt.ts';

/** What is seen of an attempt that was handed over. */
export interface Seat {
  /** Of its first process; undefined: none (yet), or not known. */
  readonly pid: number | undefined;
  /** The machine it runs on; undefined: this one. */
  readonly host?: string;
  /** It waits for somebody who runs it. */
  readonly isQueued?: boolean;
}

/** What was found once all attempts had ended. */
export interface Rest {
  /** Processes that tasks had left in the background, and that have been ended. */
  readonly leftovers: readonly ProcInfo[];
  /** Of these, those that could not be ended. */
  readonly survivors: readonly ProcInfo[];
  /** Bytes written by such processes after their task had ended. */
  readonly droppedBytes: number;
}

export interface PlaceEvents {
  /** No more than `size` attempts can be at work at a time. */
  onShrunk(size: number, error: Error): void;
  /** Nothing can be run there (any more). */
  onFailed(error: Error): void;
}

/** Where the attempts of a pool run: on this machine (`Site`), or elsewhere. */
export interface Place {
  /** For output that is spilled to disk. @throws ProcctlError ERR_RUNTIME when there is no room for one */
  readonly directory: string;
  /** Runs an attempt; its `onEnded` is called exactly once, never before this returns. */
  run(attempt: Attempt): void;
  /** Ends an attempt, with all processes it has started; one that has ended is left alone. */
  end(seq: number, mode: EndMode): void;
  /** Undefined when there is no such attempt. */
  seatOf(seq: number): Seat | undefined;
  /** Stops taking output, so that tasks block once they have written much, or goes on. */
  setPaused(isPaused: boolean): void;
  /** The processes of the attempts at work on this machine, by their positions in the input. */
  families(): ReadonlyMap<number, readonly ProcInfo[]>;
  /** Stops everything that tasks have started here, calls `stop`, which returns when all is to go on, and lets it go on. */
  standStill(stop: () => void): void;
  /** Ends what tasks have left behind; no attempt may be running. */
  rest(): Promise<Rest>;
  /** Kills all there is, for the pool has failed. */
  killAll(): Promise<void>;
  /** Gives back all but the directory. */
  close(): Promise<void>;
  /** Removes the directory. */
  remove(): void;
}
