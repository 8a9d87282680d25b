import type { Redis } from 'ioredis';
import { type BatchMeta, type BatchStart, fieldsOfStart, readBatchMeta } from '../../../protocol/remote/batch.ts';
import { type AttemptJob, attemptJobId } from '../../../protocol/remote/batch-job.ts';
import * as scripts from '../../../protocol/remote/batch-scripts.ts';
import { type DetachedKeys, keysOf, type QueueKeys } from '../../../protocol/remote/keys.ts';

/** What an attempt is to do that has come to its turn. */
export type Begun =
  /** The batch is not wanted any more, or the attempt is over. */
  | { readonly kind: 'over' }
  /** It is over, and the next one may not be in the queue. */
  | { readonly kind: 'next'; readonly attempt: number; readonly dueAt: number }
  | {
      readonly kind: 'run';
      readonly execution: number;
      /** How many executions of this attempt were lost with their workers. */
      readonly losses: number;
      readonly keepMs: number;
      /** As text; '' if there is none. */
      readonly task: string;
    };

/** What has become of the end of an attempt. */
export type Settled =
  /** Nobody wants it, or somebody else is at it. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'over'; readonly isHalted: boolean }
  | { readonly kind: 'next'; readonly attempt: number; readonly dueAt: number };

/** How an attempt ended. */
export interface AttemptEnd {
  readonly ref: AttemptJob;
  readonly execution: number;
  /** Of the lock of its job. */
  readonly token: string;
  readonly state: string;
  readonly retries: number;
  readonly delayMs: number;
  readonly record: string;
}

const COMMANDS = {
  procctlOpen: { numberOfKeys: 2, lua: scripts.OPEN },
  procctlPut: { numberOfKeys: 5, lua: scripts.PUT },
  procctlSeal: { numberOfKeys: 5, lua: scripts.SEAL },
  procctlBegin: { numberOfKeys: 5, lua: scripts.BEGIN },
  procctlSettle: { numberOfKeys: 5, lua: scripts.SETTLE },
  procctlHandBack: { numberOfKeys: 5, lua: scripts.HAND_BACK },
  procctlLook: { numberOfKeys: 5, lua: scripts.LOOK },
  procctlStop: { numberOfKeys: 5, lua: scripts.STOP },
  procctlSweep: { numberOfKeys: 5, lua: scripts.SWEEP },
  procctlMissing: { numberOfKeys: 5, lua: scripts.MISSING },
} as const;

type Commands = { readonly [Name in keyof typeof COMMANDS]: (...args: (string | number)[]) => Promise<unknown> };

/** How long a batch is kept whose list is not whole, and of which nothing is heard, ms. */
export const UNSEALED_EXPIRY_MS = 120_000;

/** The batches of a queue, as they are in Redis: each step is taken whole, or not at all. */
export class BatchStore {
  readonly redis: Redis;
  readonly keys: QueueKeys;
  readonly #commands: Commands;

  constructor(redis: Redis, queue: string) {
    this.redis = redis;
    this.keys = keysOf(queue);
    for (const [name, definition] of Object.entries(COMMANDS)) redis.defineCommand(name, definition);
    this.#commands = redis as unknown as Commands;
  }

