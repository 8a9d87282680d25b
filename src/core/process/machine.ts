// The life of a supervised process: (life, event) to (life, effects). Every event about a run names it, so a late word of
// an earlier run changes nothing; an event that does not fit the state changes nothing either.
import { backoffDelay } from '../backoff.ts';
import {
  type EndedBy,
  type Life,
  type LifeEffect,
  type LifeEvent,
  type LifeStep,
  MAX_HISTORY,
  type MainProcess,
  type Next,
  type ProcessState,
} from './life.ts';
import type { Ending, ProcessOutcome } from './outcome.ts';
import type { ProcessPolicy } from './policy.ts';
import { addRestart } from './restart-limit.ts';

type Stopping = Extract<ProcessState, { tag: 'stopping' }>;
type Of<Tag extends LifeEvent['tag']> = Extract<LifeEvent, { tag: Tag }>;

const unchanged = (life: Life): LifeStep => ({ life, effects: [] });

/** A start by hand: back-off and limit begin anew. */
const startAnew = (life: Life): LifeStep => launch({ ...life, wanted: 'up', restarts: 0, streak: 0, recent: [] });

const launch = (life: Life): LifeStep => {
  const run = life.run + 1;
  return { life: { ...life, run, state: { tag: 'ready', run } }, effects: [{ tag: 'launch', run }] };
};

/** An automatic restart. */
const launchAgain = (life: Life): LifeStep => launch({ ...life, restarts: life.restarts + 1, streak: life.streak + 1 });

const rest = (life: Life, endedBy: EndedBy): LifeStep => ({
  life: { ...life, state: { tag: 'exited', endedBy } },
  effects: [],
});

const secondsOf = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);

const isSuccess = (outcome: ProcessOutcome, policy: ProcessPolicy): boolean =>
  outcome.kind === 'exited' && policy.okExitCodes.includes(outcome.exitCode);

/** What the restart policy makes of a run that ended by itself. */
const decide = (
  life: Life,
  policy: ProcessPolicy,
  ending: Pick<Ending, 'outcome' | 'uptimeMs'>,
  atMs: number,
): LifeStep => {
  const isWanted =
    policy.restart === 'always' || (policy.restart === 'on-failure' && !isSuccess(ending.outcome, policy));
  if (!isWanted) return rest(life, 'self');
  const wasStable = ending.uptimeMs !== null && ending.uptimeMs >= policy.stableAfterMs;
  return again(wasStable ? { ...life, streak: 0, recent: [] } : life, policy, atMs);
};

/** One more automatic start, now or later, unless there were too many. */
const again = (life: Life, policy: ProcessPolicy, atMs: number): LifeStep => {
  const { times, isExceeded } = addRestart(life.recent, atMs, policy.restartLimit);
  if (isExceeded) {
    const { max, withinMs } = policy.restartLimit;
    const why = `${max} restart${max === 1 ? '' : 's'} in ${secondsOf(withinMs)}`;
    return { life: { ...life, state: { tag: 'failed', why } }, effects: [{ tag: 'note', what: 'failed', why }] };
  }
  const delayMs = backoffDelay(life.streak, policy.backoff);
  const next: Life = { ...life, recent: times };
  const note: LifeEffect = { tag: 'note', what: 'restarting', afterMs: delayMs, restarts: life.restarts + 1 };
  if (delayMs === 0) {
    const { life: launched, effects } = launchAgain(next);
    return { life: launched, effects: [note, ...effects] };
  }
  return {
    life: { ...next, state: { tag: 'waiting', reason: 'backoff', dueMs: atMs + delayMs, delayMs } },
    effects: [note, { tag: 'wake', run: life.run, afterMs: delayMs }],
  };
};

/** Once the main program's end is known and nothing else is left, what was to come next comes. */
const settle = (life: Life, state: Stopping, policy: ProcessPolicy, atMs: number): LifeStep => {
  if (state.ending === null || !state.isCleared) return unchanged({ ...life, state });
  if (state.next.do === 'rest') return rest(life, state.next.endedBy);
  return state.next.do === 'start' ? startAnew(life) : decide(life, policy, state.ending, atMs);
};

