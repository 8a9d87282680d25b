/** Long enough that nobody writes it by accident. */
export const MARK_BYTES = 24;

export interface MarkListener {
  /** Bytes before the next mark. */
  onData(chunk: Buffer): void;
  onMark(): void;
}

const NONE = Buffer.alloc(0);

/** Cuts what comes by a pipe at the marks in it: several tasks write to it one after the other, and a mark ends what each of them wrote. */
export class MarkReader {
  readonly #mark: Buffer;
  readonly #listener: MarkListener;
  /** What may be the beginning of a mark. */
  #held: Buffer = NONE;

  /** @param mark of MARK_BYTES that nobody can guess */
  constructor(mark: Buffer, listener: MarkListener) {
    this.#mark = mark;
    this.#listener = listener;
  }

  push(chunk: Buffer): void {
    let rest = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = NONE;
    for (let at = rest.indexOf(this.#mark); at >= 0; at = rest.indexOf(this.#mark)) {
      if (at > 0) this.#listener.onData(rest.subarray(0, at));
      this.#listener.onMark();
      rest = rest.subarray(at + this.#mark.length);
    }
    const kept = this.#beginningIn(rest);
    if (kept > 0) this.#held = rest.subarray(rest.length - kept);
    if (rest.length > kept) this.#listener.onData(rest.subarray(0, rest.length - kept));
  }

  /** No more of a mark will come: what looked like its beginning was none. */
  flush(): void {
    const held = this.#held;
    this.#held = NONE;
    if (held.length > 0) this.#listener.onData(held);
  }

  /** How many bytes at the end are as the mark begins. */
  #beginningIn(bytes: Buffer): number {
    const mark = this.#mark;
    for (let length = Math.min(mark.length - 1, bytes.length); length > 0; length -= 1) {
      if (bytes[bytes.length - length] !== mark[0]) continue;
      if (mark.compare(bytes, bytes.length - length, bytes.length, 0, length) === 0) return length;
    }
    return 0;
  }
}
