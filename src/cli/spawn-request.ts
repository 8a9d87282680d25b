// From the words and options of `procctl spawn` to a request that leaves nothing open: whatever can be found out
// before the daemon is asked is found out here.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path/posix';
import { printable } from '../core/printable.ts';
import { defaultNameOf, instanceNames } from '../core/process/name.ts';
import { ProcctlError } from '../errors.ts';
import { encodeBytes } from '../protocol/bytes.ts';
import { nameOfCommand } from '../protocol/command-name.ts';
import { parseEnvFile } from '../protocol/env-option.ts';
import type { SpawnRequest } from '../protocol/process-spec.ts';
import { showFile } from '../protocol/show.ts';
import { callerDirectory, callerEnv } from '../runtime/caller-env.ts';
import { planInvocation } from '../runtime/interpreter.ts';
import { type NodeFacts, thisNode } from '../runtime/typescript.ts';
import { findUser, type UserIdentity } from '../runtime/user.ts';
import type { SpawnFlags } from './spawn-flags.ts';
import { say } from './tell.ts';

/** Where a request is made: the caller's side of it. */
export interface Caller {
  readonly env: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly directory: string;
  readonly isRoot: boolean;
  readonly node: NodeFacts;
  readonly findUser: (text: string) => UserIdentity;
  /** Says one line on standard error. */
  readonly say: (line: string) => void;
}

const thisCaller = (): Caller => ({
  env: callerEnv(),
  directory: callerDirectory(),
  isRoot: process.getuid?.() === 0,
  node: thisNode(),
  findUser,
  say,
});

const usage = (message: string, hint?: string): ProcctlError =>
  new ProcctlError('ERR_USAGE', message, hint === undefined ? {} : { hint });

const checkCombination = (words: readonly string[], flags: SpawnFlags, isRoot: boolean): void => {
  if (flags.shell && words.length > 1) {
    throw usage(`--shell takes one argument, the whole line, got ${words.length}`, 'put the line in quotes');
  }
  if (flags.shell && flags.interpreter !== null) throw usage('--shell is for /bin/sh and takes no --interpreter');
  if (flags.attach && (flags.instances ?? 1) > 1)
    throw usage('--attach is for one process, not for several --instances');
  if (flags.user !== null && !isRoot) throw usage('--user: only root can run a process as somebody else');
  if ((flags.nice ?? 0) < 0 && !isRoot) throw usage('--nice: only root can go below 0');
};

const readEnvFile = (file: string, directory: string): Map<string, string> => {
  let bytes: Buffer;
  try {
    bytes = readFileSync(encodeBytes(resolve(directory, file)));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const why = { ENOENT: 'no such file', EACCES: 'permission denied', EISDIR: 'is a directory' }[code ?? ''] ?? code;
    throw new ProcctlError('ERR_INPUT', `${showFile(file)}: ${why}`, { cause });
  }
  return parseEnvFile(bytes, file);
};

/** Later words win: the caller's environment, who it runs as, where, the files, `-e`. */
const makeEnv = (
  flags: SpawnFlags,
  caller: Caller,
  { user, cwd }: { readonly user: UserIdentity | null; readonly cwd: string },
): Record<string, string> => {
  const isKept = (name: string): boolean => !flags.clearEnv || name === 'PATH';
  const env = new Map(Object.entries(caller.env).filter(([name]) => isKept(name)));
  if (user !== null) {
    for (const name of ['USER', 'LOGNAME']) env.set(name, user.name);
    if (user.home !== null) env.set('HOME', user.home);
  }
  if (flags.cwd !== null && !flags.clearEnv) env.set('PWD', cwd);
  for (const file of flags.envFile) {
    for (const [name, value] of readEnvFile(file, caller.directory)) env.set(name, value);
  }
  for (const { name, value } of flags.env) {
    const own = Object.hasOwn(caller.env, name) ? caller.env[name] : undefined;
    const given = value ?? own;
    if (given === undefined) {
      throw usage(`-e ${printable(name)}: there is no such variable here`, 'write NAME=value to set one');
    }
    env.set(name, given);
  }
  return Object.fromEntries(env);
};

/** What a shell line is named after: its first word that is a command. */
export const commandOfLine = (line: string): string =>
  line.split(/\s+/).find((word) => word !== '' && word !== 'exec' && !/^[A-Za-z_]\w*=/.test(word)) ?? '';

/**
 * Makes the request for `procctl spawn [flags] <words...>`.
 *
 * @param words the script or command and its arguments; at least one
 * @throws ProcctlError ERR_USAGE for options that do not go together, ERR_INPUT for an env file, ERR_NAME for a name too
 *   long to be numbered; ERR_NOT_FOUND, ERR_NOT_EXECUTABLE and ERR_CWD for what cannot be run
 */
export const makeSpawnRequest = async (
  words: readonly string[],
  flags: SpawnFlags,
  caller: Caller = thisCaller(),
): Promise<SpawnRequest> => {
  const [word = '', ...args] = words;
  checkCombination(words, flags, caller.isRoot);
  const user = flags.user === null ? null : caller.findUser(flags.user);
  const cwd = flags.cwd === null ? caller.directory : resolve(caller.directory, flags.cwd);
  const env = makeEnv(flags, caller, { user, cwd });
  const { shell: isShellLine, interpreter } = flags;
  const searchPath = env.PATH ?? '/usr/bin:/bin';
  const invocation = planInvocation({ word, args, isShellLine, interpreter, cwd, searchPath, node: caller.node });
  if (flags.name !== null && flags.instances !== null) instanceNames(flags.name, flags.instances);
  if (invocation.note !== null) caller.say(invocation.note);
  return {
    name: flags.name,
    defaultName: defaultNameOf(isShellLine ? commandOfLine(word) : word),
    instances: flags.instances,
    argv: invocation.argv,
    command: nameOfCommand(isShellLine ? { kind: 'shell', line: word } : { kind: 'argv', argv: [word, ...args] }),
    cwd,
    env,
    policy: {
      restart: flags.restart ?? (flags.attach ? 'no' : 'on-failure'),
      okExitCodes: flags.okExitCodes,
      restartLimit: { max: flags.maxRestarts === 'unlimited' ? null : flags.maxRestarts, withinMs: flags.within },
      backoff: flags.backoff,
      stableAfterMs: flags.stableAfter,
    },
    stopSignal: flags.stopSignal,
    stopTimeoutMs: flags.stopTimeout,
    logMaxBytes: flags.logMaxSize,
    logKeep: flags.logKeep,
    nice: flags.nice,
    limits: flags.limit,
    umask: flags.umask,
    user: user === null ? null : { name: user.name, uid: user.uid, gid: user.gid },
    boot: flags.boot,
  };
};
