import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Writable } from 'node:stream';
import type { TermSequence } from '../core/pool/term-sequence.ts';

/**
 * Waits for the end of procctl, however it comes: descriptor 3 ends. If it ended without saying so (SIGKILL, a
 * crash), everything that carries the pool's mark is ended, as the sequence has it, and the run's directory removed.
 * It is nobody's child and carries no mark: if procctl is itself a task of another pool, and killed with its family,
 * the guard is what is left to clean up after it.
 * $1 the mark, $2 the directory, then each signal by its number and its time in tenths of a second. Needs `/proc`; without it only the directory goes.
 */
const SCRIPT = `
trap '' HUP INT TERM
(
mark=$1 directory=$2
shift 2
read -r word <&3 && [ "$word" = done ] && exit 0
family() {
  pids=
  for file in $(grep -lsF -- "$1" /proc/[0-9]*/environ); do
    pid=\${file#/proc/}
    pids="$pids \${pid%/environ}"
  done
  [ -n "$pids" ]
}
while [ $# -ge 2 ] && family "$mark"; do
  kill "-$1" $pids; kill -CONT $pids
  left=$2
  while family "$mark" && [ "$left" -gt 0 ]; do sleep 0.1 || sleep 1; left=$((left - 1)); done
  shift 2
done
left=50
while family "$mark" && [ "$left" -gt 0 ]; do kill -KILL $pids; sleep 0.1 || sleep 1; left=$((left - 1)); done
rm -rf -- "$directory"
) &
`;

/** In the command line of every guard. */
export const GUARD_TITLE = 'procctl-guard';

/** A process that outlives procctl by as long as it takes to leave nothing behind. */
export class Guard {
  readonly #shell: ChildProcess;
  readonly #gone: Promise<void>;

  /**
   * @param poolMark text that only processes of this pool have in their environment
   */
  constructor(env: NodeJS.ProcessEnv, poolMark: string, runDirectory: string, { steps }: TermSequence) {
    const sequence = steps.flatMap(({ signal, waitMs }) =>
      [constants.signals[signal], Math.ceil(waitMs / 100)].map(String),
    );
    const { PROCCTL_MARK: _, ...unmarked } = env;
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT, GUARD_TITLE, poolMark, runDirectory, ...sequence], {
      detached: true,
      // Standard output says nothing; its end says that the guard has gone. Node would close standard input as soon
      // as the shell that starts the guard has ended, so it listens to a descriptor of its own.
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
      cwd: '/',
      env: unmarked,
    });
    this.#gone = new Promise((resolve) => {
      this.#shell.once('close', () => resolve());
      this.#shell.once('error', () => resolve());
    });
    this.#shell.stdout?.resume();
    // Without a guard (no descriptor, no process to be had) the pool still does its work.
    this.#line?.on('error', () => {});
  }

  /** Undefined when the guard could not be started: Node makes no streams then. */
  get #line(): Writable | undefined {
    const { stdio } = this.#shell as { readonly stdio?: readonly unknown[] };
    return stdio?.[3] as Writable | undefined;
  }

  /** All is done: the guard goes without doing anything. */
  async dismiss(): Promise<void> {
    this.#line?.end('done\n');
    await this.#gone;
  }
}
