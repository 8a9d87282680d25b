// The way in: loads no more than what this run needs, for starting is part of the work of a short command.
import { EXIT } from '../exit-status.ts';
import { quickPs } from './quick-ps.ts';
import { READER_GONE } from './reader-gone.ts';
import { isOurs, tell } from './tell.ts';
import { writeNow } from './write-now.ts';

declare const PROCCTL_VERSION: string;

// A bug of ours is told like any other failure; what was started is ended by the guard.
process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
  // The reader of a help text went away, as `| head` does.
  if (error.code === 'EPIPE' && error.syscall === 'write') process.exit(READER_GONE);
  tell(error);
  process.exit(EXIT.internal);
});

/** For a word that asks for nothing but the version, no definition of a command is needed. */
const quickVersion = (words: readonly string[]): (() => Promise<number>) | undefined =>
  words.length === 1 && (words[0] === '--version' || words[0] === '-V')
    ? async () => ((await writeNow(`${PROCCTL_VERSION}\n`)) ? EXIT.done : READER_GONE)
    : undefined;

/** Whether commander is needed for sure: the quick reading would be time lost. */
const asksForHelp = ([first = '-', ...words]: readonly string[]): boolean =>
  first.startsWith('-') || first === 'help' || words.includes('--help') || words.includes('-h');

/** @returns undefined when the words are for commander */
const runQuickly = async ([name]: readonly string[]): Promise<number | undefined> =>
  name === 'pool'
    ? (await import('./quick-pool.lazy.ts')).runQuickPool()
    : (await import('./quick-program.lazy.ts')).runQuickProgram();

const main = async (): Promise<void> => {
  const words = process.argv.slice(2);
  const quick = quickVersion(words) ?? quickPs(words);
  if (quick === undefined) {
    const status = asksForHelp(words) ? undefined : await runQuickly(words);
    if (status === undefined) return (await import('./program.lazy.ts')).runProgram();
    process.exitCode = status;
    return;
  }
  try {
    process.exitCode = await quick();
  } catch (error) {
    tell(error);
    process.exitCode = isOurs(error) ? error.exitStatus : EXIT.internal;
  }
};

void main();
