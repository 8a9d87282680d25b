import { Chalk, type ChalkInstance } from 'chalk';
import Table from 'cli-table3';
import stringWidth from 'string-width';
import { printable } from '../core/printable.ts';
import { cutToWidth } from './cut-to-width.ts';
import { ceilToSecond, clockText } from './elapsed.ts';
import { countText, type PoolView, type SlotView, settledCount, troubleTexts, waitingTexts } from './pool-view.ts';

/** The window there is to draw in. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
}

interface Column {
  readonly head: string;
  readonly align: 'left' | 'right';
  /** Kept free even when no cell needs it, so that the table stands still while states change. */
  readonly minWidth: number;
  readonly cell: (slot: SlotView) => string;
}

const GAP = '  ';
const MIN_TASK_WIDTH = 10;
const MIN_BAR_CELLS = 5;
const MAX_BAR_CELLS = 30;
/** A width from which a task's cell has room for the number of its attempt. */
const MIN_WIDTH_WITH_ATTEMPT = 24;

const HOST: Column = { head: 'HOST', align: 'left', minWidth: 4, cell: ({ host }) => printable(host ?? '-') };
const TASK: Column = { head: 'TASK', align: 'left', minWidth: 0, cell: () => '' };

const COLUMNS: readonly Column[] = [
  { head: 'SLOT', align: 'right', minWidth: 4, cell: ({ slot }) => String(slot) },
  { head: 'PID', align: 'right', minWidth: 7, cell: ({ pid }) => String(pid ?? '-') },
  { head: 'STATE', align: 'left', minWidth: 8, cell: ({ state }) => state },
  { head: 'ALIVE', align: 'left', minWidth: 5, cell: ({ alive }) => (alive ? 'yes' : 'no') },
  TASK,
  {
    head: 'ELAPSED',
    align: 'right',
    minWidth: 7,
    cell: ({ elapsedMs }) => (elapsedMs === null ? '-' : clockText(elapsedMs)),
  },
];

/** What a window too narrow for everything does without, first to last; TASK always stays. */
const DISPENSABLE: readonly string[] = ['PID', 'ALIVE', 'SLOT', 'ELAPSED', 'STATE', 'HOST'];

/** The name of a slot's task, cut to `width`. Only the beginning of a name of many pages is ever looked at. */
const taskText = ({ task, attempt }: SlotView, width: number): string => {
  if (task === null) return cutToWidth('-', width);
  const attemptText = attempt > 1 && width >= MIN_WIDTH_WITH_ATTEMPT ? ` (attempt ${attempt})` : '';
  const limit = 8 * width;
  const name = task.length > limit ? `${printable(task.slice(0, limit))}…` : printable(task);
  return cutToWidth(name, width - attemptText.length) + attemptText;
};

const widthOf = (column: Column, slots: readonly SlotView[]): number =>
  Math.max(column.minWidth, ...slots.map((slot) => column.cell(slot).length));

/** Which columns there is room for, and how wide each is; TASK takes what is left. */
const layOut = (slots: readonly SlotView[], screenWidth: number): { column: Column; width: number }[] => {
  const hasHosts = slots.some(({ host }) => host !== undefined);
  let columns = (hasHosts ? [HOST, ...COLUMNS] : COLUMNS).map((column) => ({ column, width: widthOf(column, slots) }));
  const room = (): number => screenWidth - columns.reduce((sum, { width }) => sum + width + GAP.length, -GAP.length);
  for (const head of DISPENSABLE) {
    if (room() >= MIN_TASK_WIDTH) break;
    columns = columns.filter(({ column }) => column.head !== head);
  }
  const taskWidth = room();
  return columns.map((entry) => (entry.column === TASK ? { column: TASK, width: taskWidth } : entry));
};

const painted = (column: Column, text: string, slot: SlotView, chalk: ChalkInstance): string => {
  if (column.head === 'STATE') {
    return { ready: chalk.gray, running: chalk.green, waiting: chalk.yellow, stopping: chalk.red }[slot.state](text);
  }
  return column.head === 'ALIVE' && !slot.alive ? chalk.gray(text) : text;
};

/** Fills the TASK cells while the table is laid out: a private-use character of width 1 by every measure. */
const STAND_IN = '\uE000';
const NO_BORDERS = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
    .concat(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'])
    .map((part) => [part, '']),
);

