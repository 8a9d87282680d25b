import { MarkReader } from '../../protocol/mark-reader.ts';
import { PipeReader } from './pipes.ts';

/** The reading end of an output of a worker, which writes a mark where what one task has written ends. */
export class MarkedPipe {
  readonly #pipe: PipeReader;
  readonly #reader: MarkReader;
  /** Whose bytes come now, by its number: the first is 1. */
  #task = 1;

  /** @param take gets each chunk, in order, with the number of the task that it belongs to */
  constructor(path: string, mark: Buffer, take: (task: number, chunk: Buffer) => void) {
    this.#reader = new MarkReader(mark, {
      onData: (chunk) => take(this.#task, chunk),
      onMark: () => {
        this.#task += 1;
      },
    });
    this.#pipe = new PipeReader(path, (chunk) => this.#reader.push(chunk));
  }

  get isRemoved(): boolean {
    return this.#pipe.isRemoved;
  }

  follow(): void {
    this.#pipe.follow();
  }

  pause(): void {
    this.#pipe.pause();
  }

  resume(): void {
    this.#pipe.resume();
  }

  /** Delivers all that a task has written that has ended, and stops following. @param isMarked whether its mark was written */
  finishTask(task: number, isMarked: boolean): void {
    this.#pipe.finish(isMarked ? () => this.#task > task : undefined);
    if (this.#task <= task) this.#moveTo(task + 1);
  }

  /** Delivers all that was written so far, and stops following. @param next the task that comes next */
  finish(next: number): void {
    this.#pipe.finish();
    this.#moveTo(next);
  }

  /** Whether what is written from now on belongs to this task. */
  isAt(task: number): boolean {
    return this.#task === task;
  }

  /** @returns drops at once what is there */
  abandon(onDropped: (bytes: number) => void): () => void {
    return this.#pipe.abandon(onDropped);
  }

  close(): void {
    this.#pipe.close();
  }

  #moveTo(task: number): void {
    this.#reader.flush();
    this.#task = task;
  }
}
