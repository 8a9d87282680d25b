import type { TaskSpec } from '../../core/pool/task.ts';
import type { ProcctlError } from '../../errors.ts';
import { decodeBytes } from '../../protocol/bytes.ts';
import { DocumentHead, type TasksFormat } from '../../protocol/document-head.ts';
import type { NdjsonBatch } from '../../protocol/ndjson-tasks.ts';
import { plainDocument, plainLines } from '../../protocol/plain-tasks.ts';
import { showFile } from '../../protocol/show.ts';
import { ByteInput, type ByteInputOptions, inputError } from './byte-input.ts';

/** How `readTasks` reads. */
export interface TaskSourceOptions extends Pick<ByteInputOptions, 'stdin' | 'stdinFd' | 'signal' | 'names'> {
  /** `auto`: by the name (`.ndjson`, `.jsonl`), else by how the text begins. */
  readonly format: 'auto' | TasksFormat;
}

const TASKS_FILE = {
  kind: 'a tasks file',
  absentHint: 'give a tasks file, or - for standard input; a command to run stands behind --',
  terminalHint: 'give a tasks file, or pipe tasks in: … | procctl pool -',
};

/** A little under 512 MiB: V8 cannot hold a longer string. */
const MAX_DOCUMENT_BYTES = 512 * 1024 * 1024 - 64;

const tooLong = (name: string): ProcctlError =>
  inputError(
    `${showFile(name)}: a JSON document of 512 MiB or more cannot be read`,
    'write one task a line (NDJSON): that has no limit',
  );

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

/** Opens a tasks file, or standard input for `-`; throws ProcctlError ERR_INPUT when it cannot. */
export const openTasks = (
  file: string,
  options: Pick<TaskSourceOptions, 'stdin' | 'stdinFd' | 'signal' | 'names'>,
): Promise<ByteInput> => ByteInput.open(file, { ...TASKS_FILE, ...options });

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
  const input = await openTasks(file, options);
  const { name, whole } = input;
  const source = input.chunks();
  try {
    const { format, chunks } = await readBeginning(source, name, options.format);
    const plain = format === 'ndjson' && whole !== undefined ? plainLines(decodeBytes(whole)) : undefined;
    if (plain !== undefined) yield* plain.length > 0 ? [plain] : [];
    else
      yield* format === 'json' ? readDocument(chunks, source, name, signal) : readLines(chunks, source, name, signal);
  } finally {
    await source.return(undefined);
    input.close();
  }
}

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
