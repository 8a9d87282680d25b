import type { AttemptOutcome } from '../../core/pool/outcome.ts';
import type { ProgramCommand, TaskOf, TaskSpec } from '../../core/pool/task.ts';
import { isPlainText } from '../../protocol/bytes.ts';
import { mayEndAmbiguously } from '../../protocol/lane-script.ts';
import { isShellVariable } from '../../protocol/shell-text.ts';
import { checkDirectory, checkProgram } from '../find-program.ts';

/** How an attempt is run: by the lane's shell (fast), by a spawn of its own (exact in every case), or not at all. */
export type AttemptPlan =
  | { readonly way: 'shell' }
  | { readonly way: 'spawn' }
  | { readonly way: 'refuse'; readonly outcome: AttemptOutcome };

export interface Surroundings {
  /** Whether lanes have a shell that can be trusted to run attempts. */
  readonly hasLaneShell: boolean;
  readonly env: NodeJS.ProcessEnv;
  /** Absolute. */
  readonly directory: string;
}

/**
 * In characters of at most three bytes each. Past MAX_ARG_STRLEN (128 KiB) an exec fails with E2BIG, and only a spawn
 * of its own says so exactly.
 */
const MAX_SHELL_LENGTH = 40 * 1024;

/** Directory an attempt works in: absolute, or undefined for that of procctl. */
export const directoryOf = (task: TaskSpec, directory: string): string | undefined => {
  if (task.cwd === undefined) return undefined;
  return task.cwd.startsWith('/') ? task.cwd : `${directory}/${task.cwd}`;
};

/**
 * Decides how a task is run, looking at the disk as it is now: call it when the task's turn has come, not before.
 * What a shell cannot guarantee is left to a spawn; what cannot run at all is refused with its true reason.
 */
export const planAttempt = (task: TaskOf<ProgramCommand>, around: Surroundings): AttemptPlan => {
  const { command } = task;
  const whole = command.kind === 'argv' ? command.argv.join(' ') : command.line;
  const env = task.env ?? {};
  if (whole.includes('\0') || (hasMore(task) && firstNul(task) !== undefined)) {
    const message = `${firstNul(task)} contains a NUL byte, which cannot be passed to a program`;
    return { way: 'refuse', outcome: { kind: 'error', code: 'ERR_NUL_BYTE', message } };
  }
  const directory = directoryOf(task, around.directory);
  const badDirectory = directory === undefined ? undefined : checkDirectory(directory);
  if (badDirectory !== undefined) return { way: 'refuse', outcome: badDirectory };

  const searchPath = searchPathOf(task, around);
  if (command.kind === 'argv') {
    const key = `${command.argv[0]}\0${searchPath}\0${directory ?? around.directory}`;
    if (!found.has(key)) {
      const badProgram = programRefusal(task, around);
      if (badProgram !== undefined) return { way: 'refuse', outcome: badProgram };
      if (found.size >= MAX_FOUND) found.clear();
      found.add(key);
    }
  }

  const canBeForShell =
    around.hasLaneShell &&
    typeof searchPath === 'string' &&
    Object.keys(env).every(isShellVariable) &&
    !(command.kind === 'argv' && whole.startsWith('-'));
  const isBestByShell =
    whole.length <= MAX_SHELL_LENGTH &&
    (task.env === undefined || Object.values(env).every((value) => (value?.length ?? 0) <= MAX_SHELL_LENGTH)) &&
    !(command.kind === 'argv' && mayEndAmbiguously(whole));
  if (canBeForShell && isBestByShell) return SHELL;

  const raw = [whole, task.cwd ?? '', ...Object.values(env)].find((text) => text !== null && !isPlainText(text));
  if (raw === undefined) return { way: 'spawn' };
  // Node cannot pass such bytes; a shell that says less exactly how it ended is better than none.
  if (canBeForShell) return SHELL;
  return {
    way: 'refuse',
    outcome: {
      kind: 'error',
      code: 'ERR_NOT_UTF8',
      message: `holds bytes that are not UTF-8, and cannot be run by the shell of a lane, which alone could pass them`,
    },
  };
};

/**
 * Programs that could be executed when they were looked for, each with its PATH and directory. Only good news is kept, since a
 * task may create what the next one needs; when it has become old, the attempt itself tells.
 */
const found = new Set<string>();

/** Tasks may each have a directory, or a program, of their own. */
const MAX_FOUND = 1_000;

const searchPathOf = ({ env }: TaskSpec, around: Surroundings): string | null | undefined =>
  env?.PATH === undefined ? around.env.PATH : env.PATH;

/** Why the program of a task cannot be executed, by the disk as it is now; undefined when it can, or when it is a shell's line. */
export const programRefusal = (task: TaskOf<ProgramCommand>, around: Surroundings): AttemptOutcome | undefined => {
  if (task.command.kind !== 'argv') return undefined;
  const directory = directoryOf(task, around.directory) ?? around.directory;
  return checkProgram(task.command.argv[0], searchPathOf(task, around) ?? '/usr/bin:/bin', directory);
};

const SHELL: AttemptPlan = { way: 'shell' };

const hasMore = (task: TaskSpec): boolean => task.cwd !== undefined || task.env !== undefined;

/** Which part of a task holds a NUL byte, if one does. */
const firstNul = (task: TaskOf<ProgramCommand>): string | undefined => {
  const isArgv = task.command.kind === 'argv';
  const texts = task.command.kind === 'argv' ? task.command.argv : [task.command.line];
  const index = texts.findIndex((text) => text.includes('\0'));
  if (index !== -1) return isArgv ? `command[${index}]` : 'command';
  if (task.cwd?.includes('\0')) return 'cwd';
  for (const [name, value] of Object.entries(task.env ?? {})) {
    if (name.includes('\0') || value?.includes('\0')) return 'env';
  }
  return undefined;
};
