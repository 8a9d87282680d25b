/** Bytes of one value. */
export const MAX_VALUE_BYTES = 2 ** 30;

/** Objects within objects. The stack of either side has room for several times as many. */
export const MAX_DEPTH = 1000;
