/** One input: a line, one of each source, a row of a table, or a JSON value. */
export interface Row {
  /** What `{}` stands for, and what `{1}`, `{2}` count: one value for each source or column, at least one. */
  readonly values: readonly string[];
  /**
   * The value of `{name}`; absent where there are no names.
   * @throws ProcctlError ERR_INPUT when this row has none
   */
  readonly named?: (name: string) => string;
}

/** A row of a single value, the most common of all. */
export const rowOf = (value: string): Row => ({ values: [value] });
