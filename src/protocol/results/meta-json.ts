import type { TaskCommand, TaskSpec } from '../../core/pool/task.ts';
import { recordHead, type TaskRecord } from '../task-record.ts';

/** A command as a tasks file has it. */
const commandOf = (command: TaskCommand): unknown => {
  switch (command.kind) {
    case 'shell':
      return command.line;
    case 'argv':
      return command.argv;
    case 'function':
      return { module: command.module, export: command.exportName, args: command.args };
  }
};

/** What `meta.json` says of a task beside its record. */
export interface MetaFacts {
  readonly task: TaskSpec;
  /** Absolute. */
  readonly cwd: string;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
}

/** The text of `meta.json`: the record of `--json` without what the task wrote, and what it takes to make sense of it. */
export const metaJson = (record: TaskRecord, { task, cwd, stdoutBytes, stderrBytes }: MetaFacts): string => {
  const facts = JSON.stringify({ command: commandOf(task.command), cwd, stdoutBytes, stderrBytes });
  return `${recordHead(record)},${facts.slice(1)}\n`;
};
