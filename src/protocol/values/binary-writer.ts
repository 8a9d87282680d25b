import { types } from 'node:util';
import type { ByteWriter } from './byte-writer.ts';
import type { Encoder } from './encoder.ts';
import { MAX_VALUE_BYTES } from './limits.ts';
import { Refusal } from './refusal.ts';
import { TAG } from './tags.ts';

/** @throws Refusal for memory that is shared, or gone to another thread */
const refuseMemory = (buffer: ArrayBufferLike): void => {
  if (types.isSharedArrayBuffer(buffer)) {
    throw new Refusal('is a view of shared memory, which processes cannot share', 'send a copy: view.slice()');
  }
  if (buffer.byteLength > 0) return;
  try {
    new Uint8Array(buffer);
  } catch {
    throw new Refusal('is of memory that was transferred away', 'send it before it is transferred');
  }
};

const bytesOf = (view: ArrayBufferView): Uint8Array => {
  const { buffer } = view;
  refuseMemory(buffer);
  return view instanceof Uint8Array ? view : new Uint8Array(buffer, view.byteOffset, view.byteLength);
};

/** Only what the view shows, not all the memory it is of. */
export const writeBuffer = ({ out }: Encoder, object: object): void => {
  const bytes = bytesOf(object as Buffer);
  out.writeUint8(TAG.buffer);
  out.writeVarint(bytes.length);
  out.writeBytes(bytes);
};

export const writeView = (out: ByteWriter, view: ArrayBufferView, number: number): void => {
  const bytes = bytesOf(view);
  out.writeUint8(TAG.view);
  out.writeUint8(number);
  out.writeVarint(bytes.length);
  out.writeBytes(bytes);
};

export const writeArrayBuffer = ({ out }: Encoder, object: object): void => {
  const buffer = object as ArrayBuffer & { readonly resizable: boolean; readonly maxByteLength: number };
  refuseMemory(buffer);
  if (buffer.resizable && buffer.maxByteLength > MAX_VALUE_BYTES) throw new Refusal('may grow beyond 1 GiB');
  out.writeUint8(buffer.resizable ? TAG.resizableArrayBuffer : TAG.arrayBuffer);
  if (buffer.resizable) out.writeVarint(buffer.maxByteLength);
  out.writeVarint(buffer.byteLength);
  out.writeBytes(new Uint8Array(buffer));
};
