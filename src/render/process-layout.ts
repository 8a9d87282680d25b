/** What is to be known of a column to give it room. */
export interface ColumnSize {
  readonly name: string;
  /** Of its widest cell. */
  readonly width: number;
}

/** Columns of text, and the width below which they tell nothing any more; all others keep their width or go. */
const LEAST_WIDTH: Readonly<Record<string, number>> = {
  command: 10,
  cwd: 8,
  name: 8,
  group: 8,
  state: 15, // `waiting (sleep)`
  reason: 8,
  ports: 6,
};

/** What is spared as long as something else can give way. */
const SPARED_WIDTH: Readonly<Record<string, number>> = {
  name: 12,
  state: 20, // `waiting (backoff 4s)`
};

/** What a window too narrow for everything does without, first to last. */
const DISPENSABLE: readonly string[] = [
  ...['boot', 'started', 'exited', 'ended-by', 'exit-code', 'signal', 'instance', 'group', 'wanted', 'restart'],
  ...['cwd', 'ports', 'asleep', 'queued', 'on-cpu', 'command', 'reason', 'restarts', 'uptime', 'id', 'mem', 'cpu'],
  ...['pid', 'alive', 'state'],
];

const leastOf = ({ name, width }: ColumnSize): number => Math.min(width, LEAST_WIDTH[name] ?? width);

const sparedOf = ({ name, width }: ColumnSize): number =>
  Math.min(width, SPARED_WIDTH[name] ?? LEAST_WIDTH[name] ?? width);

/**
 * Makes room for a table in a window: the widest columns of text are narrowed first, all alike; when that is not enough,
 * the least telling columns go.
 *
 * @param gap places between two columns
 * @param total places there are, at least 1
 * @returns the width of each column, 0 for one that is left out; with the gaps at most `total`
 */
export const fitColumns = (columns: readonly ColumnSize[], gap: number, total: number): readonly number[] => {
  const left = new Set(columns.keys());
  const sum = (sizeOf: (column: ColumnSize) => number): number =>
    columns.reduce((places, column, index) => places + (left.has(index) ? sizeOf(column) + gap : 0), -gap);
  for (const name of DISPENSABLE) {
    if (left.size <= 1 || sum(leastOf) <= total) break;
    for (const [index, column] of columns.entries()) if (column.name === name && left.size > 1) left.delete(index);
  }
  // Columns that were asked for twice may still be too many.
  for (const index of [...left].reverse()) if (left.size > 1 && sum(leastOf) > total) left.delete(index);
  const widths = columns.map((column, index) => (left.has(index) ? column.width : 0));
  const isSparing = sum(sparedOf) <= total;
  const least = columns.map((column) => {
    if (left.size === 1) return 1;
    return isSparing ? sparedOf(column) : leastOf(column);
  });
  for (let excess = sum(({ width }) => width) - total; excess > 0; excess -= 1) {
    const widest = [...left].reduce((best, index) => {
      const spare = (at: number): number => ((widths[at] ?? 0) > (least[at] ?? 0) ? (widths[at] ?? 0) : 0);
      return spare(index) > spare(best) ? index : best;
    });
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
};
