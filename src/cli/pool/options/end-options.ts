import { type Command, Option } from 'commander';
import { type HaltRule, parseHalt } from '../../../core/pool/halt.ts';
import { checkedOption, durationOption, wholeNumberOption } from '../../options.ts';

/** When a task has to end, when it is tried again, and when the whole pool stops. */
export interface EndFlags {
  readonly timeout: number;
  readonly stopTimeout: number;
  readonly retries: number;
  readonly halt: HaltRule;
}

export const addEndOptions = (command: Command): Command =>
  command
    .optionsGroup('Limits, failures:')
    .addOption(
      new Option('--timeout <duration>', 'end a task that takes longer: 30s, 1.5m, 300ms; a bare number is seconds')
        .argParser(durationOption)
        .default(0, '0: none'),
    )
    .addOption(
      new Option('--stop-timeout <duration>', 'from TERM to KILL, for a task that has to end')
        .argParser(durationOption)
        .default(5000, '5s'),
    )
    .addOption(new Option('--retries <n>', 'extra tries for a task that fails').argParser(wholeNumberOption).default(0))
    .addOption(
      new Option(
        '--halt <rule>',
        'when to stop early: never, or soon|now,fail|success=N or N% (soon: start no more; now: end what runs too)',
      )
        .argParser(checkedOption(parseHalt))
        .default(parseHalt('never'), 'never'),
    );
