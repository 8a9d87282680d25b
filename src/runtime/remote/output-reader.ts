import type { Redis } from 'ioredis';
import type { Piece } from './submitted.ts';

const BLOCK_MS = 5_000;
/** Of each stream in one answer: pieces of 64 KiB at most. */
const PIECES = 8;
const AGAIN_MS = 201;

/** A stream that is read. */
export interface Source {
  readonly key: string;
  readonly lastId: string;
}

export interface ReaderPorts {
  /** All that is to be read now. */
  sources(): readonly Source[];
  /**
   * @param id of the entry in its stream
   * @param piece undefined: what somebody else has written there
   */
  onEntry(key: string, id: string, piece: Piece | undefined): void;
  /** A stream has been read as far as it went. */
  onRead(key: string): void;
}

const textOf = (field: Buffer | undefined): string => field?.toString('latin1') ?? '';

const pieceOf = (fields: readonly Buffer[]): Piece | undefined => {
  const found = new Map<string, Buffer>();
  for (let at = 0; at + 1 < fields.length; at += 2) found.set(textOf(fields[at]), fields[at + 1] as Buffer);
  const number = textOf(found.get('n'));
  const stream = textOf(found.get('s'));
  const chunk = found.get('d');
  if (!/^\d{1,15}$/.test(number) || !/^[oe]$/.test(stream) || chunk === undefined) return undefined;
  return { number: Number(number), stream: stream === 'e' ? 'stderr' : 'stdout', chunk };
};

type Answer = readonly (readonly [key: Buffer, entries: readonly (readonly [id: Buffer, fields: Buffer[]])[]])[];

/** Reads the streams of attempts, on a connection of its own, as they are written. */
export class OutputReader {
  readonly #redis: Redis;
  /** For writing to the stream that wakes the other connection. */
  readonly #own: Redis;
  readonly #wakeKey: string;
  readonly #ports: ReaderPorts;
  #wakeId = '0-0';
  #isAwake = false;
  #isPaused = false;
  #isOver = false;
  #goOn = (): void => {};

  constructor(redis: Redis, own: Redis, wakeKey: string, ports: ReaderPorts) {
    this.#redis = redis;
    this.#own = own;
    this.#wakeKey = wakeKey;
    this.#ports = ports;
    void this.#run();
  }

  /** There is another stream to be read. */
  wake(): void {
    this.#goOn();
    if (this.#isAwake || this.#isOver) return;
    this.#isAwake = true;
    this.#own.xadd(this.#wakeKey, 'MAXLEN', 1, '*', 'w', '').catch(() => {});
    this.#own.expire(this.#wakeKey, 60).catch(() => {});
  }

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (!isPaused) this.#goOn();
  }

  stop(): void {
    this.#isOver = true;
    this.#goOn();
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const sources = this.#isPaused ? [] : this.#ports.sources();
      if (sources.length === 0) {
        await new Promise<void>((resolve) => {
          this.#goOn = resolve;
        });
        this.#goOn = () => {};
        continue;
      }
      this.#isAwake = false;
      try {
        await this.#read(sources);
      } catch {
        // Cut off, or about to end.
        if (!this.#isOver) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  }

  async #read(sources: readonly Source[]): Promise<void> {
    const keys = [this.#wakeKey, ...sources.map(({ key }) => key)];
    const ids = [this.#wakeId, ...sources.map(({ lastId }) => lastId)];
    const answer = (await this.#redis.xreadBuffer(
      'COUNT',
      PIECES,
      'BLOCK',
      BLOCK_MS,
      'STREAMS',
      ...keys,
      ...ids,
    )) as Answer | null;
    if (this.#isOver) return;
    for (const [keyBytes, entries] of answer ?? []) {
      const key = keyBytes.toString('utf8');
      for (const [idBytes, fields] of entries) {
        const id = textOf(idBytes);
        if (key === this.#wakeKey) {
          this.#wakeId = id;
          continue;
        }
        const piece = pieceOf(fields);
        this.#ports.onEntry(key, id, piece);
      }
      if (key !== this.#wakeKey) this.#ports.onRead(key);
    }
  }
}
