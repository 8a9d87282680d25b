import { Command, CommanderError } from 'commander';
import { printable } from '../core/printable.ts';
import { EXIT } from '../errors.ts';
import { callerArguments } from '../runtime/caller-env.ts';
import { allCommands } from './commands.ts';
import { isOurs, tell } from './tell.ts';

declare const PROCCTL_VERSION: string;

/** One readable line for a mistake, whatever commander makes of it. */
const oneLine = (text: string): string =>
  `procctl: ${printable(
    text
      .trim()
      .replace(/^error: /, '')
      .replace(/\s*\n\s*/g, ' '),
  )}\n`;

const program = new Command('procctl')
  .description('Runs processes: services that must stay up, and batches that must finish.')
  .version(PROCCTL_VERSION, '-V, --version', 'print the version')
  .helpOption('-h, --help', 'show help')
  .helpCommand('help [command]', 'show help for a command')
  .showSuggestionAfterError(true)
  .enablePositionalOptions()
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
  return isOurs(error) ? error.exitStatus : EXIT.internal;
};

/** Runs the command that the arguments name; the exit status is that of the process then. */
export const runProgram = async (): Promise<void> => {
  let status: number = EXIT.done;
  const setStatus = (value: number): void => {
    status = value;
  };
  for (const command of allCommands(setStatus)) program.addCommand(inherit(command));
  try {
    await program.parseAsync(callerArguments(), { from: 'user' });
  } catch (error) {
    status = statusOf(error);
  }
  process.exitCode = status;
};

const inherit = (command: Command): Command => {
  command.copyInheritedSettings(program);
  for (const below of command.commands) inherit(below);
  return command;
};
