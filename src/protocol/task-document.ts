import type { TaskCommand, TaskSpec } from '../core/pool/task.ts';
import { decodeBytes } from './bytes.ts';

// Field by field: V8 takes several microseconds to copy what is left of an object, and pools on Redis write one for each attempt.

type Document = Record<string, unknown>;

const writeCommand = (document: Document, command: TaskCommand): void => {
  if (command.kind === 'shell') document.command = command.line;
  else if (command.kind === 'argv') document.command = command.argv;
  else {
    document.module = command.module;
    document.export = command.exportName;
    document.args = command.args;
  }
};

/** What one attempt needs of a task, as it is written in a tasks file. @param timeoutMs of the attempt; undefined: not said */
export const attemptDocument = (
  { seq, id, name, command, cwd, env, stdin }: TaskSpec,
  timeoutMs: number | undefined,
): Document => {
  const document: Document = {};
  if (id !== String(seq)) document.id = id;
  document.name = name;
  writeCommand(document, command);
  if (cwd !== undefined) document.cwd = cwd;
  if (env !== undefined) document.env = env;
  if (stdin !== undefined) document.stdin = typeof stdin === 'string' ? stdin : decodeBytes(stdin);
  if (timeoutMs !== undefined) document.timeout = `${timeoutMs}ms`;
  return document;
};

/**
 * A task as it is written in a tasks file. Read again in the same place of its list, it is the same task.
 * `usesSlot` has no place there: what such a task runs is known only when it starts.
 */
export const taskDocument = (task: TaskSpec): object => {
  const { timeoutMs, retries, retryDelay, priority, needs } = task;
  const document = attemptDocument(task, timeoutMs);
  if (retries !== undefined) document.retries = retries;
  if (retryDelay !== undefined) document.retryDelay = `${retryDelay.minMs}ms..${retryDelay.maxMs}ms`;
  if (priority !== undefined) document.priority = priority;
  if (needs !== undefined) document.needs = needs.map((need) => need.id);
  return document;
};
