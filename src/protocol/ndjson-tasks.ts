import type { TaskSpec } from '../core/pool/task.ts';
import { ProcctlError } from '../errors.ts';
import { decodeBytes } from './bytes.ts';
import { findJsonError } from './json-error.ts';
import { showFile, showPath } from './show.ts';
import { TaskList } from './task-list.ts';

/** The longest line that is read; what is longer is no task, but something else. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;

const NEWLINE = 0x0a;

/** The tasks that were whole, in order, and what was wrong after them. */
export interface NdjsonBatch {
  readonly tasks: TaskSpec[];
  /** ERR_TASKS. Absent: all is well. Once there is an error, nothing more is read. */
  readonly error?: ProcctlError;
}

/**
 * Reads tasks from NDJSON, one JSON value a line, as its bytes arrive; chunks may end anywhere.
 * Blank lines are skipped but counted; a byte order mark at the start and CRLF are accepted.
 */
export class NdjsonTasks {
  readonly #file: string;
  readonly #list = new TaskList((seq, line) => (line === undefined ? `task ${seq}` : `line ${line}`));
  /** The line begun but not ended: the first `#used` bytes. It grows by doubling, so a long line is not copied over and over. */
  #begun = Buffer.alloc(0);
  #used = 0;
  #line = 0;
  #isOver = false;

  /** @param file its name, for messages */
  constructor(file: string) {
    this.#file = file;
  }

  /** The tasks whose lines end in this chunk. */
  push(chunk: Uint8Array): NdjsonBatch {
    return this.#collect((tasks) => {
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
        this.#readLine(this.#finish(chunk.subarray(start, end)), tasks);
        start = end + 1;
      }
      if (start < chunk.length) this.#keep(chunk.subarray(start));
    });
  }

  /** The task of a last line that no newline ends. */
  end(): NdjsonBatch {
    return this.#collect((tasks) => {
      this.#readLine(this.#finish(new Uint8Array(0)), tasks, 'input');
      this.#isOver = true;
    });
  }

  #collect(read: (tasks: TaskSpec[]) => void): NdjsonBatch {
    const tasks: TaskSpec[] = [];
    if (this.#isOver) return { tasks };
    try {
      read(tasks);
      return { tasks };
    } catch (error) {
      if (!(error instanceof ProcctlError)) throw error;
      this.#isOver = true;
      this.#begun = Buffer.alloc(0);
      return { tasks, error };
    }
  }

  #refusal(message: string, extra: { readonly hint?: string; readonly cause?: unknown } = {}): ProcctlError {
    return new ProcctlError('ERR_TASKS', `${showFile(this.#file)}:${this.#line}: ${message}`, extra);
  }

  #checkLength(bytes: number): void {
    if (bytes <= MAX_LINE_BYTES) return;
    this.#line += 1;
    throw this.#refusal(`the line is longer than ${MAX_LINE_BYTES / 1024 / 1024} MiB`);
  }

  #keep(bytes: Uint8Array): void {
    const needed = this.#used + bytes.length;
    this.#checkLength(needed);
    if (needed > this.#begun.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#begun.length));
      grown.set(this.#begun.subarray(0, this.#used));
      this.#begun = grown;
    }
    this.#begun.set(bytes, this.#used);
    this.#used = needed;
  }

  /** The whole line, of what was kept and the rest of it. */
  #finish(rest: Uint8Array): Uint8Array {
    if (this.#used === 0) {
      this.#checkLength(rest.length);
      return rest;
    }
    this.#keep(rest);
    const line = this.#begun.subarray(0, this.#used);
    this.#used = 0;
    if (this.#begun.length > 1024 * 1024) this.#begun = Buffer.alloc(0); // one long line is no reason to hold its memory
    return line;
  }

  #readLine(bytes: Uint8Array, tasks: TaskSpec[], whole = 'line'): void {
    this.#line += 1;
    let text = decodeBytes(bytes);
    if (this.#line === 1 && text.startsWith('\ufeff')) text = text.slice(1);
    if (/^[ \t\r]*$/.test(text)) return;
    const checked = this.#list.add(this.#parse(text, whole), this.#line);
    if ('value' in checked) tasks.push(checked.value);
    else {
      const { path, message } = checked.problem;
      const isDocument = path[0] === 'tasks' || path[0] === 'defaults';
      throw this.#refusal(
        path.length === 0 ? message : `${showPath(path)}: ${message}`,
        isDocument ? { hint: 'if it is one JSON document, say --format json' } : {},
      );
    }
  }

  #parse(text: string, whole: string): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      const error = findJsonError(text) ?? { offset: 0, kind: 'wrong', message: (cause as Error).message };
      if (error.kind === 'cutOff') {
        throw this.#refusal(`not JSON: unexpected end of the ${whole}`, {
          hint: 'NDJSON has one whole task a line; a document is an array, or { "tasks": […] }',
          cause,
        });
      }
      const message = error.kind === 'trailing' ? 'unexpected text after the task' : error.message;
      // People who come from xargs send bare lines.
      const isBare = !/^\s*["[{]/.test(text);
      const hint = isBare ? { hint: 'a line for the shell is a task as a JSON string: "sleep 1"' } : {};
      throw this.#refusal(`not JSON at column ${error.offset + 1}: ${message}`, { ...hint, cause });
    }
  }
}
