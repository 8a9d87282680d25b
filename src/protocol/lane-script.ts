import type { ProgramCommand } from '../core/pool/task.ts';
import { isSimpleLine, shellQuote } from './shell-text.ts';

/**
 * What procctl and the long-lived shell of a lane say to each other.
 *
 * procctl writes POSIX shell text to the shell's standard input; the shell answers on its standard output, which is a named
 * pipe once it is ready, a line for each finished attempt. The shell's standard error goes the same way, because that is where shells say that a
 * signal ended a command ("Killed", "Segmentation fault"): text before the line of an end tells a signal from an
 * exit code above 128, which `$?` alone does not.
 *
 * Two signals are never announced by dash and busybox ash: SIGINT (130) and SIGPIPE (141). For a line, a trap of ours
 * leaves a witness when the line ended by itself with such a number; for a program there is no such way, and the end
 * is reported as ambiguous, not guessed.
 */

/** One attempt as the shell has to run it. */
export interface LaneAttempt {
  readonly command: ProgramCommand;
  /** Absolute. */
  readonly cwd: string | undefined;
  /** OLDPWD as the caller exported it: changing the directory must not change this variable. */
  readonly oldDirectory: string | undefined;
  /** Variables to set (string) or remove (null), names checked by `isShellVariable`. */
  readonly env: Readonly<Record<string, string | null>> | undefined;
  /** What the task is told about itself: assignments, as shell text; they win over `env`. */
  readonly identity: string;
  /** Where standard input, output and error come from and go: made by `redirections`. */
  readonly redirections: string;
  /**
   * File that the shell creates to say what `$?` cannot: for a program, that it could not be executed after all; for
   * a line, that it ended by itself with 130 or 141, not by the signal of that number.
   */
  readonly witnessPath: string;
  /** Comes back in the line of the end, so that nothing else can be taken for one. */
  readonly token: string;
}

export type LaneMessage =
  | { readonly tag: 'ready' }
  | { readonly tag: 'ended'; readonly token: string; readonly status: number; readonly wasAnnounced: boolean };

const MESSAGE_MARK = '\u0001';

/**
 * The first words of a lane: one place to answer, nothing that a task can end, the pipes tasks write to, and from then on
 * a pipe for the answers.
 */
export const prelude = (pipes: readonly string[], answers: string): string =>
  [
    'exec 2>&1',
    // A task may signal its whole process group (`kill 0`): handlers keep the shell; its children get the defaults.
    'trap : HUP INT QUIT TERM PIPE ALRM USR1 USR2',
    `mkfifo ${[...pipes, answers].map(shellQuote).join(' ')} || exit`,
    `echo "${MESSAGE_MARK}ready"`,
    `exec >${shellQuote(answers)} 2>&1`,
    // The end of no attempt: it only says that the pipe is open at both ends.
    `echo "${MESSAGE_MARK}open"`,
    '',
  ].join('\n');

/** The shell's own pid in the line would be the lane's: such a line gets a shell of its own. */
const speaksOfItsShell = (line: string): boolean => /\$(\$|\{\$|\{?PPID)/.test(line);

/** A line that sets traps or replaces its shell would undo ours. */
const undoesTraps = (line: string): boolean => /(^|[^A-Za-z0-9_])(trap|exec)($|[^A-Za-z0-9_])/.test(line);

const body = (command: ProgramCommand, witnessPath: string): string => {
  const witness = `: >${shellQuote(witnessPath)}`;
  if (command.kind === 'argv') {
    // The trap is gone once the program has replaced the subshell: it runs only if that failed.
    return `trap ${shellQuote(witness)} EXIT; exec ${command.argv.map(shellQuote).join(' ')}`;
  }
  const { line } = command;
  if (isSimpleLine(line) && !mayEndAmbiguously(line)) return line;
  const trap = undoesTraps(line) ? '' : `trap ${shellQuote(`case $? in 130|141) ${witness};; esac`)} EXIT\n`;
  return speaksOfItsShell(line) ? `exec /bin/sh -c -- ${shellQuote(trap + line)}` : `${trap}eval ${shellQuote(line)}`;
};

/**
 * Whether a text hints that what it runs may end with 130 or 141, or by the signals of these numbers. Such a program
 * is better run where its end is exact. (A program that does so without a hint is reported as ambiguous.)
 */
export const mayEndAmbiguously = (text: string): boolean => /130|141|INT|PIPE|pipefail/.test(text);

const changeDirectory = (directory: string, oldDirectory: string | undefined): string =>
  `cd -P ${shellQuote(directory)} || exit 126; ` +
  `${oldDirectory === undefined ? 'unset OLDPWD' : `OLDPWD=${shellQuote(oldDirectory)}`}; `;

const environment = (env: NonNullable<LaneAttempt['env']>): string => {
  const set: string[] = [];
  const unset: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (value === null) unset.push(name);
    else set.push(`${name}=${shellQuote(value)}`);
  }
  return `${unset.length > 0 ? `unset ${unset.join(' ')}; ` : ''}${set.length > 0 ? `export ${set.join(' ')}; ` : ''}`;
};

/** The three streams of an attempt, as shell text. */
export const redirections = (stdinPath: string, stdoutPath: string, stderrPath: string): string =>
  `<${shellQuote(stdinPath)} >${shellQuote(stdoutPath)} 2>${shellQuote(stderrPath)}`;

/** The shell text that runs one attempt in a subshell and then reports its end. */
export const attemptScript = (attempt: LaneAttempt): string => {
  const { command, cwd, env, witnessPath, token } = attempt;
  const directory = cwd === undefined ? '' : changeDirectory(cwd, attempt.oldDirectory);
  return (
    `(${env === undefined ? '' : environment(env)}export ${attempt.identity}; ${directory}` +
    `${body(command, witnessPath)}) ${attempt.redirections}\necho "${MESSAGE_MARK}${token} $?"\n`
  );
};

/** Reads what a lane's shell says; keeps the unfinished rest between calls. */
export class LaneReader {
  #rest = '';
  #sawOtherText = false;
  /** The last line that was not meant for us: the reason, if the shell ends before it is ready. */
  lastText = '';

  push(text: string): LaneMessage[] {
    const messages: LaneMessage[] = [];
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const at = line.lastIndexOf(MESSAGE_MARK);
      if (at === -1) {
        this.#sawOtherText ||= line !== '';
        this.lastText = line;
        continue;
      }
      const said = line.slice(at + 1);
      if (said === 'ready') {
        messages.push({ tag: 'ready' });
      } else {
        const [token = '', status = ''] = said.split(' ');
        messages.push({ tag: 'ended', token, status: Number(status), wasAnnounced: this.#sawOtherText || at > 0 });
      }
      this.#sawOtherText = false;
    }
    return messages;
  }
}

/** How an end by a silent signal can be told from an exit with its number, for this command run by a lane's shell. */
export const silenceOf = (command: ProgramCommand, hasWitness: boolean): 'exited' | 'signaled' | 'unknown' => {
  if (command.kind === 'argv') return 'unknown';
  if (isSimpleLine(command.line) && !mayEndAmbiguously(command.line)) return 'unknown';
  if (hasWitness) return 'exited';
  return undoesTraps(command.line) ? 'unknown' : 'signaled';
};
