import { LogReader } from './log-reader.ts';

/** The last lines of standard error of a process, oldest first. @param directory of its logs */
export const lastErrorLines = (directory: string, count = 20): string[] => {
  const reader = new LogReader(directory, { lines: count, since: null, streams: new Set(['stderr'] as const) });
  try {
    return [...reader.linesNow(), ...reader.openLines()].map(({ text }) => text.toString('utf8')).slice(-count);
  } finally {
    reader.close();
  }
};
