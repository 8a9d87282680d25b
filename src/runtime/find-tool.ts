import { accessSync, constants } from 'node:fs';

const DIRECTORIES = ['/usr/bin', '/bin', '/usr/local/bin', '/usr/sbin', '/sbin'];

/** Path of a program that every system has, whatever PATH says; what is missing fails when it is needed, under its own name. */
export const findTool = (name: string): string => {
  const path = DIRECTORIES.map((directory) => `${directory}/${name}`).find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  return path ?? name;
};
