// One question to the daemon without node:net. That module and the streams it needs take 2 ms to load, and as long again
// to run for the first time: together more than the daemon takes to answer, and a quarter of a whole `ps`. So this uses what
// node:net itself is made of. `process.binding` is no public interface: whatever is not as in the versions of Node
// that are known, or goes wrong in any way, is no answer, and the caller asks by node:net.

import { writeSync } from 'node:fs';
import { ANSWER_PATIENCE_MS } from './patience.ts';

/** Major versions of Node that this was tried with. */
const KNOWN = /^(?:20|22|24|26)\./;

/** A handle of libuv for a unix socket. */
interface Pipe {
  readonly fd: number;
  onread: (bytes: ArrayBuffer | undefined) => void;
  connect(request: Request, path: string): unknown;
  readStart(): unknown;
  writeBuffer(request: Request, bytes: Uint8Array): unknown;
  close(): void;
}

interface Request {
  /** @param status 0, or a negative errno */
  oncomplete: (status: number) => void;
}

interface Bindings {
  readonly Pipe: new (type: number) => Pipe;
  readonly PipeConnectWrap: new () => Request;
  readonly WriteWrap: new () => Request;
  readonly SOCKET: number;
  /** How many bytes were read at `[kReadBytesOrError]`, and where they begin at `[kArrayBufferOffset]`. */
  readonly state: ArrayLike<number>;
  readonly kReadBytesOrError: number;
  readonly kArrayBufferOffset: number;
}

type Binding = Readonly<Record<string, unknown>>;

const isCount = (value: unknown): value is number => Number.isInteger(value);

/** @throws whatever, under Node's permission model or in another runtime */
const load = (): Bindings | undefined => {
  if (!KNOWN.test(process.versions.node)) return undefined;
  const node = process as unknown as { binding(name: string): Binding };
  const { Pipe, PipeConnectWrap, constants } = node.binding('pipe_wrap');
  const { WriteWrap, streamBaseState: state, kReadBytesOrError, kArrayBufferOffset } = node.binding('stream_wrap');
  const { SOCKET } = (constants ?? {}) as Binding;
  const classes = [Pipe, PipeConnectWrap, WriteWrap];
  const isWhole =
    classes.every((each) => typeof each === 'function') &&
    [SOCKET, kReadBytesOrError, kArrayBufferOffset].every(isCount) &&
    ArrayBuffer.isView(state);
  const bindings = { Pipe, PipeConnectWrap, WriteWrap, SOCKET, state, kReadBytesOrError, kArrayBufferOffset };
  return isWhole ? (bindings as unknown as Bindings) : undefined;
};

/** Without a word: with --pending-deprecation, Node would warn. */
const loadSilently = (): Bindings | undefined => {
  const { noDeprecation } = process;
  process.noDeprecation = true;
  try {
    return load();
  } catch {
    return undefined;
  } finally {
    process.noDeprecation = noDeprecation as boolean;
  }
};

/** What connect(2) says when nobody listens, on Linux. Elsewhere, as with any other error, node:net is to find out. */
const NOBODY: readonly number[] = [-2 /* ENOENT */, -111 /* ECONNREFUSED */];

const NEWLINE = 10;

/**
 * - `answered`: one line, without its newline
 * - `nobody`: nobody listens
 * - `silent`: nothing, or not all of it, has come within `ANSWER_PATIENCE_MS`
 * - `unknown`: anything else; ask in another way
 */
export type QuickAnswer =
  | { readonly tag: 'answered'; readonly line: string }
  | { readonly tag: 'nobody' | 'silent' | 'unknown' };

const UNKNOWN: QuickAnswer = { tag: 'unknown' };

/** One question, on a connection of its own. */
class Asking {
  readonly #bindings: Bindings;
  readonly #pipe: Pipe;
  /** What is still to be sent. */
  #question: Buffer;
  readonly #onEnd: (answer: QuickAnswer) => void;
  #patience: NodeJS.Timeout | undefined;
  readonly #parts: Buffer[] = [];
  #isDone = false;

  constructor(bindings: Bindings, question: string, onEnd: (answer: QuickAnswer) => void) {
    this.#bindings = bindings;
    this.#pipe = new bindings.Pipe(bindings.SOCKET);
    this.#question = Buffer.from(question);
    this.#onEnd = onEnd;
  }

  begin(path: string): void {
    this.#pipe.onread = (bytes) => this.#read(bytes);
    const connecting = new this.#bindings.PipeConnectWrap();
    connecting.oncomplete = (status) => this.#connected(status);
    if (this.#pipe.connect(connecting, path)) this.end(UNKNOWN);
    else this.#sendNow();
  }

  /**
   * connect(2) waits for nobody on a unix socket: it is connected when that returns, and libuv says so a turn of the event loop later. The
   * daemon can begin meanwhile. Where it is not connected, or not all can be written, what is left is sent in that turn.
   */
  #sendNow(): void {
    try {
      this.#question = this.#question.subarray(writeSync(this.#pipe.fd, this.#question));
    } catch {
      // Then it is said why, when it is known whether there is a connection.
    }
  }

  end(answer: QuickAnswer): void {
    if (this.#isDone) return;
    this.#isDone = true;
    clearTimeout(this.#patience);
    this.#pipe.close();
    this.#onEnd(answer);
  }

  #connected(status: number): void {
    if (this.#isDone) return;
    if (status !== 0) {
      this.end(NOBODY.includes(status) ? { tag: 'nobody' } : UNKNOWN);
      return;
    }
    if (this.#pipe.readStart() || !this.#isRestSent()) {
      this.end(UNKNOWN);
      return;
    }
    // Not before: connect(2) waits for nobody, and the first timer of a program takes a moment.
    this.#patience = setTimeout(() => this.end({ tag: 'silent' }), ANSWER_PATIENCE_MS);
  }

  /** @returns false when it cannot be sent */
  #isRestSent(): boolean {
    if (this.#question.length === 0) return true;
    const writing = new this.#bindings.WriteWrap();
    writing.oncomplete = (failed) => {
      if (failed !== 0) this.end(UNKNOWN);
    };
    return !this.#pipe.writeBuffer(writing, this.#question);
  }

  #read(bytes: ArrayBuffer | undefined): void {
    const { state, kReadBytesOrError, kArrayBufferOffset } = this.#bindings;
    const length = state[kReadBytesOrError] ?? 0;
    if (length === 0 || this.#isDone) return;
    // The end of the stream, or an error.
    if (length < 0 || bytes === undefined) {
      this.end(UNKNOWN);
      return;
    }
    const part = Buffer.from(bytes, state[kArrayBufferOffset], length);
    this.#parts.push(part);
    if (part[length - 1] !== NEWLINE) return;
    const whole = this.#parts.length === 1 ? part : Buffer.concat(this.#parts);
    this.end({ tag: 'answered', line: whole.toString('utf8', 0, whole.length - 1) });
  }
}

/** Sends a line to a unix socket, and waits for one line. Never rejects. */
export const askQuickly = (path: string, question: string): Promise<QuickAnswer> =>
  new Promise((resolve) => {
    const bindings = loadSilently();
    if (bindings === undefined) {
      resolve(UNKNOWN);
      return;
    }
    try {
      new Asking(bindings, question, resolve).begin(path);
    } catch {
      resolve(UNKNOWN);
    }
  });
