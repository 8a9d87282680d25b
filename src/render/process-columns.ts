import { formatDuration } from '../protocol/duration.ts';
import type { ProcessView } from '../protocol/process-view.ts';
import { bytesText, shareText } from './amounts.ts';
import { SHOWN_STATES, stateText } from './process-state.ts';

/** One column of `ps`, whichever face it is shown with. */
export interface ProcessColumn {
  /** As users name it; in capitals it is the header. */
  readonly name: string;
  /** What the cell says, as it came (faces make it printable); null when there is nothing to say. */
  readonly text: (view: ProcessView) => string | null;
  /** What numbers and ranks are sorted by, null last; absent: the text, in natural order. */
  readonly rank?: (view: ProcessView) => number | null;
  /** What a filter compares with, any of them; absent: the text. */
  readonly facts?: (view: ProcessView) => readonly string[];
  /** All words a filter can ask for; absent: any. */
  readonly words?: readonly string[];
  /** Its numbers are only there when `fetch` is asked for them. */
  readonly isWide?: true;
}

type NumberField = {
  [Key in keyof ProcessView]-?: NonNullable<ProcessView[Key]> extends number ? Key : never;
}[keyof ProcessView];

/** A column of numbers. */
const amount = (name: string, field: NumberField, format: (value: number) => string = String): ProcessColumn => ({
  name,
  text: (view) => {
    const value = view[field] ?? null;
    return value === null ? null : format(value);
  },
  rank: (view) => view[field] ?? null,
});

const share = (name: string, field: NumberField): ProcessColumn => ({
  ...amount(name, field, shareText),
  isWide: true,
});

/** A column of yes and no. */
const flag = (name: string, field: 'alive' | 'boot'): ProcessColumn => ({
  name,
  text: (view) => (view[field] ? 'yes' : 'no'),
  rank: (view) => (view[field] ? 0 : 1),
  facts: (view) => (view[field] ? ['yes', 'true'] : ['no', 'false']),
  words: ['yes', 'no', 'true', 'false'],
});

const STATE: ProcessColumn = {
  name: 'state',
  text: stateText,
  rank: ({ state }) => SHOWN_STATES.indexOf(state),
  facts: (view) => [view.state, stateText(view)],
  words: SHOWN_STATES,
};

const PORTS: ProcessColumn = {
  name: 'ports',
  text: ({ ports = [] }) => (ports.length === 0 ? null : ports.join(',')),
  rank: ({ ports = [] }) => ports[0] ?? null,
  facts: ({ ports = [] }) => ports.map(String),
  isWide: true,
};

const NARROW: readonly ProcessColumn[] = [
  amount('id', 'id'),
  { name: 'name', text: ({ name }) => name },
  amount('pid', 'pid'),
  flag('alive', 'alive'),
  STATE,
  amount('cpu', 'cpuPercent', (percent) => `${Math.round(percent)}%`),
  amount('mem', 'memoryBytes', bytesText),
  amount('uptime', 'uptimeMs', formatDuration),
  amount('restarts', 'restarts'),
];

const WIDE: readonly ProcessColumn[] = [
  share('on-cpu', 'onCpuShare'),
  share('queued', 'queuedShare'),
  share('asleep', 'asleepShare'),
  PORTS,
  { name: 'command', text: ({ command }) => command },
  { name: 'cwd', text: ({ cwd }) => cwd },
];

/** Only shown when asked for by name. */
const ON_REQUEST: readonly ProcessColumn[] = [
  { name: 'group', text: ({ group }) => group },
  amount('instance', 'instance'),
  { name: 'reason', text: ({ reason }) => reason },
  { name: 'wanted', text: ({ wanted }) => wanted, words: ['up', 'down'] },
  { name: 'restart', text: ({ restart }) => restart, words: ['no', 'on-failure', 'always'] },
  flag('boot', 'boot'),
  amount('exit-code', 'exitCode'),
  { name: 'signal', text: ({ signal }) => signal },
  { name: 'ended-by', text: ({ endedBy }) => endedBy, words: ['self', 'stop', 'shutdown', 'reboot'] },
  { name: 'started', text: ({ startedAt }) => startedAt },
  { name: 'exited', text: ({ exitedAt }) => exitedAt },
];

/** Every column there is, by its name. */
export const COLUMN_BY_NAME: ReadonlyMap<string, ProcessColumn> = new Map(
  [...NARROW, ...WIDE, ...ON_REQUEST].map((column) => [column.name, column]),
);

/** What `ps` shows when no columns are named. */
export const defaultColumns = (isWide: boolean): readonly ProcessColumn[] => (isWide ? [...NARROW, ...WIDE] : NARROW);