const beginStopping = (life: Life, run: number, main: MainProcess | null, next: Next): LifeStep => ({
  life: { ...life, state: { tag: 'stopping', run, main, ending: null, isCleared: false, next } },
  effects: main === null ? [] : [{ tag: 'end', run, what: 'all' }],
});

const onStart = (life: Life): LifeStep => {
  const { state } = life;
  if (state.tag === 'ready' || state.tag === 'running') return unchanged({ ...life, wanted: 'up' });
  if (state.tag !== 'stopping') return startAnew(life);
  return unchanged({ ...life, wanted: 'up', state: { ...state, next: { do: 'start' } } });
};

const onRestart = (life: Life): LifeStep => {
  const { state } = life;
  const wanted: Life = { ...life, wanted: 'up' };
  if (state.tag === 'ready') return beginStopping(wanted, state.run, null, { do: 'start' });
  if (state.tag === 'running') return beginStopping(wanted, state.run, state.main, { do: 'start' });
  if (state.tag === 'stopping') return unchanged({ ...wanted, state: { ...state, next: { do: 'start' } } });
  return startAnew(life);
};

const onStop = (life: Life, endedBy: EndedBy): LifeStep => {
  const { state } = life;
  const wanted: Life = endedBy === 'stop' ? { ...life, wanted: 'down' } : life;
  const next: Next = { do: 'rest', endedBy };
  switch (state.tag) {
    case 'ready':
      return beginStopping(wanted, state.run, null, next);
    case 'running':
      return beginStopping(wanted, state.run, state.main, next);
    case 'stopping': {
      // The daemon's end takes nothing away from a stop by hand that is under way.
      const isByHand = state.next.do === 'rest' && state.next.endedBy === 'stop';
      return unchanged({ ...wanted, state: { ...state, next: isByHand ? state.next : next } });
    }
    case 'waiting':
    case 'failed':
      return endedBy === 'stop' || state.tag === 'waiting' ? rest(wanted, endedBy) : unchanged(wanted);
    case 'exited':
      // A stop by hand is the last word also on what the daemon or a reboot had ended.
      return endedBy === 'stop' && (state.endedBy === 'shutdown' || state.endedBy === 'reboot')
        ? rest(wanted, 'stop')
        : unchanged(wanted);
  }
};

const onDue = (life: Life, run: number): LifeStep => {
  const { state } = life;
  return state.tag === 'waiting' && state.reason === 'backoff' && life.run === run
    ? launchAgain(life)
    : unchanged(life);
};

const onPause = (life: Life): LifeStep => {
  const { state } = life;
  const note: LifeEffect = { tag: 'note', what: 'paused' };
  if (state.tag === 'running' && !state.isPaused) {
    const { run } = state;
    return { life: { ...life, state: { ...state, isPaused: true } }, effects: [{ tag: 'freeze', run }, note] };
  }
  if (state.tag === 'waiting' && state.reason !== 'paused') {
    return { life: { ...life, state: { ...state, reason: 'paused' } }, effects: [note] };
  }
  return unchanged(life);
};

/** What was left of a delay when it was paused has gone by meanwhile, or is still waited for. */
const onResume = (life: Life, atMs: number): LifeStep => {
  const { state } = life;
  const note: LifeEffect = { tag: 'note', what: 'resumed' };
  if (state.tag === 'running' && state.isPaused) {
    const { run } = state;
    return { life: { ...life, state: { ...state, isPaused: false } }, effects: [{ tag: 'thaw', run }, note] };
  }
  if (state.tag !== 'waiting' || state.reason !== 'paused') return unchanged(life);
  const afterMs = state.dueMs - atMs;
  if (afterMs > 0) {
    const wake: LifeEffect = { tag: 'wake', run: life.run, afterMs };
    return { life: { ...life, state: { ...state, reason: 'backoff' } }, effects: [note, wake] };
  }
  const { life: launched, effects } = launchAgain(life);
  return { life: launched, effects: [note, ...effects] };
};

