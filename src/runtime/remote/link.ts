import type { Socket } from 'node:net';
import type { Redis, RedisOptions } from 'ioredis';
import { ProcctlError } from '../../errors.ts';
import type { RedisTarget } from '../../protocol/remote/redis-target.ts';
import { gatherWrites } from './gather-writes.ts';
import type { RemotePackages } from './packages.ts';
import { tlsHint, tlsOptions } from './tls.ts';
import { Watch } from './watch.ts';
import { within } from './within.ts';

/** Of a server that answers, and that may take things again later; scripts have it in the middle of a text. */
const REFUSAL = /(?:^|-|\s)(?:OOM|READONLY|MISCONF|LOADING|BUSY|NOREPLICAS|MASTERDOWN) /;

const SAY_AGAIN_MS = 60_000;

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
const LEAVE_MS = 1_000;
/** What says that another try would end in the same way. */
const HOPELESS = /WRONGPASS|NOAUTH|NOPERM|invalid (?:username|password)|DB index is out of range|without any password/i;

export interface LinkEvents {
  /** For the first time, and each time after it was cut off. */
  onUp(isFirst: boolean, warning?: string): void;
  onDown(): void;
  /** It is there, and takes nothing: its memory is full, say. Told once, until it takes something again. */
  onRefusal?(reason: string): void;
  onTaken?(): void;
  /** It will not come (back); told once. */
  onLost(error: ProcctlError): void;
}

/** The connection of a process to Redis, kept up; others are made of it. */
export class Link {
  readonly redis: Redis;
  readonly #target: RedisTarget;
  readonly #events: LinkEvents;
  readonly #timeoutMs: number;
  readonly #all: Redis[] = [];
  readonly #watch = new Watch();
  #isRef = true;
  #timer: NodeJS.Timeout | undefined;
  #lastError = 'no answer';
  #wasUp = false;
  #isUp = false;
  #isOver = false;
  #cutCount = 0;
  #isRefusing = false;
  #refusalToldAt: number | undefined;

