import { defaultNameOf } from '../../../core/process/name.ts';
import { parseSections } from '../../../protocol/arguments/sections.ts';
import { commandOfLine } from '../../spawn-request.ts';
import type { PoolFlags } from '../flags.ts';
import type { PoolInput } from '../pool-input.ts';

/** What the batch is named after: its tasks file, or its program. */
const subjectOf = (input: PoolInput, { shell }: PoolFlags): string => {
  if (input.kind === 'file') return input.file === '-' ? '' : input.file;
  const [word = ''] = parseSections(input.words).template;
  return shell ? commandOfLine(word) : word;
};

/** The name of a batch that was given none. */
export const defaultName = (input: PoolInput, flags: PoolFlags): string => {
  const subject = subjectOf(input, flags);
  return subject === '' ? 'pool' : `pool-${defaultNameOf(subject)}`;
};
