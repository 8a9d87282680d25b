import { Buffer } from 'node:buffer';
import type { Message } from './messages.ts';

// A frame: its length (4 bytes, little endian, those four not counted), a byte for what it is, the object (4 bytes), the
// numbers of its kind (8 bytes each, floating point), and for some kinds bytes or JSON to its end.

type Tag = Message['tag'];

interface Layout {
  readonly numbers: readonly string[];
  readonly rest?: 'bytes' | 'text';
}

/** The place in this list is the byte for the kind. */
const LAYOUTS: readonly (readonly [Tag, Layout])[] = [
  ['hello', { numbers: [], rest: 'text' }],
  ['open', { numbers: ['slot'] }],
  ['leave', { numbers: [] }],
  ['put', { numbers: ['last', 'count', 'isNowait'], rest: 'bytes' }],
  ['withdraw', { numbers: ['put'] }],
  ['noMorePuts', { numbers: [] }],
  ['want', { numbers: ['taken', 'acked', 'waiting', 'credit', 'polls'] }],
  ['giveBack', { numbers: ['from', 'until'] }],
  ['ack', { numbers: ['number'] }],
  ['call', { numbers: ['call'], rest: 'text' }],
  ['cancel', { numbers: ['call'] }],
  ['deliver', { numbers: ['first', 'count'], rest: 'bytes' }],
  ['accepted', { numbers: ['last'] }],
  ['refused', { numbers: ['put'] }],
  ['recall', { numbers: [] }],
  ['nothing', { numbers: ['polls'] }],
  ['closed', { numbers: [] }],
  ['ended', { numbers: [] }],
  ['freed', { numbers: [], rest: 'bytes' }],
  ['reply', { numbers: ['call'], rest: 'text' }],
];

const KIND_OF = Object.fromEntries(LAYOUTS.map(([tag], kind) => [tag, kind])) as Record<Tag, number>;
const LENGTH_BYTES = 4;
const FIXED_BYTES = LENGTH_BYTES + 1 + 4;

type Fields = Record<string, unknown>;

/**
 * A frame in two parts: what stands before its bytes or JSON, and these, which are not copied.
 *
 * @param message made here, and so sound
 */
export const encodeParts = (message: Message): readonly [head: Buffer, body: Buffer | undefined] => {
  const kind = KIND_OF[message.tag];
  const { numbers, rest } = (LAYOUTS[kind] as (typeof LAYOUTS)[number])[1];
  const fields = message as unknown as Fields;
  const body =
    rest === undefined
      ? undefined
      : rest === 'bytes'
        ? (fields.bytes as Buffer)
        : Buffer.from(JSON.stringify(fields.text) ?? 'null');
  const headBytes = FIXED_BYTES + numbers.length * 8;
  const head = Buffer.allocUnsafe(headBytes);
  head.writeUInt32LE(headBytes + (body?.length ?? 0) - 4, 0);
  head[4] = kind;
  head.writeUInt32LE(message.object, 5);
  let at = FIXED_BYTES;
  for (const name of numbers) at = head.writeDoubleLE(fields[name] as number, at);
  return [head, body];
};

/** @param message made here, and so sound */
export const encodeFrame = (message: Message): Buffer => {
  const [head, body] = encodeParts(message);
  return body === undefined ? head : Buffer.concat([head, body]);
};

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= -1;

/**
 * @param frame without its length
 * @throws RangeError, SyntaxError for what is no frame
 */
const decodeFrame = (frame: Buffer): Message => {
  const layout = LAYOUTS[frame[0] as number];
  if (layout === undefined) throw new RangeError(`no frame has the kind ${frame[0]}`);
  const [tag, { numbers, rest }] = layout;
  const fields: Fields = { tag, object: frame.readUInt32LE(1) };
  let at = FIXED_BYTES - 4;
  for (const name of numbers) {
    const value = frame.readDoubleLE(at);
    if (!isCount(value)) throw new RangeError(`${tag}.${name} is ${value}`);
    fields[name] = value;
    at += 8;
  }
  if (rest === 'bytes') fields.bytes = frame.subarray(at);
  else if (rest === 'text') fields.text = JSON.parse(frame.toString('utf8', at));
  else if (at !== frame.length) throw new RangeError(`${tag} is ${frame.length - at} bytes too long`);
  return fields as unknown as Message;
};

/** Cuts a stream into frames. */
export class FrameReader {
  /** What is there of a frame that is not complete, or of its length. */
  #parts: Buffer[] = [];
  #length = 0;
  /** How many bytes that is to be. */
  #needed = LENGTH_BYTES;
  #maxBytes: number;

  /** @param maxBytes longer frames are an error */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  allow(maxBytes: number): void {
    this.#maxBytes = maxBytes;
  }

  /**
   * @returns the frames that are complete, one after the other; their bytes are views of what was pushed, or copies where a frame
   *   came in pieces
   * @throws RangeError, SyntaxError for what is no frame
   */
  *push(chunk: Buffer): Generator<Message> {
    let at = 0;
    while (this.#length > 0) {
      const from = at;
      at = Math.min(chunk.length, from + this.#needed - this.#length);
      this.#parts.push(chunk.subarray(from, at));
      this.#length += at - from;
      if (this.#length < this.#needed) return;
      const bytes = Buffer.concat(this.#parts, this.#length);
      if (bytes.length === LENGTH_BYTES) {
        this.#needed = LENGTH_BYTES + this.#lengthAt(bytes, 0);
        this.#parts = [bytes];
        continue;
      }
      this.#parts = [];
      this.#length = 0;
      this.#needed = LENGTH_BYTES;
      yield decodeFrame(bytes.subarray(LENGTH_BYTES));
    }
    while (chunk.length - at >= LENGTH_BYTES) {
      const end = at + LENGTH_BYTES + this.#lengthAt(chunk, at);
      if (end > chunk.length) {
        this.#needed = end - at;
        break;
      }
      const start = at + LENGTH_BYTES;
      at = end;
      yield decodeFrame(chunk.subarray(start, end));
    }
    if (at === chunk.length) return;
    this.#parts = [chunk.subarray(at)];
    this.#length = chunk.length - at;
  }

  #lengthAt(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32LE(at);
    if (length > this.#maxBytes || length < FIXED_BYTES - LENGTH_BYTES)
      throw new RangeError(`a frame of ${length} bytes`);
    return length;
  }
}
