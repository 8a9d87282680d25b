import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import { ProcctlError } from '../../../errors.ts';
import { parseLoad } from '../../../protocol/load-option.ts';
import { show } from '../../../protocol/show.ts';
import { parseSize } from '../../../protocol/size.ts';
import { checkedOption, durationOption, numberFrom } from '../../options.ts';

/** What keeps tasks from starting, and what is done to the machine while they run. */
export interface ControlFlags {
  /** From one start to the next, at the least, ms. */
  readonly delay: number;
  readonly nice: number;
  /** Threads that run or want to, from which on the machine is too busy. */
  readonly load: number | undefined;
  /** To be left free, bytes. */
  readonly memfree: number | undefined;
  /** That a task may use, bytes. */
  readonly memoryMax: number | undefined;
}

const parseMemory = (text: string): number => {
  const bytes = parseSize(text);
  if (bytes > 0) return bytes;
  throw new ProcctlError('ERR_USAGE', `expected a size above 0, such as "500M", got ${show(text)}`);
};

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
    )
    .addOption(
      new Option(
        '--load <n>',
        'start nothing new while so many threads run or want to: a number, or a share of the CPUs (80%) (default: not looked at)',
      ).argParser(checkedOption((text: string) => parseLoad(text, availableParallelism()))),
    )
    .addOption(
      new Option(
        '--memfree <size>',
        'start nothing new while less memory is free; below half of it end the youngest task, to run again (default: not looked at)',
      ).argParser(checkedOption(parseMemory)),
    )
    .addOption(
      new Option(
        '--memory-max <size>',
        'kill a task whose processes use more memory: it has failed (default: no limit)',
      ).argParser(checkedOption(parseMemory)),
    );
