import { type Command, Option } from 'commander';
import { durationOption, numberFrom } from '../../options.ts';

/** What keeps tasks from starting, and what is done to the machine while they run. */
export interface ControlFlags {
  /** From one start to the next, at the least, ms. */
  readonly delay: number;
  readonly nice: number;
}

export const addControlOptions = (command: Command): Command =>
  command
    .optionsGroup('The machine:')
    .addOption(
      new Option('--delay <duration>', 'at least so long from one start to the next')
        .argParser(durationOption)
        .default(0),
    )
    .addOption(
      new Option('--nice <n>', 'niceness of tasks, from -20 (below 0: root only) to 19')
        .argParser(numberFrom(-20, 19))
        .default(0),
    );
