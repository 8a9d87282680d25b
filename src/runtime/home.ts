import { chmodSync, lstatSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { ProcctlError } from '../errors.ts';
import { showFile } from '../protocol/show.ts';
import { makeDirectory } from './make-directory.ts';

/** Where everything of one daemon is kept. */
export interface Home {
  readonly path: string;
  /** A directory for each process, named by its id. */
  readonly processes: string;
  readonly events: string;
  /** A directory for the input of each batch, named at random. */
  readonly batches: string;
  /** Short enough for the kernel, wherever the home is. */
  readonly socket: string;
  readonly daemonLog: string;
}

/** The kernel's limit for the path of a unix socket, the final NUL left out; Node cuts longer ones without a word. */
const MAX_SOCKET_PATH_BYTES = 107;

/** `PROCCTL_HOME`, else `$XDG_STATE_HOME/procctl`, else `~/.local/state/procctl`. */
const homePath = (env: NodeJS.ProcessEnv): string => {
  const given = env.PROCCTL_HOME;
  if (given !== undefined && given !== '') {
    if (given.includes('\0')) throw new ProcctlError('ERR_HOME', 'PROCCTL_HOME has a NUL character');
    return isAbsolute(given) ? given.replace(/(.)\/+$/, '$1') : join(process.cwd(), given);
  }
  const state = env.XDG_STATE_HOME;
  return join(state !== undefined && isAbsolute(state) ? state : join(homedir(), '.local', 'state'), 'procctl');
};

/** FNV-1a, 64 bits, in hex: names are to differ, not to be secret, and a library of ciphers takes long to load. */
const hashOf = (text: string): string => {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
};

/** Beside the home if that is short enough, else under the runtime directory, by a hash of the home's path. */
const socketPath = (home: string, env: NodeJS.ProcessEnv): string => {
  const beside = join(home, 'daemon.sock');
  if (Buffer.byteLength(beside) <= MAX_SOCKET_PATH_BYTES) return beside;
  const runtime = env.XDG_RUNTIME_DIR;
  const uid = process.getuid?.() ?? 0;
  const usable = runtime !== undefined && isAbsolute(runtime) && Buffer.byteLength(runtime) < 60;
  const parent = usable
    ? join(runtime, 'procctl')
    : join(Buffer.byteLength(tmpdir()) < 60 ? tmpdir() : '/tmp', `procctl-${uid}`);
  return join(parent, `${hashOf(home)}.sock`);
};

export const locateHome = (env: NodeJS.ProcessEnv = process.env): Home => {
  const path = homePath(env);
  return {
    path,
    processes: join(path, 'processes'),
    events: join(path, 'events'),
    batches: join(path, 'batches'),
    socket: socketPath(path, env),
    daemonLog: join(path, 'daemon.log'),
  };
};

const reasonOf = (error: unknown): string => (error as Error).message.replace(/^\w+: |, .*$/g, '');

const wrong = (home: Home, what: string, hint: string, cause?: unknown): ProcctlError =>
  new ProcctlError('ERR_HOME', `home ${showFile(home.path)}: ${what}`, { hint, cause });

const ELSEWHERE = 'set PROCCTL_HOME to a directory of your own';

/**
 * Whether the home is there, and ours.
 *
 * @throws ProcctlError ERR_HOME when it is somebody else's, no directory, or cannot be looked at
 */
export const homeExists = (home: Home): boolean => {
  let stat: ReturnType<typeof statSync>;
  try {
    stat = statSync(home.path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw wrong(home, reasonOf(error), ELSEWHERE, error);
  }
  if (!stat.isDirectory()) throw wrong(home, 'not a directory', ELSEWHERE);
  const uid = process.getuid?.();
  if (uid !== undefined && stat.uid !== uid)
    throw wrong(home, `belongs to user ${stat.uid}, not to you (${uid})`, ELSEWHERE);
  return true;
};

/** Written into a home, so that a later version knows what it finds. */
const FORMAT = 1;

/**
 * Makes the home, or makes sure that it is ours and private.
 *
 * @throws ProcctlError ERR_HOME when it is somebody else's, cannot be written, or was made by a newer version
 */
export const openHome = (home: Home): void => {
  try {
    if (!homeExists(home)) makeDirectory(home.path, 0o700);
    if ((statSync(home.path).mode & 0o077) !== 0) chmodSync(home.path, 0o700);
    mkdirSync(home.processes, { recursive: true, mode: 0o700 });
    mkdirSync(home.events, { recursive: true, mode: 0o700 });
  } catch (error) {
    if (error instanceof ProcctlError) throw error;
    throw wrong(home, reasonOf(error), ELSEWHERE, error);
  }
  checkFormat(home);
  openSocketDirectory(home);
};

const checkFormat = (home: Home): void => {
  const file = join(home.path, 'format');
  try {
    writeFileSync(file, `${FORMAT}\n`, { flag: 'wx', mode: 0o600 });
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      // A full disk is no reason not to look after what runs.
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return;
      throw wrong(home, reasonOf(error), ELSEWHERE, error);
    }
  }
  const found = readFileSync(file, 'utf8').trim();
  if (/^\d+$/.test(found) && Number(found) > FORMAT) {
    throw wrong(
      home,
      `was made by a newer version of procctl (format ${found})`,
      'update procctl, or set PROCCTL_HOME',
    );
  }
};

const openSocketDirectory = (home: Home): void => {
  const directory = join(home.socket, '..');
  if (directory === home.path) return;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const stat = lstatSync(directory);
    // In /tmp, somebody else could have put a directory of this name there first.
    if (!stat.isDirectory() || stat.uid !== process.getuid?.() || (stat.mode & 0o077) !== 0) {
      throw new Error(`${directory} is not a private directory of yours`);
    }
  } catch (error) {
    throw wrong(home, `no place for its socket: ${reasonOf(error)}`, 'set PROCCTL_HOME to a shorter path', error);
  }
};
