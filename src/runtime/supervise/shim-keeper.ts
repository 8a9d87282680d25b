import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessRef } from '../../core/process/life.ts';
import type { ProcessSpec } from '../../protocol/process-spec.ts';
import type { ShimRef } from '../../protocol/process-status.ts';
import type { ShimWord } from '../../protocol/shim-script.ts';
import { isSameAlive } from '../family/family.ts';
import { parseProc } from '../family/proc.ts';
import { LogWriter } from '../logs/log-writer.ts';
import type { Launcher } from './launcher.ts';
import type { ProcessDirectory } from './process-directory.ts';
import { ShimLink } from './shim-link.ts';

/** How long a shim may take to say hello before the start counts as failed. */
const HELLO_PATIENCE_MS = 30_000;
/** How long a shim that has just begun may take to say who it is. */
const NAME_PATIENCE_MS = 1_000;

export interface ShimEvents {
  /** The shim spoke; what the process had written by then is in the log. */
  onWord(word: Exclude<ShimWord, { tag: 'hello' }>): void;
  /** The shim was killed, or has gone as it was told to. */
  onGone(): void;
  /** A run that was ordered will not begin. */
  onStartFailed(run: number, why: string): void;
}

/** What became of the last shim: `never` is one that has not begun, and now cannot. */
export type FoundShim = { readonly tag: 'alive'; readonly ref: ProcessRef } | { readonly tag: 'dead' | 'never' };

/**
 * Keeps the shim of one process: has it started, talks to it, and writes down what comes through its pipes.
 *
 * Shims of a process are numbered (generations). Each claims its number by making a file that must not be there, so
 * that one of a launcher that outlived its daemon cannot come to life beside its successor.
 */
