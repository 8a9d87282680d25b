import type { TaskSpec } from '../../core/pool/task.ts';
import { recordLine, type TaskRecord } from '../../protocol/task-record.ts';
import { printable } from '../../render/sanitize.ts';
import type { OutputPump } from './output-pump.ts';
import { putBuffer } from './put-buffer.ts';
import { SpillBuffer, type SpillSpace } from './spill-buffer.ts';
import type { OutputMode, Release, TaskOutput } from './task-output.ts';

/** What a task is called in front of its lines. */
export const tagOf = (task: TaskSpec): string => `${printable(task.name)}\t`;

/** Both streams of a task, held until it has ended. */
class Kept implements TaskOutput {
  readonly #finish: (record: TaskRecord, stdout: SpillBuffer, stderr: SpillBuffer) => void;
  readonly #streams: { readonly stdout: SpillBuffer; readonly stderr: SpillBuffer };

  constructor(space: SpillSpace, finish: (record: TaskRecord, stdout: SpillBuffer, stderr: SpillBuffer) => void) {
    this.#finish = finish;
    this.#streams = { stdout: new SpillBuffer(space), stderr: new SpillBuffer(space) };
  }

  data(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    this.#streams[stream].append(chunk);
  }

  restart(): void {
    this.#streams.stdout.clear();
    this.#streams.stderr.clear();
  }

  finish(record: TaskRecord): void {
    const { stdout, stderr } = this.#streams;
    stdout.seal();
    stderr.seal();
    this.#finish(record, stdout, stderr);
  }
}

/** `--output group`: each stream in one piece to the stream of the same name, when the task has ended. */
export const groupOutput = (pump: OutputPump, space: SpillSpace, release: Release, isTagged: boolean): OutputMode => ({
  isStreaming: false,
  open: (task) => {
    const prefix = isTagged ? tagOf(task) : undefined;
    return new Kept(space, ({ seq }, stdout, stderr) =>
      release(seq, () => {
        putBuffer(pump, 'stdout', stdout, prefix);
        putBuffer(pump, 'stderr', stderr, prefix);
      }),
    );
  },
});

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
    return new Kept(space, (record, stdout, stderr) =>
      release(record.seq, () => {
        const size = stdout.size + stderr.size;
        pump.writeFrom('stdout', recordLine(record, stdout, stderr), size, () => {
          stdout.clear();
          stderr.clear();
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
