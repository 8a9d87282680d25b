import { frame } from '../protocol/frames.ts';
import { type AnswerHeader, answerHeader } from '../protocol/task-frames.ts';
import { answersNote, MOST_NOTED_BYTES, NOTED_ANSWERS_AT } from '../protocol/task-notes.ts';
import type { WorkerChannel } from './channel.ts';
import { hasNoted, writeNote } from './notes.ts';

/** Answers go out when the first of them is so old, or they are too long to be noted. */
const HOLD_MS = 1;

const now = performance.now.bind(performance);

/** The answers of tasks that came together: they go together, so that the host is woken once. One that waits is noted, and so not lost with this process. */
export class HeldAnswers {
  readonly #channel: WorkerChannel;
  #held: Buffer[] = [];
  #bytes = 0;
  #since = 0;
  #isNoted = false;

  constructor(channel: WorkerChannel) {
    this.#channel = channel;
  }

  /**
   * @param isLast nothing comes after it that it could wait for
   * @returns a promise only where there is something to wait for
   */
  add(type: number, header: AnswerHeader, value: Uint8Array, isLast: boolean): Promise<void> | undefined {
    if (this.#held.length === 0) this.#since = now();
    const answer = frame(type, answerHeader(header), value);
    this.#held.push(answer);
    this.#bytes += answer.length;
    if (isLast || this.#bytes > MOST_NOTED_BYTES || now() - this.#since >= HOLD_MS) {
      return this.flush(header.number);
    }
    // Without room for it, it cannot wait.
    if (!hasNoted(answer, NOTED_ANSWERS_AT + this.#bytes - answer.length)) return this.flush(header.number);
    this.#isNoted = true;
    this.#note(header.number);
    return undefined;
  }

  /** Sends what is held. @param number of the task that has begun last @returns a promise only where there is something to wait for */
  flush(number: number): Promise<void> | undefined {
    if (this.#held.length === 0) return undefined;
    const bytes = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held, this.#bytes);
    this.#held = [];
    this.#bytes = 0;
    this.#channel.sendFrames(bytes);
    if (!this.#channel.isFlushed) return this.#channel.flushed().then(() => this.#forget(number));
    this.#forget(number);
    return undefined;
  }

  /** Until then they may be told twice: their numbers say so. */
  #forget(number: number): void {
    if (!this.#isNoted) return;
    this.#isNoted = false;
    this.#note(number);
  }

  #note(number: number): void {
    writeNote(answersNote(number, this.#bytes));
  }
}
