// Messages between a process and those it has started: a length of four bytes, a type of one, and the body.

export const MAX_FRAME_BYTES = 2 ** 30;
export const FRAME_HEADER_BYTES = 5;

/** What came is no sequence of frames: whoever sent it is not to be spoken with any more. */
export class BadFrameError extends Error {
  override readonly name = 'BadFrameError';
}

/** The five bytes before a body. */
export const frameHeader = (type: number, bodyBytes: number): Buffer => {
  const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES);
  header.writeUInt32LE(bodyBytes, 0);
  header[4] = type;
  return header;
};

/** To copy so much into one piece costs less than to write two. */
export const JOINED_BYTES = 16 * 1024;

/** A whole frame. @param bodies parts of its body */
export const frame = (type: number, ...bodies: readonly Uint8Array[]): Buffer => {
  let length = 0;
  for (const body of bodies) length += body.length;
  const bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES + length);
  bytes.writeUInt32LE(length, 0);
  bytes[4] = type;
  let at = FRAME_HEADER_BYTES;
  for (const body of bodies) {
    bytes.set(body, at);
    at += body.length;
  }
  return bytes;
};

/** Cuts what comes in pieces into frames. */
export class FrameReader {
  readonly #types: number;
  readonly #onFrame: (type: number, body: Buffer) => void;
  #header: Buffer = Buffer.alloc(0);
  #body: Buffer | undefined;
  #type = 0;
  #filled = 0;

  /**
   * @param types frames are numbered from 1 to this
   * @param onFrame `body` may be kept: nobody writes to it later
   */
  constructor(types: number, onFrame: (type: number, body: Buffer) => void) {
    this.#types = types;
    this.#onFrame = onFrame;
  }

  /**
   * @param chunk may be kept
   * @throws BadFrameError
   */
  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#body !== undefined) rest = this.#fill(this.#body, rest);
      else rest = this.#begin(rest);
    }
  }

  #begin(chunk: Buffer): Buffer {
    const bytes = this.#header.length === 0 ? chunk : Buffer.concat([this.#header, chunk]);
    if (bytes.length < FRAME_HEADER_BYTES) {
      this.#header = bytes;
      return Buffer.alloc(0);
    }
    this.#header = Buffer.alloc(0);
    const length = bytes.readUInt32LE(0);
    const type = bytes[4] as number;
    if (type < 1 || type > this.#types || length > MAX_FRAME_BYTES) throw new BadFrameError('not a frame');
    const end = FRAME_HEADER_BYTES + length;
    if (bytes.length >= end) {
      this.#onFrame(type, bytes.subarray(FRAME_HEADER_BYTES, end));
      return bytes.subarray(end);
    }
    this.#type = type;
    this.#body = Buffer.allocUnsafeSlow(length);
    this.#filled = 0;
    return bytes.subarray(FRAME_HEADER_BYTES);
  }

  #fill(body: Buffer, chunk: Buffer): Buffer {
    const used = chunk.copy(body, this.#filled);
    this.#filled += used;
    if (this.#filled === body.length) {
      this.#body = undefined;
      this.#onFrame(this.#type, body);
    }
    return chunk.subarray(used);
  }
}
