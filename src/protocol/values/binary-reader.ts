import { Malformed } from './byte-reader.ts';
import type { Decoder } from './decoder.ts';
import { MAX_VALUE_BYTES } from './limits.ts';
import { VIEW_CLASSES } from './views.ts';

/** A copy in memory of its own, from the start of it, so that items of any size are aligned. */
const copyOfBytes = (decoder: Decoder): Buffer<ArrayBuffer> => {
  const bytes = decoder.readBytes(decoder.readVarint());
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
};

export const readBuffer = (decoder: Decoder): Buffer => decoder.keep(copyOfBytes(decoder));

export const readArrayBuffer = (decoder: Decoder): ArrayBuffer => decoder.keep(copyOfBytes(decoder).buffer);

export const readResizable = (decoder: Decoder): ArrayBuffer => {
  const maxByteLength = decoder.readVarint();
  const bytes = decoder.readBytes(decoder.readVarint());
  if (maxByteLength > MAX_VALUE_BYTES || bytes.length > maxByteLength)
    throw new Malformed('has a buffer without bounds');
  // The types of ES2024 leave the options out of the constructor.
  const Resizable = ArrayBuffer as unknown as new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
  const buffer = new Resizable(bytes.length, { maxByteLength });
  new Uint8Array(buffer).set(bytes);
  return decoder.keep(buffer);
};

export const readView = (decoder: Decoder): ArrayBufferView => {
  const [viewClass, bytesEach] = VIEW_CLASSES[decoder.readUint8()] ?? [undefined, 1];
  const { buffer, byteLength } = copyOfBytes(decoder);
  if (viewClass === undefined || byteLength % bytesEach !== 0) throw new Malformed('has a view of no known kind');
  return decoder.keep(new viewClass(buffer));
};
