import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { ProcctlError } from '../errors.ts';
import { MAX_REQUEST_BYTES } from '../protocol/rpc.ts';
import { errorLine, RPC_ERROR, type RpcError, type RpcId, resultLine } from '../protocol/rpc-message.ts';
import { parseRequest, type Request } from './parse-request.ts';

const MAX_CONNECTIONS = 200;
/** From the first byte of a request to its newline. */
const MAX_LINE_MS = 10_000;
/** From the connection to the first byte. */
const MAX_SILENCE_MS = 10_000;
/** Of all requests that have not ended yet. */
const MAX_PENDING_BYTES = 16 * 1024 ** 2;
/** Answers that a client does not read. */
const MAX_UNREAD_BYTES = 16 * 1024 ** 2;
/** Requests of one connection under way. */
const MAX_CALLS = 64;
/** What is larger leaves garbage that nothing else would collect for hours. */
const LARGE_BYTES = 512 * 1024;

export interface CallContext {
  /** Aborted when the client says no more, or goes away: nobody waits for long. */
  readonly signal: AbortSignal;
}

export type Answer = (request: Request, context: CallContext) => Promise<unknown>;

/** What an error says to a client. */
const rpcErrorOf = (error: unknown): RpcError => {
  if (error instanceof ProcctlError) {
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    return { code: RPC_ERROR.ours, message: error.message, data: { code: error.code, ...hint } };
  }
  return { code: RPC_ERROR.internal, message: error instanceof Error ? error.message : String(error) };
};

/** Answers requests on a unix socket; no client can make it slow, or large. */
export class RpcServer {
  readonly #server: Server;
  readonly #answer: Answer;
  readonly #sockets = new Set<Socket>();
  #pendingBytes = 0;

  constructor(answer: Answer) {
    this.#answer = answer;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** @throws the system's error when nobody can listen there */
  async listen(path: string): Promise<void> {
    // Whoever was here before us is dead: the lock of the home is ours.
    rmSync(path, { force: true });
    const before = process.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen({ path, backlog: 511 }, resolve);
      });
    } finally {
      process.umask(before);
    }
    this.#server.on('error', () => {}); // EMFILE at accept(2): the client is refused, the next one may not be
    chmodSync(path, 0o600);
  }

  /** Answers what has been asked for, and takes nothing new. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.end();
    const patience = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, 500);
    await closed;
    clearTimeout(patience);
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const gone = new AbortController();
    let parts: Buffer[] = [];
    let bytes = 0;
    let calls = 0;
    let hasEnded = false;
    let timer: NodeJS.Timeout | undefined = setTimeout(() => socket.destroy(), MAX_SILENCE_MS).unref();

    const forget = (): void => {
      this.#pendingBytes -= bytes;
      bytes = 0;
      parts = [];
      clearTimeout(timer);
      timer = undefined;
    };
    const write = (line: string): void => {
      if (!socket.writable) return;
      socket.write(line);
      if (socket.writableLength > MAX_UNREAD_BYTES) socket.destroy();
    };
    const refuse = (message: string): void => {
      forget();
      socket.end(errorLine(null, { code: RPC_ERROR.invalid, message }));
      socket.removeListener('data', onData);
      socket.resume();
      setTimeout(() => socket.destroy(), 200).unref();
    };
    const handle = async (line: string): Promise<void> => {
      const parsed = parseRequest(line);
      if ('error' in parsed) {
        write(errorLine(parsed.id, parsed.error));
        return;
      }
      calls += 1;
      const id: RpcId = parsed.request.id;
      try {
        write(resultLine(id, await this.#answer(parsed.request, { signal: gone.signal })));
      } catch (error) {
        write(errorLine(id, rpcErrorOf(error)));
      } finally {
        calls -= 1;
        if (hasEnded && calls === 0) socket.end();
      }
    };
    const onData = (chunk: Buffer): void => {
      let rest = chunk;
      for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
        const line = Buffer.concat([...parts, rest.subarray(0, end)]);
        rest = rest.subarray(end + 1);
        forget();
        const problem =
          line.length > MAX_REQUEST_BYTES
            ? 'the request is too long'
            : calls < MAX_CALLS
              ? null
              : 'too many requests at once';
        if (problem !== null) {
          refuse(problem);
          return;
        }
        if (line.length > 0) void handle(line.toString('utf8'));
        if (line.length > LARGE_BYTES) setImmediate(() => globalThis.gc?.());
      }
      if (rest.length === 0) return;
      if (bytes === 0) {
        clearTimeout(timer);
        timer = setTimeout(() => refuse('the request took too long to arrive'), MAX_LINE_MS).unref();
      }
      parts.push(Buffer.from(rest)); // a copy: the rest of what was read with it need not stay
      bytes += rest.length;
      this.#pendingBytes += rest.length;
      if (bytes > MAX_REQUEST_BYTES) refuse('the request is too long');
      else if (this.#pendingBytes > MAX_PENDING_BYTES) refuse('too many long requests at once');
    };
    socket.on('data', onData);
    socket.on('error', () => {});
    // Perhaps only its questions have ended (`nc -U` with a pipe): they are answered, but nobody is waited for.
    socket.once('end', () => {
      hasEnded = true;
      gone.abort();
      if (calls === 0) socket.end();
    });
    socket.once('close', () => {
      this.#sockets.delete(socket);
      gone.abort();
      const wasLarge = bytes > LARGE_BYTES;
      forget();
      if (wasLarge) setImmediate(() => globalThis.gc?.());
    });
  }
}
