import type { Redis } from 'ioredis';

const TICK_MS = 1_000;
/** A connection that has been silent for so long is asked whether it is still there. */
const ASK_MS = 2_000;
/** Nothing that is asked blocks Redis' answer for longer than half of it (XREAD, BZPOPMIN: 5 s). */
export const SILENCE_MS = 10_000;
/** A tick that comes so late says that this process was stopped, not that the other side was silent. */
const LATE_MS = 3 * TICK_MS;

/** A socket as Node has it: what has not been taken by the system yet; socket.setTimeout looks at the same. */
interface WithHandle {
  readonly _handle?: { readonly writeQueueSize?: number } | null;
}

interface Seen {
  readonly stream: Redis['stream'];
  readonly bytesRead: number;
  readonly unsent: number;
  /** When anything was last read or sent, or nothing was expected, on the monotonic clock. */
  readonly movedAt: number;
}

/**
 * Breaks connections on which nothing is heard, so that they are made anew. A network that drops everything, or a server that
 * stands still, ends no connection: TCP goes on trying to send for a quarter of an hour.
 */
export class Watch {
  readonly #seen = new Map<Redis, Seen | undefined>();
  readonly #timer: NodeJS.Timeout;
  #lastTick = performance.now();

  constructor() {
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  add(redis: Redis): void {
    this.#seen.set(redis, undefined);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#seen.clear();
  }

  #tick(): void {
    const now = performance.now();
    const isLate = now - this.#lastTick > LATE_MS;
    this.#lastTick = now;
    for (const [redis, before] of this.#seen)
      this.#seen.set(redis, this.#look(redis, isLate ? undefined : before, now));
  }

  #look(redis: Redis, before: Seen | undefined, now: number): Seen | undefined {
    const { stream, status } = redis;
    // What is not connected has a time limit of its own.
    if ((status !== 'ready' && status !== 'connect') || stream === undefined || stream.destroyed) return undefined;
    const { bytesRead } = stream;
    const unsent = (stream as WithHandle)._handle?.writeQueueSize ?? 0;
    const isSame = before !== undefined && before.stream === stream && before.bytesRead === bytesRead;
    // A large job on a slow line: what goes out is a sign of life as well.
    if (!isSame || unsent !== before.unsent) return { stream, bytesRead, unsent, movedAt: now };
    const silentMs = now - before.movedAt;
    if (silentMs >= SILENCE_MS) {
      stream.destroy(new Error(`nothing was heard for ${SILENCE_MS / 1000}s`));
      return undefined;
    }
    if (silentMs >= ASK_MS && status === 'ready' && redis.commandQueue.length === 0) redis.ping().catch(() => {});
    return before;
  }
}
