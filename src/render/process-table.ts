// `ps` for a pipe. Every `ps` in a script loads this, so nothing here imports tables, colours or widths.
import { printable } from '../core/printable.ts';
import { jsonArray } from '../protocol/json-lines.ts';
import type { Face, ProcessView } from '../protocol/process-view.ts';
import { COLUMN_BY_NAME, defaultColumns, type ProcessColumn } from './process-columns.ts';

const GAP = '  ';
const ASCII = /^[ -~]*$/;

/** What a cell without anything in it says, so that a row has as many fields as there are columns. */
export const NOTHING = '-';

/** What a cell says: in one line, without control characters, and never empty. */
export const cellText = (column: ProcessColumn, view: ProcessView): string => {
  const text = column.text(view);
  if (text === null || text.trim() === '') return NOTHING;
  return ASCII.test(text) ? text : printable(text);
};

/** Header (if wanted) and cells of a table, not laid out yet. */
export const tableCells = (
  processes: readonly ProcessView[],
  columns: readonly ProcessColumn[],
  hasHeader: boolean,
): readonly (readonly string[])[] => {
  const rows = processes.map((view) => columns.map((column) => cellText(column, view)));
  return hasHeader ? [columns.map(({ name }) => name.toUpperCase()), ...rows] : rows;
};

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
    for (const [index, cell] of cells.entries()) widths[index] = Math.max(widths[index] ?? 0, widthOf(cell));
  }
  const padded = (cell: string, index: number): string =>
    cell + ' '.repeat(Math.max(0, (widths[index] ?? 0) - widthOf(cell)));
  return rows.map((cells) => `${cells.map(padded).join(GAP).trimEnd()}\n`).join('');
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
  const cells =
    face === 'names' ? tableCells(processes, NAME_ONLY, false) : tableCells(processes, defaultColumns(wide), headers);
  return isAllAscii(cells) ? plainTable(cells) : undefined;
};
