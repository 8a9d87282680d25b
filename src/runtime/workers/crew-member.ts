import type { LostWorker } from '../../errors.ts';
import { callsBody, type ResultOnWire, type Results, readResults } from '../../protocol/calls.ts';
import { REVOKED_AT, readNotes } from '../../protocol/notes.ts';
import { encodeValue } from '../../protocol/values/codec.ts';
import { FROM_WORKER, type PoolWorkerStart, TO_WORKER } from '../../protocol/worker-frames.ts';
import type { Call, KnownTarget } from './call.ts';
import { type Ending, HostedProcess } from './hosted-process.ts';
import { NotesFile } from './notes-file.ts';

/** Who has not got on for so long is at a long call; more than twice what a worker takes for one. */
const STUCK_MS = 3;

/** Where a worker stands, by its notes. */
interface Standing {
  /** The same as long as it has not got on. */
  readonly key: string;
  readonly from: number;
  /** Of the call it is at. */
  readonly index: number;
  readonly results: readonly ResultOnWire[];
}

interface Message {
  readonly frame: number;
  /** Fewer than were sent once some have been taken back. */
  calls: readonly Call[];
  readonly isShort: boolean;
  readonly isSentAhead: boolean;
  /** Calls that have their result. */
  answered: number;
}

/** A worker that is dead, and what that means for the calls it had. */
export interface Loss {
  readonly worker: LostWorker;
  readonly saidRubbish: boolean;
  /** The one it was at. */
  readonly running: Call | undefined;
  /** It was not called yet: the worker died while it loaded the function. */
  readonly loading: Call | undefined;
  /** Not begun, in order. */
  readonly left: readonly Call[];
}

export interface MemberListener {
  onReady(): void;
  /** They have their results, from the channel or from the notes. */
  onAnswered(calls: readonly Call[]): void;
  /** Results of `calls` have come by the channel; they took `elapsedMs` together. */
  onResults(calls: readonly Call[], elapsedMs: number, memoryBytes: number): void;
  /** Calls that it has not begun, and that others may make. */
  onGaveBack(calls: readonly Call[]): void;
  /** The initializer threw, or cannot be loaded. */
  onCannotStart(encodedError: Buffer): void;
  onEnd(loss: Loss): void;
}

/** A worker that has closed its channel is about to end, or else has lost it and will never answer. */
const SILENT_MS = 1_000;

/** One worker of a pool, as the pool sees it: what it was sent and what it still owes. */
export class CrewMember {
  readonly #hosted: HostedProcess;
  readonly #notes: NotesFile;
  readonly #listener: MemberListener;
  readonly #defined = new Set<number>();
  #messages: Message[] = [];
  #frame = 0;
  #isReady = false;
  #isLeaving = false;
  #timer: NodeJS.Timeout | undefined;
  #lastSeen: string | undefined;
  #lastSeenAt = 0;
  #silence: NodeJS.Timeout | undefined;
  /** Calls it was given, all its life. */
  given = 0;

  /** @throws ProcctlError when there is no process for it */
  constructor(start: PoolWorkerStart, listener: MemberListener) {
    this.#listener = listener;
    this.#notes = new NotesFile();
    try {
      this.#hosted = new HostedProcess(
        { stdio: ['ignore', 'inherit', 'tail'], shared: this.#notes.fd, isGuarded: true },
        {
          onFrame: (type, body) => this.#onFrame(type, body),
          onSilent: () => {
            this.#silence = setTimeout(() => this.kill(), SILENT_MS);
          },
          onEnd: (ending) => this.#onEnd(ending),
        },
      );
    } catch (error) {
      this.#notes.close();
      throw error;
    }
    this.#hosted.send(TO_WORKER.start, encodeValue(start, ''));
  }

