import type { QueueKeys } from '../../protocol/remote/keys.ts';
import type { Link } from './link.ts';

/** How long jobs go on whose submitter is gone, beyond the time in which it may come back, ms. */
const BATCH_SLACK_MS = 60_000;

/** The sign that somebody waits for the jobs of a batch: a key that has to be renewed. */
export class BatchBeat {
  readonly #link: Link;
  readonly #key: string;
  readonly #expiryMs: number | undefined;

  /** @param connectTimeoutMs how long Redis may be away; 0: for ever */
  constructor(link: Link, keys: QueueKeys, batch: string, connectTimeoutMs: number) {
    this.#link = link;
    this.#key = keys.batch(batch);
    this.#expiryMs = connectTimeoutMs === 0 ? undefined : connectTimeoutMs + BATCH_SLACK_MS;
  }

  beat(): void {
    const expiryMs = this.#expiryMs;
    const { redis } = this.#link;
    const set = expiryMs === undefined ? redis.set(this.#key, '1') : redis.set(this.#key, '1', 'PX', expiryMs);
    set
      .then(() => this.#link.taken())
      .catch(async (error: Error) => {
        // A server whose memory is full renews what it has.
        if (this.#link.isRefusal(error) && expiryMs !== undefined) await redis.pexpire(this.#key, expiryMs);
      })
      .catch(() => {});
  }

  /** Nobody waits any more: workers end what they run of it, and begin nothing. */
  async end(): Promise<void> {
    await this.#link.redis.del(this.#key);
  }
}
