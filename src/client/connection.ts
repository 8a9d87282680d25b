import { createConnection, type Socket } from 'node:net';
import { type ErrorCode, ProcctlError } from '../errors.ts';
import type { Method, ParamsOf, Results } from '../protocol/rpc.ts';
import { RPC_ERROR, type RpcAnswer, type RpcError, requestLine } from '../protocol/rpc-message.ts';

/** What connect(2) says when nobody listens, or no longer: the daemon may be killed while a client waits in its queue. */
const NOBODY: readonly string[] = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTSOCK', 'ENOTDIR'];

interface Call {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The daemon went away before it answered: whether the request was carried out is not known. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

const errorOf = ({ code, message, data }: RpcError): ProcctlError => {
  if (code === RPC_ERROR.ours && data !== undefined) {
    return new ProcctlError(data.code as ErrorCode, message, data.hint === undefined ? {} : { hint: data.hint });
  }
  const hint =
    code === RPC_ERROR.noMethod || code === RPC_ERROR.params
      ? { hint: 'is the daemon of another version? procctl daemon reload puts this one in its place' }
      : {};
  return new ProcctlError('ERR_DAEMON', `the daemon refused: ${message}`, hint);
};

/** A connection to the daemon. */
export class Connection {
  readonly #socket: Socket;
  readonly #calls = new Map<number, Call>();
  #lastId = 0;
  #parts: string[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('error', () => {});
    socket.once('close', () => {
      for (const { reject } of this.#calls.values()) reject(new ConnectionLost('the daemon went away'));
      this.#calls.clear();
    });
  }

  /**
   * @returns undefined when nobody listens there
   * @throws ProcctlError ERR_DAEMON when it cannot be known
   */
  static open(path: string): Promise<Connection | undefined> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path);
      const fail = (error: NodeJS.ErrnoException): void => {
        if (NOBODY.includes(error.code ?? '')) resolve(undefined);
        else reject(new ProcctlError('ERR_DAEMON', `cannot connect to the daemon: ${error.message}`, { cause: error }));
      };
      socket.once('error', fail);
      socket.once('connect', () => {
        socket.off('error', fail);
        resolve(new Connection(socket));
      });
    });
  }

  /**
   * @throws ProcctlError what the daemon answered
   * @throws ConnectionLost when it went away first
   */
  call<M extends Method>(method: M, params: ParamsOf<M>): Promise<Results[M]> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(new ConnectionLost('the daemon went away'));
        return;
      }
      this.#calls.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.#socket.ref();
      this.#socket.write(requestLine(id, method, params));
    });
  }

  /** Whether questions can be asked on it. */
  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(text: string): void {
    const end = text.lastIndexOf('\n');
    if (end === -1) {
      this.#parts.push(text);
      return;
    }
    const lines = [...this.#parts, text.slice(0, end)].join('').split('\n');
    this.#parts = end + 1 === text.length ? [] : [text.slice(end + 1)];
    for (const line of lines) this.#answer(line);
  }

  #answer(line: string): void {
    let answer: RpcAnswer;
    try {
      answer = JSON.parse(line) as RpcAnswer;
    } catch {
      this.#socket.destroy();
      return;
    }
    const call = typeof answer.id === 'number' ? this.#calls.get(answer.id) : this.#calls.values().next().value;
    if (call === undefined) return;
    if (typeof answer.id === 'number') this.#calls.delete(answer.id);
    // A connection that nobody waits for keeps no program alive.
    if (this.#calls.size === 0) this.#socket.unref();
    if (answer.error === undefined) call.resolve(answer.result);
    else call.reject(errorOf(answer.error));
  }
}
