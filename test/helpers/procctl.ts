import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../../bin/procctl.cjs', import.meta.url));

/** The ways `--runner` knows to run a command; each must keep the same promises. */
export const RUNNERS = ['auto', 'spawn'] as const;

/** The path of a small program of the tests. */
export const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

export interface ProcctlOptions {
  /** Standard input, ended at once after it; absent: empty. `startProcctl` leaves it open with `isInputOpen`. */
  readonly input?: string | Uint8Array;
  readonly isInputOpen?: boolean;
  /** Added to a small environment; undefined removes a variable from it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Absent: a directory of its own, which is removed in the end. */
  readonly cwd?: string;
  /** Shell text that runs first in the process that becomes procctl, such as `ulimit -n 40` or `exec >&-`. */
  readonly before?: string;
  /** Where standard output goes instead of `stdout`, opened for writing. */
  readonly stdoutFile?: string;
  /** Leave standard output unread until `readOn` is called. */
  readonly isReaderAsleep?: boolean;
}

/** procctl has ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly pid: number;
  /** Processes alive at that moment which procctl, or what it ran, had started. */
  readonly left: readonly Live[];
  /** What stands in its TMPDIR at that moment. */
  readonly leftFiles: readonly string[];
}

export interface Live {
  readonly pid: number;
  readonly command: string;
}

const readProc = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return ''; // gone in between
  }
};

/** Processes that carry `token` in their environment or their arguments; a zombie has neither. */
export const liveWithMark = (token: string): Live[] => {
  const live: Live[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const command = readProc(pid, 'cmdline');
    if (!command.includes(token) && !readProc(pid, 'environ').includes(token)) continue;
    live.push({ pid, command: command.replaceAll('\0', ' ').trim() });
  }
  return live;
};

/** Resolves once `condition` gives something other than false, undefined or null; fails when that takes too long. */
export const waitFor = async <T>(
  condition: () => T | Promise<T>,
  what: string,
  withinMs = 30_000,
): Promise<NonNullable<T>> => {
  const until = performance.now() + withinMs;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== undefined && value !== null) return value;
    if (performance.now() > until) throw new Error(`waited ${withinMs} ms in vain: ${what}`);
    await sleep(10);
  }
};

const directories: string[] = [];
const running = new Set<RunningProcctl>();

/** A directory for one test file to work in; removed when the file is done. */
export const scratch = (): string => {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'procctl-test-')));
  directories.push(directory);
  return directory;
};

/** A file with `text` in it, executable unless `mode` says otherwise. */
export const writeScript = (path: string, text: string, mode = 0o755): void => {
  writeFileSync(path, text);
  chmodSync(path, mode);
};

