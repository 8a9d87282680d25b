import { fstatSync, statSync } from 'node:fs';
import { askQuickly, type QuickAnswer } from '../client/quick-question.ts';
import type { Face, ProcessView } from '../protocol/process-view.ts';
import type { Results } from '../protocol/rpc.ts';
import { type RpcAnswer, requestLine } from '../protocol/rpc-message.ts';
import { homePath, socketPath } from '../runtime/home-path.ts';
import { wantsColour } from './colour.ts';

/** What a plain `ps` asks for. */
export interface QuickQuestion {
  readonly names: readonly string[];
  readonly face: Face;
  readonly wide: boolean;
  readonly headers: boolean;
}

/** All that is to be printed; or processes to print: those that were asked for, or all that there are. */
export type QuickList =
  | { readonly text: string }
  | { readonly chosen: readonly ProcessView[] }
  | { readonly all: readonly ProcessView[] };

/** Whether standard output may be a terminal. For `isatty`, Node would load its streams and sockets. */
const mayBeTerminal = (): boolean => {
  try {
    const output = fstatSync(1);
    return output.isCharacterDevice() && output.rdev !== statSync('/dev/null').rdev;
  } catch {
    return true;
  }
};

const isForPipe = ({ face }: QuickQuestion): boolean =>
  face !== 'table' || !(mayBeTerminal() || wantsColour('auto', process.env, false));

/** Whether the home can be believed: a daemon in somebody else's could say anything. */
const isOurs = (home: string): boolean => {
  try {
    const stat = statSync(home);
    return stat.isDirectory() && stat.uid === process.getuid?.();
  } catch {
    return false;
  }
};

/** What the daemon says; undefined: that it cannot, or nothing that can be understood. */
const resultOf = <R>(line: string): R | undefined => {
  try {
    return (JSON.parse(line) as RpcAnswer).result as R | undefined;
  } catch {
    return undefined;
  }
};

/** What a quick question does not ask the system for. */
const NOT_ASKED = (): never => {
  throw new Error('to be asked for in another way');
};

/** Where the daemon is, as far as the environment says it. */
const placesOf = (env: NodeJS.ProcessEnv): { readonly home: string; readonly socket: string } | undefined => {
  // As node:os has it, which takes longer to load than all of this to run.
  const { HOME } = env;
  const system = { homedir: HOME === undefined || HOME === '' ? NOT_ASKED : () => HOME, tmpdir: NOT_ASKED };
  try {
    const home = homePath(env, system);
    return { home, socket: socketPath(home, env, system) };
  } catch {
    return undefined;
  }
};

const listOtherwise = async (
  why: Exclude<QuickAnswer['tag'], 'answered'>,
  question: QuickQuestion,
): Promise<QuickList> => ({ all: await (await import('./list-otherwise.lazy.ts')).listOtherwise(why, question) });

/**
 * Asks the daemon for what a plain `ps` shows: for the text itself, where that goes to no terminal. Whatever cannot be had
 * quickly (from an older daemon; an error of any kind) is asked for as any other command would.
 */
export const listQuickly = async (question: QuickQuestion): Promise<QuickList> => {
  const places = placesOf(process.env);
  if (places === undefined) return listOtherwise('unknown', question);
  const isText = isForPipe(question);
  const line = isText
    ? requestLine(1, 'process.table', question)
    : requestLine(1, 'process.list', { wide: question.wide });
  const asked = askQuickly(places.socket, line);
  // The daemon is asked before anything else is done, and answers meanwhile.
  const isSafe = isOurs(places.home);
  const answer = await asked;
  if (answer.tag !== 'answered') return listOtherwise(answer.tag, question);
  const result = isSafe ? resultOf<Results['process.table']>(answer.line) : undefined;
  if (result === undefined) return listOtherwise('unknown', question);
  if ('text' in result) return result;
  return isText ? { chosen: result.processes } : { all: result.processes };
};
