import type { HaltRule } from '../../core/pool/halt.ts';
import type { HaltReason } from '../../core/pool/machine.ts';
import type { TaskEnd } from '../../core/pool/outcome.ts';
import { printable } from '../../core/printable.ts';
import { FORMAT_VERSION } from './job.ts';

/** A batch that was handed over (`pool --detach`), as it is in Redis. */
export interface BatchMeta {
  readonly id: string;
  readonly name: string;
  /** Where it was submitted. */
  readonly host: string;
  /** ms since the epoch, on the clock of the submitter. */
  readonly createdAt: number;
  /** ms since the epoch, on the clock of Redis; null: its list is not whole (yet). */
  readonly sealedAt: number | null;
  /** Likewise; null: it has not ended. */
  readonly endedAt: number | null;
  /** How many tasks; null as long as the list is not whole. */
  readonly total: number | null;
  /** For how long it is kept after the last thing that happened, ms. */
  readonly keepMs: number;
  /** Further tries of tasks that do not say. */
  readonly retries: number;
  /** Its output is not kept. */
  readonly isSilent: boolean;
  readonly haltedBy: HaltReason | null;
  readonly counts: Readonly<Record<Exclude<TaskEnd, 'skipped'>, number>>;
}

/** What is said of a batch when it begins; what workers count stands beside it. */
export interface BatchStart
  extends Pick<BatchMeta, 'id' | 'name' | 'host' | 'createdAt' | 'keepMs' | 'retries' | 'isSilent'> {
  readonly halt: HaltRule;
}

/** Names and values of a hash, one after the other. */
export const fieldsOfStart = ({ halt, ...start }: BatchStart): string[] => {
  const { id, name, host, createdAt, keepMs, retries, isSilent } = start;
  const plain = {
    version: FORMAT_VERSION,
    id,
    name,
    host,
    createdAt,
    keepMs,
    retries,
    output: isSilent ? 'none' : 'stream',
  };
  const rule =
    halt.when === 'never' ? {} : { haltOn: halt.on, haltAt: halt.limit, haltWhen: halt.when, haltUnit: halt.unit };
  return Object.entries({ ...plain, ...rule }).flatMap(([field, value]) => [field, String(value)]);
};

const wholeOr = <T>(text: string | undefined, otherwise: T): number | T => {
  const value = Number(text);
  return text !== undefined && text !== '' && Number.isSafeInteger(value) && value >= 0 ? value : otherwise;
};

/** More tasks are in no batch: whoever writes such a number is up to no good. */
const MAX_TASKS = 1_000_000_000;

const HALTS: ReadonlySet<string> = new Set<HaltReason>(['fail', 'success', 'cancel']);

/** @returns undefined for what is no batch, or one of another version */
export const readBatchMeta = (fields: Readonly<Record<string, string>>): BatchMeta | undefined => {
  const { id, name, version, haltedBy = '' } = fields;
  if (id === undefined || name === undefined || version !== String(FORMAT_VERSION)) return undefined;
  if (wholeOr(fields.total, 0) > MAX_TASKS) return undefined;
  const time = (field: string): number | null => wholeOr(fields[field], null);
  const count = (field: string): number => wholeOr(fields[field], 0);
  return {
    id,
    name,
    host: fields.host ?? '?',
    createdAt: count('createdAt'),
    sealedAt: time('sealedAt'),
    endedAt: time('endedAt'),
    total: time('total'),
    keepMs: count('keepMs'),
    retries: count('retries'),
    isSilent: fields.output === 'none',
    haltedBy: HALTS.has(haltedBy) ? (haltedBy as HaltReason) : null,
    counts: {
      succeeded: count('succeeded'),
      failed: count('failed'),
      timedOut: count('timedOut'),
      cancelled: count('cancelled'),
    },
  };
};

/** What has happened to a task of a batch; `at` is ms since the epoch, on the clock of Redis. */
export type LogEntry = { readonly seq: number; readonly attempt: number; readonly at: number } & (
  | {
      readonly kind: 'begun';
      readonly execution: number;
      readonly host: string;
      readonly pid: number | null;
      readonly hasOutput: boolean;
    }
  /** It went back to the queue, and is begun again. */
  | { readonly kind: 'back' }
  | {
      readonly kind: 'end';
      readonly execution: number;
      readonly state: Exclude<TaskEnd, 'skipped'>;
      readonly isFinal: boolean;
      /** Before the next attempt, if there is one, ms. */
      readonly delayMs: number;
      /** An end record, as text. */
      readonly record: string;
    }
  /** It is not begun (again), as the batch was halted; `attempt` is how many there were. */
  | { readonly kind: 'held'; readonly state: Exclude<TaskEnd, 'skipped' | 'succeeded'> }
);

const ENDS: ReadonlySet<string> = new Set(['succeeded', 'failed', 'timedOut', 'cancelled']);

/** @param id of the entry in its stream. @returns undefined for what is none */
export const readLogEntry = (id: string, fields: ReadonlyMap<string, string>): LogEntry | undefined => {
  const seq = wholeOr(fields.get('s'), 0);
  const attempt = wholeOr(fields.get('a'), -1);
  const at = wholeOr(id.split('-')[0], 0);
  const execution = wholeOr(fields.get('x'), 0);
  const state = fields.get('st') ?? '';
  if (seq < 1 || attempt < 0) return undefined;
  const common = { seq, attempt, at };
  switch (fields.get('k')) {
    case 'begun':
      return {
        ...common,
        kind: 'begun',
        execution,
        host: printable(fields.get('h') ?? '?').slice(0, 255),
        pid: wholeOr(fields.get('p'), null),
        hasOutput: fields.get('o') === '1',
      };
    case 'back':
      return { ...common, kind: 'back' };
    case 'end': {
      const record = fields.get('r');
      if (!ENDS.has(state) || record === undefined) return undefined;
      const end = state as Exclude<TaskEnd, 'skipped'>;
      const delayMs = wholeOr(fields.get('d'), 0);
      return { ...common, kind: 'end', execution, state: end, isFinal: fields.get('f') === '1', delayMs, record };
    }
    case 'held':
      if (!ENDS.has(state) || state === 'succeeded') return undefined;
      return { ...common, kind: 'held', state: state as 'failed' | 'timedOut' | 'cancelled' };
    default:
      return undefined;
  }
};
