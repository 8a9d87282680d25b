import type { TaskSpec } from '../../core/pool/task.ts';
import { tagOf } from './kept-output.ts';
import type { OutputPump, Target } from './output-pump.ts';
import { putBuffer } from './put-buffer.ts';
import { SpillBuffer, type SpillSpace } from './spill-buffer.ts';
import type { OutputMode, Release, TaskOutput } from './task-output.ts';

const NEWLINE = 10;

/** One stream of one task: passes whole lines on, holds the line that is not finished, however long it gets. */
class LineStream {
  readonly #put: (buffer: SpillBuffer) => void;
  readonly #space: SpillSpace;
  #held: SpillBuffer;
  #isPassing: boolean;

  /** @param isPassing false: everything is held until `pass` */
  constructor(space: SpillSpace, put: (buffer: SpillBuffer) => void, isPassing: boolean) {
    this.#space = space;
    this.#put = put;
    this.#isPassing = isPassing;
    this.#held = new SpillBuffer(space);
  }

  data(chunk: Buffer): void {
    const end = this.#isPassing ? chunk.lastIndexOf(NEWLINE) + 1 : 0;
    if (end === 0) {
      this.#held.append(chunk);
      return;
    }
    this.#held.append(chunk.subarray(0, end));
    this.flush();
    if (end < chunk.length) this.#held.append(chunk.subarray(end));
  }

  /** Passes on what is held, be the last line whole or not. */
  flush(): void {
    const held = this.#held;
    if (held.size === 0) return;
    this.#held = new SpillBuffer(this.#space);
    held.seal();
    this.#put(held);
  }

  pass(): void {
    this.#isPassing = true;
    this.flush();
  }
}

class LineOutput implements TaskOutput {
  readonly #streams: Readonly<Record<Target, LineStream>>;
  readonly #onFinish: () => void;

  constructor(stdout: LineStream, stderr: LineStream, onFinish: () => void) {
    this.#streams = { stdout, stderr };
    this.#onFinish = onFinish;
  }

  data(stream: Target, chunk: Buffer): void {
    this.#streams[stream].data(chunk);
  }

  /** Lines of a failed attempt have been seen already: they stay. */
  restart(): void {}

  finish(): void {
    this.#onFinish();
  }

  pass(): void {
    this.#streams.stdout.pass();
    this.#streams.stderr.pass();
  }

  flush(): void {
    this.#streams.stdout.flush();
    this.#streams.stderr.flush();
  }
}

/**
 * `--output line`: whole lines as they come; a last line without an end comes when the task ends, as it is.
 *
 * With `--keep-order` only the first unfinished task of the input passes its lines on; the others hold theirs.
 */
export const lineOutput = (
  pump: OutputPump,
  space: SpillSpace,
  release: Release,
  options: { readonly isTagged: boolean; readonly isOrdered: boolean },
): OutputMode => {
  const open = new Map<number, LineOutput>();
  let turn = 1;
  return {
    isStreaming: true,
    open: (task: TaskSpec) => {
      const prefix = options.isTagged ? tagOf(task) : undefined;
      const isPassing = !options.isOrdered || task.seq === turn;
      const stream = (target: Target): LineStream =>
        new LineStream(space, (buffer) => putBuffer(pump, target, buffer, prefix), isPassing);
      const output = new LineOutput(stream('stdout'), stream('stderr'), () => {
        release(task.seq, () => {
          open.delete(task.seq);
          output.flush();
        });
      });
      if (options.isOrdered) open.set(task.seq, output);
      return output;
    },
    onTurn: (seq) => {
      turn = seq;
      open.get(seq)?.pass();
    },
  };
};
