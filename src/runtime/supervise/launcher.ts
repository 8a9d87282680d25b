import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { ProcctlError } from '../../errors.ts';
import { LAUNCHER_SCRIPT, LAUNCHER_TITLE } from '../../protocol/shim-script.ts';

/** dash tells every end exactly; other shells are taken where there is none. */
const SHELLS = ['/bin/dash', '/usr/bin/dash', '/bin/sh'];

export const shimShell = (): string => SHELLS.find((path) => existsSync(path)) ?? '/bin/sh';

interface Request {
  readonly ids: number[];
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Forks shims; see `LAUNCHER_SCRIPT`. It is started when it is first needed, and again if it dies. */
export class Launcher {
  readonly #directory: string;
  readonly #cgroups: string;
  #shell: ChildProcess | undefined;
  /** Pipes asked for in this turn of the event loop: they are made together. */
  #gathering: Request | undefined;
  readonly #asked: Request[] = [];
  readonly #starts: string[] = [];

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
    if (this.#gathering === undefined) {
      const request = newRequest();
      this.#gathering = request;
      setImmediate(() => this.#ask(request));
    }
    this.#gathering.ids.push(id);
    return this.#gathering.done;
  }

  /** Starts a shim, and with it a run; all that are asked for in one turn of the event loop at once. */
  up(id: number, generation: number, run: number): void {
    if (this.#starts.push(`${id}:${generation}:${run}`) > 1) return;
    setImmediate(() => this.#say(`up ${this.#starts.splice(0).join(' ')}`));
  }

  close(): void {
    this.#shell?.stdin?.end();
  }

  #ask(request: Request): void {
    this.#gathering = undefined;
    this.#asked.push(request);
    this.#say(`mk ${request.ids.join(' ')}`);
  }

  #say(line: string): void {
    this.#line().write(`${line}\n`);
  }

  #line(): Writable {
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
      for (const request of this.#asked.splice(0)) request.reject(failure());
    };
    shell.once('error', fail);
    shell.once('exit', fail);
    if (shell.stdin === null || shell.stdin === undefined) throw failure();
    shell.stdin.on('error', () => {});
    let rest = '';
    shell.stdout?.setEncoding('latin1').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const request = this.#asked.shift();
        if (line === 'made') request?.resolve();
        else request?.reject(failure());
      }
    });
    return shell.stdin;
  }
}

const failure = (): ProcctlError =>
  new ProcctlError('ERR_START', 'the pipes of the process could not be made', {
    hint: 'is the disk full, or the limit of processes or open files reached?',
  });

const newRequest = (): Request => {
  let resolve = (): void => {};
  let reject = (_error: Error): void => {};
  const done = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  done.catch(() => {});
  return { ids: [], done, resolve, reject };
};
