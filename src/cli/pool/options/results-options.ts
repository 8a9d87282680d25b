import { type Command, Option } from 'commander';
import { parseResultsTarget, type ResultsTarget } from '../../../protocol/results/results-target.ts';
import { checkedOption } from '../../options.ts';

/** What is kept of tasks, and told of them at the end. */
export interface ResultsFlags {
  readonly results?: ResultsTarget;
  readonly summary: boolean;
}

export const addResultsOptions = (command: Command): Command =>
  command
    .optionsGroup('Results:')
    .addOption(
      new Option(
        '--results <path>',
        'keep what tasks write, beside showing it: in a folder for each task below a directory; or, by the ending, ' +
          'as rows of a .csv file or lines of an .ndjson (.jsonl) file (default: not kept)',
      ).argParser(checkedOption(parseResultsTarget)),
    )
    .option(
      '--summary',
      'at the end on standard error: how time was spent, the slowest tasks, and the failed ones with their last words',
      false,
    );
