import { RecordSplitter } from '../../protocol/arguments/record-splitter.ts';
import type { ArgumentSource } from '../../protocol/arguments/sections.ts';
import { decodeBytes } from '../../protocol/bytes.ts';
import { type Row, rowOf } from '../../protocol/template/row.ts';
import { ByteInput, type ByteInputOptions } from './byte-input.ts';

/** How arguments are read. */
export interface ArgumentOptions extends Pick<ByteInputOptions, 'stdin' | 'signal' | 'names'> {
  /** Values in files end with NUL, not with a newline. */
  readonly isNullEnded: boolean;
}

const ARGUMENTS_FILE = {
  kind: 'a file of arguments',
  absentHint: 'behind :::: stand files with an argument a line; arguments themselves stand behind :::',
  terminalHint: 'give arguments behind :::, or pipe them in, one a line',
};

/** Opens a file of arguments, or standard input for `-`; throws ProcctlError ERR_INPUT when it cannot. */
export const openArguments = (
  file: string,
  { stdin, signal, names }: Pick<ArgumentOptions, 'stdin' | 'signal' | 'names'>,
): Promise<ByteInput> =>
  ByteInput.open(file, { ...ARGUMENTS_FILE, stdin, ...(signal && { signal }), ...(names && { names }) });

/** The values of one source, in batches as they arrive. */
export async function* valuesOf(source: ArgumentSource, options: ArgumentOptions): AsyncGenerator<readonly string[]> {
  if (source.kind === 'words') {
    yield source.words;
    return;
  }
  const input = await openArguments(source.file, options);
  try {
    const splitter = new RecordSplitter(options.isNullEnded ? 0 : 0x0a, input.name);
    for await (const chunk of input.chunks()) yield splitter.texts(chunk);
    if (!options.signal?.aborted) yield Array.from(splitter.end(), decodeBytes);
  } finally {
    input.close();
  }
}

/** The rows of linked sources: they end with the shortest. */
async function* linkedRows(
  sources: readonly ArgumentSource[],
  options: ArgumentOptions,
): AsyncGenerator<readonly Row[]> {
  const readers = sources.map((source) => ({ batches: valuesOf(source, options), held: [] as string[] }));
  try {
    for (;;) {
      for (const reader of readers) {
        while (reader.held.length === 0) {
          const next = await reader.batches.next();
          if (next.done === true) return;
          reader.held = [...next.value];
        }
      }
      const count = Math.min(...readers.map(({ held }) => held.length));
      const taken = readers.map((reader) => reader.held.splice(0, count));
      yield Array.from({ length: count }, (_, index) => ({ values: taken.map((values) => values[index] as string) }));
    }
  } finally {
    for (const { batches } of readers) await batches.return(undefined);
  }
}

async function* groupRows(group: readonly ArgumentSource[], options: ArgumentOptions): AsyncGenerator<readonly Row[]> {
  const [only] = group;
  if (group.length > 1 || only === undefined) {
    yield* linkedRows(group, options);
    return;
  }
  for await (const values of valuesOf(only, options)) yield values.map(rowOf);
}

/** Rows in a batch: enough that a product of large sources is never made as a whole. */
const BATCH = 256;

/** Each row with each of all combinations of the rows of `rest`; the last varies fastest. */
function* combinations(row: Row, rest: readonly (readonly Row[])[]): Generator<Row> {
  const [next, ...others] = rest;
  if (next === undefined) {
    yield row;
    return;
  }
  for (const { values } of next) yield* combinations({ values: [...row.values, ...values] }, others);
}

/**
 * The inputs that the sources make, in batches as they become known: each value of a group with each of the others, the
 * last group varying fastest. The first group is read as it is needed; the others are held.
 *
 * Throws ProcctlError ERR_INPUT when a file cannot be read.
 */
export async function* argumentRows(
  groups: readonly (readonly ArgumentSource[])[],
  options: ArgumentOptions,
): AsyncGenerator<readonly Row[]> {
  const [first = [{ kind: 'file', file: '-' } as const], ...rest] = groups;
  const held: Row[][] = [];
  for (const group of rest) {
    const rows: Row[] = [];
    for await (const batch of groupRows(group, options)) for (const row of batch) rows.push(row);
    held.push(rows);
  }
  if (options.signal?.aborted) return;
  if (held.length === 0) {
    yield* groupRows(first, options);
    return;
  }
  for await (const rows of groupRows(first, options)) {
    let batch: Row[] = [];
    for (const row of rows) {
      for (const combined of combinations(row, held)) {
        batch.push(combined);
        if (batch.length < BATCH) continue;
        yield batch;
        batch = [];
      }
    }
    yield batch;
  }
}
