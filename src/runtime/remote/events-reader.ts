import type { Redis } from 'ioredis';

/** Silence for longer is taken for a broken connection. */
const BLOCK_MS = 5_000;
/** Events in one answer. */
const MOST = 1_000;
const AGAIN_MS = 201;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What a field of an event says; undefined: it has none of that name. */
export type FieldOf = (name: string) => string | undefined;

/** Where it reads, and how. */
export interface EventsSource {
  readonly key: string;
  /** Of the last event that is of no interest. */
  readonly lastId: string;
  /**
   * Between two reads, ms; absent: none. What comes up meanwhile is read, and answered, at once: woken for each event, a pool of short
   * tasks spends a third more of its time.
   */
  readonly pauseMs?: number;
}

type Answer = readonly [readonly [key: string, entries: readonly (readonly [id: string, fields: readonly string[]])[]]];

/**
 * Reads the events of a queue, as BullMQ writes them, on a connection of its own, from an id on, until it is stopped. That which BullMQ has for
 * it keeps a program from ending for as long as it is open.
 */
export class EventsReader {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #pauseMs: number;
  readonly #onEvent: (event: string, field: FieldOf) => void;
  #lastId: string;
  #isOver = false;

  constructor(
    redis: Redis,
    { key, lastId, pauseMs = 0 }: EventsSource,
    onEvent: (event: string, field: FieldOf) => void,
  ) {
    this.#redis = redis;
    this.#key = key;
    this.#lastId = lastId;
    this.#pauseMs = pauseMs;
    this.#onEvent = onEvent;
    void this.#run();
  }

  stop(): void {
    this.#isOver = true;
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#read();
      } catch {
        // Cut off, or about to end.
        if (!this.#isOver) await sleep(AGAIN_MS);
      }
    }
  }

  async #read(): Promise<void> {
    const words = ['COUNT', MOST, 'BLOCK', BLOCK_MS, 'STREAMS', this.#key, this.#lastId] as const;
    const answer = (await this.#redis.xread(...words)) as Answer | null;
    if (answer === null) return;
    for (const [id, fields] of answer[0][1]) {
      if (this.#isOver) return;
      this.#lastId = id;
      this.#tell(fields);
    }
    if (this.#pauseMs > 0) await sleep(this.#pauseMs);
  }

  #tell(fields: readonly string[]): void {
    const of = (name: string): string | undefined => {
      for (let at = 0; at + 1 < fields.length; at += 2) if (fields[at] === name) return fields[at + 1];
      return undefined;
    };
    const event = of('event');
    if (event !== undefined) this.#onEvent(event, of);
  }
}
