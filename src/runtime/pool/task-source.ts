import { constants, createReadStream, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { TaskSpec } from '../../core/pool/task.ts';
import { ProcctlError } from '../../errors.ts';
import { decodeBytes } from '../../protocol/bytes.ts';
import { DocumentHead, type TasksFormat } from '../../protocol/document-head.ts';
import type { NdjsonBatch } from '../../protocol/ndjson-tasks.ts';
import { plainDocument, plainLines } from '../../protocol/plain-tasks.ts';
import { showFile } from '../../protocol/show.ts';

/** How `readTasks` reads. */
export interface TaskSourceOptions {
  /** `auto`: by the name (`.ndjson`, `.jsonl`), else by how the text begins. */
  readonly format: 'auto' | TasksFormat;
  /** What `-` means; asked for only then, because Node makes `process.stdin` at its first use. */
  readonly stdin: () => Readable & { readonly isTTY?: boolean };
  /** The descriptor behind it: a small file is read from there at once, and no stream made. Absent: it is not known. */
  readonly stdinFd?: number;
  /** Ends the reading, quietly; absent: it ends with the input. */
  readonly signal?: AbortSignal;
}

const STDIN_NAME = '(standard input)';

/** A little under 512 MiB: V8 cannot hold a longer string. */
const MAX_DOCUMENT_BYTES = 512 * 1024 * 1024 - 64;

const inputError = (message: string, hint?: string, cause?: unknown): ProcctlError =>
  new ProcctlError('ERR_INPUT', message, { cause, ...(hint === undefined ? undefined : { hint }) });

const REASONS: Readonly<Record<string, readonly [reason: string, hint?: string]>> = {
  ENOENT: ['no such file', 'give a tasks file, or - for standard input'],
  ENOTDIR: ['no such file', 'a part of its path is not a directory'],
  EISDIR: ['is a directory, not a tasks file'],
  ENXIO: ['is a socket, not a tasks file', 'standard input is -'],
  EACCES: ['permission denied', 'it must be readable by the user procctl runs as'],
  EPERM: ['permission denied', 'it must be readable by the user procctl runs as'],
};

const cannotRead = (name: string, cause: unknown): ProcctlError => {
  const { code, message } = cause as NodeJS.ErrnoException;
  const [reason, hint] = REASONS[code ?? ''] ?? [`cannot be read (${code ?? showFile(message)})`];
  return inputError(`${showFile(name)}: ${reason}`, hint, cause);
};

const tooLong = (name: string): ProcctlError =>
  inputError(
    `${showFile(name)}: a JSON document of 512 MiB or more cannot be read`,
    'write one task a line (NDJSON): that has no limit',
  );

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
  const stats = typeof file === 'number' ? fstatSync(file) : statSync(file);
  return stats.isFile() && stats.size > 0 && stats.size <= AT_ONCE_BYTES ? readFileSync(file) : undefined;
};

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/**
 * Opens without ever blocking: the read of a FIFO would hold a thread of Node's pool, and with it the end of procctl,
 * until a writer comes. As a socket it is polled instead, which also waits for the first writer.
 */
const openFile = async (file: string): Promise<Readable> => {
  const stats = statSync(file);
  if (stats.isDirectory()) throw isDirectory();
  if (!stats.isFIFO()) return createReadStream(file);
  const { Socket } = await import('node:net');
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
};

const toBytes = (chunk: unknown): Uint8Array =>
  typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array);

/** The chunks of a stream; one that fails to open or read ends in ERR_INPUT, one that is aborted just ends. */
async function* chunksOf(stream: Readable, name: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const stop = (): void => void stream.destroy();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    if (signal?.aborted) return;
    for await (const chunk of stream) {
      if (signal?.aborted) return;
      yield toBytes(chunk);
    }
  } catch (error) {
    if (!signal?.aborted) throw cannotRead(name, error);
  } finally {
    signal?.removeEventListener('abort', stop);
    stream.destroy();
  }
}

function* unpack({ tasks, error }: NdjsonBatch): Generator<readonly TaskSpec[]> {
  if (tasks.length > 0) yield tasks;
  if (error !== undefined) throw error;
}

interface Beginning {
  readonly format: TasksFormat;
  /** What had to be read to know it. */
  readonly chunks: readonly Uint8Array[];
}

