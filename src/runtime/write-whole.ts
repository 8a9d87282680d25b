import { writeSync } from 'node:fs';

/** Writes all of it where the descriptor stands. @throws the file system's error; a part may be written then */
export const writeWhole = (fd: number, bytes: Uint8Array): void => {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done);
};
