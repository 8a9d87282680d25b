import type { Redis } from 'ioredis';

const BLOCK_MS = 5_000;
/** An answer that is overdue by this will not come: whoever was at the other end of the connection is gone without a word. */
const OVERDUE_MS = 5_000;
const AGAIN_MS = 201;

/** @param fields all of the event */
export type OnJobEvent = (event: string, jobId: string, fields: ReadonlyMap<string, string>) => void;

type Answer = readonly (readonly [key: string, entries: readonly (readonly [id: string, fields: string[]])[]])[];

const fieldsOf = (list: readonly string[]): Map<string, string> => {
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < list.length; at += 2) fields.set(list[at] as string, list[at + 1] as string);
  return fields;
};

/**
 * Reads the events of a queue, as BullMQ writes them, on a connection of its own. That which BullMQ has for it keeps a program from ending
 * for as long as it is open.
 */
export class JobEvents {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #onEvent: OnJobEvent;
  #lastId: string;
  #isOver = false;

  /** @param lastId of the last event that is of no interest */
  constructor(redis: Redis, key: string, lastId: string, onEvent: OnJobEvent) {
    this.#redis = redis;
    this.#key = key;
    this.#lastId = lastId;
    this.#onEvent = onEvent;
    void this.#run();
  }

  close(): void {
    this.#isOver = true;
    this.#redis.disconnect();
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const watch = setTimeout(() => this.#redis.disconnect(true), BLOCK_MS + OVERDUE_MS).unref();
      try {
        const answer = await this.#redis.xread('BLOCK', BLOCK_MS, 'STREAMS', this.#key, this.#lastId);
        clearTimeout(watch);
        for (const [, entries] of (answer ?? []) as Answer) {
          for (const [id, fields] of entries) {
            this.#lastId = id;
            this.#tell(fieldsOf(fields));
          }
        }
      } catch {
        clearTimeout(watch);
        if (!this.#isOver) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  }

  #tell(fields: ReadonlyMap<string, string>): void {
    const event = fields.get('event');
    if (event !== undefined && !this.#isOver) this.#onEvent(event, fields.get('jobId') ?? '', fields);
  }
}