  /** @returns false: the name is taken */
  async open(start: BatchStart): Promise<boolean> {
    const { meta } = this.keys.detached(start.id);
    const [before = '', after = ''] = this.keys.detached('\0').meta.split('\0');
    const words = [start.name, start.id, before, after, UNSEALED_EXPIRY_MS, ...fieldsOfStart(start)];
    return (await this.#commands.procctlOpen(meta, this.keys.batches, ...words)) === 1;
  }

  /**
   * Puts more into a list that is not whole, or only says that there is more to come.
   *
   * @param words of each task its position, the task, its rank and its name in the order
   * @returns false: the batch is gone
   */
  async put(id: string, words: readonly (string | number)[]): Promise<boolean> {
    return (await this.#commands.procctlPut(...this.#all(id), UNSEALED_EXPIRY_MS, ...words)) === 1;
  }

  /** @returns false: the batch is gone */
  async seal(id: string, total: number): Promise<boolean> {
    return (await this.#commands.procctlSeal(...this.#all(id), total)) === 1;
  }

  async begin({ detached, seq, attempt }: AttemptJob): Promise<Begun> {
    const answer = (await this.#commands.procctlBegin(...this.#all(detached), seq, attempt)) as string[];
    const [kind, first = '', second = '', third = '', task = ''] = answer;
    if (kind === 'next') return { kind, attempt: Number(first), dueAt: Number(second) };
    if (kind !== 'run') return { kind: 'over' };
    return { kind, execution: Number(first), losses: Number(second), keepMs: Number(third), task };
  }

  async settle({ ref, execution, token, state, retries, delayMs, record }: AttemptEnd): Promise<Settled> {
    const { detached, seq, attempt } = ref;
    const lock = `${this.keys.job(attemptJobId(ref))}:lock`;
    const words = [seq, attempt, execution, lock, token, state, retries, delayMs, record];
    const [kind, first, second] = (await this.#commands.procctlSettle(...this.#all(detached), ...words)) as string[];
    if (kind === 'next') return { kind, attempt: Number(first), dueAt: Number(second) };
    return kind === 'done' ? { kind: 'over', isHalted: first === '1' } : { kind: 'refused' };
  }

  async handBack({ detached, seq, attempt }: AttemptJob, execution: number): Promise<void> {
    await this.#commands.procctlHandBack(...this.#all(detached), seq, attempt, execution);
  }

  /** @returns how what runs is to be ended; undefined: it is not */
  async look(id: string): Promise<'graceful' | 'now' | undefined> {
    const wish = await this.#commands.procctlLook(...this.#all(id));
    if (wish === null) return undefined;
    return wish === 'now' ? 'now' : 'graceful';
  }

  /** @returns how many have not settled; undefined: the batch is gone */
  async stop(id: string, mode: 'graceful' | 'now'): Promise<number | undefined> {
    const left = (await this.#commands.procctlStop(...this.#all(id), mode)) as number;
    return left < 0 ? undefined : left;
  }

  /** Settles what a halted batch does not begin any more. @returns how many of that range are at work; -1: it is not halted */
  async sweep(id: string, first: number, last: number, lostRecord: string): Promise<number> {
    const words = [first, last, id, this.keys.jobs, lostRecord];
    return (await this.#commands.procctlSweep(...this.#all(id), ...words)) as number;
  }

  /** Attempts of that range that have no job. */
  async missing(id: string, first: number, last: number): Promise<{ seq: number; attempt: number; dueAt: number }[]> {
    const words = (await this.#commands.procctlMissing(...this.#all(id), first, last, id, this.keys.jobs)) as string[];
    const found = [];
    for (let at = 0; at + 2 < words.length; at += 3) {
      found.push({ seq: Number(words[at]), attempt: Number(words[at + 1]), dueAt: Number(words[at + 2]) });
    }
    return found;
  }

  /** @returns undefined: there is none (any more) */
  async meta(id: string): Promise<BatchMeta | undefined> {
    return readBatchMeta(await this.redis.hgetall(this.keys.detached(id).meta));
  }

  /** All there are, the oldest first; names of those that are gone are forgotten. */
  async list(): Promise<BatchMeta[]> {
    const names = await this.redis.hgetall(this.keys.batches);
    const found: BatchMeta[] = [];
    for (const [name, id] of Object.entries(names)) {
      const meta = await this.meta(id);
      if (meta !== undefined) found.push(meta);
      // Only if it still means this one.
      else if ((await this.redis.hget(this.keys.batches, name)) === id) await this.redis.hdel(this.keys.batches, name);
    }
    return found.sort((a, b) => a.createdAt - b.createdAt);
  }

  /** @returns undefined: there is none of that name */
  async find(name: string): Promise<BatchMeta | undefined> {
    const id = await this.redis.hget(this.keys.batches, name);
    return id === null ? undefined : this.meta(id);
  }

  #all(id: string): string[] {
    return allKeys(this.keys.detached(id));
  }
}

/** In the order of the scripts. */
const allKeys = ({ meta, state, log, tasks, order }: DetachedKeys): string[] => [meta, state, log, tasks, order];
