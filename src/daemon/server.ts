import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { type Answer, type Budget, ServedClient } from './served-client.ts';

const MAX_CONNECTIONS = 200;
/** Of all requests that have not ended yet. */
const MAX_PENDING_BYTES = 8 * 1024 ** 2;
/** What was read leaves garbage outside of the engine's heap, which the engine does not feel the weight of. */
const COLLECT_EVERY_BYTES = 4 * 1024 ** 2;

export type { Answer, CallContext } from './served-client.ts';

/** Answers requests on a unix socket; no client can make it slow, or large, or keep others out. */
export class RpcServer {
  readonly #server: Server;
  readonly #answer: Answer;
  readonly #onGarbage: () => void;
  readonly #clients = new Set<ServedClient>();
  /** Of these, who has no call under way; who has been so for longest comes first. */
  readonly #idle = new Set<ServedClient>();
  readonly #budget: Budget;
  #pendingBytes = 0;
  #uncollectedBytes = 0;

  /** @param onGarbage told when clients have left memory to be collected, at some quiet moment */
  constructor(answer: Answer, onGarbage: () => void = () => {}) {
    this.#answer = answer;
    this.#onGarbage = onGarbage;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
    this.#budget = {
      hold: (bytes) => {
        this.#pendingBytes += bytes;
        return this.#pendingBytes <= MAX_PENDING_BYTES;
      },
      received: (bytes) => this.#collect(bytes),
    };
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
    for (const client of this.#clients) client.end();
    const patience = setTimeout(() => {
      for (const client of this.#clients) client.destroy();
    }, 500);
    await closed;
    clearTimeout(patience);
  }

  #serve(socket: Socket): void {
    if (!this.#makeRoom()) {
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    const client: ServedClient = new ServedClient(socket, this.#answer, this.#budget, {
      onBusy: () => this.#idle.delete(client),
      onIdle: () => {
        if (this.#clients.has(client)) this.#idle.add(client);
      },
      onClose: () => this.#forget(client),
    });
    this.#clients.add(client);
    this.#idle.add(client);
  }

  /** Whoever waits for nothing has to go first, so that those who only sit there keep nobody out. */
  #makeRoom(): boolean {
    if (this.#clients.size < MAX_CONNECTIONS) return true;
    const [idlest] = this.#idle;
    if (idlest === undefined) return false;
    this.#forget(idlest);
    idlest.destroy();
    return true;
  }

  #forget(client: ServedClient): void {
    this.#clients.delete(client);
    this.#idle.delete(client);
    this.#onGarbage();
  }

  #collect(bytes: number): void {
    this.#onGarbage();
    this.#uncollectedBytes += bytes;
    if (this.#uncollectedBytes < COLLECT_EVERY_BYTES) return;
    this.#uncollectedBytes = 0;
    setImmediate(() => globalThis.gc?.());
  }
}
