import { isatty } from 'node:tty';
import { EXIT, ProcctlError } from '../errors.ts';
import { jsonArray, jsonLine } from '../protocol/json-lines.ts';
import type { ProcessView } from '../protocol/process-view.ts';
import { defaultColumns, type ProcessColumn } from '../render/process-columns.ts';
import {
  filterProcesses,
  type ProcessFilter,
  type ProcessSort,
  parseColumns,
  parseFilter,
  parseSort,
  sortProcesses,
} from '../render/process-query.ts';
import { isAllAscii, NAME_ONLY, plainTable, tableCells } from '../render/process-table.ts';
import { type ColourFlag, wantsColour } from './colour.ts';
import { tell } from './tell.ts';
import { watchInPipe, watchInPlace } from './watch.ts';
import { READER_GONE, writeStdout } from './write-stdout.ts';

/** The options of `procctl ps`, as commander delivers them. */
export interface PsFlags {
  readonly wide: boolean;
  readonly columns?: string;
  readonly sort?: string;
  readonly filter: readonly string[];
  readonly headers: boolean;
  readonly quiet: boolean;
  readonly json: boolean;
  /** Ms from one look to the next. */
  readonly watch?: number;
  readonly color: ColourFlag;
}

/** What `ps` needs of the world. */
export interface PsPorts {
  /** The processes there are; `wide`: with the fields that only `--wide` has. */
  readonly fetch: (options: { readonly wide: boolean }) => Promise<readonly ProcessView[]>;
  /** Those that are named; throws for a name that nobody has. Not called without names. */
  readonly select: (processes: readonly ProcessView[], names: readonly string[]) => readonly ProcessView[];
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
}

/** What to show, and how. */
interface Query {
  readonly columns: readonly ProcessColumn[];
  readonly hasHeader: boolean;
  readonly sort: ProcessSort | null;
  readonly filters: readonly ProcessFilter[];
  readonly isWide: boolean;
}

const refuse = (message: string, hint: string): never => {
  throw new ProcctlError('ERR_USAGE', message, { hint });
};

const queryOf = (flags: PsFlags): Query => {
  if (flags.quiet && flags.json) refuse('--json has the names already', 'leave --quiet out');
  if (flags.quiet && flags.columns !== undefined) refuse('--quiet shows names only', 'leave --columns out');
  if (flags.json && flags.columns !== undefined) refuse('--json has all fields', 'leave --columns out');
  const named = flags.columns === undefined ? defaultColumns(flags.wide) : parseColumns(flags.columns);
  const columns = flags.quiet ? NAME_ONLY : named;
  const sort = flags.sort === undefined ? null : parseSort(flags.sort);
  const filters = flags.filter.map(parseFilter);
  const used = [...columns, ...filters.map(({ column }) => column), ...(sort === null ? [] : [sort.column])];
  return {
    columns,
    hasHeader: flags.headers && !flags.quiet,
    sort,
    filters,
    isWide: flags.wide || used.some((column) => column.isWide === true),
  };
};

/** The plain face; what measures text is loaded only for text that needs it. */
const plainText = async (processes: readonly ProcessView[], { columns, hasHeader }: Query): Promise<string> => {
  const cells = tableCells(processes, columns, hasHeader);
  if (isAllAscii(cells)) return plainTable(cells);
  const { textWidth } = await import('./text-width.lazy.ts');
  return plainTable(cells, textWidth);
};

const show = async (names: readonly string[], flags: PsFlags, ports: PsPorts): Promise<number> => {
  const query = queryOf(flags);
  const isTerminal = isatty(1);
  const colour = wantsColour(flags.color, process.env, isTerminal);
  const look = async (): Promise<readonly ProcessView[]> => {
    const all = await ports.fetch({ wide: query.isWide });
    const selected = filterProcesses(names.length === 0 ? all : ports.select(all, names), query.filters);
    return query.sort === null ? selected : sortProcesses(selected, query.sort);
  };
  /** Lines, each with its newline. */
  const textOf = async (processes: readonly ProcessView[]): Promise<string> => {
    if (flags.quiet || !(isTerminal || colour)) return plainText(processes, query);
    const { renderProcessScreen } = await import('./process-table.lazy.ts');
    const width = isTerminal ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY;
    const text = renderProcessScreen(processes, { ...query, colour, width, maxLines: Number.POSITIVE_INFINITY });
    return text === '' ? '' : `${text}\n`;
  };

  if (flags.watch === undefined) {
    const processes = await look();
    return (await writeStdout(flags.json ? jsonArray(processes) : await textOf(processes))) ? EXIT.done : READER_GONE;
  }
  if (flags.json || flags.quiet || !isTerminal || process.env.TERM === 'dumb') {
    let gap = '';
    const next = async (): Promise<string> => {
      const processes = await look();
      if (flags.json) return `${jsonLine({ at: new Date(ports.now()).toISOString(), processes })}\n`;
      const text = gap + (await textOf(processes));
      gap = '\n';
      return text;
    };
    return watchInPipe(next, flags.watch);
  }
  const { Painter, renderProcessScreen } = await import('./process-table.lazy.ts');
  let latest = await look();
  const painter = new Painter({
    stream: process.stdout,
    render: ({ columns: width, rows }) => renderProcessScreen(latest, { ...query, colour, width, maxLines: rows - 1 }),
  });
  const next = async (): Promise<void> => {
    latest = await look();
  };
  return watchInPlace(painter, next, flags.watch);
};

/** Prints the processes, once or again and again, and resolves to the exit status. */
export const runPs = async (names: readonly string[], flags: PsFlags, ports: PsPorts): Promise<number> => {
  try {
    return await show(names, flags, ports);
  } catch (error) {
    // A bundle of its own has a ProcctlError of its own, which the main one would take for a bug.
    if (!(error instanceof ProcctlError)) throw error;
    tell(error);
    return error.exitStatus;
  }
};

export { selectProcesses } from '../protocol/select.ts';
