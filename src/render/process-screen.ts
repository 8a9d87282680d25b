import { Chalk, type ChalkInstance } from 'chalk';
import stringWidth from 'string-width';
import type { ProcessView } from '../protocol/process-view.ts';
import { cut } from '../protocol/show.ts';
import { cutToWidth } from './cut-to-width.ts';
import type { ProcessColumn } from './process-columns.ts';
import { fitColumns } from './process-layout.ts';
import { type StateTone, stateTone } from './process-state.ts';
import { tableCells } from './process-table.ts';

// Why not cli-table3, as for the slots of a pool: it measures text with a string-width of 2019, and what is left of it
// without borders is padding.

export interface ProcessScreen {
  readonly columns: readonly ProcessColumn[];
  readonly hasHeader: boolean;
  readonly colour: boolean;
  /** Places in a line; Infinity: as many as it takes. */
  readonly width: number;
  /** Lines there are; Infinity: as many as it takes. */
  readonly maxLines: number;
}

const GAP = '  ';

/** Columns of numbers, which are easier to compare with their ends below each other. */
const RIGHT = new Set('id pid cpu mem uptime restarts on-cpu queued asleep instance exit-code'.split(' '));

/** Kept free where there is room, even when no cell needs it, so that a table that is redrawn stands still. */
const USUAL_WIDTH: Readonly<Record<string, number>> = { pid: 7, state: 15, cpu: 4, mem: 5, uptime: 6 };

/** How much of a text is looked at: more can never be shown, and a command may be megabytes. */
const CHARACTERS_PER_PLACE = 8;
const MAX_CHARACTERS = 64 * 1024;

const paint = (column: ProcessColumn, view: ProcessView, chalk: ChalkInstance): ((text: string) => string) => {
  if (column.name === 'alive') return view.alive ? String : chalk.dim;
  if (column.name !== 'state') return String;
  const byTone: Record<StateTone, (text: string) => string> = {
    busy: chalk.green,
    idle: chalk.cyan,
    pending: chalk.yellow,
    over: chalk.dim,
    bad: chalk.red,
  };
  return byTone[stateTone(view)];
};

/** Processes that fit into so many lines, and whether there is room for the header and for how many more there are. */
const share = (count: number, hasHeader: boolean, maxLines: number): { shown: number; header: boolean } => {
  if (count + Number(hasHeader) <= maxLines) return { shown: count, header: hasHeader };
  // With two lines, what runs is worth more than what the columns are called.
  const header = hasHeader && maxLines > 2;
  return { shown: Math.max(0, maxLines - Number(header) - 1), header };
};

/**
 * `ps` on a terminal: a header and a line a process, cut and narrowed until it fits.
 *
 * @returns at most `maxLines` lines, none wider than `width`, without a newline at the end
 */
export const renderProcessScreen = (processes: readonly ProcessView[], screen: ProcessScreen): string => {
  const { width: total, maxLines } = screen;
  if (total < 1 || maxLines < 1) return '';
  const chalk = new Chalk({ level: screen.colour ? 1 : 0 });
  const { shown, header } = share(processes.length, screen.hasHeader, maxLines);
  const visible = processes.slice(0, shown);

  const limit = Math.min(total * CHARACTERS_PER_PLACE, MAX_CHARACTERS);
  const cells = tableCells(visible, screen.columns, header).map((row) =>
    row.map((cell) => cutToWidth(cut(cell, limit), total)),
  );
  const sizes = screen.columns.map(({ name }, at) => ({
    name,
    width: cells.reduce((widest, row) => Math.max(widest, stringWidth(row[at] ?? '')), 1),
  }));
  const roomy = sizes.map(({ name, width }) => Math.max(width, USUAL_WIDTH[name] ?? 1));
  const isRoomy = roomy.reduce((sum, width) => sum + width + GAP.length, -GAP.length) <= total;
  const widths = isRoomy ? roomy : fitColumns(sizes, GAP.length, total);

  const lines = cells.map((row, rowIndex) => {
    const view = visible[rowIndex - Number(header)];
    const parts = screen.columns.flatMap((column, at) => {
      const width = widths[at] ?? 0;
      if (width === 0) return [];
      const text = cutToWidth(row[at] ?? '', width);
      const padding = ' '.repeat(width - stringWidth(text));
      const painted = view === undefined ? chalk.bold(text) : paint(column, view, chalk)(text);
      return [RIGHT.has(column.name) ? padding + painted : painted + padding];
    });
    return parts.join(GAP).trimEnd();
  });
  const hidden = processes.length - shown;
  if (hidden > 0) lines.push(cutToWidth(`… ${hidden} more`, total));
  return lines.join('\n');
};
