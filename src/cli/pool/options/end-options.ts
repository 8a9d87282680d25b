import { constants } from 'node:os';
import { type Command, Option } from 'commander';
import type { Backoff } from '../../../core/backoff.ts';
import { type HaltRule, parseHalt } from '../../../core/pool/halt.ts';
import type { TermSequence } from '../../../core/pool/term-sequence.ts';
import type { TimeLimit } from '../../../core/pool/time-limit.ts';
import { parseBackoff } from '../../../protocol/backoff.ts';
import { parseTermSequence } from '../../../protocol/term-sequence-option.ts';
import { parseTimeLimit } from '../../../protocol/time-limit-option.ts';
import { checkedOption, durationOption, wholeNumberOption } from '../../options.ts';

/** When a task has to end, when it is tried again, and when the whole pool stops. */
export interface EndFlags {
  readonly timeout: TimeLimit;
  /** ms */
  readonly stopTimeout: number;
  /** Instead of `stopTimeout`. */
  readonly termSeq: TermSequence | undefined;
  readonly retries: number;
  readonly retryDelay: Backoff;
  readonly halt: HaltRule;
}

export const addEndOptions = (command: Command): Command =>
  command
    .optionsGroup('Limits, failures:')
    .addOption(
      new Option(
        '--timeout <duration>',
        'end a task that takes longer: 30s, 1.5m, 300ms, a bare number of seconds; or 200%, twice the median so far',
      )
        .argParser(checkedOption(parseTimeLimit))
        .default({ kind: 'fixed', ms: 0 }, '0: none'),
    )
    .addOption(
      new Option('--stop-timeout <duration>', 'from TERM to KILL, for a task that has to end')
        .argParser(durationOption)
        .default(5000, '5s'),
    )
    .addOption(
      new Option(
        '--term-seq <sequence>',
        'how to end a task, instead: TERM,200ms,TERM,100ms,KILL (bare times are ms; default: as --stop-timeout)',
      )
        .argParser(checkedOption((text: string) => parseTermSequence(text, constants.signals)))
        .conflicts('stopTimeout'),
    )
    .addOption(new Option('--retries <n>', 'extra tries for a task that fails').argParser(wholeNumberOption).default(0))
    .addOption(
      new Option('--retry-delay <range>', 'pause before each further try: 5s, or growing, as 1s..1m (1s, 2s, 4s …)')
        .argParser(checkedOption(parseBackoff))
        .default({ minMs: 0, maxMs: 0 }, '0: none'),
    )
    .addOption(
      new Option(
        '--halt <rule>',
        'when to stop early: never, or soon|now,fail|success=N or N% (soon: start no more; now: end what runs too)',
      )
        .argParser(checkedOption(parseHalt))
        .default(parseHalt('never'), 'never'),
    );
