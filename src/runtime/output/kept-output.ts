import type { TaskSpec } from '../../core/pool/task.ts';
import { printable } from '../../core/printable.ts';
import { type Bytes, recordLine, type TaskRecord } from '../../protocol/task-record.ts';
import type { OutputPump } from './output-pump.ts';
import { putBuffer } from './put-buffer.ts';
import { SpillBuffer, type SpillSpace } from './spill-buffer.ts';
import type { OutputMode, Release, TaskOutput } from './task-output.ts';

/** What a task is called in front of its lines. */
export const tagOf = (task: TaskSpec): string => `${printable(task.name)}\t`;

type Finish = (record: TaskRecord, stdout: SpillBuffer | undefined, stderr: SpillBuffer | undefined) => void;

/** Both streams of a task, held until it has ended. */
export class KeptOutput implements TaskOutput {
  readonly #finish: Finish;
  readonly #space: SpillSpace;
  #stdout: SpillBuffer | undefined;
  #stderr: SpillBuffer | undefined;

  constructor(space: SpillSpace, finish: Finish) {
    this.#finish = finish;
    this.#space = space;
  }

  data(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    if (stream === 'stdout') this.#stdout ??= new SpillBuffer(this.#space);
    else this.#stderr ??= new SpillBuffer(this.#space);
    (stream === 'stdout' ? this.#stdout : this.#stderr)?.append(chunk);
  }

  restart(): void {
    this.#stdout?.clear();
    this.#stderr?.clear();
  }

  finish(record: TaskRecord): void {
    this.#stdout?.seal();
    this.#stderr?.seal();
    this.#finish(record, this.#stdout, this.#stderr);
  }
}

/** `--output group`: each stream in one piece to the stream of the same name, when the task has ended. */
export const groupOutput = (pump: OutputPump, space: SpillSpace, release: Release, isTagged: boolean): OutputMode => ({
  isStreaming: false,
  open: (task) => {
    const prefix = isTagged ? tagOf(task) : undefined;
    return new KeptOutput(space, ({ seq }, stdout, stderr) =>
      release(seq, () => {
        if (stdout !== undefined) putBuffer(pump, 'stdout', stdout, prefix);
        if (stderr !== undefined) putBuffer(pump, 'stderr', stderr, prefix);
      }),
    );
  },
});

export const NO_BYTES: Bytes = { size: 0, chunks: () => [] };

/** `--json`: a line for each finished task, with what it wrote unless it `isDropped`. */
export const jsonOutput = (pump: OutputPump, space: SpillSpace, release: Release, isDropped: boolean): OutputMode => ({
  isStreaming: false,
  open: () => {
    if (isDropped) {
      const finish = (record: TaskRecord): void =>
        release(record.seq, () => {
          for (const piece of recordLine(record, null, null)) pump.write('stdout', piece);
        });
      return { data: () => {}, restart: () => {}, finish };
    }
    return new KeptOutput(space, (record, stdout, stderr) =>
      release(record.seq, () => {
        const size = (stdout?.size ?? 0) + (stderr?.size ?? 0);
        const line = recordLine(record, stdout ?? NO_BYTES, stderr ?? NO_BYTES);
        if (size === 0) {
          for (const piece of line) pump.write('stdout', piece);
          return;
        }
        pump.writeFrom('stdout', line, size, () => {
          stdout?.clear();
          stderr?.clear();
        });
      }),
    );
  },
});

/** `--output none`: nobody sees it. */
export const noOutput = (): OutputMode => {
  const nowhere: TaskOutput = { data: () => {}, restart: () => {}, finish: () => {} };
  return { isStreaming: false, open: () => nowhere };
};
