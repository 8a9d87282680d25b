import type { Redis } from 'ioredis';

/** Silence for longer is taken for a broken connection. */
const BLOCK_MS = 5_000;
/** Events in one answer. */
const MOST = 1_000;
/**
 * Between two reads. What comes up meanwhile is read, and answered, at once: woken for each event, a pool of short tasks spends
 * a third more of its time.
 */
const PAUSE_MS = 4;
const AGAIN_MS = 201;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Texts are JSON, as they stand there. */
export interface QueueEventPorts {
  onProgress(jobId: string, data: string): void;
  onCompleted(jobId: string, returned: string): void;
  onFailed(jobId: string, reason: string): void;
  onStalled(jobId: string): void;
}

type Answer = readonly [readonly [key: string, entries: readonly (readonly [id: string, fields: readonly string[]])[]]];

/** Reads the events of a queue, on a connection of its own, from an id on, until it is stopped. */
export class EventsReader {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #ports: QueueEventPorts;
  #lastId: string;
  #isOver = false;

  constructor(redis: Redis, key: string, lastId: string, ports: QueueEventPorts) {
    this.#redis = redis;
    this.#key = key;
    this.#lastId = lastId;
    this.#ports = ports;
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
    await sleep(PAUSE_MS);
  }

  #tell(fields: readonly string[]): void {
    const of = (name: string): string | undefined => {
      for (let at = 0; at + 1 < fields.length; at += 2) if (fields[at] === name) return fields[at + 1];
      return undefined;
    };
    const jobId = of('jobId');
    if (jobId === undefined) return;
    switch (of('event')) {
      case 'progress':
        this.#ports.onProgress(jobId, of('data') ?? '');
        break;
      case 'completed':
        this.#ports.onCompleted(jobId, of('returnvalue') ?? '');
        break;
      case 'failed':
        this.#ports.onFailed(jobId, of('failedReason') ?? '');
        break;
      case 'stalled':
        this.#ports.onStalled(jobId);
        break;
      default:
    }
  }
}
