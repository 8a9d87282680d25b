import type { TaskSpec } from '../../core/pool/task.ts';
import type { TaskRecord } from '../../protocol/task-record.ts';

/** Where the output of one task goes, from its first attempt to its end. */
export interface TaskOutput {
  /** An attempt is about to start. @throws why what it writes cannot be kept: it is not started then */
  begin?(): void;
  /** @throws the file system's error when the bytes can neither be passed on nor kept */
  data(stream: 'stdout' | 'stderr', chunk: Buffer): void;
  /**
   * The attempt has ended, and all it wrote has come.
   *
   * @param isWhole false: some of it could not be kept, here or elsewhere, and the attempt has failed by that
   * @param durationMs of the attempt; time in which the pool stood still is not in it
   * @throws why it is not whole after all
   */
  ended?(isWhole: boolean, durationMs: number): void;
  /** The attempt failed and another one follows. */
  restart(): void;
  /**
   * The attempt has settled the task, and somebody who relies on what is kept of it is about to be told so, before `finish`.
   *
   * @returns false when it could not be kept: then nobody is told
   */
  keep?(record: TaskRecord): boolean;
  /** The task has settled; the first of all calls if it was never started. */
  finish(record: TaskRecord): void;
}

/** A way to treat the output of tasks: `--output`, `--json` and `--results`. */
export interface OutputMode {
  /** Whether output is passed on while a task runs, so that a slow reader must slow the task down. */
  readonly isStreaming: boolean;
  open(task: TaskSpec): TaskOutput;
  /** Only with `--keep-order`: all output before that of this number has been released. */
  onTurn?(seq: number): void;
}

/** Puts what is to be written into the order in which it may be: of the end, or of the input. */
export type Release = (seq: number, write: () => void) => void;

/**
 * Several ways at once: each is told everything, in this order. One that throws keeps the bytes from those after it; the
 * task has failed then.
 */
export const everyOutput = (modes: readonly OutputMode[]): OutputMode => ({
  isStreaming: modes.some(({ isStreaming }) => isStreaming),
  onTurn: (seq) => {
    for (const mode of modes) mode.onTurn?.(seq);
  },
  open: (task) => {
    const outputs = modes.map((mode) => mode.open(task));
    return {
      begin: () => {
        for (const output of outputs) output.begin?.();
      },
      data: (stream, chunk) => {
        for (const output of outputs) output.data(stream, chunk);
      },
      ended: (isWhole, durationMs) => {
        for (const output of outputs) output.ended?.(isWhole, durationMs);
      },
      restart: () => {
        for (const output of outputs) output.restart();
      },
      keep: (record) => outputs.every((output) => output.keep?.(record) !== false),
      finish: (record) => {
        for (const output of outputs) output.finish(record);
      },
    };
  },
});
