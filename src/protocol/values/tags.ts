// The first byte of every value. The bytes live as long as a frame between two processes of one version on one machine;
// nothing keeps them, so tags may change from version to version.

export const TAG = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  int32: 4,
  double: 5,
  latin1: 6,
  utf16: 7,
  bigint: 8,
  /** An object met before in the same value, by its number. */
  reference: 9,
  object: 10,
  /** An object with the same keys, in the same order, as one before. */
  objectOfShape: 11,
  nullObject: 12,
  nullObjectOfShape: 13,
  array: 14,
  /** An array with properties beside its items. */
  arrayWithFields: 15,
  int32Array: 16,
  doubleArray: 17,
  /** In place of the next item of an array: holes follow, the rest is given as pairs of index and item. */
  holes: 18,
  date: 19,
  regexp: 20,
  map: 21,
  set: 22,
  boxed: 23,
  buffer: 24,
  arrayBuffer: 25,
  resizableArrayBuffer: 26,
  view: 27,
  error: 28,
  domException: 29,
  handle: 30,
} as const;

/** From here on the tag is the number itself: 128 is 0, 255 is 127. */
export const FIRST_SMALL_INT = 0x80;
export const MAX_SMALL_INT = 0x7f;
