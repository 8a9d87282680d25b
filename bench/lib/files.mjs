import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes the same tasks in every form that a tool may want, and names the files. */
export const writeTasks = (directory, name, { count, task, line }) => {
  const file = (extension) => join(directory, `${name}-${count}.${extension}`);
  writeFileSync(file('json'), JSON.stringify(Array(count).fill(task)));
  writeFileSync(file('txt'), `${line}\n`.repeat(count));
  return { json: file('json'), lines: file('txt') };
};
