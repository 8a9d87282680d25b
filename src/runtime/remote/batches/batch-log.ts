import type { Redis } from 'ioredis';
import { type LogEntry, readLogEntry } from '../../../protocol/remote/batch.ts';

const ENTRIES = 200;
const BLOCK_MS = 2_000;
const AGAIN_MS = 203;

type Answer = readonly (readonly [key: string, entries: readonly (readonly [id: string, fields: string[]])[]])[];

const mapOf = (fields: readonly string[]): Map<string, string> => {
  const map = new Map<string, string>();
  for (let at = 0; at + 1 < fields.length; at += 2) map.set(fields[at] as string, fields[at + 1] as string);
  return map;
};

/** Reads what has happened to the tasks of a batch, from the beginning, on a connection of its own. */
export class BatchLog {
  readonly #redis: Redis;
  readonly #key: string;
  #lastId = '0-0';
  #isOver = false;

  constructor(redis: Redis, key: string) {
    this.#redis = redis;
    this.#key = key;
  }

  /** What has come since, as soon as there is something; empty after a while in which nothing came. */
  async next(): Promise<readonly LogEntry[]> {
    try {
      const words = ['COUNT', ENTRIES, 'BLOCK', BLOCK_MS, 'STREAMS', this.#key, this.#lastId] as const;
      const answer = (await this.#redis.xread(...words)) as Answer | null;
      const entries = answer?.[0]?.[1] ?? [];
      this.#lastId = entries.at(-1)?.[0] ?? this.#lastId;
      return entries.flatMap(([id, fields]) => readLogEntry(id, mapOf(fields)) ?? []);
    } catch {
      // Cut off, or about to end.
      if (!this.#isOver) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      return [];
    }
  }

  /** More of what is there already; empty: that was all. */
  async past(): Promise<readonly LogEntry[]> {
    for (;;) {
      const entries = await this.#redis.xrange(this.#key, `(${this.#lastId}`, '+', 'COUNT', ENTRIES);
      if (entries.length === 0) return [];
      this.#lastId = entries.at(-1)?.[0] ?? this.#lastId;
      const read = entries.flatMap(([id, fields]) => readLogEntry(id, mapOf(fields)) ?? []);
      if (read.length > 0) return read;
    }
  }

  stop(): void {
    this.#isOver = true;
    this.#redis.disconnect();
  }
}
