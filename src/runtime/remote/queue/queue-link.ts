import type { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { QueueRules } from '../../../core/queue/events.ts';
import { ProcctlError, RemoteError } from '../../../errors.ts';
import { itemKeys } from '../../../protocol/remote/item-keys.ts';
import { keysOf } from '../../../protocol/remote/keys.ts';
import { putPrelude } from '../../../protocol/remote/put-script.ts';
import type { RedisTarget } from '../../../protocol/remote/redis-target.ts';
import { EventsReader } from '../events-reader.ts';
import { Link } from '../link.ts';
import { loadRemotePackages, type RemotePackages } from '../packages.ts';
import { within } from '../within.ts';
import { PutConnection } from './put-connection.ts';

const LEAVE_MS = 1_000;
const HINT = 'see that the server runs and can be reached, or give it more time: connectTimeoutMs';
/** An item is given back to others as often as it takes. */
const NO_LIMIT = 2 ** 31;
/** What is told by an event that is not BullMQ's. */
export const CLOSED_EVENT = 'procctl-closed';
export const LOST_EVENT = 'procctl-lost';

export interface QueueLinkOptions {
  readonly target: RedisTarget;
  readonly name: string;
  /** How long Redis may be away, ms; 0: for ever. */
  readonly connectTimeoutMs: number;
  /** For how long an item is a consumer's after that was last heard of, ms. */
  readonly lockMs: number;
  readonly rules: QueueRules;
  /** It is only removed, whatever the others have agreed upon. */
  readonly isForRemoval?: boolean;
}

export interface QueueLinkEvents {
  /** @param event its name, be it one of BullMQ or one of ours */
  onEvent(event: string): void;
  onDown(): void;
  onLost(error: RemoteError): void;
}

/** JSON knows no Infinity. */
const rulesText = ({ maxSize, delivery, isJoinable }: QueueRules): string =>
  JSON.stringify({ maxSize: Number.isFinite(maxSize) ? maxSize : null, delivery, isJoinable });

const shown = (text: string): string => text.replace(/["{}]/g, '').replaceAll(':', ' ').replaceAll(',', ', ');

/** What a queue has in Redis, and the connections to it. */
export class QueueLink {
  readonly queue: Queue;
  /** Resolves when all agree on the rules, and nothing that happens is missed any more. */
  readonly ready: Promise<void>;
  readonly #link: Link;
  readonly #puts: PutConnection;
  readonly #packages: RemotePackages;
  readonly #options: QueueLinkOptions;
  readonly #events: QueueLinkEvents;
  #worker: Worker | undefined;
  #reader: EventsReader | undefined;
  #isClosed = false;

  /** @throws ProcctlError ERR_REDIS when bullmq or ioredis is not installed */
  constructor(options: QueueLinkOptions, events: QueueLinkEvents) {
    this.#options = options;
    this.#events = events;
    this.#packages = loadRemotePackages(process.cwd());
    this.#link = new Link(this.#packages, options.target, options.connectTimeoutMs, {
      onUp: () => {},
      onDown: () => events.onDown(),
      onLost: ({ message }) => events.onLost(new RemoteError('ERR_REDIS', message, { hint: HINT })),
    });
    this.#puts = new PutConnection(this.#link.copy(), putPrelude(options.name, options.rules.maxSize));
    this.queue = new this.#packages.bullmq.Queue(options.name, {
      connection: this.#puts.redis,
      skipVersionCheck: true,
    });
    this.queue.on('error', () => {}); // the link tells
    this.ready = options.isForRemoval === true ? Promise.resolve() : this.#prepare();
    this.ready.catch(() => {});
  }

  get redis(): Redis {
    return this.#link.redis;
  }

  get isUp(): boolean {
    return this.#link.isUp;
  }

  /** @throws RemoteError ERR_REDIS when what is put would not be looked at by our script */
  mayPut(): Promise<void> {
    return this.#puts.guarded(this.queue);
  }

  /** Takes items; made when the first is asked for. */
  get worker(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const { name, lockMs } = this.#options;
    this.#worker = new this.#packages.bullmq.Worker(name, null, {
      connection: this.#link.copy(),
      skipVersionCheck: true,
      autorun: false,
      lockDuration: lockMs,
      stalledInterval: lockMs,
      // An item is held by its lock until it is done with. At most once that is before it is handed out; but where it is counted what
      // is done, it is held on to, and not given to another one.
      maxStalledCount: this.isLossy ? 0 : NO_LIMIT,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
    this.#worker.on('error', () => {});
    return this.#worker;
  }

  /** Whether an item is lost whose consumer is lost, though it has been held on to. */
  get isLossy(): boolean {
    const { delivery, isJoinable } = this.#options.rules;
    return delivery === 'at-most-once' && isJoinable;
  }

  /** Looks for items whose consumer was not heard of for the time of a lock. */
  async reclaim(): Promise<void> {
    const ids = await this.worker.getBackend().moveStalledJobsToWait();
    // They are in the queue again, which is what BullMQ does with them; whoever takes one first drops it.
    if (this.isLossy) for (const id of ids) if ((await this.queue.remove(id)) === 1) await this.tellLost();
  }

  /** An item will never be done. */
  async tellLost(): Promise<void> {
    await this.redis.xadd(keysOf(this.#options.name).events, '*', 'event', LOST_EVENT);
  }

  setRef(isRef: boolean): void {
    this.#link.setRef(isRef);
  }

  redacted(text: string): string {
    return this.#link.redacted(text);
  }

  /** What is of procctl, and what BullMQ leaves of a queue that it has removed. */
  async removeKeys(): Promise<void> {
    const { name } = this.#options;
    const { closed, rules, put } = itemKeys(name);
    const { redis } = this.#link;
    let cursor = '0';
    do {
      const [next, keys] = await redis.scan(cursor, 'MATCH', `${put('')}*`, 'COUNT', 1000);
      if (keys.length > 0) await redis.del(...keys);
      cursor = next;
    } while (cursor !== '0');
    const { job } = keysOf(name);
    await redis.del(closed, rules, ...['stalled-check', 'marker', 'meta', 'events', 'id'].map(job));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#reader?.stop();
    await within(LEAVE_MS, Promise.allSettled([this.#worker?.close(true), this.queue.close()]));
    await this.#link.close();
  }

  async #prepare(): Promise<void> {
    const { name, rules } = this.#options;
    const { redis } = this.#link;
    const key = itemKeys(name).rules;
    const text = rulesText(rules);
    await redis.set(key, text, 'NX');
    const agreed = (await redis.get(key)) ?? text;
    if (agreed !== text) {
      throw new ProcctlError('ERR_OPTION', `the queue ${name} is one with ${shown(agreed)}, not ${shown(text)}`, {
        hint: 'give the same options everywhere, take another name, or remove() it first',
      });
    }
    const { events } = keysOf(name);
    const [last] = await redis.xrevrange(events, '+', '-', 'COUNT', 1);
    if (this.#isClosed) return;
    const source = { key: events, lastId: last?.[0] ?? '0' };
    this.#reader = new EventsReader(this.#link.copy(), source, (event) => this.#events.onEvent(event));
  }
}
