import { closeSync, constants, fsyncSync, openSync, realpathSync, statSync, unlinkSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { TaskSpec } from '../../core/pool/task.ts';
import { Ledger } from '../../protocol/journal/ledger.ts';
import {
  attemptEntry,
  type EndRecord,
  JOURNAL_VERSION,
  type JournalRecord,
  journalLine,
} from '../../protocol/journal/record.ts';
import type { AttemptRecord } from '../../protocol/task-record.ts';
import { JournalFile } from './journal-file.ts';
import { type JournalLock, lockJournal } from './journal-lock.ts';
import { isAlive, self } from './owner.ts';
import { cannotOpen, journalError, openRegular, readJournal } from './read-journal.ts';
import { taskKey } from './task-key.ts';

export interface JournalOptions {
  readonly file: string;
  /** Which tasks are left out: none; those that have succeeded; all but those that have failed. */
  readonly mode: 'all' | 'resume' | 'retryFailed';
  /** Of the pool. */
  readonly size: number;
  /** Absolute; where tasks without a `cwd` work. */
  readonly directory: string;
  /** The journal cannot be written any more; told once. */
  readonly onBroken: (error: NodeJS.ErrnoException) => void;
}

/** How a run has ended. */
export type RunEnd = Pick<EndRecord, 'haltedBy' | 'counts'>;

interface Opened {
  readonly handle: FileHandle;
  readonly lock: JournalLock;
  /** It was made just now. */
  readonly isNew: boolean;
  readonly path: string;
}

const inUse = (file: string, pid: number): Error =>
  journalError(file, `is in use by another procctl pool, pid ${pid}`, 'wait for it to end, or give another file');

const syncDirectory = (path: string): void => {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
};

const openOrMake = async (file: string, mustExist: boolean): Promise<Pick<Opened, 'handle' | 'isNew'>> => {
  const flags = constants.O_RDWR | constants.O_APPEND;
  try {
    return { handle: await openRegular(file, flags), isNew: false };
  } catch (error) {
    const { cause } = error as { readonly cause?: NodeJS.ErrnoException };
    if (cause?.code !== 'ENOENT' || mustExist) throw error;
    return { handle: await openRegular(file, flags | constants.O_CREAT), isNew: true };
  }
};

const lockOf = async (file: string, path: string): Promise<JournalLock> => {
  let lock: Awaited<ReturnType<typeof lockJournal>>;
  try {
    lock = await lockJournal(path);
  } catch (error) {
    const { message } = cannotOpen(file, error);
    throw journalError(file, `no lock can be made beside it (${message.replace(/^.*: /, '')})`, undefined, error);
  }
  if ('release' in lock) return lock;
  throw inUse(file, lock.pid);
};

/** Opens and locks; what was opened is what the name stands for now that it is locked. */
const openLocked = async (file: string, mustExist: boolean): Promise<Opened> => {
  for (;;) {
    const { handle, isNew } = await openOrMake(file, mustExist);
    try {
      const path = realpathSync(file);
      const lock = await lockOf(file, path);
      if (isSame(path, (await handle.stat()).ino)) return { handle, lock, isNew, path };
      lock.release();
    } catch (error) {
      await handle.close();
      throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? cannotOpen(file, error) : error;
    }
    await handle.close();
  }
};

const isSame = (path: string, ino: number): boolean => statSync(path, { throwIfNoEntry: false })?.ino === ino;

/** The journal of one pool: what earlier runs have done, and the record of this one. */
export class Journal {
  readonly #options: JournalOptions;
  readonly #opened: Opened;
  readonly #file: JournalFile;
  readonly #ledger: Ledger;
  readonly #run: number;
  readonly #needsNewline: boolean;
  /** Lines of the file that could not be read. */
  readonly damagedLines: number;
  /** Keys of tasks that are to be run, by number; those of settled ones are let go. */
  readonly #keys = new Map<number, string>();
  #hasBegun = false;

  private constructor(
    options: JournalOptions,
    opened: Opened,
    ledger: Ledger,
    reading: { readonly needsNewline: boolean; readonly damagedLines: number; readonly isTorn: boolean },
  ) {
    this.#options = options;
    this.#opened = opened;
    this.#ledger = ledger;
    this.#run = ledger.lastRun + 1;
    this.#needsNewline = reading.needsNewline;
    this.damagedLines = reading.damagedLines + (reading.isTorn ? 1 : 0);
    this.#file = new JournalFile(opened.handle.fd, options.onBroken);
  }

  /**
   * Opens a journal, makes it if it is not there, and reads what earlier runs have done.
   *
   * @throws ProcctlError ERR_JOURNAL when it is no journal, in use, or cannot be opened; ERR_DISK for a full disk
   */
  static async open(options: JournalOptions): Promise<Journal> {
    const { file, mode } = options;
    const opened = await openLocked(file, mode === 'retryFailed');
    try {
      const ledger = new Ledger();
      const reading = await readJournal(opened.handle, file, (record) => ledger.add(record));
      ledger.end();
      const { openRun } = reading;
      // The same file by another name has another lock.
      if (openRun !== undefined && isAlive(openRun)) throw inUse(file, openRun.pid);
      if (mode === 'retryFailed' && ledger.lastRun === 0) {
        throw journalError(file, 'has no run yet, so nothing has failed', 'leave --retry-failed out for the first run');
      }
      if (opened.isNew) syncDirectory(dirname(opened.path));
      return new Journal(options, opened, ledger, reading);
    } catch (error) {
      await leave(opened, true);
      throw error;
    }
  }

  /** Whether a task need not be run. The first task that is to be run begins the run. */
  isDone(task: TaskSpec): boolean {
    const { mode } = this.#options;
    if (mode !== 'all') {
      const key = this.#keyOf(task);
      const isLeftOut = mode === 'resume' ? this.#ledger.takeSucceeded(key) : !this.#ledger.takeFailed(key);
      if (isLeftOut) {
        this.#keys.delete(task.seq);
        return true;
      }
    }
    if (!this.#hasBegun) this.#begin();
    return false;
  }

  /** No earlier run has anything to say of any task. */
  get isEmpty(): boolean {
    return this.#ledger.isEmpty;
  }

  /** How long a task took the last time it succeeded, ms. */
  expectedMs(task: TaskSpec): number | undefined {
    return this.#ledger.tookMs(this.#keyOf(task));
  }

  record(record: AttemptRecord, task: TaskSpec): void {
    const entry = attemptEntry(this.#run, this.#keyOf(task), record);
    if (record.final) this.#keys.delete(task.seq);
    this.#write(entry);
  }

  /** @param end how the run has ended; absent: not in order */
  async close(end: RunEnd | undefined): Promise<void> {
    if (end !== undefined && this.#hasBegun) {
      this.#write({ type: 'end', run: this.#run, endedAt: new Date().toISOString(), ...end });
    }
    await this.#file.flush();
    await leave(this.#opened, !this.#hasBegun);
  }

  #keyOf(task: TaskSpec): string {
    const known = this.#keys.get(task.seq);
    if (known !== undefined) return known;
    const key = taskKey(task, this.#options.directory);
    this.#keys.set(task.seq, key);
    return key;
  }

  #begin(): void {
    this.#hasBegun = true;
    const { size } = this.#options;
    const startedAt = new Date().toISOString();
    const text = journalLine({ type: 'run', version: JOURNAL_VERSION, run: this.#run, startedAt, size, ...self() });
    this.#file.append(this.#needsNewline ? `\n${text}` : text);
  }

  #write(record: JournalRecord): void {
    this.#file.append(journalLine(record));
  }
}

/** Gives back all that was taken; what was made and not used is removed. */
const leave = async ({ handle, lock, isNew, path }: Opened, isUnused: boolean): Promise<void> => {
  try {
    if (isNew && isUnused && (await handle.stat()).size === 0) unlinkSync(path);
    await handle.close();
  } catch {
    // The error of the journal, if there is one, has been told.
  }
  lock.release();
};
