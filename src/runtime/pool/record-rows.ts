import { jsonRow } from '../../protocol/arguments/json-row.ts';
import { RecordSplitter } from '../../protocol/arguments/record-splitter.ts';
import { TableParser } from '../../protocol/arguments/table-parser.ts';
import { TableRows } from '../../protocol/arguments/table-rows.ts';
import { decodeBytes } from '../../protocol/bytes.ts';
import type { Row } from '../../protocol/template/row.ts';
import { type ArgumentOptions, openArguments } from './argument-values.ts';

/** Rows of a table, and the names of its columns. */
export interface NamedRows {
  readonly names: readonly string[];
  readonly rows: readonly Row[];
}

type ReadOptions = Pick<ArgumentOptions, 'stdin' | 'signal' | 'names'>;

/**
 * The rows of a table, in batches as they arrive; nothing for an empty file. The first line has the names.
 * Throws ProcctlError ERR_INPUT for what cannot be read, or is no table; the rows before it come first.
 */
export async function* tableRows(file: string, delimiter: ',' | '\t', options: ReadOptions): AsyncGenerator<NamedRows> {
  const input = await openArguments(file, options);
  try {
    const parser = new TableParser(delimiter, input.name);
    const table = new TableRows(input.name);
    for await (const chunk of input.chunks()) yield* namedRows(table, parser.push(chunk));
    if (!options.signal?.aborted) yield* namedRows(table, parser.end());
  } finally {
    input.close();
  }
}

/** What was whole before a mistake is given first. */
function* namedRows(table: TableRows, lines: Iterable<Parameters<TableRows['add']>[0]>): Generator<NamedRows> {
  const rows: Row[] = [];
  let error: unknown;
  try {
    for (const line of lines) {
      const row = table.add(line);
      if (row !== undefined) rows.push(row);
    }
  } catch (mistake) {
    error = mistake;
  }
  if (table.names !== undefined) yield { names: table.names, rows };
  if (error !== undefined) throw error;
}

/**
 * Lines of JSON as rows, in batches as they arrive. Blank lines are skipped.
 * Throws ProcctlError ERR_INPUT for what cannot be read, or is no JSON; the rows before it come first.
 */
export async function* jsonRows(file: string, options: ReadOptions): AsyncGenerator<readonly Row[]> {
  const input = await openArguments(file, options);
  let line = 0;
  function* rowsOf(records: Iterable<Uint8Array>): Generator<readonly Row[]> {
    const rows: Row[] = [];
    let error: unknown;
    try {
      for (const record of records) {
        line += 1;
        const text = decodeBytes(record).replace(line === 1 ? /^\ufeff/ : /^(?!)/, '');
        if (!/^[ \t\r]*$/.test(text)) rows.push(jsonRow(text, input.name, line));
      }
    } catch (mistake) {
      error = mistake;
    }
    yield rows;
    if (error !== undefined) throw error;
  }
  try {
    const splitter = new RecordSplitter(0x0a, input.name);
    for await (const chunk of input.chunks()) yield* rowsOf(splitter.push(chunk));
    if (!options.signal?.aborted) yield* rowsOf(splitter.end());
  } finally {
    input.close();
  }
}
