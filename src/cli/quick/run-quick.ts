import type { Command as FullCommand } from 'commander';
import { EXIT } from '../../errors.ts';
import { callerArguments } from '../../runtime/caller-env.ts';
import { isOurs, tell } from '../tell.ts';
import type { Command, Reading } from './commander.ts';

type SetStatus = (status: number) => void;

/** Makes the command of that name; undefined when it knows none. */
export type CommandNamed = (name: string, setStatus: SetStatus) => FullCommand | undefined;

const read = (commandNamed: CommandNamed, setStatus: SetStatus): Reading | undefined => {
  const [name = '', ...words] = callerArguments();
  try {
    const command = commandNamed(name, setStatus);
    // In these bundles it is one of ours: see commander.ts.
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
export const runQuick = async (commandNamed: CommandNamed): Promise<number | undefined> => {
  let status: number = EXIT.done;
  const reading = read(commandNamed, (value) => {
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
