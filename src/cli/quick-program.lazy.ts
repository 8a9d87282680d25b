import type { Command as FullCommand } from 'commander';
import { EXIT } from '../errors.ts';
import { callerArguments } from '../runtime/caller-env.ts';
import { commandNamed } from './commands.ts';
import type { Command, Reading } from './quick/commander.ts';
import { isOurs, tell } from './tell.ts';

const read = (setStatus: (status: number) => void): Reading | undefined => {
  const [name = '', ...words] = callerArguments();
  try {
    const command: FullCommand | undefined = commandNamed(name, setStatus);
    // In this bundle it is one of ours: see quick/commander.ts.
    return (command as unknown as Command | undefined)?.read(words);
  } catch {
    return undefined;
  }
};

/**
 * Runs the command that the arguments name, if they are plainly right.
 *
 * @returns the exit status; undefined when the arguments are for commander, and nothing has been done
 */
export const runQuick = async (): Promise<number | undefined> => {
  let status: number = EXIT.done;
  const reading = read((value) => {
    status = value;
  });
  if (reading === undefined) return undefined;
  try {
    await reading.act();
    return status;
  } catch (error) {
    tell(error);
    return isOurs(error) ? error.exitStatus : EXIT.internal;
  }
};
