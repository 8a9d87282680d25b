import stringWidth from 'string-width';

const GAP_WIDTH = 2;

/** The places that each column of a table takes. */
export const columnWidths = (rows: readonly (readonly string[])[]): number[] => {
  const widths: number[] = [];
  for (const cells of rows) {
    for (const [column, cell] of cells.entries()) widths[column] = Math.max(widths[column] ?? 0, stringWidth(cell));
  }
  return widths;
};

/** The places that columns take beside each other. */
export const widthTogether = (widths: readonly number[], columns: readonly number[]): number =>
  columns.reduce((sum, column) => sum + GAP_WIDTH + (widths[column] ?? 0), -GAP_WIDTH);

/**
 * Which columns of a table stay in a window.
 *
 * @param widths of all columns
 * @param dispensable columns that may be left out, the first one first
 * @returns in the order of the table; wider than the window where nothing more may be left out
 */
export const fittingColumns = (
  widths: readonly number[],
  window: number,
  dispensable: readonly number[],
): readonly number[] => {
  let kept: readonly number[] = [...widths.keys()];
  for (const column of dispensable) {
    if (widthTogether(widths, kept) <= window) break;
    kept = kept.filter((other) => other !== column);
  }
  return kept;
};
