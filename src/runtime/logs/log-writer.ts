import { closeSync, constants, fstatSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import {
  amountIn,
  amountOf,
  noteRecord,
  type OutputAmount,
  recordHeads,
  recordsOf,
} from '../../protocol/log-record.ts';
import { logNumbers, logPath, readAt, removeLog, takeBack } from './log-files.ts';
import { logTime } from './log-time.ts';

export interface LogWriterOptions {
  /** A file is left for the next one before it would grow larger; 0: never. */
  readonly maxBytes: number;
  /** Files kept, the one being written included; at least 1. */
  readonly keep: number;
  /** Wall clock, ms; default: `Date.now`. */
  readonly now?: () => number;
}

/** While the disk takes nothing, it is tried this often at most. */
const RETRY_MS = 200;
/** How often it is looked whether somebody has removed or emptied the file. */
const CHECK_MS = 1000;
const { O_APPEND, O_CREAT, O_EXCL, O_RDWR } = constants;
const NEWLINE = 10;

interface OpenFile {
  readonly fd: number;
  /** As far as we know: others may cut it. */
  size: number;
}

const reasonOf = (error: NodeJS.ErrnoException): string =>
  getSystemErrorMap().get(error.errno ?? 0)?.[1] ?? error.code ?? error.message;

/**
 * Writes the log of one process, each chunk at once and in the same tick: nothing waits in memory, so the end of the
 * daemon costs nothing that it has read.
 *
 * Never throws. What the disk does not take is dropped and counted, and the log says so as soon as it can be written
 * again. No file is ever renamed, so a reader can follow without a race.
 */
export class LogWriter {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #keep: number;
  readonly #now: () => number;
  #file: OpenFile | undefined;
  /** Of the file being written, or written last; 0 before the first. */
  #number = 0;
  #checkedAt = 0;
  #failedAt: number | undefined;
  #reason = '';
  #isClosed = false;
  /** Whose last record is no end of a line. */
  readonly #unended = new Set<'stdout' | 'stderr'>();
  /** Dropped and not yet told in the log. */
  #untold: OutputAmount = { lines: 0, bytes: 0 };
  #dropped: OutputAmount = { lines: 0, bytes: 0 };

  constructor(directory: string, { maxBytes, keep, now = Date.now }: LogWriterOptions) {
    this.#directory = directory;
    this.#maxBytes = maxBytes === 0 ? Number.POSITIVE_INFINITY : maxBytes;
    this.#keep = Math.max(1, keep);
    this.#now = now;
  }

  /** Lines that could not be written since this writer was made; a line counts where it ends. */
  get droppedLines(): number {
    return this.#dropped.lines;
  }

  get droppedBytes(): number {
    return this.#dropped.bytes;
  }

  /** @param chunk used only during the call */
  append(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    if (chunk.length === 0) return;
    const at = this.#now();
    if (!this.#isReady(at)) {
      this.#drop(amountOf(chunk));
      return;
    }
    const heads = recordHeads(logTime(at), stream);
    const records = recordsOf(chunk, heads);
    const kept = this.#put(records);
    const endsWithNewline = chunk.at(-1) === NEWLINE;
    if (endsWithNewline) this.#unended.delete(stream);
    else this.#unended.add(stream);
    if (kept < records.length) this.#drop(amountIn(records.slice(kept), heads, endsWithNewline));
  }

  /** Puts a line of procctl's own into the log. It ends the lines that are open: what follows begins a new one. */
  note(text: string): void {
    const at = this.#now();
    const record = noteRecord(logTime(at), text);
    if (!this.#isReady(at) || this.#put(record) === 0) this.#drop({ lines: 1, bytes: Buffer.byteLength(text) + 1 });
  }

  /**
   * Says that nobody writes any more, and what comes next is of another run: a line that was left without an end is
   * noted, so that the next run's first line is not taken for the rest of it.
   */
  endRun(): void {
    if (this.#unended.size > 0) this.note('ended in the middle of a line');
    this.#unended.clear();
  }

  /** What comes later is dropped and counted. */
  close(): void {
    if (this.#untold.bytes > 0) this.#isReady(this.#now());
    this.#isClosed = true;
    this.#release();
  }

  /** Whether the log can be written, as far as one can tell before. */
  #isReady(at: number): boolean {
    if (this.#isClosed) return false;
    // Not within the time, also when the clock was set back.
    if (this.#failedAt !== undefined && Math.abs(at - this.#failedAt) < RETRY_MS) return false;
    try {
      if (this.#file !== undefined && Math.abs(at - this.#checkedAt) >= CHECK_MS) this.#check(at, this.#file);
      if (this.#file === undefined) this.#open(at);
    } catch (error) {
      this.#fail(error as NodeJS.ErrnoException);
      return false;
    }
    this.#failedAt = undefined;
    return this.#untold.bytes === 0 || this.#tellDropped(at);
  }

  #tellDropped(at: number): boolean {
    const { lines, bytes } = this.#untold;
    const amount = `${lines} ${lines === 1 ? 'line' : 'lines'} (${bytes} ${bytes === 1 ? 'byte' : 'bytes'})`;
    if (this.#put(noteRecord(logTime(at), `dropped ${amount}: ${this.#reason}`)) === 0) return false;
    this.#untold = { lines: 0, bytes: 0 };
    return true;
  }

  /** Removed behind our back, it would take everything and keep nothing; emptied, it is smaller than we think. */
  #check(at: number, file: OpenFile): void {
    const { nlink, size } = fstatSync(file.fd);
    this.#checkedAt = at;
    file.size = size;
    if (nlink === 0) this.#release();
  }

  /** Goes on where the last writer ended. */
  #open(at: number): void {
    try {
      mkdirSync(this.#directory, 0o700); // not the directories above it: a process that was removed stays removed
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const last = logNumbers(this.#directory).at(-1) ?? 0;
    // Numbers never go back, not even if somebody removed the files: a reader would wait for the next one for ever.
    this.#number = last >= this.#number ? Math.max(1, last) : this.#number + 1;
    const file = this.#openNumber(0);
    this.#checkedAt = at;
    if (file.size === 0 || readAt(file.fd, file.size - 1, 1)[0] === NEWLINE) return;
    const repair = `\n${noteRecord(logTime(at), 'the record before this one was cut short')}`;
    if (this.#write(file, repair) < repair.length) throw new Error(this.#reason);
  }

  #openNumber(flags: number): OpenFile {
    const fd = openSync(logPath(this.#directory, this.#number), O_RDWR | O_APPEND | O_CREAT | flags, 0o600);
    this.#file = { fd, size: fstatSync(fd).size };
    return this.#file;
  }

  #rotate(): OpenFile {
    this.#release();
    this.#number += 1;
    const file = this.#openNumber(O_EXCL);
    for (const number of logNumbers(this.#directory)) {
      if (number <= this.#number - this.#keep) removeLog(this.#directory, number);
    }
    return file;
  }

  /**
   * Writes records, in a new file if this one has no room for them.
   * @returns how much of them is in the log, in whole records; if that is not all, the log has failed
   */
  #put(records: string): number {
    try {
      const file = this.#file as OpenFile;
      const isTooLarge = file.size > 0 && file.size + records.length > this.#maxBytes;
      return this.#write(isTooLarge ? this.#rotate() : file, records);
    } catch (error) {
      this.#fail(error as NodeJS.ErrnoException);
      return 0;
    }
  }

  #write(file: OpenFile, records: string): number {
    let done = 0;
    try {
      // A full disk may take a part; whether it takes more, and else why not, only the next write can tell.
      while (done < records.length)
        done += writeSync(file.fd, done === 0 ? records : records.slice(done), null, 'latin1');
      file.size += done;
      return done;
    } catch (error) {
      const kept = done === 0 ? 0 : records.lastIndexOf('\n', done - 1) + 1;
      takeBack(file.fd, done - kept);
      this.#fail(error as NodeJS.ErrnoException);
      return kept;
    }
  }

  #fail(error: NodeJS.ErrnoException): void {
    this.#failedAt = this.#now();
    this.#reason = reasonOf(error);
    this.#release();
  }

  #drop({ lines, bytes }: OutputAmount): void {
    this.#dropped = { lines: this.#dropped.lines + lines, bytes: this.#dropped.bytes + bytes };
    this.#untold = { lines: this.#untold.lines + lines, bytes: this.#untold.bytes + bytes };
  }

  #release(): void {
    const fd = this.#file?.fd;
    this.#file = undefined;
    try {
      if (fd !== undefined) closeSync(fd);
    } catch {
      // It is closed all the same.
    }
  }
}
