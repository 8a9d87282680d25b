import type { TaskSpec } from '../../core/pool/task.ts';
import { EXIT, ProcctlError } from '../../errors.ts';
import { encodeBytes } from '../../protocol/bytes.ts';
import { jsonLine } from '../../protocol/json-lines.ts';
import { taskDocument } from '../../protocol/task-document.ts';
import { taskAsShell } from '../../protocol/task-text.ts';
import { READER_GONE, writeStdout } from '../write-stdout.ts';
import type { PoolFlags } from './flags.ts';
import type { PoolInput } from './pool-input.ts';
import { openTaskInput } from './task-input.ts';

const jsonOf = (task: TaskSpec): string => {
  if (task.usesSlot !== true) return jsonLine(taskDocument(task));
  throw new ProcctlError('ERR_USAGE', '{%} is known only when a task starts, so --dry-run --json cannot tell it', {
    hint: 'leave --json out, or let the task read $PROCCTL_SLOT',
  });
};

/**
 * Prints the tasks of an input, in its order, and starts nothing; resolves to the exit status.
 * Throws what reading the input throws, after the tasks before the mistake.
 */
export const dryRun = async (input: PoolInput, flags: PoolFlags): Promise<number> => {
  const goesOn = flags.resume ? '--resume' : flags.retryFailed ? '--retry-failed' : undefined;
  if (goesOn !== undefined) {
    throw new ProcctlError('ERR_USAGE', `--dry-run reads no journal, so it cannot tell what ${goesOn} would run`, {
      hint: `leave ${goesOn} out to see all tasks`,
    });
  }
  const stop = new AbortController();
  const reading = { stdin: () => process.stdin, signal: stop.signal };
  const { tasks } = await openTaskInput(input, { ...flags, shuffle: false }, reading);
  for await (const batch of tasks) {
    const lines = batch.map((task) => `${flags.json ? jsonOf(task) : taskAsShell(task)}\n`);
    if (!(await writeStdout(encodeBytes(lines.join(''))))) return READER_GONE;
  }
  return EXIT.done;
};
