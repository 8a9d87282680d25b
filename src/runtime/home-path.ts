// Where things are, and nothing else: a command that starts quickly loads this, and node:os only if it has to.
import { isAbsolute, join } from 'node:path';

/** The kernel's limit for the path of a unix socket, the final NUL left out; Node cuts longer ones without a word. */
const MAX_SOCKET_PATH_BYTES = 107;

/** What the system knows, where the environment does not say it; of node:os. */
export interface SystemPaths {
  homedir(): string;
  tmpdir(): string;
}

/** `PROCCTL_HOME`, else `$XDG_STATE_HOME/procctl`, else `~/.local/state/procctl`. */
export const homePath = (env: NodeJS.ProcessEnv, { homedir }: SystemPaths): string => {
  const given = env.PROCCTL_HOME;
  if (given !== undefined && given !== '') {
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
export const socketPath = (home: string, env: NodeJS.ProcessEnv, { tmpdir }: SystemPaths): string => {
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
