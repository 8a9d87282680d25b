// Typed arrays and DataViews by number. Buffer has a tag of its own.

export type ViewClass = new (buffer: ArrayBuffer, from?: number, items?: number) => ArrayBufferView;

/** Each with the bytes of an item; the place in the list is its number. */
export const VIEW_CLASSES: readonly (readonly [ViewClass, number])[] = [
  [Uint8Array, 1],
  [Uint8ClampedArray, 1],
  [Int8Array, 1],
  [Uint16Array, 2],
  [Int16Array, 2],
  [Uint32Array, 4],
  [Int32Array, 4],
  [Float32Array, 4],
  [Float64Array, 8],
  [BigInt64Array, 8],
  [BigUint64Array, 8],
  [DataView, 1],
];
