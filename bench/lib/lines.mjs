import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes the numbers from 1 to `count`, a line each, and names the file. */
export const writeNumbers = (directory, count) => {
  const file = join(directory, `numbers-${count}.txt`);
  writeFileSync(file, `${Array.from({ length: count }, (_, index) => index + 1).join('\n')}\n`);
  return file;
};

/** Whether the numbers from 1 to `count` stand in a file, as words, in whatever order: by how many there are, and what they add up to. */
export const checkNumbers = (file, count) => {
  const numbers = readFileSync(file, 'utf8').split(/\s+/).filter(Boolean).map(Number);
  const sum = numbers.reduce((total, number) => total + number, 0);
  if (numbers.length === count && sum === (count * (count + 1)) / 2) return;
  throw new Error(`${file}: ${numbers.length} of ${count} numbers have arrived, or others than were sent`);
};

/** Whether the numbers in a file add up to `total`. */
export const checkSum = (file, total) => {
  const sum = readFileSync(file, 'utf8')
    .split(/\s+/)
    .reduce((before, number) => before + Number(number), 0);
  if (sum !== total) throw new Error(`${file}: adds up to ${sum} instead of ${total}`);
};
