import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProcctlError } from '../../errors.ts';
import { guardDirectory } from '../host-guard.ts';

/** A longer path of a socket would be cut without a word: `sun_path` has 108 bytes, less on other systems. */
const MAX_PATH_BYTES = 100;
/** What `mkdtemp` and the name of the socket add. */
const OWN_BYTES = 32;

/** Memory, where the system offers it: positions and large items are written there many times a second. */
const places = (env: NodeJS.ProcessEnv): string[] =>
  ['/dev/shm', env.XDG_RUNTIME_DIR ?? '', tmpdir(), '/tmp'].filter(
    (place) => place.startsWith('/') && Buffer.byteLength(place) + OWN_BYTES <= MAX_PATH_BYTES,
  );

/**
 * A fresh directory of this process, for its user alone; it goes when the process does, however it ends.
 *
 * @throws ProcctlError ERR_RUNTIME when there is no place for one
 */
export const makeHostDirectory = (env: NodeJS.ProcessEnv): string => {
  let cause: unknown;
  for (const place of places(env)) {
    try {
      accessSync(place, constants.W_OK);
      const directory = mkdtempSync(join(place, 'procctl-q-'));
      guardDirectory(directory);
      process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
      return directory;
    } catch (error) {
      cause = error;
    }
  }
  throw new ProcctlError('ERR_RUNTIME', 'there is no directory for the socket of a queue', {
    hint: 'set TMPDIR to a directory that can be written to and has a short path',
    cause,
  });
};
