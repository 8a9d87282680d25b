import { printable } from '../core/printable.ts';
import { formatDuration } from '../protocol/duration.ts';
import type { BatchMeta } from '../protocol/remote/batch.ts';

/** How far a batch is, in a word. */
export const batchState = ({
  sealedAt,
  endedAt,
  haltedBy,
}: BatchMeta): 'submitting' | 'running' | 'stopping' | 'ended' => {
  if (endedAt !== null) return 'ended';
  if (sealedAt === null) return 'submitting';
  return haltedBy === null ? 'running' : 'stopping';
};

/** A batch as `--json` shows it. Field names are stable. */
export const batchJson = (meta: BatchMeta): object => {
  const { name, host, createdAt, endedAt, total, keepMs, haltedBy, counts } = meta;
  const iso = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());
  return {
    name,
    state: batchState(meta),
    tasks: total,
    ...counts,
    haltedBy,
    host,
    submittedAt: iso(createdAt),
    endedAt: iso(endedAt),
    keepMs,
  };
};

/** Header and cells of a table of batches, as text of one line each. @param now ms since the epoch */
export const batchRows = (batches: readonly BatchMeta[], now: number): readonly (readonly string[])[] => [
  ['NAME', 'STATE', 'TASKS', 'SUCCEEDED', 'FAILED', 'TIMED OUT', 'CANCELLED', 'FROM', 'AGE'],
  ...batches.map((meta) => {
    const { name, total, host, createdAt, counts } = meta;
    const numbers = [total ?? '-', counts.succeeded, counts.failed, counts.timedOut, counts.cancelled].map(String);
    return [
      printable(name),
      batchState(meta),
      ...numbers,
      printable(host),
      formatDuration(Math.max(0, now - createdAt)),
    ];
  }),
];