const onStarted = (life: Life, { run, main }: Of<'started'>): LifeStep => {
  const { state } = life;
  if (state.tag === 'ready' && state.run === run) {
    return unchanged({ ...life, state: { tag: 'running', run, main, isPaused: false } });
  }
  if (state.tag === 'stopping' && state.run === run && state.main === null && state.ending === null) {
    return { life: { ...life, state: { ...state, main } }, effects: [{ tag: 'end', run, what: 'all' }] };
  }
  return unchanged(life);
};

const onStartFailed = (life: Life, policy: ProcessPolicy, { run, why, atMs }: Of<'startFailed'>): LifeStep => {
  const { state } = life;
  if (state.tag === 'ready' && state.run === run) {
    if (policy.restart !== 'no' && life.wanted === 'up') return again(life, policy, atMs);
    return { life: { ...life, state: { tag: 'failed', why } }, effects: [{ tag: 'note', what: 'failed', why }] };
  }
  if (state.tag === 'stopping' && state.run === run && state.main === null && state.ending === null) {
    return state.next.do === 'rest' ? rest(life, state.next.endedBy) : startAnew(life);
  }
  return unchanged(life);
};

const onExited = (life: Life, policy: ProcessPolicy, { run, outcome, at, atMs }: Of<'exited'>): LifeStep => {
  const { state } = life;
  const isReady = state.tag === 'ready' && state.run === run;
  const isRunning = state.tag === 'running' && state.run === run;
  const isStopping = state.tag === 'stopping' && state.run === run && state.ending === null;
  if (!isReady && !isRunning && !isStopping) return unchanged(life);
  const main = state.tag === 'ready' ? null : state.main;
  const ending: Ending = {
    run,
    pid: main?.pid ?? null,
    outcome,
    startedAt: main?.startedAt ?? at ?? 0,
    exitedAt: at,
    uptimeMs: main === null || at === null ? null : Math.max(0, atMs - main.startedMs),
  };
  const ended: Life = { ...life, history: [ending, ...life.history].slice(0, MAX_HISTORY) };
  const note: LifeEffect = { tag: 'note', what: 'exited', ending };
  if (isStopping) {
    const step = settle(ended, { ...state, ending }, policy, atMs);
    // A stop that came before the start was reported has not ended anything yet.
    const effects: LifeEffect[] = state.main === null ? [{ tag: 'end', run, what: 'rest' }] : [];
    return { life: step.life, effects: [note, ...effects, ...step.effects] };
  }
  return {
    life: { ...ended, state: { tag: 'stopping', run, main, ending, isCleared: false, next: { do: 'decide' } } },
    effects: [note, { tag: 'end', run, what: 'rest' }],
  };
};

const onCleared = (life: Life, policy: ProcessPolicy, { run, atMs }: Of<'cleared'>): LifeStep => {
  const { state } = life;
  if (state.tag !== 'stopping' || state.run !== run || state.isCleared) return unchanged(life);
  return settle(life, { ...state, isCleared: true }, policy, atMs);
};

/** What an event makes of a life, and what has to be done about it. Never throws. */
export const step = (life: Life, policy: ProcessPolicy, event: LifeEvent): LifeStep => {
  switch (event.tag) {
    case 'start':
      return onStart(life);
    case 'restart':
      return onRestart(life);
    case 'stop':
      return onStop(life, event.endedBy);
    case 'due':
      return onDue(life, event.run);
    case 'pause':
      return onPause(life);
    case 'resume':
      return onResume(life, event.atMs);
    case 'started':
      return onStarted(life, event);
    case 'startFailed':
      return onStartFailed(life, policy, event);
    case 'exited':
      return onExited(life, policy, event);
    case 'cleared':
      return onCleared(life, policy, event);
  }
};