/** Header and one line a slot. */
const tableLines = (slots: readonly SlotView[], screenWidth: number, chalk: ChalkInstance): string[] => {
  const layout = layOut(slots, screenWidth);
  const table = new Table({
    head: layout.map(({ column, width }) => chalk.bold(cutToWidth(column.head, width))),
    colWidths: layout.map(({ width }) => width),
    colAligns: layout.map(({ column }) => column.align),
    chars: { ...NO_BORDERS, middle: GAP },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  });
  const taskWidth = layout.find(({ column }) => column === TASK)?.width ?? screenWidth;
  const tasks = slots.map((slot) => taskText(slot, taskWidth));
  for (const [index, slot] of slots.entries()) {
    const standIn = STAND_IN.repeat(stringWidth(tasks[index] ?? ''));
    table.push(
      layout.map(({ column }) => (column === TASK ? standIn : painted(column, column.cell(slot), slot, chalk))),
    );
  }
  // cli-table3 measures with a string-width of 2019, which is wrong for younger emoji and most combining marks; names
  // are therefore put in after it has aligned stand-ins of their true width.
  const [head = '', ...rows] = table.toString().split('\n');
  return [head, ...rows.map((row, index) => row.replace(/\uE000+/, () => tasks[index] ?? ''))].map((line) =>
    line.trimEnd(),
  );
};

const IDLENESS = { stopping: 0, running: 0, waiting: 1, ready: 2 } as const;

const busiestFirst = (one: SlotView, other: SlotView): number =>
  IDLENESS[one.state] - IDLENESS[other.state] ||
  (other.elapsedMs ?? -1) - (one.elapsedMs ?? -1) ||
  one.slot - other.slot;

/** The slots in at most `maxLines` lines: all of them in their order, or the busiest and how many more there are. */
const slotLines = (
  slots: readonly SlotView[],
  room: { readonly columns: number; readonly maxLines: number },
  chalk: ChalkInstance,
): string[] => {
  if (slots.length === 0 || room.maxLines < 2) return [];
  if (slots.length < room.maxLines) return tableLines(slots, room.columns, chalk);
  const shown = [...slots].sort(busiestFirst).slice(0, Math.max(1, room.maxLines - 2));
  const hidden = slots.length - shown.length;
  const lines = tableLines(shown, room.columns, chalk);
  if (hidden > 0) lines.push(cutToWidth(`… ${hidden} more ${hidden === 1 ? 'slot' : 'slots'}`, room.columns));
  // With two lines, what happens is worth more than what the columns are called.
  return lines.slice(-room.maxLines);
};

/** `[█████░░░░░] 12/45  2 failed  ETA 0:12`; the words come first, then the bar gets what they leave, if that is enough. */
const progressLine = ({ counts, elapsedMs, etaMs }: PoolView, columns: number, chalk: ChalkInstance): string => {
  const count = counts.isInputOpen && counts.submitted === 0 ? 'waiting for tasks' : countText(counts);
  const time = etaMs === null ? `${clockText(elapsedMs)} elapsed` : `ETA ${clockText(ceilToSecond(etaMs))}`;
  let line = cutToWidth(count, columns);
  let width = stringWidth(line);
  for (const { text, paint } of [
    ...troubleTexts(counts).map((trouble) => ({ text: trouble, paint: chalk.red })),
    ...waitingTexts(counts).map((waiting) => ({ text: waiting, paint: chalk.yellow })),
    { text: time, paint: chalk.gray },
  ]) {
    if (width + GAP.length + text.length > columns) break;
    line += GAP + paint(text);
    width += GAP.length + text.length;
  }
  const cells = Math.min(MAX_BAR_CELLS, columns - width - '[] '.length);
  if (counts.isInputOpen || counts.submitted === 0 || cells < MIN_BAR_CELLS) return line;
  const full = Math.floor((cells * settledCount(counts)) / counts.submitted);
  return `[${chalk.green('█'.repeat(full))}${chalk.gray('░'.repeat(cells - full))}] ${line}`;
};

/**
 * A running pool on a terminal: a table of its slots, the note if there is one, and a line of progress.
 *
 * @returns at most `rows - 1` lines (the cursor needs one), none wider than `columns`; '' when there is no room at all
 */
export const renderPoolLive = (view: PoolView, { columns, rows, colour }: Screen): string => {
  const maxLines = rows - 1;
  if (maxLines < 1 || columns < 1) return '';
  const chalk = new Chalk({ level: colour ? 1 : 0 });
  const note = view.note === undefined || maxLines < 2 ? [] : [chalk.yellow(cutToWidth(printable(view.note), columns))];
  const room = { columns, maxLines: maxLines - 1 - note.length };
  return [...slotLines(view.slots, room, chalk), ...note, progressLine(view, columns, chalk)].join('\n');
};
