import { Chalk } from 'chalk';
import stringWidth from 'string-width';
import { printable } from '../core/printable.ts';

/** Red is for what is wrong, white and black for one background only. */
const COLOURS = ['cyan', 'yellow', 'green', 'magenta', 'blue'] as const;

/** `name | `, as wide as the widest on a terminal, each process in a colour of its own while there are any. */
export const paintedPrefixes = (names: readonly string[], colour: boolean): string[] => {
  const chalk = new Chalk({ level: colour ? 1 : 0 });
  const shown = names.map(printable);
  const widths = shown.map((name) => stringWidth(name));
  const width = Math.max(0, ...widths);
  return shown.map((name, index) => {
    const paint = chalk[COLOURS[index % COLOURS.length] ?? 'cyan'];
    return `${paint(`${name}${' '.repeat(width - (widths[index] ?? 0))} |`)} `;
  });
};
