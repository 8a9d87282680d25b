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
  ['freed', { numbers: ['offset', 'length'] }],
  ['reply', { numbers: ['call'], rest: 'text' }],
];

const KIND_OF = Object.fromEntries(LAYOUTS.map(([tag], kind) => [tag, kind])) as Record<Tag, number>;
const FIXED_BYTES = 4 + 1 + 4;

type Fields = Record<string, unknown>;

/** @param message made here, and so sound */
export const encodeFrame = (message: Message): Buffer => {
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
  const frame = Buffer.allocUnsafe(headBytes + (body?.length ?? 0));
  frame.writeUInt32LE(frame.length - 4, 0);
  frame[4] = kind;
  frame.writeUInt32LE(message.object, 5);
  let at = FIXED_BYTES;
  for (const name of numbers) at = frame.writeDoubleLE(fields[name] as number, at);
  body?.copy(frame, headBytes);
  return frame;
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
  #parts: Buffer[] = [];
  #length = 0;
  /** How many bytes have to be there before it is worth looking. */
  #needed = 4;
  #maxBytes: number;

  /** @param maxBytes longer frames are an error */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  allow(maxBytes: number): void {
    this.#maxBytes = maxBytes;
  }

  /**
   * @returns the frames that are complete, one after the other; their bytes are views of what was pushed
   * @throws RangeError, SyntaxError for what is no frame
   */
  *push(chunk: Buffer): Generator<Message> {
    this.#parts.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#needed) return;
    const bytes = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts, this.#length);
    let at = 0;
    this.#needed = 4;
    try {
      while (bytes.length - at >= 4) {
        const length = bytes.readUInt32LE(at);
        if (length > this.#maxBytes || length < FIXED_BYTES - 4) throw new RangeError(`a frame of ${length} bytes`);
        if (bytes.length - at - 4 < length) {
          this.#needed = 4 + length;
          break;
        }
        at += 4 + length;
        yield decodeFrame(bytes.subarray(at - length, at));
      }
    } finally {
      this.#parts = at === bytes.length ? [] : [bytes.subarray(at)];
      this.#length = bytes.length - at;
    }
  }
}
