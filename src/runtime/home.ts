import { chmodSync, lstatSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProcctlError } from '../errors.ts';
import { showFile } from '../protocol/show.ts';
import { homePath, socketPath } from './home-path.ts';
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

/** @throws ProcctlError ERR_HOME for a path that cannot be one */
export const locateHome = (env: NodeJS.ProcessEnv = process.env): Home => {
  if (env.PROCCTL_HOME?.includes('\0')) throw new ProcctlError('ERR_HOME', 'PROCCTL_HOME has a NUL character');
  const path = homePath(env, { homedir, tmpdir });
  return {
    path,
    processes: join(path, 'processes'),
    events: join(path, 'events'),
    batches: join(path, 'batches'),
    socket: socketPath(path, env, { homedir, tmpdir }),
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
