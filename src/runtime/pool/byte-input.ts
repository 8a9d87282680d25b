import { constants, createReadStream, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { ProcctlError } from '../../errors.ts';
import { encodeBytes, isPlainText } from '../../protocol/bytes.ts';
import { showFile } from '../../protocol/show.ts';

/** How a file, or standard input, is read and spoken of. */
export interface ByteInputOptions {
  /** What `-` means; asked for only then, because Node makes `process.stdin` at its first use. */
  readonly stdin: () => Readable & { readonly isTTY?: boolean };
  /** The descriptor behind it: a small file is read from there at once, and no stream made. Absent: it is not known. */
  readonly stdinFd?: number;
  /** Ends the reading, quietly; absent: it ends with the input. */
  readonly signal?: AbortSignal;
  /** What messages call a file, by its path; absent: as its path. */
  readonly names?: ReadonlyMap<string, string>;
  /** What it is meant to be: `a tasks file`. */
  readonly kind: string;
  /** What to do about a file that is not there. */
  readonly absentHint: string;
  /** What to do about standard input that is a terminal. */
  readonly terminalHint: string;
}

const STDIN_NAME = '(standard input)';

export const inputError = (message: string, hint?: string, cause?: unknown): ProcctlError =>
  new ProcctlError('ERR_INPUT', message, { cause, ...(hint === undefined ? undefined : { hint }) });

const REASONS: Readonly<Record<string, readonly [reason: string, hint?: string]>> = {
  ENOTDIR: ['no such file', 'a part of its path is not a directory'],
  EACCES: ['permission denied', 'it must be readable by the user procctl runs as'],
  EPERM: ['permission denied', 'it must be readable by the user procctl runs as'],
};

const cannotRead = (name: string, options: ByteInputOptions, cause: unknown): ProcctlError => {
  const { code, message } = cause as NodeJS.ErrnoException;
  const own: typeof REASONS = {
    ENOENT: ['no such file', options.absentHint],
    EISDIR: [`is a directory, not ${options.kind}`],
    ENXIO: [`is a socket, not ${options.kind}`, 'standard input is -'],
  };
  const [reason, hint] = own[code ?? ''] ?? REASONS[code ?? ''] ?? [`cannot be read (${code ?? showFile(message)})`];
  return inputError(`${showFile(name)}: ${reason}`, hint, cause);
};

const isDirectory = (): Error => Object.assign(new Error('is a directory'), { code: 'EISDIR' });

/** Node takes a directory on its standard input for an empty one; that would be success with nothing done. */
const checkStdin = (stdin: Readable): Readable => {
  const { fd } = stdin as { readonly fd?: number };
  if (typeof fd === 'number' && fstatSync(fd).isDirectory()) throw isDirectory();
  return stdin;
};

/** As much as a stream of Node's reads in one go, and less time than it takes to make one. */
const AT_ONCE_BYTES = 64 * 1024;

/** The whole of a small regular file; undefined for anything else. Files of the kernel that have no size may block. */
const readAtOnce = (file: string | number): Uint8Array | undefined => {
  const path = typeof file === 'string' && !isPlainText(file) ? encodeBytes(file) : file;
  const stats = typeof path === 'number' ? fstatSync(path) : statSync(path);
  return stats.isFile() && stats.size > 0 && stats.size <= AT_ONCE_BYTES ? readFileSync(path) : undefined;
};

/**
 * Opens without ever blocking: the read of a FIFO would hold a thread of Node's pool, and with it the end of procctl,
 * until a writer comes. As a socket it is polled instead, which also waits for the first writer.
 */
const openFile = async (name: string): Promise<Readable> => {
  const file = isPlainText(name) ? name : encodeBytes(name);
  const stats = statSync(file);
  if (stats.isDirectory()) throw isDirectory();
  if (!stats.isFIFO()) return createReadStream(file);
  const { Socket } = await import('node:net');
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
};

const toBytes = (chunk: unknown): Uint8Array =>
  typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array);

/** Bytes that arrive in chunks. */
export class ByteInput {
  /** For messages. */
  readonly name: string;
  /** All of it, where it could be read at once. */
  readonly whole: Uint8Array | undefined;
  readonly #stream: Readable | undefined;
  readonly #options: ByteInputOptions;

  private constructor(name: string, from: Readable | Uint8Array, options: ByteInputOptions) {
    this.name = name;
    this.whole = from instanceof Uint8Array ? from : undefined;
    this.#stream = from instanceof Uint8Array ? undefined : from;
    this.#options = options;
  }

  /**
   * @param file a path, or `-` for standard input
   * @throws ProcctlError ERR_INPUT when it cannot be opened, or is a terminal
   */
  static async open(file: string, options: ByteInputOptions): Promise<ByteInput> {
    const name = file === '-' ? STDIN_NAME : (options.names?.get(file) ?? file);
    const { stdinFd } = options;
    try {
      const whole = file !== '-' ? readAtOnce(file) : stdinFd === undefined ? undefined : readAtOnce(stdinFd);
      if (whole !== undefined) return new ByteInput(name, whole, options);
    } catch (error) {
      throw cannotRead(name, options, error);
    }
    const stdin = file === '-' ? options.stdin() : undefined;
    // Nobody pipes anything in: it would wait for someone to type it.
    if (stdin?.isTTY === true) throw inputError(`standard input is a terminal: ${options.terminalHint}`);
    try {
      const stream = stdin === undefined ? await openFile(file) : checkStdin(stdin);
      return new ByteInput(name, stream, options);
    } catch (error) {
      throw cannotRead(name, options, error);
    }
  }

  /** What comes; a stream that fails to open or read ends in ERR_INPUT, one that is aborted just ends. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    const { signal } = this.#options;
    if (this.#stream === undefined) {
      if (this.whole !== undefined && !signal?.aborted) yield this.whole;
      return;
    }
    const stop = (): void => this.close();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      if (signal?.aborted) return;
      for await (const chunk of this.#stream) {
        if (signal?.aborted) return;
        yield toBytes(chunk);
      }
    } catch (error) {
      if (!signal?.aborted) throw cannotRead(this.name, this.#options, error);
    } finally {
      signal?.removeEventListener('abort', stop);
      this.close();
    }
  }

  close(): void {
    this.#stream?.destroy();
  }
}
