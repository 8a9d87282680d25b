import type { Redis } from 'ioredis';
import type { EndRecord, InlinePiece } from '../../protocol/remote/end-record.ts';
import { PieceDigest } from './piece-digest.ts';

/** What is not longer goes into the end record, and needs no stream. */
const INLINE_BYTES = 1024;
const CHUNK_BYTES = 64 * 1024;
const GATHER_MS = 50;
/** Sent and not read, or not taken by Redis yet: past the first figure the task is held up, below the second it goes on. */
const UNREAD_HIGH_BYTES = 1024 * 1024;
const UNREAD_LOW_BYTES = 256 * 1024;
const FIRST_LOOK_MS = 20;
const LONGEST_LOOK_MS = 500;
/** Output that nobody has read for so long is gone, s. */
export const OUTPUT_EXPIRY_S = 3600;

type Stream = 'stdout' | 'stderr';

export interface SenderPorts {
  /** The first piece is on its way. */
  onStream(): void;
  setPaused(isPaused: boolean): void;
  /** More was written than may be; told once. */
  onTooMuch(): void;
}

/** Sends what one attempt writes to a stream in Redis, no faster than it is read there. */
export class OutputSender {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #maxBytes: number;
  /** Who reads does not remove: only Redis is waited for, and all of it stays for so long. */
  readonly #keepMs: number | undefined;
  readonly #ports: SenderPorts;
  readonly #digest: PieceDigest | undefined;
  #held: { readonly stream: Stream; readonly chunk: Buffer }[] = [];
  #heldBytes = 0;
  #bytes = 0;
  #chunks = 0;
  /** Of what has been sent: sizes of the pieces that may be unread, the oldest first. */
  readonly #sizes: number[] = [];
  #unreadBytes = 0;
  #isPaused = false;
  #timer: NodeJS.Timeout | undefined;
  #look: NodeJS.Timeout | undefined;
  #isOver = false;
  #last: Promise<unknown> = Promise.resolve();
  #error: Error | undefined;

  /** @param options `keepMs`: all is kept for so long, and nobody is waited for; absent: until it is read */
  constructor(
    redis: Redis,
    options: {
      readonly key: string;
      readonly maxBytes: number;
      readonly keepMs?: number | undefined;
      readonly isDigested?: boolean;
    },
    ports: SenderPorts,
  ) {
    this.#redis = redis;
    this.#key = options.key;
    this.#maxBytes = options.maxBytes;
    this.#keepMs = options.keepMs;
    this.#ports = ports;
    if (options.isDigested === true) this.#digest = new PieceDigest();
  }

  data(stream: Stream, chunk: Buffer): void {
    if (this.#bytes > this.#maxBytes) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) {
      this.#ports.onTooMuch();
      return;
    }
    // A copy: who reads pipes may use the memory again.
    this.#held.push({ stream, chunk: Buffer.from(chunk) });
    this.#heldBytes += chunk.length;
    if (this.#heldBytes >= CHUNK_BYTES) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), GATHER_MS);
  }

  /** All has come. @throws Error when Redis did not take it */
  async finish(): Promise<EndRecord['output']> {
    clearTimeout(this.#timer);
    clearTimeout(this.#look);
    this.#isOver = true;
    if (this.#chunks === 0 && this.#heldBytes <= INLINE_BYTES)
      return { chunks: 0, bytes: this.#bytes, ...this.#inline() };
    this.#send();
    await this.#last;
    if (this.#error !== undefined) throw this.#error;
    return { chunks: this.#chunks, bytes: this.#bytes, ...(this.#digest && { sha256: this.#digest.hex }) };
  }

  /** Nothing of it is wanted. */
  discard(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#look);
    this.#isOver = true;
    if (this.#chunks > 0) this.#redis.del(this.#key).catch(() => {});
  }

  #inline(): { inline?: readonly InlinePiece[] } {
    if (this.#held.length === 0) return {};
    return { inline: this.#joined().map(({ stream, chunk }) => [letterOf(stream), chunk.toString('base64')]) };
  }

  /** What is held, neighbours of one stream in one piece. */
  #joined(): { readonly stream: Stream; readonly chunk: Buffer }[] {
    const runs: { stream: Stream; parts: Buffer[] }[] = [];
    for (const { stream, chunk } of this.#held) {
      const last = runs.at(-1);
      if (last?.stream === stream) last.parts.push(chunk);
      else runs.push({ stream, parts: [chunk] });
    }
    return runs.map(({ stream, parts }) => ({ stream, chunk: Buffer.concat(parts) }));
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pieces = this.#joined();
    this.#held = [];
    this.#heldBytes = 0;
    if (pieces.length === 0) return;
    if (this.#chunks === 0) this.#ports.onStream();
    for (const { stream, chunk } of pieces) {
      for (let at = 0; at < chunk.length; at += CHUNK_BYTES) this.#add(stream, chunk.subarray(at, at + CHUNK_BYTES));
    }
    this.#last = this.#redis.pexpire(this.#key, this.#keepMs ?? OUTPUT_EXPIRY_S * 1000).catch(() => {});
    if (this.#unreadBytes > UNREAD_HIGH_BYTES && !this.#isPaused && !this.#isOver) {
      this.#isPaused = true;
      this.#ports.setPaused(true);
      if (this.#keepMs === undefined) this.#lookSoon(FIRST_LOOK_MS);
    }
  }

  #add(stream: Stream, piece: Buffer): void {
    const number = this.#chunks;
    this.#chunks += 1;
    if (this.#keepMs === undefined) this.#sizes.push(piece.length);
    this.#digest?.add(stream, piece);
    this.#unreadBytes += piece.length;
    const fields = ['n', number, 's', letterOf(stream), 'd', piece] as const;
    this.#redis
      .xadd(this.#key, '*', ...fields)
      .catch((error: Error) => {
        this.#error ??= error;
      })
      .then(() => this.#taken(piece.length));
  }

  /** Redis has it; where readers remove nothing, there is nobody else to wait for. */
  #taken(bytes: number): void {
    if (this.#keepMs === undefined) return;
    this.#unreadBytes -= bytes;
    if (this.#isPaused && this.#unreadBytes <= UNREAD_LOW_BYTES) this.#goOn();
  }

  #goOn(): void {
    if (this.#isOver) return;
    this.#isPaused = false;
    this.#ports.setPaused(false);
  }

  /** How much is unread: who reads removes what he has read, from the front. */
  #lookSoon(delayMs: number): void {
    this.#look = setTimeout(async () => {
      try {
        const left = await this.#redis.xlen(this.#key);
        while (this.#sizes.length > left) this.#unreadBytes -= this.#sizes.shift() as number;
      } catch {
        // Asked again.
      }
      if (this.#isOver) return;
      if (this.#unreadBytes > UNREAD_LOW_BYTES) this.#lookSoon(Math.min(LONGEST_LOOK_MS, delayMs * 2));
      else this.#goOn();
    }, delayMs);
  }
}

const letterOf = (stream: Stream): 'o' | 'e' => (stream === 'stdout' ? 'o' : 'e');