  get pid(): number {
    return this.#hosted.pid;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** It will get nothing more. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** Messages that are not wholly answered. */
  get messages(): number {
    return this.#messages.length;
  }

  /** Calls that are not answered. */
  get owed(): number {
    return this.#messages.reduce((sum, { calls, answered }) => sum + calls.length - answered, 0);
  }

  /** Whether all it has are calls that are soon done. */
  get isShort(): boolean {
    return this.#messages.every(({ isShort }) => isShort);
  }

  /** Whether it may have a call ahead, though it is at one that is not soon done. */
  get isSentAhead(): boolean {
    return this.#messages.every(({ isSentAhead }) => isSentAhead);
  }

  give(calls: readonly Call[]): void {
    const [first] = calls;
    for (const { target } of calls) this.#define(target);
    this.#frame += 1;
    // Only what is short is sent together.
    const isShort = first !== undefined && !first.isAlone && !first.target.pace.isLong;
    const isSentAhead = first !== undefined && !first.isAlone && first.target.pace.isSentAhead;
    this.#messages.push({ frame: this.#frame, calls, isShort, isSentAhead, answered: 0 });
    for (const { weight } of calls) this.given += weight;
    this.#hosted.send(TO_WORKER.calls, callsBody(this.#frame, calls));
    if (first?.timeoutMs === undefined) return;
    this.#timer = setTimeout(() => {
      first.onTimeout();
      this.kill();
    }, first.timeoutMs);
  }

  /** What it was given last, if that is all it has. */
  get only(): Call | undefined {
    return this.#messages.length === 1 && this.#messages[0]?.calls.length === 1
      ? this.#messages[0].calls[0]
      : undefined;
  }

  /** Whether it was sent several calls together, so that results may wait behind a call that takes long. */
  get keepsResults(): boolean {
    for (const { calls } of this.#messages) if (calls.length > 1) return true;
    return false;
  }

  /** Sees where it is now: what `lookAfter` compares with. @returns undefined unless it is where it was the last time */
  look(): Standing | undefined {
    const seen = this.#progress();
    if (seen !== undefined && seen.key === this.#lastSeen) return seen;
    this.#lastSeen = seen?.key;
    this.#lastSeenAt = performance.now();
    return undefined;
  }

  /**
   * Looks whether it has got on since it was looked at the last time. If not, it is at a call that was thought to be short:
   * the results before that are taken from its notes, and the calls behind it taken back.
   *
   * Who gets these must not make them twice. So first the worker is told, by its notes, and then it is looked whether it has got on; it
   * notes the end of a call before it looks whether it may begin the next (Dekker's order: each sets its flag before it reads the
   * other's).
   *
   * @param isTakenBack whether anybody else could make the calls behind
   */
  lookAfter(isTakenBack: boolean): readonly Call[] {
    const askedAt = performance.now();
    const seen = this.look();
    if (seen === undefined) return [];
    // A timer that was late may fire twice in a row; a worker looks at what it is told only after a call of a millisecond.
    if (askedAt - this.#lastSeenAt < STUCK_MS) return [];
    const [message, ...others] = this.#messages as [Message, ...Message[]];
    const results = seen.results.slice(message.answered - seen.from);
    if (message.answered >= seen.from && results.length > 0 && seen.index < message.calls.length) {
      this.#answer({ frame: message.frame, from: message.answered, results });
    }
    if (!isTakenBack || (this.#messages.length === 1 && !this.keepsResults)) return [];
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(this.#frame);
    this.#notes.write({ bytes, at: REVOKED_AT });
    // If it has, it gives them back by itself, or has made them.
    if (this.#progress()?.key !== seen.key) return [];
    const left = [...message.calls.slice(seen.index + 1), ...others.flatMap(({ calls }) => calls)];
    message.calls = message.calls.slice(0, seen.index + 1);
    this.#messages = [message];
    for (const { weight } of left) this.given -= weight;
    return left;
  }

  ref(isRef: boolean): void {
    this.#hosted.ref(isRef);
  }

  /** Has it end when it is done with what it has. */
  leave(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#hosted.send(TO_WORKER.end);
  }

  terminate(): void {
    this.#isLeaving = true;
    this.#hosted.kill('SIGTERM');
  }

  kill(): void {
    this.#isLeaving = true;
    this.#hosted.kill('SIGKILL');
  }

  #define({ number, target }: KnownTarget): void {
    if (this.#defined.has(number)) return;
    this.#defined.add(number);
    const head = Buffer.alloc(4);
    head.writeUInt32LE(number);
    this.#hosted.send(TO_WORKER.define, head, encodeValue(target));
  }

  #onFrame(type: number, body: Buffer): void {
    if (type === FROM_WORKER.ready && !this.#isReady) {
      this.#isReady = true;
      this.#listener.onReady();
    } else if (type === FROM_WORKER.cannotLoad && !this.#isReady) {
      const [error] = readResults(body).results;
      this.#listener.onCannotStart(error === undefined ? Buffer.alloc(0) : body.subarray(error.start, error.end));
    } else if (type === FROM_WORKER.results) {
      const results = readResults(body);
      const calls = this.#answer(results);
      this.#listener.onResults(calls, results.elapsedMs, results.memoryBytes);
    } else if (type === FROM_WORKER.gaveBack) {
      this.#gaveBack(body.readUInt32LE(0), body.readUInt32LE(4));
    } else {
      throw new Error('not for a pool');
    }
  }

  #gaveBack(frame: number, index: number): void {
    const at = this.#messages.findIndex((message) => message.frame === frame);
    const message = this.#messages[at];
    // What was taken back already is not missed.
    if (message === undefined) return;
    if (message.answered !== index) throw new Error('out of turn');
    this.#messages.splice(at, 1);
    const left = message.calls.slice(index);
    for (const { weight } of left) this.given -= weight;
    this.#listener.onGaveBack(left);
  }

  /** Which call it is at, by its notes; undefined when that is none we know. */
  #progress(): Standing | undefined {
    const { loading, started, from, results } = readNotes(this.#notes.read());
    const frame = this.#messages[0]?.frame;
    const key = `${loading} ${started} ${from} ${results.length}`;
    if (started === frame) return { key, from, index: from + results.length, results };
    return loading === frame ? { key, from: 0, index: 0, results: [] } : undefined;
  }

  /** @throws when these are not the next results */
  #answer({ frame, from, results }: Omit<Results, 'elapsedMs' | 'memoryBytes'>): readonly Call[] {
    const message = this.#messages[0];
    if (message === undefined || message.frame !== frame || message.answered < from) throw new Error('out of turn');
    // Some may have been taken from its notes.
    const news = results.slice(message.answered - from);
    const calls = message.calls.slice(message.answered, message.answered + news.length);
    if (calls.length !== news.length) throw new Error('more results than calls');
    message.answered += news.length;
    if (message.answered === message.calls.length) {
      this.#messages.shift();
      clearTimeout(this.#timer);
    }
    for (const [index, call] of calls.entries()) call.onResult(news[index] as ResultOnWire);
    this.#listener.onAnswered(calls);
    return calls;
  }

  #onEnd({ exitCode, signal, saidRubbish }: Ending): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    const worker = { pid: this.pid, exitCode, signal, stderrTail: this.#hosted.stderrTail };
    const loss = { worker, saidRubbish, ...this.#leftovers() };
    this.#notes.close();
    this.#listener.onEnd(loss);
  }

  /** What the dead one's notes say of the calls without a result. */
  #leftovers(): Pick<Loss, 'running' | 'loading' | 'left'> {
    const notes = readNotes(this.#notes.read());
    const first = this.#messages[0];
    if (first !== undefined && notes.started === first.frame && notes.from + notes.results.length > first.answered) {
      const results = notes.results.slice(first.answered - notes.from, first.calls.length - notes.from);
      this.#answer({ frame: first.frame, from: first.answered, results });
    }
    const message = this.#messages[0];
    const left = this.#messages.flatMap(({ calls, answered }) => calls.slice(answered));
    this.#messages = [];
    if (message === undefined) return { running: undefined, loading: undefined, left };
    if (notes.started === message.frame) return { running: left[0], loading: undefined, left: left.slice(1) };
    if (notes.loading === message.frame) return { running: undefined, loading: left[0], left: left.slice(1) };
    return { running: undefined, loading: undefined, left };
  }
}
