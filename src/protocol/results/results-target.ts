import { ProcctlError } from '../../errors.ts';
import { show } from '../show.ts';

/** Where `--results` puts what becomes of tasks. */
export interface ResultsTarget {
  /** A folder with a folder for each task, or one file with a row or a line for each. */
  readonly kind: 'directory' | 'csv' | 'ndjson';
  readonly path: string;
}

/**
 * Reads the value of `--results`: `….csv`, `….ndjson` and `….jsonl` are files, all else is a directory.
 *
 * @throws ProcctlError ERR_RESULTS for nothing, and for endings of files that procctl does not write
 */
export const parseResultsTarget = (text: string): ResultsTarget => {
  if (text === '' || text.includes('\0')) {
    throw new ProcctlError('ERR_RESULTS', `expected a directory or a file, got ${show(text)}`);
  }
  const ending = /\.(csv|ndjson|jsonl|json|tsv)$/i.exec(text)?.[1]?.toLowerCase();
  switch (ending) {
    case undefined:
      return { kind: 'directory', path: text };
    case 'csv':
      return { kind: 'csv', path: text };
    case 'ndjson':
    case 'jsonl':
      return { kind: 'ndjson', path: text };
    default:
      throw new ProcctlError('ERR_RESULTS', `${show(text)}: no .${ending} files are written`, {
        hint: 'the endings are .csv, .ndjson and .jsonl; for a directory of that name, put a / behind it',
      });
  }
};
