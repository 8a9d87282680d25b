import { shellQuote } from '../../src/protocol/shell-text.ts';
import { fixture } from './procctl.ts';

/** A task as a tasks file has it. */
export type RandomTask = { readonly id: string } & (
  | { readonly command: string | readonly string[] }
  | { readonly module: string; readonly args: readonly (string | number)[] }
);

/** Numbers from 0 up to 1 that a seed decides. Mulberry32, by Tommy Ettinger, in the public domain. */
export const randomNumbers = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const ODD = [
  '',
  ' ',
  '\n',
  'a\n\nb\n',
  `it's`,
  `'"'"'`,
  '"$HOME" `id` $(id) \\ \\\\ \\n',
  '*',
  '?[a-z]',
  '~',
  '-',
  '--',
  '-rf',
  '--help',
  '-n1',
  '#',
  ';',
  '&& exit',
  '|',
  '{}',
  '%s%n',
  '\t\r\v\f\u0007\u001b[31m\u007f',
  '漢字 é 😀 e\u0301',
  '\u2028\ufeff\u202e',
];

/** Bytes that are not UTF-8, as a tasks file writes them. */
const RAW = ['caf\udce9', '\udcff', '\udc80é\udcc3'];

const SIGNALS = ['HUP', 'INT', 'QUIT', 'ABRT', 'KILL', 'USR1', 'SEGV', 'USR2', 'PIPE', 'ALRM', 'TERM'];

/** What sends a task to a spawn of its own, which cannot pass raw bytes. */
const IS_AMBIGUOUS = /130|141|INT|PIPE/;

export interface RandomListOptions {
  readonly seed: number;
  readonly length: number;
  /** Files of at least 200 kB that tasks write from. */
  readonly data: readonly string[];
  /** Whether arguments may hold bytes that are not UTF-8. */
  readonly hasRawBytes: boolean;
}

/** A list of tasks: sleeps, exit codes, signals, 0 to 200 kB on both streams, odd arguments; programs, lines, functions. */
export const randomList = ({ seed, length, data, hasRawBytes }: RandomListOptions): RandomTask[] => {
  const random = randomNumbers(seed);
  const upTo = (most: number): number => Math.floor(random() * (most + 1));
  const oneOf = <T>(items: readonly T[]): T => items[upTo(items.length - 1)] as T;
  const amount = (): number => oneOf([0, 0, 1, upTo(300), upTo(5_000), upTo(70_000), upTo(200_000)]);
  const pause = (): string => (random() < 0.5 ? '0' : `0.${String(upTo(20)).padStart(3, '0')}`);
  const end = (): string => {
    const kind = random();
    if (kind < 0.5) return '0';
    return kind < 0.8 ? String(upTo(255)) : oneOf(SIGNALS);
  };
  const odd = (): string[] => Array.from({ length: upTo(4) }, () => oneOf(ODD));

  const program = (): readonly string[] => {
    const command = [
      fixture('random-task.sh'),
      pause(),
      oneOf(data),
      String(amount()),
      String(amount()),
      end(),
      ...odd(),
    ];
    if (!hasRawBytes || random() < 0.9 || IS_AMBIGUOUS.test(command.join(' '))) return command;
    return [...command, oneOf(RAW)];
  };
  const line = (): string => {
    const ending = end();
    return [
      `sleep ${pause()}`,
      `head -c ${amount()} ${oneOf(data)}`,
      `head -c ${amount()} ${oneOf(data)} >&2`,
      `printf '<%s>' ${odd().map(shellQuote).join(' ')}`,
      /^\d/.test(ending) ? `exit ${ending}` : `kill -s ${ending} $$`,
    ].join(oneOf(['; ', '\n']));
  };
  const call = (): RandomTask & { module: string } => {
    const args = [upTo(20), oneOf(data), amount(), amount(), oneOf([0, 0, 0, 1 + upTo(254), 'SIGKILL'])];
    return { id: '', module: fixture('random-task.mjs'), args };
  };
  return Array.from({ length }, (_, index) => {
    const id = `t${index}`;
    const kind = random();
    if (kind < 0.015) return { ...call(), id };
    return { id, command: kind < 0.5 ? program() : line() };
  });
};
