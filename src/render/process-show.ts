// `procctl show`: all that is known of a process, for people. Plain text on a terminal as in a pipe.
import { printable } from '../core/printable.ts';
import { formatDuration } from '../protocol/duration.ts';
import type { EndingView, ProcessDetails } from '../protocol/process-view.ts';
import { bytesText, settingText, shareText } from './amounts.ts';
import { processHeadline } from './process-headline.ts';
import { endText, stateText } from './process-state.ts';
import { plainTable } from './process-table.ts';

const logsText = ({ logKeep, logMaxBytes }: ProcessDetails): string => {
  if (logMaxBytes === 0) return 'all of them';
  return `${logKeep} ${logKeep === 1 ? 'file' : 'files'} of ${bytesText(logMaxBytes)}`;
};

const INDENT = '  ';

/** A key and its value; a null value leaves the line out. */
type Fact = readonly [key: string, value: string | null];

/** A heading and lines below it; without lines there is no section. */
const section = (heading: string, lines: readonly string[]): string =>
  lines.length === 0 ? '' : `\n${heading}\n${lines.map((line) => `${INDENT}${line}`.trimEnd()).join('\n')}\n`;

const KEY_WIDTH = 13;

const factLines = (facts: readonly Fact[]): readonly string[] =>
  facts.flatMap(([key, value]) =>
    value === null ? [] : [`${key.padEnd(KEY_WIDTH)}  ${value === '' ? '-' : printable(value)}`],
  );

const tableLines = (rows: readonly (readonly string[])[]): readonly string[] =>
  plainTable(rows).split('\n').slice(0, -1);

const orNull = <T>(value: T | null | undefined, format: (value: T) => string): string | null =>
  value === null || value === undefined ? null : format(value);

/** A time, and how long ago that was. */
const momentText = (iso: string, now: number): string => {
  const agoMs = now - Date.parse(iso);
  return agoMs >= 0 ? `${iso} (${formatDuration(agoMs)} ago)` : iso;
};

/** Programs colour what they log; a colour says nothing here, and shown as an escape sequence it is in the way. */
const withoutColours = (line: string): string => line.replace(/\x1b\[[\d;]*m/g, '');

/** Lines of a log up to the last one that says anything. */
const tailLines = (lines: readonly string[]): readonly string[] =>
  lines.slice(0, lines.findLastIndex((line) => line.trim() !== '') + 1).map(printable);

const identity = (details: ProcessDetails, now: number): readonly Fact[] => [
  ['name', details.name],
  ['id', String(details.id)],
  ['instance', orNull(details.instance, (instance) => `${instance} of ${details.group}`)],
  ['command', details.command],
  ['argv', JSON.stringify(details.argv)],
  ['cwd', details.cwd],
  ['user', details.user],
  ['created', momentText(details.createdAt, now)],
  ['directory', details.directory],
];

const state = (details: ProcessDetails, now: number): readonly Fact[] => [
  ['state', stateText(details)],
  ['alive', details.alive ? 'yes' : 'no'],
  ['wanted', details.wanted],
  ['pid', orNull(details.pid, String)],
  ['started', orNull(details.startedAt, (at) => momentText(at, now))],
  ['exited', details.alive ? null : orNull(details.exitedAt, (at) => momentText(at, now))],
  ['uptime', orNull(details.uptimeMs, formatDuration)],
  ['restarts', String(details.restarts)],
  ['last end', orNull(endText(details), (end) => (details.signal === null ? `exit code ${end}` : end))],
  ['cpu', orNull(details.cpuPercent, (percent) => `${Math.round(percent)}%`)],
  ['memory', orNull(details.memoryBytes, bytesText)],
  [
    'of its life',
    orNull(details.onCpuShare, (onCpu) => {
      const [queued, asleep] = [details.queuedShare ?? null, details.asleepShare ?? null];
      return [
        `${shareText(onCpu)} on a CPU`,
        ...(queued === null ? [] : [`${shareText(queued)} queued for one`]),
        ...(asleep === null ? [] : [`${shareText(asleep)} asleep`]),
      ].join(', ');
    }),
  ],
  ['ports', details.ports === undefined || details.ports.length === 0 ? null : details.ports.join(', ')],
];

const limitText = (limit: number | null): string => (limit === null ? 'unlimited' : String(limit));

const policy = (details: ProcessDetails): readonly Fact[] => [
  ['restart', details.restart],
  ['ok exit codes', details.okExitCodes.join(', ')],
  [
    'restart limit',
    details.maxRestarts === null ? 'none' : `${details.maxRestarts} in ${settingText(details.withinMs)}`,
  ],
  [
    'backoff',
    `${settingText(details.backoffMinMs)} to ${settingText(details.backoffMaxMs)}, from the start again after ${settingText(details.stableAfterMs)} up`,
  ],
  ['stop', `${details.stopSignal}, SIGKILL after ${settingText(details.stopTimeoutMs)}`],
  ['logs', logsText(details)],
  ['logs dropped', details.logDroppedLines ? `${details.logDroppedLines} lines that the disk did not take` : null],
  ['at boot', details.boot ? 'started again' : 'left down'],
  ['nice', orNull(details.nice, String)],
  ...Object.entries(details.limits).map(
    ([name, { soft, hard }]): Fact => [`limit ${name}`, `${limitText(soft)}, at most ${limitText(hard)}`],
  ),
];

const endingText = ({ exitCode, signal, unknown }: EndingView): string =>
  endText({ exitCode, signal }) ?? (unknown === null ? 'unknown' : `unknown: ${unknown}`);

const historyRows = (history: readonly EndingView[]): readonly (readonly string[])[] =>
  history.length === 0
    ? []
    : [
        ['RUN', 'PID', 'STARTED', 'EXITED', 'UPTIME', 'END'],
        ...history.map((ending) => [
          String(ending.run),
          orNull(ending.pid, String) ?? '-',
          ending.startedAt ?? '-',
          ending.exitedAt ?? '-',
          orNull(ending.uptimeMs, formatDuration) ?? '-',
          printable(endingText(ending)),
        ]),
      ];

const treeRows = (tree: ProcessDetails['tree']): readonly (readonly string[])[] =>
  tree.length === 0
    ? []
    : [
        ['PID', 'STATE', 'COMMAND'],
        ...tree.map(({ pid, state, command }) => [String(pid), printable(state), printable(command)]),
      ];

const environment = (env: ProcessDetails['env']): readonly string[] =>
  Object.entries(env)
    .map(([name, value]) => printable(value === null ? name : `${name}=${value}`))
    .sort();

/**
 * All that is known of a process, in sections, the plain answer to how it is on the first line.
 *
 * @param now wall clock, ms since 1970
 * @returns lines, each with its newline; the text of others in them is printable
 */
export const renderProcessShow = (details: ProcessDetails, now: number): string => {
  const readable = { ...details, stderrTail: details.stderrTail.map(withoutColours) };
  const values = Object.values(details.env);
  const hasHidden = values.includes(null);
  return [
    `${printable(processHeadline(readable))}\n`,
    section('Process', factLines(identity(details, now))),
    section('State', factLines(state(details, now))),
    section('Tree', tableLines(treeRows(details.tree))),
    section('Limits and policy', factLines(policy(details))),
    section('Runs that have ended', tableLines(historyRows(details.history))),
    section('Last lines of standard error', tailLines(readable.stderrTail)),
    section(hasHidden ? 'Environment (--env shows the values)' : 'Environment', environment(details.env)),
  ].join('');
};
