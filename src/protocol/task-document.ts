import type { TaskCommand, TaskSpec } from '../core/pool/task.ts';
import { decodeBytes } from './bytes.ts';

const commandKeys = (command: TaskCommand): object => {
  if (command.kind === 'shell') return { command: command.line };
  if (command.kind === 'argv') return { command: command.argv };
  return { module: command.module, export: command.exportName, args: command.args };
};

/**
 * A task as it is written in a tasks file. Read again in the same place of its list, it is the same task.
 * `usesSlot` has no place there: what such a task runs is known only when it starts.
 */
export const taskDocument = (task: TaskSpec): object => {
  const { seq, id, name, command, stdin, timeoutMs, retryDelay, needs, usesSlot: _, ...rest } = task;
  return {
    ...(id === String(seq) ? undefined : { id }),
    name,
    ...commandKeys(command),
    ...rest,
    ...(stdin === undefined ? undefined : { stdin: typeof stdin === 'string' ? stdin : decodeBytes(stdin) }),
    ...(timeoutMs === undefined ? undefined : { timeout: `${timeoutMs}ms` }),
    ...(retryDelay === undefined ? undefined : { retryDelay: `${retryDelay.minMs}ms..${retryDelay.maxMs}ms` }),
    ...(needs === undefined ? undefined : { needs: needs.map((need) => need.id) }),
  };
};
