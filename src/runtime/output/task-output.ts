import type { TaskSpec } from '../../core/pool/task.ts';
import type { TaskRecord } from '../../protocol/task-record.ts';

/** Where the output of one task goes, from its first attempt to its end. */
export interface TaskOutput {
  /** @throws the file system's error when the bytes can neither be passed on nor kept */
  data(stream: 'stdout' | 'stderr', chunk: Buffer): void;
  /** The attempt failed and another one follows. */
  restart(): void;
  /** The task has settled. */
  finish(record: TaskRecord): void;
}

/** A way to treat the output of tasks: `--output` and `--json`. */
export interface OutputMode {
  /** Whether output is passed on while a task runs, so that a slow reader must slow the task down. */
  readonly isStreaming: boolean;
  open(task: TaskSpec): TaskOutput;
  /** Only with `--keep-order`: all output before that of this number has been released. */
  onTurn?(seq: number): void;
}

/** Puts what is to be written into the order in which it may be: of the end, or of the input. */
export type Release = (seq: number, write: () => void) => void;
