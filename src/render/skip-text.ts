// How it is told that tasks were skipped, and why.
import type { FailedNeed, SkipCause } from '../core/pool/outcome.ts';
import { printable } from '../core/printable.ts';
import { shortened, type TaskLabel, taskText } from './pool-text.ts';

/** Ids of skipped tasks that a line names. */
const MAX_NAMED = 5;

const ENDS = { failed: 'failed', timedOut: 'timed out', cancelled: 'was cancelled', skipped: 'was skipped' } as const;

const idText = (id: string): string => printable(shortened(id));

/** `b failed`. */
const needText = ({ id, end }: FailedNeed): string => `${idText(id)} ${ENDS[end]}`;

/** Why one task was skipped: `it needs b, which failed`, `it needs c, which was skipped, as b failed`. */
export const skipReason = ({ need, root }: SkipCause): string =>
  `it needs ${idText(need.id)}, which ${ENDS[need.end]}${need.id === root.id ? '' : `, as ${needText(root)}`}`;

/** All tasks that were skipped for the same reason. */
export interface Skips {
  readonly root: FailedNeed;
  readonly count: number;
  /** The first of them: one is enough where there is one, a few otherwise. */
  readonly first: readonly TaskLabel[];
}

/** One line for all of them: `procctl: task c: skipped, as b failed`, `procctl: 9 tasks skipped, as b failed: c, d, e, f, g and 4 more`. */
export const skipLine = ({ root, count, first }: Skips): string => {
  const [only] = first;
  if (count === 1 && only !== undefined) return `procctl: ${taskText(only)}: skipped, as ${needText(root)}`;
  const named = first.slice(0, MAX_NAMED).map(({ id }) => idText(id));
  const more = count > named.length ? ` and ${count - named.length} more` : '';
  return `procctl: ${count} tasks skipped, as ${needText(root)}: ${named.join(', ')}${more}`;
};
