import { Chalk, type ChalkInstance } from 'chalk';
import stringWidth from 'string-width';
import type { RunView, TaskView } from '../protocol/journal/history.ts';
import { cut } from '../protocol/show.ts';
import { cutToWidth } from './cut-to-width.ts';
import { NAME_COLUMN, runRows, STATE_COLUMN, taskRows } from './journal-table.ts';
import { plainTable } from './process-table.ts';

// Not by cli-table3, for the reason that process-screen.ts gives.

const GAP_WIDTH = 2;
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

/** A journal on a terminal: two tables, names cut to the width; with a newline at the end. */
export const renderJournalScreen = (
  runs: readonly RunView[],
  screen: { readonly columns: number; readonly colour: boolean; readonly now: number },
): string => {
  const chalk = new Chalk({ level: screen.colour ? 1 : 0 });
  const paint = painters(chalk);
  const rows = taskRows(runs).map((cells) =>
    cells.map((cell, column) => (column === ID_COLUMN ? fitted(cell, MAX_ID_WIDTH) : cell)),
  );
  let used = 0;
  for (let column = 0; column < NAME_COLUMN; column += 1) {
    used += GAP_WIDTH + rows.reduce((widest, cells) => Math.max(widest, stringWidth(cells[column] ?? '')), 0);
  }
  const nameWidth = Math.max(MIN_NAME_WIDTH, screen.columns - used);
  const painted = rows.map((cells, row) =>
    cells.map((cell, column) => {
      if (row === 0) return chalk.bold(cell);
      if (column === STATE_COLUMN) return paint[cell as TaskView['state']](cell);
      return column === NAME_COLUMN ? fitted(cell, nameWidth) : cell;
    }),
  );
  const head = runRows(runs, screen.now).map((cells, row) =>
    row === 0 ? cells.map((cell) => chalk.bold(cell)) : cells,
  );
  return `${plainTable(head, stringWidth)}\n${plainTable(painted, stringWidth)}`;
};
