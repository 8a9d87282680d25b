import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, unlinkSync } from 'node:fs';
import { withSlot } from '../../core/pool/slot-mark.ts';
import type { TaskSpec } from '../../core/pool/task.ts';
import { ProcctlError } from '../../errors.ts';
import { CSV_HEADER, csvRow, wholeCsvBytes, wholeLinesBytes } from '../../protocol/results/csv.ts';
import { type Bytes, recordLine, type TaskRecord } from '../../protocol/task-record.ts';
import { KeptOutput, NO_BYTES } from '../output/kept-output.ts';
import type { SpillSpace } from '../output/spill-buffer.ts';
import type { OutputMode, TaskOutput } from '../output/task-output.ts';
import { writeWhole } from '../write-whole.ts';
import { reasonOf } from './reason.ts';
import type { Results, ResultsOptions } from './results.ts';
import { cannotHave } from './results-directory.ts';

const READ_BYTES = 256 * 1024;

function* chunksOf(fd: number): Generator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  for (let at = 0; ; ) {
    const size = readSync(fd, buffer, 0, READ_BYTES, at);
    if (size === 0) return;
    yield buffer.subarray(0, size);
    at += size;
  }
}

/** How the tasks of a pool stand in one file. */
interface FileForm {
  readonly header: string;
  row(record: TaskRecord, task: TaskSpec, stdout: Bytes, stderr: Bytes): Iterable<Buffer>;
  /** How many bytes whole rows take, the header included. */
  wholeBytes(chunks: Iterable<Uint8Array>): number;
}

const FORMS: Readonly<Record<'csv' | 'ndjson', FileForm>> = {
  csv: {
    header: CSV_HEADER,
    row: (record, task, stdout, stderr) => csvRow(record, withSlot(task, record.slot).command, stdout, stderr),
    wholeBytes: wholeCsvBytes,
  },
  ndjson: {
    header: '',
    row: (record, _task, stdout, stderr) => recordLine(record, stdout, stderr),
    wholeBytes: wholeLinesBytes,
  },
};

/** `--results FILE`: a row for each task, appended when it settles. */
class ResultsFile implements Results {
  readonly #path: string;
  readonly #form: FileForm;
  readonly #options: ResultsOptions;
  readonly #fd: number;
  readonly #isNew: boolean;
  /** Bytes of whole rows. */
  #size: number;
  #rows = 0;
  #isLost = false;

  constructor(path: string, form: FileForm, options: ResultsOptions) {
    this.#path = path;
    this.#form = form;
    this.#options = options;
    const { isResuming } = options;
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | (isResuming ? 0 : constants.O_EXCL);
    try {
      this.#fd = openSync(path, flags, 0o666);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw cannotHave(path, error);
      throw new ProcctlError('ERR_RESULTS', `--results ${path}: there is such a file already`, {
        hint: 'give another name, or move it away; --resume appends to it',
      });
    }
    try {
      this.#isNew = fstatSync(this.#fd).size === 0;
      this.#size = this.#isNew ? 0 : this.#takeUp();
      if (this.#size === 0) this.#append([Buffer.from(form.header)], false);
    } catch (error) {
      closeSync(this.#fd);
      throw error instanceof ProcctlError ? error : cannotHave(path, error);
    }
  }

  mode(space: SpillSpace): OutputMode {
    return { isStreaming: false, open: (task) => this.#open(space, task) };
  }

  close(isGood: boolean): void {
    closeSync(this.#fd);
    // It would only stand in the way of the next try.
    if (!isGood && this.#isNew && this.#rows === 0) unlinkSync(this.#path);
  }

  /** Cuts off the row that was being written when its writer was killed, and says where the whole ones end. */
  #takeUp(): number {
    const { header, wholeBytes } = this.#form;
    const beginning = Buffer.alloc(Buffer.byteLength(header));
    const size = readSync(this.#fd, beginning, 0, beginning.length, 0);
    const found = beginning.subarray(0, size);
    if (!Buffer.from(header).subarray(0, size).equals(found)) {
      throw new ProcctlError('ERR_RESULTS', `--results ${this.#path}: it has other columns`, {
        hint: 'give another name, or move it away',
      });
    }
    const whole = wholeBytes(chunksOf(this.#fd));
    ftruncateSync(this.#fd, whole);
    return whole;
  }

  #open(space: SpillSpace, task: TaskSpec): TaskOutput {
    const kept = new KeptOutput(space, (record, stdout, stderr) => {
      this.#write(record, task, stdout ?? NO_BYTES, stderr ?? NO_BYTES);
      stdout?.clear();
      stderr?.clear();
    });
    let isWritten = false;
    const keep = (record: TaskRecord): boolean => {
      if (!isWritten) kept.finish(record);
      isWritten = true;
      return !this.#isLost;
    };
    return {
      data: (stream, chunk) => kept.data(stream, chunk),
      restart: () => kept.restart(),
      keep,
      finish: (record) => void keep(record),
    };
  }

  #write(record: TaskRecord, task: TaskSpec, stdout: Bytes, stderr: Bytes): void {
    if (this.#isLost) return;
    try {
      // No journal calls a task done that never started: it runs again. Of them there may be thousands in one turn.
      const isSynced = this.#options.isSynced && record.attempts > 0;
      this.#append(this.#form.row(record, task, stdout, stderr), isSynced);
      this.#rows += 1;
    } catch (error) {
      this.#isLost = true;
      const message = `--results ${this.#path}: cannot be written: ${reasonOf(error)}`;
      this.#options.onLost(new ProcctlError('ERR_RESULTS_LOST', message, { cause: error }));
    }
  }

  /** All of it or, on a full disk, nothing. */
  #append(pieces: Iterable<Buffer>, isSynced: boolean): void {
    let size = this.#size;
    try {
      for (const piece of pieces) {
        writeWhole(this.#fd, piece);
        size += piece.length;
      }
      if (isSynced) fsyncSync(this.#fd);
      this.#size = size;
    } catch (error) {
      ftruncateSync(this.#fd, this.#size);
      throw error;
    }
  }
}

/** @throws ProcctlError ERR_RESULTS when there is such a file already (unless resuming), or it cannot be written */
export const resultsFile = (kind: 'csv' | 'ndjson', path: string, options: ResultsOptions): Results =>
  new ResultsFile(path, FORMS[kind], options);
