import { LineCutter } from './lines.ts';
import { isBegunRun, parseJournalLine } from './parse.ts';
import { JOURNAL_VERSION, type JournalRecord, type RunRecord } from './record.ts';

/** Why a file is not read as a journal: it is something else, or of a later version. */
export type Refusal = 'foreign' | 'newer';

/**
 * Reads a journal piece by piece. What was cut short, by a kill or a full disk, is a line that is no record; a line
 * like that is left out and counted, and what it would have said is not known.
 */
export class JournalReading {
  readonly #lines = new LineCutter();
  readonly #take: (record: JournalRecord) => void;
  #begun = '';
  #runs = 0;
  #damaged = 0;
  #isTorn = false;
  #needsNewline = false;
  #lastRun: RunRecord | undefined;
  #refusal: Refusal | undefined;

  /** @param take is given each record, in order */
  constructor(take: (record: JournalRecord) => void) {
    this.#take = take;
  }

  /** Set as soon as it is known; nothing is taken from then on. */
  get refusal(): Refusal | undefined {
    return this.#refusal;
  }

  /** Lines in the middle that could not be read. */
  get damagedLines(): number {
    return this.#damaged;
  }

  /** The last line is cut short. */
  get isTorn(): boolean {
    return this.#isTorn;
  }

  /** The file does not end with a newline: what is appended has to begin with one. */
  get needsNewline(): boolean {
    return this.#needsNewline;
  }

  /** The last run that has begun and has no end; undefined when the last one has come to its end. */
  get openRun(): RunRecord | undefined {
    return this.#lastRun;
  }

  push(chunk: Buffer): void {
    if (this.#refusal !== undefined || chunk.length === 0) return;
    if (this.#runs === 0 && !this.#mayBegin(chunk)) {
      this.#refusal = 'foreign';
      return;
    }
    for (const line of this.#lines.push(chunk)) {
      if (this.#refusal !== undefined) return;
      if (!this.#read(line)) this.#damaged += 1;
    }
  }

  /** The file has been read to its end. */
  end(): void {
    const rest = this.#lines.end();
    this.#needsNewline = rest !== '';
    // Only the newline is missing: no part of an object in JSON is an object.
    if (rest === '' || this.#refusal !== undefined) return;
    this.#isTorn = !this.#read(rest);
  }

  /** Looks at the first bytes alone, so that a large file of another kind is not read to the end of its first line. */
  #mayBegin(chunk: Buffer): boolean {
    if (this.#begun.length < 32) this.#begun += chunk.toString('latin1', 0, 64);
    const [first = ''] = this.#begun.split('\n', 1);
    return isBegunRun(first);
  }

  /** @returns false for what is no record */
  #read(line: string): boolean {
    const record = parseJournalLine(line);
    if (typeof record === 'object' && record.type === 'run' && record.version > JOURNAL_VERSION) {
      this.#refusal = 'newer';
      return true;
    }
    if (this.#runs === 0 && !(typeof record === 'object' && record.type === 'run')) {
      if (!isBegunRun(line)) this.#refusal = 'foreign';
      return false;
    }
    if (typeof record !== 'object') return record === 'unknown';
    if (record.type === 'run') {
      this.#runs += 1;
      this.#lastRun = record;
    } else if (record.type === 'end') {
      this.#lastRun = undefined;
    }
    this.#take(record);
    return true;
  }
}
