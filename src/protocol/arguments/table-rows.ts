import { ProcctlError } from '../../errors.ts';
import { show, showFile } from '../show.ts';
import type { Row } from '../template/row.ts';
import type { TableLine } from './table-parser.ts';

/** Makes rows of the lines of a table; the first line has the names of the columns. */
export class TableRows {
  readonly #file: string;
  #indexes: ReadonlyMap<string, number> | undefined;
  #names: readonly string[] = [];

  /** @param file its name, for messages */
  constructor(file: string) {
    this.#file = file;
  }

  /** The names of the columns, once the first line has come. */
  get names(): readonly string[] | undefined {
    return this.#indexes === undefined ? undefined : this.#names;
  }

  /**
   * @returns the row; undefined of the first line, and of an empty one where there is more than one column
   * @throws ProcctlError ERR_INPUT for a column that comes twice, and a row with more or fewer fields than the first
   */
  add({ fields, line }: TableLine): Row | undefined {
    const indexes = this.#indexes;
    if (indexes === undefined) {
      this.#begin(fields, line);
      return undefined;
    }
    if (fields.length !== this.#names.length) {
      if (fields.length === 1 && fields[0] === '') return undefined;
      const count = (n: number): string => (n === 1 ? '1 field' : `${n} fields`);
      throw this.#problem(line, `${count(fields.length)}, and the first line has ${this.#names.length}`);
    }
    return { values: fields, named: (name) => fields[indexes.get(name) as number] as string };
  }

  #begin(names: readonly string[], line: number): void {
    const indexes = new Map<string, number>();
    for (const [index, name] of names.entries()) {
      if (indexes.has(name) && name !== '') throw this.#problem(line, `two columns have the name ${show(name)}`);
      indexes.set(name, index);
    }
    indexes.delete('');
    this.#names = names;
    this.#indexes = indexes;
  }

  #problem(line: number, what: string): ProcctlError {
    return new ProcctlError('ERR_INPUT', `${showFile(this.#file)}:${line}: ${what}`);
  }
}
