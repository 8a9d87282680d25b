import type { ProcessView, ShownState } from '../protocol/process-view.ts';
import { timeLeftText } from './amounts.ts';

/** The states in the order of a life. */
export const SHOWN_STATES = [
  'running',
  'ready',
  'waiting',
  'stopping',
  'exited',
  'failed',
] as const satisfies readonly ShownState[];

type StateFacts = Pick<ProcessView, 'state' | 'reason' | 'dueInMs' | 'exitCode' | 'signal' | 'endedBy'>;

/** How the last run ended, `0` or `SIGSEGV`; null when nobody knows, or when there was none. */
export const endText = ({ exitCode, signal }: Pick<ProcessView, 'exitCode' | 'signal'>): string | null =>
  signal ?? (exitCode === null ? null : String(exitCode));

/** How it ended; and what ended it, when that was neither itself nor a `stop`. */
const exitedReason = (facts: StateFacts): string | null => {
  const how = facts.reason ?? endText(facts);
  const by = facts.endedBy === 'shutdown' || facts.endedBy === 'reboot' ? facts.endedBy : null;
  if (by === null) return how;
  return how === null || how === 'unknown' || how === by ? by : `${how}, ${by}`;
};

/** What stands behind the state, in brackets: `sleep`, `backoff 4s`, `SIGSEGV`; null when the state says it all. */
export const reasonText = (facts: StateFacts): string | null => {
  if (facts.state === 'exited') return exitedReason(facts);
  const { reason, dueInMs } = facts;
  return reason === null || dueInMs === null ? reason : `${reason} ${timeLeftText(dueInMs)}`;
};

/** The state with its reason: `running`, `waiting (backoff 4s)`, `exited (SIGSEGV)`, `failed (5 restarts in 60s)`. */
export const stateText = (facts: StateFacts): string => {
  const reason = reasonText(facts);
  return reason === null ? facts.state : `${facts.state} (${reason})`;
};

/**
 * What a state means to the one who looks after the process: it works (`busy`), waits for work (`idle`), is between two
 * states or held up (`pending`), has done what it should (`over`), or needs help (`bad`).
 */
export type StateTone = 'busy' | 'idle' | 'pending' | 'over' | 'bad';

export const stateTone = (facts: StateFacts & Pick<ProcessView, 'alive'>): StateTone => {
  switch (facts.state) {
    case 'running':
      return 'busy';
    case 'ready':
      return facts.alive ? 'busy' : 'pending';
    case 'waiting':
      return facts.alive && (facts.reason === 'sleep' || facts.reason === 'disk') ? 'idle' : 'pending';
    case 'stopping':
      return 'pending';
    case 'failed':
      return 'bad';
    case 'exited':
      if (facts.endedBy === 'shutdown' || facts.endedBy === 'reboot') return 'pending';
      return facts.endedBy === 'stop' || facts.exitCode === 0 ? 'over' : 'bad';
  }
};
