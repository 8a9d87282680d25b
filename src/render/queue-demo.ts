// `procctl queue-demo`: processes that put items into one queue, and processes that take them out.
import { Chalk } from 'chalk';
import { plainTable } from './process-table.ts';

export interface DemoProcess {
  readonly name: string;
  readonly role: 'producer' | 'consumer';
  readonly pid: number;
  readonly alive: boolean;
  /** As `ps` names them; ended: `exited (0)`, `exited (SIGKILL)`. */
  readonly state: string;
  /** Put or got so far. */
  readonly items: number;
}

export interface DemoView {
  readonly processes: readonly DemoProcess[];
  readonly fill: number;
  readonly capacity: number;
  readonly arrived: number;
  readonly total: number;
}

export interface DemoScreen {
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
}

export type DemoEvent =
  | { readonly event: 'started'; readonly name: string; readonly pid: number; readonly role: DemoProcess['role'] }
  | { readonly event: 'put' | 'got'; readonly name: string; readonly pid: number; readonly item: number }
  | { readonly event: 'killed'; readonly name: string; readonly pid: number }
  | {
      readonly event: 'ended';
      readonly name: string;
      readonly pid: number;
      readonly exitCode: number | null;
      readonly signal: string | null;
    };

export interface DemoProof {
  readonly event: 'proof';
  readonly ok: boolean;
  readonly items: number;
  readonly arrived: number;
  readonly missing: readonly number[];
  readonly doubled: readonly number[];
  readonly delivery: string;
  /** Who was killed. */
  readonly killed: string | null;
  /** What the same global variable is in each process at its end; null where that is not known. */
  readonly globals: Readonly<Record<string, number | null>>;
}

const MAX_BAR = 30;

const bar = (fill: number, capacity: number): string => {
  const cells = Math.max(1, Math.min(MAX_BAR, capacity));
  const full = Math.min(cells, Math.ceil((fill / Math.max(1, capacity)) * cells));
  return `[${'#'.repeat(full)}${'.'.repeat(cells - full)}]`;
};

const rowsOf = (processes: readonly DemoProcess[]): readonly (readonly string[])[] => [
  ['PID', 'NAME', 'ROLE', 'ALIVE', 'STATE', 'ITEMS'],
  ...processes.map(({ pid, name, role, alive, state, items }) => [
    String(pid),
    name,
    role,
    alive ? 'yes' : 'no',
    state,
    String(items),
  ]),
];

/**
 * The table of a terminal.
 *
 * @returns at most `rows - 1` lines of at most `columns` characters, each with its newline
 */
export const renderQueueDemo = (view: DemoView, { columns, rows, colour }: DemoScreen): string => {
  const chalk = new Chalk({ level: colour ? 1 : 0 });
  const room = Math.max(1, rows - 3);
  const [head = '', ...lines] = plainTable(rowsOf(view.processes)).split('\n').slice(0, -1);
  const shown = lines.slice(0, room);
  if (shown.length < lines.length) shown.splice(-1, 1, `… ${lines.length - room + 1} more`);
  const cut = (line: string): string => line.slice(0, columns);
  const painted = shown.map((line, index) => (view.processes[index]?.alive ? cut(line) : chalk.gray(cut(line))));
  const { fill, capacity, arrived, total } = view;
  const fillText = `queue ${bar(fill, capacity)} ${fill} of ${capacity}   ${arrived} of ${total} items have arrived`;
  return [chalk.bold(cut(head)), ...painted, chalk.cyan(cut(fillText))].map((line) => `${line}\n`).join('');
};

const endText = (exitCode: number | null, signal: string | null): string =>
  signal ?? `exit code ${exitCode ?? 'unknown'}`;

/** An event in a line, without its newline. */
export const demoEventText = (event: DemoEvent): string => {
  const who = `${event.name} (pid ${event.pid})`;
  switch (event.event) {
    case 'started':
      return `${who} started, a ${event.role}`;
    case 'put':
      return `${who} put ${event.item}`;
    case 'got':
      return `${who} got ${event.item}`;
    case 'killed':
      return `${who} is killed`;
    case 'ended':
      return `${who} ended: ${endText(event.exitCode, event.signal)}`;
    default:
      return event satisfies never;
  }
};

const MAX_LISTED = 10;

const listText = (items: readonly number[]): string =>
  items.length <= MAX_LISTED
    ? items.join(', ')
    : `${items.slice(0, MAX_LISTED).join(', ')} and ${items.length - MAX_LISTED} more`;

const countText = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** What came of it, in lines, each with its newline. */
export const demoProofText = ({
  ok,
  items,
  arrived,
  missing,
  doubled,
  delivery,
  killed,
  globals,
}: DemoProof): string => {
  const [main, ...others] = Object.entries(globals);
  const lines = [
    ok
      ? `${countText(items, 'item')}: each has arrived exactly once`
      : `${arrived} of ${countText(items, 'item')} have arrived`,
    ...(missing.length > 0 ? [`missing: ${listText(missing)}`] : []),
    ...(doubled.length > 0 ? [`arrived more than once: ${listText(doubled)}`] : []),
    ...(killed === null
      ? []
      : [
          delivery === 'at-least-once'
            ? `${killed} was killed: what it had and had not acknowledged went back to the queue (at-least-once)`
            : `${killed} was killed: what it had is gone, and nothing else (at-most-once; see --delivery)`,
        ]),
    `the same global variable in each process: ${main?.[0]} ${main?.[1]}, ${others
      .map(([name, value]) => `${name} ${value ?? 'unknown'}`)
      .join(', ')}`,
  ];
  return lines.map((line) => `${line}\n`).join('');
};
