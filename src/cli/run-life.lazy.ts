import { constants } from 'node:os';
import { DaemonClient } from '../client/daemon-client.ts';
import { EXIT } from '../errors.ts';
import { jsonArray } from '../protocol/json-lines.ts';
import type { Done, Waited } from '../protocol/rpc.ts';
import { parseSignal } from '../protocol/signal-name.ts';
import { homeExists, locateHome } from '../runtime/home.ts';
import { asError, countOf } from './done.ts';
import { statusOfEnd } from './end-status.ts';
import { isOurs, say, tell } from './tell.ts';
import { READER_GONE, writeStdout } from './write-stdout.ts';

export interface LifeFlags {
  readonly json: boolean;
  readonly now?: boolean;
}

export interface WaitFlags {
  readonly json: boolean;
  /** Ms; 0: none. */
  readonly timeout: number;
}

const home = locateHome();
const client = new DaemonClient({ home, tell: say });

/**
 * Names are looked up without starting a daemon first: one that nobody has is no reason to start it.
 *
 * @returns whether there is anything to do: `all` may be nothing
 * @throws ProcctlError ERR_NO_PROCESS
 */
const checkNames = async (names: readonly string[]): Promise<boolean> => {
  if ((await client.ask('daemon.status', {})) !== undefined) return true;
  const { selectOffline, selectProcesses } = await import('./offline.lazy.ts');
  return (homeExists(home) ? selectOffline(home, names) : selectProcesses([], names)).length > 0;
};

const VERBS = {
  stop: 'stopped',
  rm: 'removed',
  signal: 'signalled',
  pause: 'paused',
  resume: 'resumed',
} as const;

const lineOf = (verb: keyof typeof VERBS | 'start' | 'restart', { name, id, pid }: Done): string =>
  verb === 'start' || verb === 'restart' ? `${name} id=${id} pid=${pid ?? '-'}` : `${name} ${VERBS[verb]}`;

/** Says what was done, and what was not; resolves to the exit status. */
const report = async (
  verb: keyof typeof VERBS | 'start' | 'restart',
  done: readonly Done[],
  flags: LifeFlags,
): Promise<number> => {
  const fine = done.filter(({ problem }) => problem === null);
  const text = flags.json ? jsonArray(done) : fine.map((one) => `${lineOf(verb, one)}\n`).join('');
  const isRead = text === '' || (await writeStdout(text));
  let status: number = EXIT.done;
  for (const { name, killed, problem } of done) {
    if (killed > 0 && (verb === 'stop' || verb === 'restart' || verb === 'rm')) {
      say(`${name}: had to kill ${countOf(killed)} that did not end in time`);
    }
    if (problem === null) continue;
    const error = asError(problem);
    tell(error);
    if (status === EXIT.done) status = error.exitStatus;
  }
  return status === EXIT.done && !isRead ? READER_GONE : status;
};

/** `start`, `stop`, `restart`, `rm`, `pause` and `resume`. */
export const runLife = async (
  verb: 'start' | 'stop' | 'restart' | 'rm' | 'pause' | 'resume',
  names: readonly string[],
  flags: LifeFlags,
): Promise<number> => {
  try {
    if (!(await checkNames(names))) return await report(verb, [], flags);
    const params = { names: [...names] };
    const now = flags.now === true;
    if (verb === 'start' || verb === 'restart' || verb === 'pause' || verb === 'resume') {
      const { done } = await client.command(`process.${verb}`, params);
      return await report(verb, done, flags);
    }
    if (verb === 'stop') {
      const { done } = await client.command('process.stop', { ...params, now });
      return await report(verb, done, flags);
    }
    // The daemon that removed them may have been killed before it could say so.
    const ifRepeated = (error: unknown) =>
      isOurs(error) && error.code === 'ERR_NO_PROCESS' ? { done: [] } : undefined;
    const { done } = await client.command('process.remove', { ...params, now }, { ifRepeated });
    return await report(verb, done, flags);
  } finally {
    client.close();
  }
};

/** `signal SIG names…`; the other order is understood too. */
export const runSignal = async (
  first: string,
  rest: readonly string[],
  flags: LifeFlags & { readonly tree: boolean },
): Promise<number> => {
  const words = [first, ...rest];
  const isSignal = (word: string): boolean => {
    try {
      parseSignal(word, constants.signals);
      return true;
    } catch {
      return false;
    }
  };
  const isReversed = !isSignal(first) && isSignal(words.at(-1) as string);
  const signal = parseSignal(isReversed ? (words.at(-1) as string) : first, constants.signals);
  const names = isReversed ? words.slice(0, -1) : rest;
  try {
    if (!(await checkNames(names))) return await report('signal', [], flags);
    const { done } = await client.command('process.signal', { names: [...names], signal, tree: flags.tree });
    return await report('signal', done, flags);
  } finally {
    client.close();
  }
};

export const runWait = async (names: readonly string[], flags: WaitFlags): Promise<number> => {
  try {
    if (!(await checkNames(names))) return EXIT.done;
    const timeoutMs = flags.timeout === 0 ? null : flags.timeout;
    const { ended } = await client.command('process.wait', { names: [...names], timeoutMs });
    const text = flags.json ? jsonArray(ended) : ended.map((one) => `${one.name} ${endText(one)}\n`).join('');
    await writeStdout(text);
    return ended.map(statusOfEnd).find((status) => status !== EXIT.done) ?? EXIT.done;
  } finally {
    client.close();
  }
};

const endText = ({ exitCode, signal, reason }: Waited): string => {
  const how = exitCode === null ? (signal ?? 'unknown') : String(exitCode);
  return reason === null ? `exited (${how})` : `exited (${how}): ${reason}`;
};
