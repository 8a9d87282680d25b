import type { AttemptEntry, JournalRecord } from './record.ts';

/** Half of a key is enough to tell tasks apart (128 bits), and takes a third of the room as one-byte text. */
const shortKey = (key: string): string => Buffer.from(key.slice(0, 32), 'hex').toString('latin1');

/** Rows are of whole numbers. */
const MAX_MS = 2 ** 32 - 2;

/** Numbers by row, growing. */
class Column {
  #cells = new Uint32Array(64);

  get(row: number): number {
    return this.#cells[row] ?? 0;
  }

  set(row: number, value: number): void {
    if (row >= this.#cells.length) {
      const larger = new Uint32Array(this.#cells.length * 2);
      larger.set(this.#cells);
      this.#cells = larger;
    }
    this.#cells[row] = value;
  }
}

/**
 * What the runs of a journal say of each kind of task, by key: how many have succeeded, how many are still failed, and
 * how long the last success took. About 100 bytes a key, however many records there are.
 *
 * A failed task is made good by a later run: the first tasks with its key that end there, well or not, are taken for
 * those that had failed. What was cancelled counts as neither; it leaves a failed task failed.
 */
export class Ledger {
  readonly #rows = new Map<string, number>();
  readonly #succeeded = new Column();
  /** Failed in runs before the one that is being read, and not run again since. */
  readonly #failedBefore = new Column();
  /** Failed in the run that is being read. */
  readonly #failedNow = new Column();
  /** 1 more than the ms; 0 where there was no success. */
  readonly #tookMs = new Column();
  /** Rows with something in `#failedNow`. */
  #fresh = new Set<number>();
  /** Tasks of this run whose last attempt failed, with another one to follow: the row, by the task's number. */
  readonly #owed = new Map<number, number>();
  #run = 0;

  /** The number of the last run; 0 when there is none. */
  get lastRun(): number {
    return this.#run;
  }

  /** Nothing is known of any task. */
  get isEmpty(): boolean {
    return this.#rows.size === 0;
  }

  /** Takes in the next record; they come in the order of the journal. */
  add(record: JournalRecord): void {
    if (record.type === 'run') this.#beginRun(record.run);
    else if (record.type === 'attempt') this.#addAttempt(record);
  }

  /** All has been read. */
  end(): void {
    this.#closeRun();
  }

  /** How many tasks with this key have succeeded, in all runs. */
  succeeded(key: string): number {
    return this.#count(this.#succeeded, key);
  }

  /** How many tasks with this key are failed, as far as is known. */
  failed(key: string): number {
    return this.#count(this.#failedBefore, key);
  }

  /** How long the last success of a task with this key took, ms; undefined when there was none. */
  tookMs(key: string): number | undefined {
    const row = this.#rows.get(shortKey(key));
    const stored = row === undefined ? 0 : this.#tookMs.get(row);
    return stored === 0 ? undefined : stored - 1;
  }

  /** Uses up one success of this key; false when there is none left. */
  takeSucceeded(key: string): boolean {
    return this.#takeOne(this.#succeeded, key);
  }

  /** Uses up one failure of this key; false when there is none left. */
  takeFailed(key: string): boolean {
    return this.#takeOne(this.#failedBefore, key);
  }

  #takeOne(column: Column, key: string): boolean {
    const row = this.#rows.get(shortKey(key));
    if (row === undefined || column.get(row) === 0) return false;
    column.set(row, column.get(row) - 1);
    return true;
  }

  #count(column: Column, key: string): number {
    const row = this.#rows.get(shortKey(key));
    return row === undefined ? 0 : column.get(row);
  }

  #beginRun(run: number): void {
    this.#closeRun();
    this.#run = Math.max(this.#run, run);
  }

  #closeRun(): void {
    for (const row of this.#owed.values()) this.#noteFailure(row);
    this.#owed.clear();
    for (const row of this.#fresh) {
      this.#failedBefore.set(row, this.#failedBefore.get(row) + this.#failedNow.get(row));
      this.#failedNow.set(row, 0);
    }
    this.#fresh = new Set();
  }

  #addAttempt({ key, seq, state, final, durationMs }: AttemptEntry): void {
    const row = this.#rowOf(key);
    if (state === 'cancelled') {
      // Cut off in a later try: the tries before it have failed all the same. If it only gave way, it goes on.
      if (final && this.#owed.delete(seq)) this.#noteFailure(row);
      return;
    }
    if (!final) {
      this.#owed.set(seq, row);
      return;
    }
    this.#owed.delete(seq);
    if (state === 'succeeded') {
      this.#makeGood(row);
      this.#succeeded.set(row, this.#succeeded.get(row) + 1);
      this.#tookMs.set(row, 1 + Math.min(MAX_MS, Math.round(durationMs)));
    } else {
      this.#noteFailure(row);
    }
  }

  #noteFailure(row: number): void {
    this.#makeGood(row);
    this.#failedNow.set(row, this.#failedNow.get(row) + 1);
    this.#fresh.add(row);
  }

  #makeGood(row: number): void {
    const before = this.#failedBefore.get(row);
    if (before > 0) this.#failedBefore.set(row, before - 1);
  }

  #rowOf(key: string): number {
    const short = shortKey(key);
    const known = this.#rows.get(short);
    if (known !== undefined) return known;
    const row = this.#rows.size;
    this.#rows.set(short, row);
    return row;
  }
}
