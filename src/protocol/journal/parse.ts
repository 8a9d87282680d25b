import { type AttemptEntry, type EndRecord, JOURNAL_VERSION, type JournalRecord, type RunRecord } from './record.ts';

// A journal may have been edited, or come from somebody else: nothing of it is believed unseen. No schema library,
// since a journal of a million lines is read before the first task starts.

type Fields = Readonly<Record<string, unknown>>;

const isWhole = (value: unknown, least: number): value is number =>
  Number.isSafeInteger(value) && Number(value) >= least;

const isText = (value: unknown): value is string => typeof value === 'string';

const isTextOrNull = (value: unknown): boolean => value === null || isText(value);

const isTime = (value: unknown): boolean => isText(value) && !Number.isNaN(Date.parse(value));

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const STATES: ReadonlySet<unknown> = new Set(['succeeded', 'failed', 'timedOut', 'cancelled']);
const KEY = /^[0-9a-f]{64}$/;
const COUNTS = ['submitted', 'alreadyDone', 'succeeded', 'failed', 'timedOut', 'cancelled', 'skipped'];

/** Of a later version nothing is known but that it is one. */
const isRun = ({ version, startedAt, size, pid, startTicks, bootId }: Fields): boolean =>
  isWhole(version, JOURNAL_VERSION + 1) ||
  (version === JOURNAL_VERSION &&
    isTime(startedAt) &&
    isWhole(size, 1) &&
    isWhole(pid, 1) &&
    isWhole(startTicks, 0) &&
    isText(bootId));

const isError = (error: unknown): boolean =>
  error === null || (isObject(error) && isText(error.code) && isText(error.message));

const isAttempt = (fields: Fields): boolean =>
  isWhole(fields.seq, 1) &&
  isText(fields.id) &&
  isText(fields.name) &&
  isText(fields.key) &&
  KEY.test(fields.key) &&
  isWhole(fields.attempt, 1) &&
  typeof fields.final === 'boolean' &&
  STATES.has(fields.state) &&
  (fields.exitCode === null || isWhole(fields.exitCode, 0)) &&
  isTextOrNull(fields.signal) &&
  isError(fields.error) &&
  isTime(fields.startedAt) &&
  isTime(fields.endedAt) &&
  typeof fields.durationMs === 'number' &&
  fields.durationMs >= 0 &&
  isWhole(fields.slot, 1);

const isEnd = ({ endedAt, haltedBy, counts }: Fields): boolean =>
  isTime(endedAt) && isTextOrNull(haltedBy) && isObject(counts) && COUNTS.every((name) => isWhole(counts[name], 0));

/** What a line may be besides a record: of a kind that this version does not know, or not whole. */
export type OtherLine = 'unknown' | 'damaged';

/** @param line without its newline */
export const parseJournalLine = (line: string): JournalRecord | OtherLine => {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'damaged';
  }
  if (!isObject(value) || !isText(value.type) || !isWhole(value.run, 1)) return 'damaged';
  switch (value.type) {
    case 'run':
      return isRun(value) ? (value as unknown as RunRecord) : 'damaged';
    case 'attempt':
      return isAttempt(value) ? (value as unknown as AttemptEntry) : 'damaged';
    case 'end':
      return isEnd(value) ? (value as unknown as EndRecord) : 'damaged';
    default:
      return 'unknown';
  }
};

const BEGINNING = '{"type":"run","version":';

/** Whether a line that is no record may be what is left of the first record of a run, cut short. */
export const isBegunRun = (line: string): boolean =>
  line !== '' && (line.startsWith(BEGINNING) || BEGINNING.startsWith(line));
