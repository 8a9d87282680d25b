import type { ProcessDetails } from '../protocol/process-view.ts';
import { cut } from '../protocol/show.ts';
import { settingText, timeLeftText } from './amounts.ts';
import { lastWords } from './last-words.ts';
import { endText } from './process-state.ts';

type Facts = ProcessDetails;

const MAX_WORDS_CHARS = 200;

/** What a live process that is not executing waits for; what the kernel calls otherwise is passed on. */
const WAITS: Readonly<Record<string, string>> = {
  sleep: 'asleep until there is something to do',
  disk: 'blocked in the kernel, as by a disk or a network file system',
  stopped: 'frozen by a signal until SIGCONT',
  paused: 'paused until somebody resumes it',
  traced: 'held by a debugger',
};

/** `it exited with code 1`, `SIGSEGV ended it`, or that nobody knows. */
const endSentence = (facts: Facts): string => {
  if (facts.signal !== null) return `${facts.signal} ended it`;
  if (facts.exitCode !== null) return `it exited with code ${facts.exitCode}`;
  return 'nobody saw how it ended';
};

const isUp = ({ alive, state }: Facts): boolean => alive && state !== 'stopping';

const upSentence = (facts: Facts): string => {
  if (facts.state === 'running') return 'is up: running on a CPU';
  if (facts.state === 'ready') return 'is up: ready to run, and queued for a CPU';
  return `is up: ${WAITS[facts.reason ?? ''] ?? `waiting (${facts.reason ?? 'no reason known'})`}`;
};

const stoppingSentence = ({ reason, stopSignal, stopTimeoutMs }: Facts): string => {
  const why = reason === null ? '' : ` (${reason})`;
  return `is stopping${why}: it got ${stopSignal}, and gets SIGKILL ${settingText(stopTimeoutMs)} later`;
};

const heldBackSentence = (facts: Facts): string => {
  if (facts.reason === 'paused') {
    return `is down: ${endSentence(facts)}, restart ${facts.restarts + 1} is held until somebody resumes it`;
  }
  if (facts.reason !== 'backoff') return `is down: held back (${facts.reason ?? 'no reason known'})`;
  const due = facts.dueInMs === null ? 'is due' : `comes in ${timeLeftText(facts.dueInMs)}`;
  return `is down: ${endSentence(facts)}, restart ${facts.restarts + 1} ${due}`;
};

/** Why it is not started again, when it ended by itself. */
const noRestart = ({ restart, exitCode, okExitCodes }: Facts): string => {
  if (restart === 'no') return ', and is not to be restarted';
  const isOk = exitCode !== null && okExitCodes.includes(exitCode);
  return restart === 'on-failure' && isOk ? ', which is no failure, so it was not restarted' : '';
};

const exitedSentence = (facts: Facts): string => {
  const end = endText(facts) === null ? '' : `; ${endSentence(facts)}`;
  switch (facts.endedBy) {
    case 'stop':
      return `is down: it was told to stop${end}`;
    case 'shutdown':
      return `is down: it was ended together with the daemon${end}`;
    case 'reboot':
      return `is down: the machine went down or was started anew${end}`;
    default:
      return `is down: ${endSentence(facts)}${noRestart(facts)}`;
  }
};

const stateSentence = (facts: Facts): string => {
  if (isUp(facts)) return upSentence(facts);
  switch (facts.state) {
    case 'stopping':
      return stoppingSentence(facts);
    case 'failed':
      return `is down: ${endSentence(facts)}${facts.reason === null ? '' : `, ${facts.reason}`}`;
    case 'exited':
      return exitedSentence(facts);
    case 'waiting':
      return heldBackSentence(facts);
    default:
      return 'is about to be started';
  }
};

const portSentence = ({ port, pid, command }: NonNullable<Facts['portConflict']>): string => {
  const name = command === null ? '' : ` (${command})`;
  return `port ${port} is held by ${pid === null ? `another process${name}` : `pid ${pid}${name}`}`;
};

/**
 * The answer to "why is it down", or to "what is it waiting for", in one line of plain words:
 * `web is down: it exited with code 1, 5 restarts in 60s; last words on stderr: …; port 8080 is held by pid 4711 (nginx)`.
 * Text of the process is in it as it came.
 */
export const processHeadline = (facts: ProcessDetails): string => {
  const isTrouble = !isUp(facts) && facts.state !== 'stopping' && (facts.endedBy === null || facts.endedBy === 'self');
  const words = isTrouble && facts.exitCode !== 0 ? lastWords(facts.stderrTail) : undefined;
  return [
    `${facts.name} ${stateSentence(facts)}`,
    ...(words === undefined ? [] : [`last words on stderr: ${cut(words, MAX_WORDS_CHARS)}`]),
    ...(facts.portConflict === null ? [] : [portSentence(facts.portConflict)]),
  ].join('; ');
};
