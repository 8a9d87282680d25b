import type { EventEmitter } from 'node:events';
import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import { parseSizeSetting, type SizeSetting } from '../../../runtime/pool/size-file.ts';
import { checkedOption } from '../../options.ts';
import { choice } from './choice.ts';

/** How many tasks run at a time, and how each is run. */
export interface RunFlags {
  readonly size: SizeSetting;
  readonly runner: 'auto' | 'spawn';
}

export const addRunOptions = (command: Command): Command => {
  const cpus = availableParallelism();
  // What --size does with it is done by --size.
  command.on('option:jobs', (text: string) => (command as unknown as EventEmitter).emit('option:size', text));
  return command
    .optionsGroup('Running:')
    .addOption(
      new Option(
        '-s, --size <n>',
        'tasks at a time: a number, a share of the CPUs (50%), more than the CPUs (+1), or a file that holds one of these',
      )
        .argParser(checkedOption((text: string) => parseSizeSetting(text, cpus)))
        .default(
          { size: cpus, file: null, isDefault: true } satisfies SizeSetting,
          '100%, one for each CPU; 500 with --on',
        ),
    )
    .addOption(new Option('-j, --jobs <n>', 'the same as --size'))
    .addOption(
      choice(
        '--runner <way>',
        'how commands are run: by long-lived shells where that is exact (auto), or each by a spawn of its own',
        ['auto', 'spawn'],
        'auto',
      ),
    );
};
