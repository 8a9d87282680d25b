import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { ProcctlError } from '../../errors.ts';
import type { ProcessSpec } from '../../protocol/process-spec.ts';
import { LAUNCHER_SCRIPT, LAUNCHER_TITLE } from '../../protocol/shim-script.ts';

/** dash tells every end exactly; other shells are taken where there is none. */
const SHELLS = ['/bin/dash', '/usr/bin/dash', '/bin/sh'];

export const shimShell = (): string => SHELLS.find((path) => existsSync(path)) ?? '/bin/sh';

/** Few enough that shims are soon forked, so many that a mkfifo(1) is worth it. */
const MADE_TOGETHER = 8;

interface Wanted {
  readonly id: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Forks shims; see `LAUNCHER_SCRIPT`. It is started when it is first needed, and again if it dies. */
export class Launcher {
  readonly #directory: string;
  readonly #cgroups: string;
  #shell: ChildProcess | undefined;
  /** Whose pipes are to be made, in order. */
  #wanted: Wanted[] = [];
  /** Whose pipes are being made: some at a time, so that their shims are forked before the next pipes are made. */
  #asked: readonly Wanted[] = [];
  readonly #starts: string[] = [];
  #isTurnAwaited = false;

  /**
   * @param directory the directory of processes
   * @param cgroups the directory that has a cgroup for each of them, or ''
   */
  constructor(directory: string, cgroups: string) {
    this.#directory = directory;
    this.#cgroups = cgroups;
  }

  /**
   * Makes the pipes of a process that are not there yet.
   *
   * @throws ProcctlError ERR_START when they cannot be made
   */
  makePipes(id: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#wanted.push({ id, resolve, reject });
      this.#speakSoon();
    });
  }

  /** Starts a shim, and with it a run. */
  up({ id, instance }: Pick<ProcessSpec, 'id' | 'instance'>, generation: number, run: number): void {
    this.#starts.push(`${id}:${generation}:${run}:${instance ?? 0}`);
    this.#speakSoon();
  }

  close(): void {
    this.#shell?.stdin?.end();
  }

  /** What is asked for in one turn of the event loop is said together. */
  #speakSoon(): void {
    if (this.#isTurnAwaited) return;
    this.#isTurnAwaited = true;
    setImmediate(() => {
      this.#isTurnAwaited = false;
      this.#speak();
    });
  }

  #speak(): void {
    if (this.#starts.length > 0) this.#say(`up ${this.#starts.splice(0).join(' ')}`);
    if (this.#asked.length > 0 || this.#wanted.length === 0) return;
    this.#asked = this.#wanted.splice(0, MADE_TOGETHER);
    this.#say(`mk ${this.#asked.map(({ id }) => id).join(' ')}`);
  }

  #answered(settle: (wanted: Wanted) => void): void {
    const asked = this.#asked;
    this.#asked = [];
    for (const wanted of asked) settle(wanted);
    if (this.#wanted.length > 0) this.#speakSoon();
  }

  #say(line: string): void {
    this.#line()?.write(`${line}\n`);
  }

  /** undefined when there is none, which the shell's `error` says again. */
  #line(): Writable | undefined {
    if (this.#shell?.stdin?.writable) return this.#shell.stdin;
    const shell = spawn(shimShell(), ['-c', LAUNCHER_SCRIPT, LAUNCHER_TITLE, this.#cgroups], {
      cwd: this.#directory,
      env: {},
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    });
    this.#shell = shell;
    // What is not answered any more fails; on EMFILE there are no streams at all.
    const fail = (): void => {
      if (this.#shell === shell) this.#shell = undefined;
      this.#answered(({ reject }) => reject(failure()));
    };
    shell.once('error', fail);
    shell.once('exit', fail);
    shell.stdin?.on('error', () => {});
    let rest = '';
    shell.stdout?.setEncoding('latin1').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      if (this.#shell !== shell) return;
      for (const line of lines) {
        this.#answered(({ resolve, reject }) => (line === 'made' ? resolve() : reject(failure())));
      }
    });
    return shell.stdin ?? undefined;
  }
}

const failure = (): ProcctlError =>
  new ProcctlError('ERR_START', 'the pipes of the process could not be made', {
    hint: 'is the disk full, or the limit of processes or open files reached?',
  });