/** Reads only as far as needed to know the format. */
const readBeginning = async (
  source: AsyncGenerator<Uint8Array>,
  name: string,
  wanted: TaskSourceOptions['format'],
): Promise<Beginning> => {
  if (wanted !== 'auto') return { format: wanted, chunks: [] };
  if (/\.(?:ndjson|jsonl)$/i.test(name)) return { format: 'ndjson', chunks: [] };
  const chunks: Uint8Array[] = [];
  const head = new DocumentHead();
  let bytes = 0;
  for (let next = await source.next(); !next.done; next = await source.next()) {
    chunks.push(next.value);
    bytes += next.value.length;
    if (bytes > MAX_DOCUMENT_BYTES) throw tooLong(name);
    const format = head.push(next.value);
    if (format !== 'undecided') return { format, chunks };
  }
  return { format: 'json', chunks };
};

/**
 * Reads tasks, in batches as they become known: a whole JSON document is checked before its one batch comes;
 * NDJSON comes as its lines arrive, and is read no faster than the batches are taken.
 *
 * @param file a path, or `-` for standard input
 * Throws ProcctlError: ERR_INPUT when there is nothing to read from, ERR_TASKS when what was read is wrong; the NDJSON
 * tasks before a bad line come first. When `signal` aborts, or the caller stops early, the stream is destroyed and this
 * ends quietly. A `return()` while a batch is awaited takes effect with the next chunk: abort `signal` to end at once.
 */
export async function* readTasks(file: string, options: TaskSourceOptions): AsyncGenerator<readonly TaskSpec[]> {
  const { signal } = options;
  if (signal?.aborted) return;
  const name = file === '-' ? STDIN_NAME : file;
  const whole = wholeOf(file, name, options);
  const stdin = file === '-' && whole === undefined ? options.stdin() : undefined;
  // Nobody pipes tasks in: it would wait for someone to type JSON.
  if (stdin?.isTTY === true) {
    throw inputError('standard input is a terminal: give a tasks file, or pipe tasks in: … | procctl pool -');
  }
  const stream = whole === undefined ? await openInput(file, name, stdin) : undefined;
  const source = stream === undefined ? once(whole as Uint8Array) : chunksOf(stream, name, signal);
  try {
    const { format, chunks } = await readBeginning(source, name, options.format);
    const plain = format === 'ndjson' && whole !== undefined ? plainLines(decodeBytes(whole)) : undefined;
    if (plain !== undefined) yield* plain.length > 0 ? [plain] : [];
    else
      yield* format === 'json' ? readDocument(chunks, source, name, signal) : readLines(chunks, source, name, signal);
  } finally {
    await source.return(undefined);
    stream?.destroy();
  }
}

const wholeOf = (file: string, name: string, { stdinFd }: TaskSourceOptions): Uint8Array | undefined => {
  try {
    if (file !== '-') return readAtOnce(file);
    return stdinFd === undefined ? undefined : readAtOnce(stdinFd);
  } catch (error) {
    throw cannotRead(name, error);
  }
};

const openInput = async (file: string, name: string, stdin: Readable | undefined): Promise<Readable> => {
  try {
    return stdin === undefined ? await openFile(file) : checkStdin(stdin);
  } catch (error) {
    throw cannotRead(name, error);
  }
};

async function* readDocument(
  beginning: readonly Uint8Array[],
  source: AsyncGenerator<Uint8Array>,
  name: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly TaskSpec[]> {
  const chunks = [...beginning];
  let bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > MAX_DOCUMENT_BYTES) throw tooLong(name);
    chunks.push(chunk);
  }
  if (signal?.aborted) return;
  const text = decodeBytes(Buffer.concat(chunks, bytes));
  const tasks = plainDocument(text) ?? (await loadReader()).parseTasksDocument(text, name);
  if (tasks.length > 0) yield tasks;
}

/** Loaded for what is not plain: it holds the schema. */
const loadReader = () => import('../../protocol/tasks-reader.lazy.ts');

async function* readLines(
  beginning: readonly Uint8Array[],
  source: AsyncGenerator<Uint8Array>,
  name: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly TaskSpec[]> {
  const { NdjsonTasks } = await loadReader();
  const lines = new NdjsonTasks(name);
  for (const chunk of beginning) yield* unpack(lines.push(chunk));
  for await (const chunk of source) yield* unpack(lines.push(chunk));
  if (!signal?.aborted) yield* unpack(lines.end());
}
