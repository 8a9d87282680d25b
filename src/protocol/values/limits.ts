/** Bytes of one value. */
export const MAX_VALUE_BYTES = 2 ** 30;

/**
 * Objects within objects. A level takes up to 1 KiB of stack, of which there are 984 KiB: either side has room for some
 * times as many, so what could be written can be read.
 */
export const MAX_DEPTH = 250;
