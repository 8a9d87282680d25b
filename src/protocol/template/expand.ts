import { SLOT_MARK } from '../../core/pool/slot-mark.ts';
import { isPlaceholder, type Part, type Placeholder } from './parts.ts';
import { applyOperation } from './path-operation.ts';
import type { Row } from './row.ts';

/** The inputs of one task: one, or several that are packed into its command. */
export interface Pack {
  /** Number of the task, from 1. */
  readonly seq: number;
  /** At least one; empty only for tasks that have no arguments. */
  readonly rows: readonly Row[];
  /** Whether several inputs may come in one command: `{2}` is then the second of them, if each has but one value. */
  readonly isPacked: boolean;
  /** Whether an input has several values, or names: `{2}` is then its second value, also where inputs are packed. */
  readonly isTable: boolean;
}

type Argument = Extract<Placeholder, { operation: unknown }>;

/** Whether the value differs from input to input of a pack, so that what holds it is said once for each. */
export const variesByRow = (part: Part, { isPacked, isTable }: Pick<Pack, 'isPacked' | 'isTable'>): boolean =>
  isPlaceholder(part) &&
  (part.kind === 'all' || part.kind === 'name' || (part.kind === 'position' && (isTable || !isPacked)));

/** One value, or none where a pack has fewer. */
const at = (values: readonly string[], position: number): readonly string[] => {
  const value = values.at(position > 0 ? position - 1 : position);
  return value === undefined ? [] : [value];
};

/** The values of a replacement string in one row; `rows` are those of the whole pack. */
export const valuesIn = (part: Argument, row: Row, { rows, isPacked, isTable }: Pack): readonly string[] => {
  const { operation } = part;
  if (part.kind === 'name') return [applyOperation(row.named?.(part.name) ?? '', operation)];
  if (part.kind === 'all') return row.values.map((value) => applyOperation(value, operation));
  const isOfPack = isPacked && !isTable;
  const values = isOfPack ? rows.map((each) => each.values[0] ?? '') : row.values;
  return at(values, part.position).map((value) => applyOperation(value, operation));
};

/** All values of a replacement string in a pack. */
export const valuesOf = (part: Placeholder, pack: Pack): readonly string[] => {
  if (part.kind === 'seq') return [String(pack.seq)];
  if (part.kind === 'slot') return [SLOT_MARK];
  const rows = variesByRow(part, pack) ? pack.rows : pack.rows.slice(0, 1);
  return rows.flatMap((row) => valuesIn(part, row, pack));
};

/** What a part of a word is in one row. */
export const textIn = (part: Part, row: Row, pack: Pack): string => {
  if (!isPlaceholder(part)) return part;
  if (part.kind === 'seq') return String(pack.seq);
  if (part.kind === 'slot') return SLOT_MARK;
  return valuesIn(part, row, pack).join(' ');
};

const NO_ROW: Row = { values: [] };

/**
 * The words that one word of a template becomes: of a replacement string alone a word for each of its values, if any; else one word, with blanks between
 * the values of an input that has several. Where inputs are packed, a word that tells of them comes once for each.
 */
export const expandWord = (word: readonly Part[], pack: Pack): string[] => {
  const [only] = word;
  if (word.length === 1 && only !== undefined && isPlaceholder(only)) return [...valuesOf(only, pack)];
  const rows = word.some((part) => variesByRow(part, pack)) ? pack.rows : [pack.rows[0] ?? NO_ROW];
  return rows.map((row) => word.map((part) => textIn(part, row, pack)).join(''));
};

/** One text, for a variable, a directory or a name: several values with blanks between them. */
export const expandText = (text: readonly Part[], pack: Pack): string =>
  text.map((part) => (isPlaceholder(part) ? valuesOf(part, pack).join(' ') : part)).join('');
