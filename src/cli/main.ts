import { constants } from 'node:os';
import { Command, CommanderError } from 'commander';
import { EXIT, exitStatusOfSignal, ProcctlError } from '../errors.ts';
import { poolCommand } from './pool.ts';
import { tell } from './tell.ts';

declare const PROCCTL_VERSION: string;

/** One readable line for a mistake, whatever commander makes of it. */
const oneLine = (text: string): string =>
  `procctl: ${text
    .trim()
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')}\n`;

const program = new Command('procctl')
  .description('Runs processes: batches that must finish, with exact exit codes and whole output.')
  .version(PROCCTL_VERSION, '-V, --version', 'print the version')
  .helpOption('-h, --help', 'show help')
  .helpCommand('help [command]', 'show help for a command')
  .showSuggestionAfterError(true)
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(oneLine(text)) })
  .addHelpText(
    'after',
    '\nExit status: 0 done, 1 something that was run failed, 2 wrong use or bad input,\n125 procctl itself failed, 128+n ended by signal n. See docs/exit-codes.md.',
  );

/** The exit status of a failure, after it has been told in one line. */
const statusOf = (error: unknown): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  tell(error);
  return error instanceof ProcctlError ? error.exitStatus : EXIT.internal;
};

const main = async (): Promise<void> => {
  let status: number = EXIT.done;
  const setStatus = (value: number): void => {
    status = value;
  };
  program.addCommand(poolCommand(setStatus).copyInheritedSettings(program));
  try {
    await program.parseAsync();
  } catch (error) {
    status = statusOf(error);
  }
  process.exitCode = status;
};

// A bug of ours is told like any other failure; what was started is ended by the guard.
process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
  // The reader of a help text went away, as `| head` does.
  if (error.code === 'EPIPE' && error.syscall === 'write') process.exit(exitStatusOfSignal(constants.signals.SIGPIPE));
  tell(error);
  process.exit(EXIT.internal);
});

void main();
