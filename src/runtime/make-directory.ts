import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a directory, with what is missing of its path. Node's own way of making parents (20.19) never ends where there is a
 * directory that takes none, as below /proc.
 *
 * @param path absolute, or relative to the current directory
 * @param mode of all that is made; absent: what the umask leaves
 * @throws the system's error
 */
export const makeDirectory = (path: string, mode?: number): void => {
  const parent = dirname(path);
  if (!existsSync(parent)) makeDirectory(parent, mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Somebody else may have made it at the same moment.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
};