afterAll(async () => {
  await Promise.all([...running].map((procctl) => procctl.discard()));
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** A procctl at work, with a TMPDIR, a home and a mark of its own. */
export class RunningProcctl {
  /** In the environment of procctl and of everything that it starts, and of nothing else. */
  readonly token: string;
  readonly tmp: string;
  readonly ended: Promise<Ended>;
  readonly #base: string;
  readonly #child: ChildProcess;
  readonly #stdout: Buffer[] = [];
  #stderr = '';

  constructor(args: readonly string[], options: ProcctlOptions = {}) {
    this.token = `test-${randomBytes(8).toString('hex')}`;
    this.#base = realpathSync(mkdtempSync(join(tmpdir(), 'procctl-test-')));
    this.tmp = join(this.#base, 'tmp');
    const home = join(this.#base, 'home');
    const work = join(this.#base, 'work');
    for (const directory of [this.tmp, home, work]) mkdirSync(directory);
    const command = [process.execPath, PROGRAM, ...args];
    const [file, ...rest] =
      options.before === undefined ? command : ['/bin/sh', '-c', `${options.before}\nexec "$@"`, 'sh', ...command];
    const stdout = options.stdoutFile === undefined ? 'pipe' : openSync(options.stdoutFile, 'w');
    this.#child = spawn(file as string, rest, {
      cwd: options.cwd ?? work,
      stdio: ['pipe', stdout, 'pipe'],
      env: {
        PATH: process.env.PATH,
        HOME: home,
        LANG: 'C.UTF-8',
        TMPDIR: this.tmp,
        PROCCTL_HOME: home,
        TEST_MARK: this.token,
        ...options.env,
      },
    });
    if (typeof stdout === 'number') closeSync(stdout);
    running.add(this);
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    if (options.isReaderAsleep !== true) this.readOn();
    this.stdin.on('error', () => {}); // it may well end before it has read everything
    if (options.input !== undefined) this.stdin.write(options.input);
    if (options.isInputOpen !== true) this.stdin.end();
    this.ended = this.#untilEnded();
    this.ended.catch(() => {});
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get stdin(): Writable {
    return this.#child.stdin as Writable;
  }

  /** What has come so far. */
  get stdout(): Buffer {
    return Buffer.concat(this.#stdout);
  }

  get stderr(): string {
    return this.#stderr;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Begins to read standard output. */
  readOn(): void {
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#stdout.push(chunk));
  }

  /** Goes away: nobody reads standard output any more. Takes a first look at it before, if told so. */
  async leave(look?: 'after a look'): Promise<void> {
    const stdout = this.#child.stdout as Readable;
    if (look !== undefined) {
      await once(stdout, 'readable');
      await sleep(200); // for the room that the look has made to be filled again
    }
    stdout.destroy();
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Live processes of this procctl, itself not counted. */
  family(): Live[] {
    return liveWithMark(this.token).filter(({ pid }) => pid !== this.pid);
  }

  /** Ends all that is left of it, and removes its files. */
  async discard(): Promise<void> {
    for (let left = liveWithMark(this.token); left.length > 0; left = liveWithMark(this.token)) {
      for (const { pid } of left) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // gone in between
        }
      }
      await sleep(10);
    }
    running.delete(this);
    rmSync(this.#base, { recursive: true, force: true });
  }

  async #untilEnded(): Promise<Ended> {
    await once(this.#child, 'exit');
    const left = liveWithMark(this.token);
    const leftFiles = readdirSync(this.tmp);
    if (this.#child.stdout?.listenerCount('data') === 0) this.readOn(); // what nobody has read does not close
    const streams = [this.#child.stdout, this.#child.stderr];
    await Promise.all(streams.map((stream) => stream === null || stream.closed || once(stream, 'close')));
    const { exitCode: code, signalCode: signal } = this.#child;
    return { code, signal, stdout: this.stdout, stderr: this.#stderr, pid: this.pid, left, leftFiles };
  }
}

export const startProcctl = (args: readonly string[], options: ProcctlOptions = {}): RunningProcctl =>
  new RunningProcctl(args, options);

/** What a shell would say of the end: 128 + n when signal n ended procctl itself. */
export const statusOf = ({ code, signal }: Ended): number | null =>
  signal === null ? code : 128 + constants.signals[signal];

/** Fails when procctl, or what it ran, has left a process or a file behind. */
export const expectNothingLeft = ({ code, signal, stderr, left, leftFiles }: Ended): void => {
  const names = [...left.map(({ pid, command }) => `${pid} (${command})`), ...leftFiles];
  if (names.length > 0) throw new Error(`${signal ?? `exit ${code}`} has left ${names.join(', ')}; it said: ${stderr}`);
};

/** Runs procctl to its end, and makes sure that it has left nothing behind. */
export const runProcctl = async (args: readonly string[], options: ProcctlOptions = {}): Promise<Ended> => {
  const procctl = startProcctl(args, options);
  try {
    const ended = await procctl.ended;
    expectNothingLeft(ended);
    return ended;
  } finally {
    await procctl.discard();
  }
};

/** One line of `--json`. */
export interface JsonRecord {
  readonly seq: number;
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly durationMs: number | null;
  readonly attempts: number;
  readonly slot: number | null;
  readonly encoding?: 'base64';
  readonly stdout: string | null;
  readonly stderr: string | null;
}

/** The records of `--json`; throws when a line is not JSON, or the last one is not ended. */
export const recordsOf = (stdout: Buffer): JsonRecord[] => {
  const lines = stdout.toString('utf8').split('\n');
  if (lines.pop() !== '') throw new Error('the last line of --json is not ended');
  return lines.map((line) => JSON.parse(line) as JsonRecord);
};

/** What a task wrote, as the bytes that it wrote. */
export const bytesOf = (record: JsonRecord, stream: 'stdout' | 'stderr' = 'stdout'): Buffer =>
  Buffer.from(record[stream] ?? '', record.encoding ?? 'utf8');

/** Runs a list of tasks with `--json`; the records come in the order of the input. */
export const runTasks = async (
  tasks: readonly unknown[],
  { args = [], ...options }: ProcctlOptions & { readonly args?: readonly string[] } = {},
): Promise<Ended & { readonly records: readonly JsonRecord[] }> => {
  const ended = await runProcctl(['pool', '--json', '--size', '4', ...args, '-'], {
    input: JSON.stringify(tasks),
    ...options,
  });
  const records = recordsOf(ended.stdout).sort((a, b) => a.seq - b.seq);
  return { ...ended, records };
};

/** Runs tasks side by side, so that they could disturb each other; the records by the names of the tasks. */
export const runByName = async (
  runner: (typeof RUNNERS)[number],
  tasks: readonly object[],
  cwd: string,
): Promise<ReadonlyMap<string, JsonRecord>> => {
  const args = ['--runner', runner, '--timeout', '20s', '--stop-timeout', '1s'];
  const { records } = await runTasks(tasks, { args, cwd, before: 'ulimit -c 0' });
  return new Map(records.map((record) => [record.name, record]));
};
