import { SerializationError } from '../../errors.ts';
import type { HandleDescription } from './handle.ts';

/** Of what can be reached from other machines too, begin with this. */
const REMOTE_PREFIX = 'Remote';

/** Stands for something that can be reached from other machines, where nobody wants to reach it. */
export class ReachableHandle {}

/**
 * Other objects are hosted by a process, and reached by a socket of its machine: a description that came from elsewhere would
 * name one that its sender has chosen.
 *
 * @param root what the message begins with, such as `result`
 * @throws SerializationError for what can be reached on one machine only
 */
export const assertRemoteHandle = ({ kind }: HandleDescription, root: string): void => {
  if (kind.startsWith(REMOTE_PREFIX)) return;
  throw new SerializationError(
    `${root} holds a ${kind.slice(0, 40)} of one machine, which cannot cross to another`,
    root,
    {
      hint: "a queue that all machines reach: new Queue({ on: 'redis://…', name })",
    },
  );
};
