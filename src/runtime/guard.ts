import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Waits for the end of procctl, however it comes: standard input ends. If it ended without saying so (SIGKILL, a
 * crash), everything that carries the pool's mark is ended - SIGTERM, a grace, SIGKILL - and the run's directory removed.
 * $1 the mark, $2 the directory, $3 the grace in tenths of a second. Needs `/proc`; without it only the directory goes.
 */
const SCRIPT = `
trap '' HUP INT TERM
read -r word && [ "$word" = done ] && exit 0
family() {
  pids=
  for file in $(grep -lsF -- "$1" /proc/[0-9]*/environ); do
    pid=\${file#/proc/}
    pids="$pids \${pid%/environ}"
  done
  [ -n "$pids" ]
}
if family "$1"; then
  kill -TERM $pids; kill -CONT $pids
  left=$3
  while family "$1" && [ "$left" -gt 0 ]; do sleep 0.1 || sleep 1; left=$((left - 1)); done
  left=50
  while family "$1" && [ "$left" -gt 0 ]; do kill -KILL $pids; sleep 0.1 || sleep 1; left=$((left - 1)); done
fi
rm -rf -- "$2"
`;

/** A process that outlives procctl by as long as it takes to leave nothing behind. */
export class Guard {
  readonly #shell: ChildProcess;

  /**
   * @param env without the pool's mark: the guard is not part of what it ends
   * @param poolMark text that only processes of this pool have in their environment
   */
  constructor(env: NodeJS.ProcessEnv, poolMark: string, runDirectory: string, graceMs: number) {
    const grace = String(Math.ceil(graceMs / 100));
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT, 'procctl-guard', poolMark, runDirectory, grace], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
      env,
    });
    // Without a guard (no descriptor, no process to be had) the pool still does its work.
    this.#shell.on('error', () => {});
    this.#shell.stdin?.on('error', () => {});
  }

  /** All is done: the guard goes without doing anything. */
  async dismiss(): Promise<void> {
    if (this.#shell.pid === undefined || this.#shell.exitCode !== null || this.#shell.signalCode !== null) return;
    const exited = new Promise((resolve) => this.#shell.once('exit', resolve));
    this.#shell.stdin?.end('done\n');
    await exited;
  }
}