  /** @param timeoutMs how long it may be cut off; 0: for ever */
  constructor({ Redis }: RemotePackages, target: RedisTarget, timeoutMs: number, events: LinkEvents) {
    this.#target = target;
    this.#events = events;
    this.#timeoutMs = timeoutMs;
    const { host, port, db, username, password, isSecure } = target;
    const options: RedisOptions = {
      host,
      port,
      db,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(isSecure && { tls: tlsOptions(target) }),
      maxRetriesPerRequest: null,
      keepAlive: 5_000,
      connectTimeout: 10_000,
      retryStrategy: (times) => Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(times, 10)),
    };
    this.redis = this.#know(new Redis(options));
    gatherWrites(this.redis);
    this.redis.on('error', (error: Error) => this.#failed(error));
    this.redis.on('ready', () => this.#up());
    this.redis.on('close', () => this.#down());
    this.#wait();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** How often it has been cut off. */
  get cutCount(): number {
    return this.#cutCount;
  }

  /** Whether an error says that the server takes nothing for now; then it is tried again later. */
  isRefusal(error: Error): boolean {
    if (!REFUSAL.test(error.message)) return false;
    const now = performance.now();
    // Near a limit it goes to and fro.
    if (this.#refusalToldAt === undefined || (!this.#isRefusing && now - this.#refusalToldAt > SAY_AGAIN_MS)) {
      this.#refusalToldAt = now;
      this.#isRefusing = true;
      this.#events.onRefusal?.(this.redacted(error.message));
    }
    return true;
  }

  /** Something was taken. */
  taken(): void {
    if (!this.#isRefusing) return;
    this.#isRefusing = false;
    this.#events.onTaken?.();
  }

  /** Another connection of the same kind, which goes with this one. */
  copy(): Redis {
    const copy = this.redis.duplicate();
    copy.on('error', () => {});
    return copy;
  }

  /** Whether it keeps the process from ending; at first it does. While it is cut off it does in any case, until it is closed. */
  setRef(isRef: boolean): void {
    this.#isRef = isRef;
    for (const redis of this.#all) this.#applyRef(redis);
    if (isRef) this.#timer?.ref();
    else this.#timer?.unref();
  }

  #know(redis: Redis): Redis {
    this.#all.push(redis);
    this.#watch.add(redis);
    redis.on('connect', () => this.#applyRef(redis));
    // BullMQ makes connections of its own of those it is given.
    const duplicate = redis.duplicate.bind(redis);
    redis.duplicate = (override) => this.#know(duplicate(override));
    return redis;
  }

  #applyRef({ stream }: Redis): void {
    // It has none before the first try.
    if (this.#isRef) (stream as Partial<Socket> | undefined)?.ref?.();
    else (stream as Partial<Socket> | undefined)?.unref?.();
  }

  /** A message of somebody else, without the password. */
  redacted(text: string): string {
    const { password } = this.#target;
    return password === undefined ? text : text.replaceAll(password, '***');
  }

  /** Ends all connections; what has been sent is answered first, if that comes soon. */
  async close(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#watch.stop();
    for (const redis of this.#all) if (redis !== this.redis) redis.disconnect();
    if (this.#isUp) await within(LEAVE_MS, this.redis.quit());
    this.redis.disconnect();
  }

  #wait(): void {
    clearTimeout(this.#timer);
    if (this.#timeoutMs === 0) return;
    this.#timer = setTimeout(() => {
      const what = this.#wasUp ? 'has not come back' : 'cannot be reached';
      this.#lose(`${this.#target.name} ${what} within ${this.#timeoutMs / 1000}s: ${this.#lastError}`);
    }, this.#timeoutMs);
  }

  #lose(
    message: string,
    hint = 'see that the server runs and can be reached, or give it more time with --connect-timeout',
  ): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#watch.stop();
    this.redis.disconnect();
    this.#events.onLost(new ProcctlError('ERR_REDIS', this.redacted(message), { hint }));
  }

  #failed(error: Error): void {
    this.#lastError = error.message === '' ? ((error as NodeJS.ErrnoException).code ?? 'no answer') : error.message;
    // Redis without TLS waits for the end of the line.
    if (this.#target.isSecure && this.#lastError === 'connect ETIMEDOUT') this.#lastError = 'no answer by TLS';
    if (HOPELESS.test(error.message)) this.#lose(`${this.#target.name}: ${error.message}`);
    // A server that was there may be getting another certificate just now.
    const hint = this.#wasUp ? undefined : tlsHint(error);
    if (hint !== undefined) this.#lose(`${this.#target.name}: ${this.#lastError.split('\n', 1)[0]}`, hint);
  }

  #up(): void {
    if (this.#isOver) return;
    clearTimeout(this.#timer);
    this.#isUp = true;
    if (this.#wasUp) {
      this.#events.onUp(false);
      return;
    }
    this.#wasUp = true;
    void this.#lookAtServer();
  }

  async #lookAtServer(): Promise<void> {
    // It may not be asked.
    const info = await this.redis.info().catch(() => '');
    if (this.#isOver) return;
    if (/^role:slave/m.test(info) && !/^slave_read_only:0/m.test(info)) {
      const master = /^master_host:(\S+)/m.exec(info)?.[1] ?? 'another server';
      this.#lose(`${this.#target.name} is a replica, and takes nothing`, `use its master, ${master}`);
      return;
    }
    this.#events.onUp(true, serverWarning(info));
  }

  #down(): void {
    if (this.#isOver || !this.#isUp) return;
    this.#isUp = false;
    this.#cutCount += 1;
    this.#wait();
    this.#events.onDown();
  }
}

/** @param info what a server says of itself. @returns what tasks may be lost by; undefined: all is well */
const serverWarning = (info: string): string | undefined => {
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
  if (policy !== undefined && policy !== 'noeviction') {
    return `its maxmemory-policy is ${policy}: jobs may be thrown away when memory gets short; set it to noeviction`;
  }
  const [, major = '9', minor = '0'] = /^redis_version:(\d+)\.(\d+)/m.exec(info) ?? [];
  return Number(major) < 6 || (major === '6' && Number(minor) < 2) ? 'it is older than Redis 6.2' : undefined;
};
