import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { withSlot } from '../../core/pool/slot-mark.ts';
import type { TaskSpec } from '../../core/pool/task.ts';
import { ProcctlError } from '../../errors.ts';
import { encodeBytes } from '../../protocol/bytes.ts';
import { metaJson } from '../../protocol/results/meta-json.ts';
import type { TaskRecord } from '../../protocol/task-record.ts';
import type { TaskOutput } from '../output/task-output.ts';
import { writeWhole } from '../write-whole.ts';
import { folderNameOf } from './folder-name.ts';
import { reasonOf } from './reason.ts';
import type { ResultsOptions } from './results.ts';

const STREAMS = ['stdout', 'stderr'] as const;
type Stream = (typeof STREAMS)[number];

const FRESH = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
/** What somebody has removed is not made again: it would lack its beginning. */
const APPEND = constants.O_WRONLY | constants.O_APPEND;

/** At least what a record takes beside the id and the name, unless a function has returned much. */
const RECORD_BYTES = 4096;

const using = (path: string, flags: number | string, action: (fd: number) => void): void => {
  const fd = openSync(path, flags, 0o666);
  try {
    action(fd);
  } finally {
    closeSync(fd);
  }
};

const sync = (path: string): void => using(path, 'r', fsyncSync);

/**
 * The folder of one task: `stdout` and `stderr` as they come, and `meta.json` once it has settled and all of it is there.
 *
 * Nothing is kept open in between, for there may be thousands of slots. The room for `meta.json` is taken when the attempt
 * ends, while a full disk can still fail the task.
 */
export class ResultsFolder implements TaskOutput {
  readonly #root: string;
  readonly #path: string;
  readonly #task: TaskSpec;
  readonly #options: ResultsOptions;
  readonly #bytes = { stdout: 0, stderr: 0 };
  /** All that the last attempt wrote is there, and no `meta.json` yet. */
  #isWhole = false;

  constructor(root: string, task: TaskSpec, options: ResultsOptions) {
    this.#root = root;
    this.#path = join(root, folderNameOf(task.id));
    this.#task = task;
    this.#options = options;
  }

  begin(): void {
    this.#isWhole = false;
    this.#keeping(() => {
      if (!existsSync(this.#path)) mkdirSync(this.#path);
      // First of all: without it, what stands beside it is not whole.
      for (const name of ['meta.json', 'meta.json.new', ...STREAMS]) rmSync(this.#file(name), { force: true });
      for (const stream of STREAMS) {
        using(this.#file(stream), FRESH, () => {});
        this.#bytes[stream] = 0;
      }
    });
  }

  data(stream: Stream, chunk: Buffer): void {
    this.#keeping(() => using(this.#file(stream), APPEND, (fd) => writeWhole(fd, chunk)));
    this.#bytes[stream] += chunk.length;
  }

  ended(isWhole: boolean): void {
    if (!isWhole) return;
    this.#keeping(() => {
      if (this.#options.isSynced) for (const stream of STREAMS) if (this.#bytes[stream] > 0) sync(this.#file(stream));
      const { id, name } = this.#task;
      const facts = Buffer.byteLength(this.#meta({ ...NOT_ENDED, id, name }));
      using(this.#file('meta.json.new'), FRESH, (fd) => writeWhole(fd, Buffer.alloc(RECORD_BYTES + facts, ' ')));
    });
    this.#isWhole = true;
  }

  /** What a failed attempt has written stays until the next one starts; there may be none. */
  restart(): void {}

  keep(record: TaskRecord): boolean {
    // Never started: an earlier run's folder stays as it is. Or lost: then the task says so.
    if (!this.#isWhole) return true;
    this.#isWhole = false;
    try {
      const path = this.#file('meta.json.new');
      using(path, 'r+', (fd) => {
        const text = encodeBytes(this.#meta(record));
        writeWhole(fd, text);
        ftruncateSync(fd, text.length);
        if (this.#options.isSynced) fsyncSync(fd);
      });
      renameSync(path, this.#file('meta.json'));
      if (this.#options.isSynced) for (const directory of [this.#path, this.#root]) sync(directory);
      return true;
    } catch (error) {
      this.#options.onLost(this.#lost(error));
      return false;
    }
  }

  finish(record: TaskRecord): void {
    this.keep(record);
  }

  #file(name: string): string {
    return `${this.#path}/${name}`;
  }

  #meta(record: TaskRecord): string {
    const { directory } = this.#options;
    const task = withSlot(this.#task, record.slot);
    const { cwd = directory } = task;
    return metaJson(record, {
      task,
      cwd: isAbsolute(cwd) ? cwd : join(directory, cwd),
      stdoutBytes: this.#bytes.stdout,
      stderrBytes: this.#bytes.stderr,
    });
  }

  #keeping(action: () => void): void {
    try {
      action();
    } catch (error) {
      throw this.#lost(error);
    }
  }

  #lost(error: unknown): ProcctlError {
    const message = `its results cannot be kept in ${this.#path}: ${reasonOf(error)}`;
    return new ProcctlError('ERR_RESULTS_LOST', message, { cause: error });
  }
}

const NOT_ENDED: Omit<TaskRecord, 'id' | 'name'> = {
  seq: 0,
  state: 'cancelled',
  exitCode: null,
  signal: null,
  error: null,
  startedAt: null,
  endedAt: null,
  durationMs: null,
  attempts: 0,
  slot: null,
};
