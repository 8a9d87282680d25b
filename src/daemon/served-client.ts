import type { Socket } from 'node:net';
import { ProcctlError } from '../errors.ts';
import { MAX_REQUEST_BYTES } from '../protocol/rpc.ts';
import { errorLine, RPC_ERROR, type RpcError, resultLine } from '../protocol/rpc-message.ts';
import { LineBuffer } from './line-buffer.ts';
import { parseRequest, type Request } from './parse-request.ts';

/** From the first byte of a request to its newline. */
const MAX_LINE_MS = 10_000;
/** From the connection to the first byte. */
const MAX_SILENCE_MS = 10_000;
/** Answers that a client does not read. */
const MAX_UNREAD_BYTES = 16 * 1024 ** 2;
/** Requests of one connection under way. */
const MAX_CALLS = 64;
/** For a refused client to read why, although it still writes. */
const LAST_WORDS_MS = 200;

export interface CallContext {
  /** Aborted when the client says no more, or goes away: nobody waits for long. */
  readonly signal: AbortSignal;
}

export type Answer = (request: Request, context: CallContext) => Promise<unknown>;

/** What all clients together may use. */
export interface Budget {
  /** Some bytes of a request are held (or let go, if negative). @returns false when that is too much */
  hold(bytes: number): boolean;
  received(bytes: number): void;
}

export interface ServedClientEvents {
  /** It waits for an answer. */
  onBusy(): void;
  onIdle(): void;
  onClose(): void;
}

/** What an error says to a client. */
const rpcErrorOf = (error: unknown): RpcError => {
  if (error instanceof ProcctlError) {
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    return { code: RPC_ERROR.ours, message: error.message, data: { code: error.code, ...hint } };
  }
  return { code: RPC_ERROR.internal, message: error instanceof Error ? error.message : String(error) };
};

/** One client of the daemon, within limits. */
export class ServedClient {
  readonly #socket: Socket;
  readonly #answer: Answer;
  readonly #budget: Budget;
  readonly #events: ServedClientEvents;
  readonly #gone = new AbortController();
  readonly #line = new LineBuffer();
  #calls = 0;
  #hasEnded = false;
  #isRefused = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, answer: Answer, budget: Budget, events: ServedClientEvents) {
    this.#socket = socket;
    this.#answer = answer;
    this.#budget = budget;
    this.#events = events;
    this.#limitTime(MAX_SILENCE_MS, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('data', (chunk) => this.#take(chunk));
    // Perhaps only its questions have ended (`nc -U` with a pipe): they are answered, but nobody is waited for.
    socket.once('end', () => {
      this.#hasEnded = true;
      this.#gone.abort();
      if (this.#calls === 0) socket.end();
    });
    socket.once('close', () => {
      this.#gone.abort();
      this.#letGo();
      events.onClose();
    });
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #limitTime(ms: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, ms).unref();
  }

  /** Forgets what has come of a request that is not complete. */
  #letGo(): void {
    clearTimeout(this.#timer);
    this.#budget.hold(-this.#line.length);
    this.#line.clear();
  }

  #take(chunk: Buffer): void {
    this.#budget.received(chunk.length);
    if (this.#isRefused) return;
    let rest = chunk;
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      if (!this.#takeLine(rest.subarray(0, end))) return;
      rest = rest.subarray(end + 1);
    }
    if (rest.length === 0) return;
    if (this.#line.length === 0) {
      this.#limitTime(MAX_LINE_MS, () => this.#refuse('the request took too long to arrive'));
    }
    if (this.#line.length + rest.length > MAX_REQUEST_BYTES) {
      this.#refuse('the request is too long');
      return;
    }
    this.#line.add(rest);
    if (!this.#budget.hold(rest.length)) this.#refuse('too many long requests at once');
  }

  /** @returns false when the client is refused */
  #takeLine(end: Buffer): boolean {
    const held = this.#line.length;
    if (held + end.length > MAX_REQUEST_BYTES) return this.#refuse('the request is too long');
    if (this.#calls >= MAX_CALLS) return this.#refuse('too many requests at once');
    clearTimeout(this.#timer);
    const line = this.#line.take(end);
    this.#budget.hold(-held);
    if (line !== '') void this.#handle(line);
    return true;
  }

  #refuse(message: string): false {
    this.#isRefused = true;
    this.#letGo();
    this.#socket.end(errorLine(null, { code: RPC_ERROR.invalid, message }));
    setTimeout(() => this.#socket.destroy(), LAST_WORDS_MS).unref();
    return false;
  }

  async #handle(line: string): Promise<void> {
    const parsed = parseRequest(line);
    if ('error' in parsed) {
      this.#write(errorLine(parsed.id, parsed.error));
      return;
    }
    const { request } = parsed;
    this.#calls += 1;
    this.#events.onBusy();
    try {
      this.#write(resultLine(request.id, await this.#answer(request, { signal: this.#gone.signal })));
    } catch (error) {
      this.#write(errorLine(request.id, rpcErrorOf(error)));
    } finally {
      this.#calls -= 1;
      if (this.#calls === 0) {
        this.#events.onIdle();
        if (this.#hasEnded) this.#socket.end();
      }
    }
  }

  #write(line: string): void {
    if (!this.#socket.writable) return;
    this.#socket.write(line);
    if (this.#socket.writableLength > MAX_UNREAD_BYTES) this.#socket.destroy();
  }
}
