import { ProcctlError } from '../../errors.ts';

/**
 * When a pool stops early. `soon`: nothing new starts, what runs finishes. `now`: what runs is ended as well.
 * `limit` counts settled tasks, or is a percentage of all of them.
 */
export type HaltRule =
  | { readonly when: 'never' }
  | {
      readonly when: 'soon' | 'now';
      readonly on: 'fail' | 'success';
      readonly limit: number;
      readonly unit: 'tasks' | 'percent';
    };

export const HALT_NEVER: HaltRule = { when: 'never' };

/** What a rule looks at; `total` is null as long as more tasks may come. */
export interface HaltTally {
  readonly failures: number;
  readonly successes: number;
  readonly total: number | null;
}

const RULE = /^(?<when>soon|now),(?<on>fail|success)=(?<limit>\d+)(?<percent>%?)$/;

/**
 * Reads `never` or `(soon|now),(fail|success)=(N|N%)`.
 *
 * @throws ProcctlError ERR_HALT for anything else, for N below 1 and for a percentage above 100
 */
export const parseHalt = (text: string): HaltRule => {
  if (text === 'never') return HALT_NEVER;
  const parts = RULE.exec(text)?.groups;
  if (parts === undefined) throw badRule('a halt rule is "never" or (soon|now),(fail|success)=(N|N%)', text);
  const limit = Number(parts.limit);
  const unit = parts.percent === '%' ? 'percent' : 'tasks';
  if (unit === 'percent' && (limit < 1 || limit > 100)) {
    throw badRule('the percentage of a halt rule goes from 1% to 100%', text);
  }
  if (limit < 1 || !Number.isSafeInteger(limit)) {
    throw badRule('the number of a halt rule is a whole number of at least 1', text);
  }
  return { when: parts.when as 'soon' | 'now', on: parts.on as 'fail' | 'success', limit, unit };
};

const badRule = (expected: string, got: string): ProcctlError =>
  new ProcctlError('ERR_HALT', `${expected}, got ${JSON.stringify(got)}`, {
    hint: 'for example soon,fail=1 (start nothing more after a failure), now,fail=20% or now,success=1',
  });

/** A percentage is reached only once the total is known; nothing is reached by no task at all. */
export const isHaltReached = (rule: HaltRule, tally: HaltTally): boolean => {
  if (rule.when === 'never') return false;
  const count = rule.on === 'fail' ? tally.failures : tally.successes;
  if (rule.unit === 'tasks') return count >= rule.limit;
  return tally.total !== null && count > 0 && count * 100 >= rule.limit * tally.total;
};
