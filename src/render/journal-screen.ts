import { Chalk, type ChalkInstance } from 'chalk';
import stringWidth from 'string-width';
import type { RunView, TaskView } from '../protocol/journal/history.ts';
import { cut } from '../protocol/show.ts';
import { cutToWidth } from './cut-to-width.ts';
import { columnWidths, fittingColumns, widthTogether } from './fit-columns.ts';
import { NAME_COLUMN, RUN_HEAD, runRows, STATE_COLUMN, TASK_HEAD, taskRows } from './journal-table.ts';
import { plainTable } from './process-table.ts';

// Not by cli-table3, for the reason that process-screen.ts gives.

const MIN_NAME_WIDTH = 12;
const MAX_ID_WIDTH = 24;
const ID_COLUMN = 2;

/** How much of a text is looked at: more can never be shown. */
const MAX_CHARACTERS = 4096;

const fitted = (text: string, width: number): string => cutToWidth(cut(text, MAX_CHARACTERS), width);

const painters = (chalk: ChalkInstance): Readonly<Record<TaskView['state'], (text: string) => string>> => ({
  succeeded: chalk.green,
  failed: chalk.red,
  timedOut: chalk.red,
  cancelled: chalk.yellow,
  skipped: chalk.yellow,
  waiting: chalk.cyan,
});

const isAlike = (rows: readonly (readonly string[])[], column: number, cell: string): boolean =>
  rows.slice(1).every((cells) => cells[column] === cell);

/** The counts that are all 0 first, then what tells least. */
const dispensableOfRuns = (rows: readonly (readonly string[])[]): readonly number[] => {
  const counts = ['LEFT-OUT', 'SKIPPED', 'CANCELLED', 'TIMED-OUT', 'FAILED', 'SUCCEEDED'].map((name) =>
    RUN_HEAD.indexOf(name),
  );
  const zeros = counts.filter((column) => isAlike(rows, column, '0'));
  return [...zeros, ...['PID', 'SIZE', 'STARTED', 'TOOK'].map((name) => RUN_HEAD.indexOf(name)), ...counts];
};

const DISPENSABLE_OF_TASKS = ['SLOT', 'ATTEMPTS', 'ID', 'DURATION', 'RUN', 'END'].map((name) =>
  TASK_HEAD.indexOf(name),
);

/** A journal on a terminal: two tables, names cut to the width, columns left out where it is narrow; with a newline at the end. */
export const renderJournalScreen = (
  runs: readonly RunView[],
  screen: { readonly columns: number; readonly colour: boolean; readonly now: number },
): string => {
  const chalk = new Chalk({ level: screen.colour ? 1 : 0 });
  const paint = painters(chalk);
  const rows = taskRows(runs).map((cells) =>
    cells.map((cell, column) => (column === ID_COLUMN ? fitted(cell, MAX_ID_WIDTH) : cell)),
  );
  const widths = columnWidths(rows.map((cells) => cells.slice(0, NAME_COLUMN)));
  const kept = fittingColumns([...widths, MIN_NAME_WIDTH], screen.columns, DISPENSABLE_OF_TASKS);
  const used = widthTogether([...widths, 0], kept);
  const nameWidth = Math.max(MIN_NAME_WIDTH, screen.columns - used);
  const painted = rows.map((cells, row) =>
    kept.map((column) => {
      const cell = cells[column] as string;
      if (row === 0) return chalk.bold(cell);
      if (column === STATE_COLUMN) return paint[cell as TaskView['state']](cell);
      return column === NAME_COLUMN ? fitted(cell, nameWidth) : cell;
    }),
  );
  const ofRuns = runRows(runs, screen.now);
  const keptOfRuns = fittingColumns(columnWidths(ofRuns), screen.columns, dispensableOfRuns(ofRuns));
  const head = ofRuns.map((cells, row) =>
    keptOfRuns.map((column) => (row === 0 ? chalk.bold(cells[column] as string) : (cells[column] as string))),
  );
  return `${plainTable(head, stringWidth)}\n${plainTable(painted, stringWidth)}`;
};