export class ShimKeeper {
  readonly #spec: ProcessSpec;
  readonly #directory: ProcessDirectory;
  readonly #launcher: Launcher;
  readonly #events: ShimEvents;
  #generation: number;
  #shim: ShimRef | null;
  #link: ShimLink | undefined;
  #logs: LogWriter | undefined;
  #droppedBefore = 0;
  #helloTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(
    { spec, directory, launcher }: { spec: ProcessSpec; directory: ProcessDirectory; launcher: Launcher },
    { shim, generation }: { readonly shim: ShimRef | null; readonly generation: number },
    events: ShimEvents,
  ) {
    this.#spec = spec;
    this.#directory = directory;
    this.#launcher = launcher;
    this.#shim = shim;
    this.#generation = generation;
    this.#events = events;
  }

  /** For the status on the disk. */
  get status(): { readonly shim: ShimRef | null; readonly generation: number } {
    return { shim: this.#shim, generation: this.#generation };
  }

  get pid(): number | undefined {
    return this.#shim?.ref?.pid;
  }

  /** Lines of output that the disk did not take. */
  get droppedLogLines(): number {
    return this.#droppedBefore + (this.#logs?.droppedLines ?? 0);
  }

  /** Has a shim that is there begin a run; false when there is none. */
  go(run: number): boolean {
    if (!this.#link?.say(`go ${run}`)) return false;
    this.#expectStart(run);
    return true;
  }

  /** Takes the next generation; it has to be on the disk before `start`. */
  next(): void {
    this.#closeLink();
    this.#generation += 1;
    this.#shim = { generation: this.#generation, ref: null };
  }

  /** Starts the shim of this generation, and with it a run. */
  start(run: number): void {
    this.#start(run).catch((error: unknown) => {
      this.#events.onStartFailed(run, error instanceof Error ? error.message : String(error));
    });
  }

  async #start(run: number): Promise<void> {
    await this.#launcher.makePipes(this.#spec.id);
    if (this.#isClosed) return;
    if (!this.open()) throw new Error('its pipes cannot be opened');
    this.#launcher.up(this.#spec, this.#generation, run);
    this.#expectStart(run);
  }

  #expectStart(run: number): void {
    clearTimeout(this.#helloTimer);
    this.#helloTimer = setTimeout(() => {
      const ref = this.#shim?.ref;
      if (!this.#claim() && ref && isSameAlive(ref)) this.#expectStart(run);
      else this.#events.onStartFailed(run, 'its shim did not start');
    }, HELLO_PATIENCE_MS).unref();
  }

  /** Opens the pipes, if they are there. */
  open(): boolean {
    if (this.#link !== undefined) return true;
    try {
      const { user } = this.#spec;
      if (user !== null) this.#directory.giveOutput(user.uid, user.gid);
      this.#link = new ShimLink((name) => this.#directory.file(name), {
        onWord: (word) => this.#onWord(word),
        onOutput: (stream, chunk) => this.#log().append(stream, chunk),
        onGone: () => this.#events.onGone(),
      });
      return true;
    } catch {
      return false;
    }
  }

  #onWord(word: ShimWord): void {
    if (word.tag !== 'hello') {
      if (word.tag !== 'outside') clearTimeout(this.#helloTimer);
      this.#events.onWord(word);
      return;
    }
    if (word.generation !== this.#generation) return;
    const { pid, startTicks } = parseProc(word.stat);
    // Not worth a write of its own: what it says next is, and until then its claim has the same.
    this.#shim = { generation: word.generation, ref: { pid, startTicks } };
  }

  /** Looks for the shim that an earlier daemon had started last. */
  async find(): Promise<FoundShim> {
    const found = await this.#find();
    this.#shim = found.tag === 'alive' ? { generation: this.#generation, ref: found.ref } : null;
    return found;
  }

  async #find(): Promise<FoundShim> {
    const known = this.#shim?.ref;
    if (known) return isSameAlive(known) ? { tag: 'alive', ref: known } : { tag: 'dead' };
    if (this.#generation === 0 || this.#claim()) return { tag: 'never' };
    for (const until = performance.now() + NAME_PATIENCE_MS; performance.now() < until; await sleep(20)) {
      const stat = this.#claimant();
      if (stat === '') continue;
      const { pid, startTicks } = parseProc(stat);
      return isSameAlive({ pid, startTicks }) ? { tag: 'alive', ref: { pid, startTicks } } : { tag: 'dead' };
    }
    return { tag: 'dead' };
  }

  get #claimFile(): string {
    return this.#directory.file(`shim.${this.#generation}`);
  }

  #claimant(): string {
    try {
      return readFileSync(this.#claimFile, 'latin1');
    } catch {
      return '';
    }
  }

  /** Takes a generation that its shim has not taken yet, so that it never will. */
  #claim(): boolean {
    try {
      closeSync(openSync(this.#claimFile, 'wx', 0o600));
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code !== 'EEXIST';
    }
  }

  /** Takes what is in the pipes, and asks how the last run ended: the earlier daemon may not have lived to keep it. */
  catchUp(): void {
    this.#link?.drainOutput();
    this.#link?.drainWords();
    this.#link?.say('say');
  }

  /** Everything of a run has ended: what it has written is in the log. */
  endRun(): void {
    this.#link?.drainOutput();
    this.#logs?.endRun();
  }

  /** The shim was killed: the pipes are of no more use. */
  lose(): void {
    this.#shim = null;
    this.#link?.drainOutput();
    this.#closeLink();
  }

  /** Nothing is to be started for now: the shim goes. */
  dismiss(): void {
    this.#link?.drainOutput();
    if (this.#shim !== null) this.#link?.say(`bye ${this.#generation}`);
    this.#shim = null;
    this.#release();
  }

  /** Forgets the shim without a word: it goes on. */
  close(): void {
    this.#isClosed = true;
    this.#release();
  }

  #release(): void {
    clearTimeout(this.#helloTimer);
    this.#closeLink();
    this.#droppedBefore = this.droppedLogLines;
    this.#logs?.close();
    this.#logs = undefined;
  }

  #closeLink(): void {
    this.#link?.close();
    this.#link = undefined;
  }

  #log(): LogWriter {
    const { logMaxBytes: maxBytes, logKeep: keep } = this.#spec;
    this.#logs ??= new LogWriter(this.#directory.logs, { maxBytes, keep });
    return this.#logs;
  }
}
