import type { TaskSpec } from '../../core/pool/task.ts';
import { EXIT, ProcctlError } from '../../errors.ts';
import { encodeBytes } from '../../protocol/bytes.ts';
import { jsonLine } from '../../protocol/json-lines.ts';
import { taskDocument } from '../../protocol/task-document.ts';
import { taskAsShell } from '../../protocol/task-text.ts';
import { READER_GONE, writeStdout } from '../write-stdout.ts';
import { checkFlags } from './check-flags.ts';
import type { PoolFlags } from './flags.ts';
import { journalMode } from './options/journal-options.ts';
import type { PoolInput } from './pool-input.ts';
import { openTaskInput } from './task-input.ts';

const jsonOf = (task: TaskSpec): string => {
  if (task.usesSlot !== true) return jsonLine(taskDocument(task));
  throw new ProcctlError('ERR_USAGE', '{%} is known only when a task starts, so --dry-run --json cannot tell it', {
    hint: 'leave --json out, or let the task read $PROCCTL_SLOT',
  });
};

/** Without those that a journal leaves out. */
const toBeRun = async (tasks: AsyncIterable<readonly TaskSpec[]>, flags: PoolFlags) => {
  if (flags.journal === undefined) return tasks;
  const { plannedTasks } = await import('./journal.lazy.ts');
  return plannedTasks(tasks, { file: flags.journal, mode: journalMode(flags), directory: process.cwd() });
};

/**
 * Prints the tasks of an input, in its order, and starts nothing; resolves to the exit status.
 * Throws what reading the input throws, after the tasks before the mistake.
 */
export const dryRun = async (input: PoolInput, flags: PoolFlags): Promise<number> => {
  const stop = new AbortController();
  const reading = { stdin: () => process.stdin, signal: stop.signal };
  checkFlags(flags);
  const { tasks } = await openTaskInput(input, { ...flags, shuffle: false }, reading);
  for await (const batch of await toBeRun(tasks, flags)) {
    const lines = batch.map((task) => `${flags.json ? jsonOf(task) : taskAsShell(task)}\n`);
    if (!(await writeStdout(encodeBytes(lines.join(''))))) return READER_GONE;
  }
  return EXIT.done;
};
