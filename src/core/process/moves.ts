/**
 * Every move the life of a supervised process can make. A process begins in `exited` (it has not run yet).
 *
 * `ready` is: a start was ordered, no pid is known yet. A process whose main program ended goes through `stopping` too:
 * what it left behind is ended before anything else happens.
 */
export const MOVES = {
  ready: {
    started: ['running'],
    startFailed: ['ready', 'waiting', 'failed'],
    exited: ['stopping'],
    stop: ['stopping'],
    restart: ['stopping'],
  },
  running: { exited: ['stopping'], stop: ['stopping'], restart: ['stopping'], pause: ['running'], resume: ['running'] },
  waiting: {
    due: ['ready'],
    start: ['ready'],
    restart: ['ready'],
    stop: ['exited'],
    pause: ['waiting'],
    resume: ['waiting', 'ready'],
  },
  stopping: {
    started: ['stopping'],
    startFailed: ['exited', 'ready'],
    exited: ['stopping', 'exited', 'ready'],
    cleared: ['stopping', 'exited', 'ready', 'waiting', 'failed'],
    start: ['stopping'],
    restart: ['stopping'],
    stop: ['stopping'],
  },
  exited: { start: ['ready'], restart: ['ready'], stop: ['exited'] },
  failed: { start: ['ready'], restart: ['ready'], stop: ['exited'] },
} as const satisfies Readonly<Record<StateTag, Readonly<Partial<Record<EventTag, readonly StateTag[]>>>>>;

export type StateTag = 'ready' | 'running' | 'waiting' | 'stopping' | 'exited' | 'failed';

export type EventTag =
  | 'start'
  | 'stop'
  | 'restart'
  | 'pause'
  | 'resume'
  | 'due'
  | 'started'
  | 'startFailed'
  | 'exited'
  | 'cleared';
