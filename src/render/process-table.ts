// `ps` for a pipe. Every `ps` in a script loads this, so nothing here imports tables, colours or widths.
import { printable } from '../core/printable.ts';
import { jsonArray } from '../protocol/json-lines.ts';
import type { Face, ProcessView } from '../protocol/process-view.ts';
import { COLUMN_BY_NAME, defaultColumns, type ProcessColumn } from './process-columns.ts';

/** Between two columns. */
const GAP = 2;
const ASCII = /^[ -~]*$/;

/** What a cell without anything in it says, so that a row has as many fields as there are columns. */
export const NOTHING = '-';

/** What a cell says, never empty, as it came. */
const rawText = (column: ProcessColumn, view: ProcessView): string => {
  const text = column.text(view);
  return text === null || text.trim() === '' ? NOTHING : text;
};

/** What a cell says: in one line, without control characters, and never empty. */
export const cellText = (column: ProcessColumn, view: ProcessView): string => {
  const text = rawText(column, view);
  return ASCII.test(text) ? text : printable(text);
};

const rowsOf = (
  processes: readonly ProcessView[],
  columns: readonly ProcessColumn[],
  hasHeader: boolean,
  textOf: (column: ProcessColumn, view: ProcessView) => string,
): readonly (readonly string[])[] => {
  const rows = processes.map((view) => columns.map((column) => textOf(column, view)));
  return hasHeader ? [columns.map(({ name }) => name.toUpperCase()), ...rows] : rows;
};

/** Header (if wanted) and cells of a table, not laid out yet. */
export const tableCells = (
  processes: readonly ProcessView[],
  columns: readonly ProcessColumn[],
  hasHeader: boolean,
): readonly (readonly string[])[] => rowsOf(processes, columns, hasHeader, cellText);

/** Whether every character of a table takes one place, so that no width has to be looked up. */
export const isAllAscii = (rows: readonly (readonly string[])[]): boolean =>
  rows.every((cells) => cells.every((cell) => ASCII.test(cell)));

/**
 * A table in plain lines: columns padded, two spaces between them, the last one not padded.
 *
 * @param widthOf places a text takes in a terminal; the number of its characters will do for ASCII
 * @returns one line a row, each with its newline
 */
export const plainTable = (
  rows: readonly (readonly string[])[],
  widthOf: (text: string) => number = (text) => text.length,
): string => {
  const widths: number[] = [];
  for (const cells of rows) {
    for (let at = 0; at < cells.length; at += 1) {
      const width = widthOf(cells[at] as string);
      if (at === widths.length || width > (widths[at] as number)) widths[at] = width;
    }
  }
  let text = '';
  for (const cells of rows) {
    let line = '';
    let reached = 0;
    for (let at = 0, end = 0; at < cells.length; at += 1) {
      const cell = cells[at] as string;
      // What comes before it: blanks up to its column.
      line += ' '.repeat(end - reached) + cell;
      reached = end + widthOf(cell);
      end += (widths[at] as number) + GAP;
    }
    text += `${line.trimEnd()}\n`;
  }
  return text;
};

/** The columns of `ps --quiet`. */
export const NAME_ONLY: readonly ProcessColumn[] = [COLUMN_BY_NAME.get('name') as ProcessColumn];

/**
 * All that `ps` writes when it is not to a terminal, and nothing special is asked for.
 *
 * @param wanted.headers only of a table
 * @returns undefined for a table in which the widths of characters have to be looked up
 */
export const processText = (
  processes: readonly ProcessView[],
  { face, wide, headers }: { readonly face: Face; readonly wide: boolean; readonly headers: boolean },
): string | undefined => {
  if (face === 'json') return jsonArray(processes);
  const columns = face === 'names' ? NAME_ONLY : defaultColumns(wide);
  const hasHeader = face === 'table' && headers;
  // Nearly always, nothing in it has to be made printable: one look at the whole instead of one at each cell.
  const raw = rowsOf(processes, columns, hasHeader, rawText);
  if (ASCII.test(raw.map((cells) => cells.join('')).join(''))) return plainTable(raw);
  const cells = tableCells(processes, columns, hasHeader);
  return isAllAscii(cells) ? plainTable(cells) : undefined;
};
